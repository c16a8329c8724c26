"""Measure a live call's sound while the screen is busy: lost blocks, delay, processor.

The audio process of a call runs as it does in the console, on this machine's devices, against a made-up caller who
talks all the time; the screen runs in a terminal of its own with changes coming in. Both share the machine as in work.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from operator_console.audio.client import AudioProcess
from operator_console.audio.messages import AudioEvent, LegPhase, Open, Problem, Ready, State, Stats
from operator_console.audio.options import AudioOptions
from operator_console.bench import screen
from operator_console.bench.broker import bench_broker
from operator_console.bench.caller import bench_caller
from operator_console.bench.desk_data import BenchDesk
from operator_console.bench.failure import BenchError
from operator_console.bench.figures import Measure, Report, measure
from operator_console.bench.keys import named, rest
from operator_console.bench.noise import listening
from operator_console.bench.terminal import bench_terminal
from operator_console.bench.usage import cpu_seconds, memory_mb, share
from operator_console.clock import Clock, SystemClock
from operator_console.tasks import spawn, stop

DELAY_MS: Final = 100.0
"""What the console may add from mouth to media socket."""
READY_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class AudioPlan:
    """What to measure: seconds of the call, rows of the queue, changes a second, and which sound."""

    seconds: float = 20.0
    rows: int = 1_000
    changes: float = 50.0
    options: AudioOptions = field(default_factory=AudioOptions)


class Told:
    """What the audio process said."""

    def __init__(self) -> None:
        """Begin without a word."""
        self.backend = ""
        self.priority = ""
        self.phase = LegPhase.IDLE
        self.stats: list[Stats] = []
        self.problem = ""

    def take(self, event: AudioEvent) -> None:
        """Take one event."""
        match event:
            case Ready():
                self.backend, self.priority = event.backend, event.priority
            case State():
                self.phase = event.phase
            case Stats():
                self.stats.append(event)
            case Problem():
                self.problem = f"{event.message} {event.remedy}"
            case _:
                return


async def bench_audio(plan: AudioPlan) -> Report:
    """Return the figures of one call.

    Raises:
        BenchError: the console did not start, or the call's audio did not come up.
    """
    clock = SystemClock()
    desk = BenchDesk(plan.rows, 300, clock.now())
    async with (
        listening(clock) as listener,
        bench_broker(desk, clock) as broker,
        bench_terminal(broker.url, clock) as terminal,
    ):
        await terminal.shows(lambda painted: screen.cursor_row(painted) == 0, "the queue", READY_SECONDS)
        changing = spawn("bench-changes", broker.keep_changing(plan.changes, broker.change))
        try:
            measures = await _call(plan, clock, lambda: rest(terminal, broker, plan.seconds, clock))
        finally:
            await stop(changing)
        setting = {"seconds": plan.seconds, "rows": float(plan.rows), "changes_per_second": plan.changes}
        return Report(bench="audio", setting=setting, measures=measures, noise=listener.noise())


async def _call(plan: AudioPlan, clock: Clock, work: Callable[[], Awaitable[Sequence[Measure]]]) -> tuple[Measure, ...]:
    """Hold a call while `work` goes on, and return what became of both."""
    told = Told()
    process = AudioProcess(plan.options, on_event=told.take)
    async with bench_caller() as caller:
        await process.start()
        try:
            await process.send(Open(url=caller.url, token=caller.token, epoch=caller.epoch))
            await _until_live(told, clock)
            pid = process.pid or 0
            cpu, began, heard = cpu_seconds(pid), clock.monotonic(), caller.frames
            screen_figures = await work()
            passed = clock.monotonic() - began
            used, memory = share(cpu, cpu_seconds(pid), passed), memory_mb(pid)
            arrived = caller.frames - heard
        finally:
            await process.stop()
    return (*_figures(told, process.restarts, arrived / passed, used, memory), *named(screen_figures, "screen: "))


async def _until_live(told: Told, clock: Clock) -> None:
    until = clock.monotonic() + READY_SECONDS
    while told.phase is not LegPhase.LIVE:
        if clock.monotonic() > until or told.phase is LegPhase.ENDED:
            raise BenchError(f"The call's audio did not come up. {told.problem}".strip())
        await clock.sleep(LOOK_SECONDS)


def _figures(told: Told, restarts: int, frames: float, used: float | None, memory: float | None) -> tuple[Measure, ...]:
    delays = sorted(one.delay_ms for one in told.stats)
    last = told.stats[-1] if told.stats else None
    return (
        measure(f"xruns ({told.backend}, {told.priority} priority)", last.xruns if last else None, "blocks", 0),
        measure("frames too late", last.late_frames if last else None, "frames"),
        measure("frames lost", last.loss_percent if last else None, "%", 0),
        measure("frames that reached the caller", frames, "per second"),
        measure("delay, p50", median(delays) if delays else None, "ms", DELAY_MS),
        measure("delay, worst", delays[-1] if delays else None, "ms"),
        measure("restarts of the audio process", restarts, "times", 0),
        measure("audio process: processor", used, "% of a core"),
        measure("audio process: memory", memory, "MB"),
    )
