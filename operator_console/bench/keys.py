"""Measure the time from a key to the frame that shows the moved cursor, while the queue changes under it."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from operator_console.bench import screen
from operator_console.bench.broker import BenchBroker, bench_broker
from operator_console.bench.desk_data import BenchDesk
from operator_console.bench.figures import Measure, Report, latency, measure
from operator_console.bench.noise import listening
from operator_console.bench.terminal import BenchTerminal, bench_terminal
from operator_console.bench.usage import children, cpu_seconds, memory_mb, share
from operator_console.clock import Clock, SystemClock
from operator_console.tasks import spawn, stop

P50_MS: Final = 10.0
P95_MS: Final = 30.0
MANY_ROWS: Final = 10_000
MANY_P95_MS: Final = 40.0
"""The 95th percentile allowed from `MANY_ROWS` rows on."""
CPU_PERCENT: Final = 12.0
MEMORY_MB: Final = 80.0
READY_SECONDS: Final = 60.0
KEY_SECONDS: Final = 10.0
WALK: Final = 20
"""The cursor goes so many rows down and up again, always in view."""
PAUSE_SECONDS: Final = (0.08, 0.16)
"""A hand's pause between two keys; not in step with anything the console does."""


@dataclass(frozen=True, slots=True)
class KeysPlan:
    """What to measure: row counts, keys pressed at each, seconds of hands off, changes a second, transcript's turns."""

    rows: Sequence[int] = (1_000, 10_000)
    keys: int = 120
    seconds: float = 10.0
    changes: float = 50.0
    turns: int = 10_000


async def bench_keys(plan: KeysPlan) -> Report:
    """Return the figures at each row count.

    Raises:
        BenchError: the console did not start, or did not answer a key.
    """
    clock = SystemClock()
    measures: list[Measure] = []
    async with listening(clock) as listener:
        for rows in plan.rows:
            measures += await _at(rows, plan, clock)
        setting = {"keys": plan.keys, "changes_per_second": plan.changes, "transcript_turns": plan.turns}
        return Report(bench="keys", setting=setting, measures=tuple(measures), noise=listener.noise())


async def _at(rows: int, plan: KeysPlan, clock: Clock) -> Sequence[Measure]:
    desk = BenchDesk(rows, plan.turns, clock.now())
    async with bench_broker(desk, clock) as broker, bench_terminal(broker.url, clock) as terminal:
        await terminal.shows(lambda painted: screen.cursor_row(painted) == 0, "the queue", READY_SECONDS)
        await terminal.shows(lambda painted: screen.turn(plan.turns, painted), "the transcript", READY_SECONDS)
        changing = spawn("bench-changes", broker.keep_changing(plan.changes, broker.change))
        try:
            resting = await rest(terminal, broker, plan.seconds, clock)
            cpu, began = cpu_seconds(terminal.pid), clock.monotonic()
            times = await _press(terminal, min(rows, WALK), plan.keys, clock)
            typing = share(cpu, cpu_seconds(terminal.pid), clock.monotonic() - began)
        finally:
            await stop(changing)
        p95_ms = P95_MS if rows < MANY_ROWS else MANY_P95_MS
        name = f"{rows:,} rows: "
        return (
            *latency(f"{name}key to frame", times, (P50_MS, p95_ms)),
            measure(f"{name}keys answered", len(times), "keys"),
            *named(resting, name),
            measure(f"{name}processor with keys", typing, "% of a core"),
            *memory(terminal.pid, name),
        )


async def rest(terminal: BenchTerminal, broker: BenchBroker, seconds: float, clock: Clock) -> Sequence[Measure]:
    """Keep the hands off for some seconds and return what the changes alone cost."""
    cpu, began, changes = cpu_seconds(terminal.pid), clock.monotonic(), broker.changes
    painted = terminal.bytes_painted
    await clock.sleep(seconds)
    passed = clock.monotonic() - began
    return (
        measure("processor, hands off", share(cpu, cpu_seconds(terminal.pid), passed), "% of a core", CPU_PERCENT),
        measure("changes told", (broker.changes - changes) / passed, "per second"),
        measure("painted, hands off", (terminal.bytes_painted - painted) / passed, "bytes per second"),
    )


def named(measures: Sequence[Measure], name: str) -> list[Measure]:
    """Return measures with a name before theirs."""
    return [measure(f"{name}{one.name}", one.value, one.unit, one.target) for one in measures]


def memory(pid: int, name: str) -> tuple[Measure, ...]:
    """Return the resident memory of a console, and that of its sound process."""
    sound = [mb for mb in map(memory_mb, children(pid)) if mb is not None]
    return (
        measure(f"{name}memory", memory_mb(pid), "MB", MEMORY_MB),
        measure(f"{name}memory of the sound process", sum(sound) if sound else None, "MB"),
    )


async def _press(terminal: BenchTerminal, walk: int, keys: int, clock: Clock) -> list[float]:
    """Walk down and up and return, for each key, the seconds until the frame with the cursor elsewhere was read."""
    chance = random.Random(keys)  # noqa: S311 - the same pauses in each run
    times: list[float] = []
    for key in range(keys if walk > 1 else 0):
        await clock.sleep(chance.uniform(*PAUSE_SECONDS))
        down = (key // (walk - 1)) % 2 == 0
        at = key % (walk - 1)
        goal = at + 1 if down else walk - 2 - at
        pressed_at = terminal.type(b"j" if down else b"k")
        times.append(await terminal.shows(_on(goal), f"the cursor on row {goal}", KEY_SECONDS) - pressed_at)
    return times


def _on(row: int) -> Callable[[str], bool]:
    return lambda painted: screen.cursor_row(painted) == row
