"""Measure a conversation of ten thousand turns: loading, following, keys meanwhile, and a message of 2 MB."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from operator_console.bench import screen
from operator_console.bench.broker import BenchBroker, bench_broker
from operator_console.bench.desk_data import BenchDesk, said
from operator_console.bench.figures import Measure, Report, latency, measure
from operator_console.bench.hostile import hostile_measures, hostile_text
from operator_console.bench.keys import KEY_SECONDS, P50_MS, P95_MS, PAUSE_SECONDS, READY_SECONDS, memory, named, rest
from operator_console.bench.noise import listening
from operator_console.bench.terminal import BenchTerminal, bench_terminal
from operator_console.clock import Clock, SystemClock
from operator_console.tasks import spawn, stop
from server.wire.frames import Batch

ROWS: Final = 100
OPENINGS: Final = 10
"""How often the long conversation is left and opened again."""


@dataclass(frozen=True, slots=True)
class TranscriptPlan:
    """What to measure: turns of the conversation; new ones a second, keys and hands-off time at each; a big message."""

    turns: int = 10_000
    rates: Sequence[float] = (2.0, 20.0)
    keys: int = 40
    seconds: float = 10.0
    hostile_bytes: int = 2_000_000


async def bench_transcript(plan: TranscriptPlan) -> Report:
    """Return the figures of one long conversation.

    Raises:
        BenchError: the console did not start, or did not answer a key.
    """
    clock = SystemClock()
    async with listening(clock) as listener:
        measures = [*hostile_measures(plan.hostile_bytes), *await _in_terminal(plan, clock)]
        setting: dict[str, float] = {"turns": plan.turns, "keys": plan.keys, "hostile_bytes": plan.hostile_bytes}
        return Report(bench="transcript", setting=setting, measures=tuple(measures), noise=listener.noise())


async def _in_terminal(plan: TranscriptPlan, clock: Clock) -> list[Measure]:
    desk = BenchDesk(ROWS, plan.turns, clock.now())
    async with bench_broker(desk, clock) as broker, bench_terminal(broker.url, clock) as terminal:
        queue_at = await terminal.shows(lambda painted: screen.cursor_row(painted) == 0, "the queue", READY_SECONDS)
        whole = await terminal.shows(lambda painted: screen.turn(plan.turns, painted), "the transcript", READY_SECONDS)
        measures = [measure(f"load of {plan.turns:,} turns", 1000 * (whole - queue_at), "ms")]
        openings = await _open_again(terminal, plan, clock)
        measures += latency("key to frame, opening the long conversation", openings, (P50_MS, P95_MS))
        for rate in plan.rates:
            measures += await _following(terminal, broker, rate, plan, clock)
        measures += memory(terminal.pid, "")
        measures.append(await _hostile(terminal, broker, plan.hostile_bytes, clock))
        return measures


async def _open_again(terminal: BenchTerminal, plan: TranscriptPlan, clock: Clock) -> list[float]:
    """Return the seconds from the key to the long conversation's end on the screen."""
    times: list[float] = []
    for _ in range(OPENINGS):
        terminal.type(b"j")
        await terminal.shows(lambda painted: screen.cursor_row(painted) == 1, "the cursor on row 1", KEY_SECONDS)
        await clock.sleep(PAUSE_SECONDS[1])
        pressed_at = terminal.type(b"k")
        shown_at = await terminal.shows(lambda painted: screen.turn(plan.turns, painted), "the transcript", KEY_SECONDS)
        times.append(shown_at - pressed_at)
        await clock.sleep(PAUSE_SECONDS[1])
    return times


async def _following(
    terminal: BenchTerminal, broker: BenchBroker, rate: float, plan: TranscriptPlan, clock: Clock
) -> list[Measure]:
    """Add turns at a rate, first with the hands off, then pressing the key that stops and follows."""
    chance = random.Random(plan.keys)  # noqa: S311 - the same pauses in each run
    times: list[float] = []
    adding = spawn("bench-turns", broker.keep_changing(rate, _saying(broker, clock)))
    try:
        resting = await rest(terminal, broker, plan.seconds, clock)
        for key in range(plan.keys):
            await clock.sleep(chance.uniform(*PAUSE_SECONDS))
            word = "stopped (f follows)" if key % 2 == 0 else "· following"
            pressed_at = terminal.type(b"f")
            times.append(await terminal.shows(_says(word), f"“{word}”", KEY_SECONDS) - pressed_at)
    finally:
        await stop(adding)
    name = f"{rate:g} turns/s: "
    return [*latency(f"{name}key to frame", times, (P50_MS, P95_MS)), *named(resting, name)]


def _saying(broker: BenchBroker, clock: Clock) -> Callable[[], Batch]:
    return lambda: broker.desk.say(said(broker.desk.seq), clock.now())


def _says(word: str) -> Callable[[str], bool]:
    return lambda painted: word in painted


async def _hostile(terminal: BenchTerminal, broker: BenchBroker, size: int, clock: Clock) -> Measure:
    """Return the time from a big message on the wire to the turn after it on the screen, its frame delay included."""
    terminal.mark()
    sent_at = clock.monotonic()
    broker.tell(broker.desk.say(hostile_text("escapes", size), clock.now()))
    broker.tell(broker.desk.say("After the flood.", clock.now()))
    shown_at = await terminal.shows(_says("After the flood."), "the turn after the big one", READY_SECONDS)
    return measure("big message, wire to frame", 1000 * (shown_at - sent_at), "ms")
