"""Be the console in front of an audio process: give orders, wait for events by what they say."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from operator_console.audio.client import AudioProcess
from operator_console.audio.messages import AudioEvent, LegPhase, Open, State
from operator_console.audio.options import AudioOptions
from operator_console.tasks import spawn, stop
from tests.fakes.media_worker import FakeMediaWorker

E = TypeVar("E")
PATIENCE_SECONDS = 90.0
"""Longer than a library may hang before its process is replaced, on a machine that is busy with other tests."""


class AudioConsole:
    """An audio process and all it told so far."""

    def __init__(self, options: AudioOptions, log_path: Path) -> None:
        self.log_path = log_path
        self.told: list[AudioEvent] = []
        self._changed = asyncio.Event()
        self.process = AudioProcess(options, log_path=log_path, on_event=self._on_event)

    def _on_event(self, event: AudioEvent) -> None:
        self.told.append(event)
        self._changed.set()

    def of(self, kind: type[E]) -> list[E]:
        """Everything told of one kind."""
        return [event for event in self.told if isinstance(event, kind)]

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something is true, looking at least every 20 ms."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not true():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log = self.log_path.read_text() if self.log_path.exists() else ""
            raise AssertionError(
                f"it never happened; the last told: {self.told[-12:]}; the log: {log[-2000:]}"
            ) from None

    async def told_of(self, kind: type[E], fits: Callable[[E], object] = lambda _event: True, after: int = 0) -> E:
        """Wait for an event of a kind that fits, among those told after the first `after`."""
        found: list[E] = []

        def look() -> bool:
            found[:] = [event for event in self.told[after:] if isinstance(event, kind) and fits(event)]
            return bool(found)

        await self.until(look)
        return found[0]

    async def phase(self, phase: LegPhase, after: int = 0) -> State:
        """Wait until the leg is in a phase."""
        return await self.told_of(State, lambda state: state.phase is phase, after)

    async def call(self, worker: FakeMediaWorker, *, muted: bool = False, token: str = "token") -> None:
        """Open a leg and wait until it is live."""
        after = len(self.told)
        await self.process.send(Open(url=worker.url, token=token, epoch=worker.epoch, muted=muted))
        await self.phase(LegPhase.LIVE, after)

    @asynccontextmanager
    async def reopening(self, worker: FakeMediaWorker) -> AsyncIterator[None]:
        """Meanwhile get a new grant for each leg that breaks, as the screen does; with what was wanted of the mute.

        PortAudio may hang when its server dies: then the process ends itself, and the leg breaks with it.
        """
        task = spawn("reopening", self._reopen(worker, len(self.of(State))))
        try:
            yield
        finally:
            await stop(task)

    async def _reopen(self, worker: FakeMediaWorker, after: int) -> None:
        while True:
            states = self.of(State)
            for state in states[after:]:
                if state.phase is LegPhase.RECONNECTING:
                    token = f"again-{len(worker.tokens)}-{len(worker.seen)}-{after}"
                    worker.tokens.add(token)
                    await self.process.send(Open(url=worker.url, token=token, epoch=worker.epoch))
            after = len(states)
            await asyncio.sleep(0.05)


@asynccontextmanager
async def audio_console(options: AudioOptions, log_path: Path) -> AsyncIterator[AudioConsole]:
    """Run an audio process."""
    console = AudioConsole(options, log_path)
    await console.process.start()
    try:
        yield console
    finally:
        await console.process.stop()
