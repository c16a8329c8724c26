"""Measure how long the console takes from nothing: to its first screen, and to the answer of one question."""

import asyncio
import json
import resource
import tempfile
from pathlib import Path
from typing import Final

from operator_console.bench import screen
from operator_console.bench.broker import bench_broker
from operator_console.bench.desk_data import BenchDesk
from operator_console.bench.failure import BenchError
from operator_console.bench.figures import Report, measure, spread
from operator_console.bench.keys import READY_SECONDS
from operator_console.bench.noise import listening
from operator_console.bench.terminal import bench_terminal, console_environment, program
from operator_console.bench.usage import cpu_seconds
from operator_console.clock import Clock, SystemClock

SCREEN_MS: Final = 600.0
QUEUE_MS: Final = 250.0


async def bench_start(runs: int, rows: int) -> Report:
    """Return the times from the start of the process to the first desk, and to the first rows, of `runs` starts.

    Raises:
        BenchError: the console did not start.
    """
    clock = SystemClock()
    desks: list[float] = []
    queues: list[float] = []
    costs: list[float | None] = []
    async with listening(clock) as listener, bench_broker(BenchDesk(rows, 10, clock.now()), clock) as broker:
        async with bench_terminal(broker.url, clock) as first:  # compiles what was never compiled
            await first.shows(screen.desk, "the desk", READY_SECONDS)
        for _ in range(runs):
            async with bench_terminal(broker.url, clock) as terminal:
                desk_at = await terminal.shows(screen.desk, "the desk", READY_SECONDS)
                costs.append(cpu_seconds(terminal.pid))
                queue_at = await terminal.shows(lambda painted: screen.cursor_row(painted) == 0, "rows", READY_SECONDS)
                desks.append(1000 * (desk_at - terminal.started_at))
                queues.append(1000 * (queue_at - terminal.started_at))
        known = [1000 * cost for cost in costs if cost is not None]
        measures = (
            measure("start to first screen, median", spread(desks).p50, "ms", SCREEN_MS),
            measure("start to first screen, least", spread(desks).least, "ms"),
            measure("start to first screen, max", spread(desks).most, "ms"),
            measure("start to first screen, processor time, median", spread(known).p50 if known else None, "ms"),
            measure("start to the queue, median", spread(queues).p50, "ms"),
        )
        return Report(bench="start", setting={"runs": runs, "rows": rows}, measures=measures, noise=listener.noise())


async def bench_queue(runs: int, rows: int) -> Report:
    """Return the times that `operator-console queue --json` takes, of `runs` runs.

    Raises:
        BenchError: it failed, or did not print all sessions.
    """
    clock = SystemClock()
    async with listening(clock) as listener, bench_broker(BenchDesk(rows, 10, clock.now()), clock) as broker:
        await _ask(broker.url, rows, clock)  # the first start compiles what was never compiled
        took = [await _ask(broker.url, rows, clock) for _ in range(runs)]
        walls, costs = spread([wall for wall, _ in took]), spread([cost for _, cost in took])
        measures = (
            measure("queue --json, median", walls.p50, "ms", QUEUE_MS),
            measure("queue --json, least", walls.least, "ms"),
            measure("queue --json, max", walls.most, "ms"),
            measure("queue --json, processor time, median", costs.p50, "ms"),
            measure("sessions printed", rows, "sessions"),
        )
        return Report(bench="queue", setting={"runs": runs, "rows": rows}, measures=measures, noise=listener.noise())


async def _ask(url: str, rows: int, clock: Clock) -> tuple[float, float]:
    """Run the command once; return its wall time and processor time in ms."""
    with tempfile.TemporaryDirectory(prefix="operator-bench-") as folder:
        environment = console_environment(url, Path(folder))
        cpu, began = _children_cpu_seconds(), clock.monotonic()
        process = await asyncio.create_subprocess_exec(
            *program("queue", "--json"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
        out, err = await process.communicate()
        took = clock.monotonic() - began
    if process.returncode != 0 or len(json.loads(out)) != rows:
        raise BenchError(f"queue --json did not print {rows} sessions. {err.decode(errors='replace')[:300]}")
    return 1000 * took, 1000 * (_children_cpu_seconds() - cpu)


def _children_cpu_seconds() -> float:
    """Return the processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
