"""Run a microphone test: record a little, judge it, play it back."""

import asyncio
from collections.abc import Callable
from typing import Final

from operator_console.audio.messages import AudioEvent, Problem, TestMicrophone, TestResult, Verdict
from operator_console.audio.microphone_test import judge, length_of, no_device
from operator_console.audio.sound import ms_of_bytes
from operator_console.audio.speaker import Speaker
from operator_console.audio.streams import Streams
from operator_console.clock import Clock
from operator_console.tasks import spawn, stop

OPEN_SECONDS: Final = 5.0
"""How long a test waits for its device."""
SPARE_SECONDS: Final = 2.5
"""How much longer than its length a recording may take."""
_LOOK_SECONDS: Final = 0.05


class Recording:
    """One test at a time."""

    def __init__(self, *, streams: Streams, speaker: Speaker, clock: Clock, tell: Callable[[AudioEvent], None]) -> None:
        """Begin without a test."""
        self._streams = streams
        self._speaker = speaker
        self._clock = clock
        self._tell = tell
        self._heard: bytearray | None = None
        self._task: asyncio.Task[None] | None = None
        self._plays_back = False

    @property
    def running(self) -> bool:
        """Whether a test needs the microphone."""
        return self._task is not None

    def capture(self, pcm: bytes) -> None:
        """Take a block of the microphone."""
        if self._heard is not None:
            self._heard += pcm

    def start(self, order: TestMicrophone) -> None:
        """Begin a test, unless one records; one that only plays back gives way."""
        if self._task is not None and self._plays_back:
            self._speaker.stop()
            self._task.cancel()
            self._task, self._plays_back = None, False
        if self._task is None:
            self._task = spawn("microphone test", self._test(order))
        else:
            self._tell(
                Problem(code="test_running", message="A microphone test is running.", remedy="Wait for its end.")
            )

    async def stop(self) -> None:
        """Break off a test."""
        if self._task is not None:
            await stop(self._task)

    async def _test(self, order: TestMicrophone) -> None:
        try:
            result, pcm = await self._judged(order.seconds)
            self._tell(result)
            if order.playback and result.verdict is not Verdict.NO_DEVICE:
                self._plays_back = True
                self._speaker.play(pcm)
                await self._clock.sleep(ms_of_bytes(len(pcm)) / 1000)
        finally:
            if self._task is asyncio.current_task():
                self._heard, self._task, self._plays_back = None, None, False

    async def _judged(self, seconds: float) -> tuple[TestResult, bytes]:
        lane = self._streams.microphone
        pcm = b""
        if await self._streams.opened(lane, OPEN_SECONDS):
            pcm = await self._record(length_of(seconds))
        return (judge(pcm, lane.name) if pcm else no_device()), pcm

    async def _record(self, length: int) -> bytes:
        """Return `length` bytes of the microphone; fewer when it stops."""
        self._heard = heard = bytearray()
        until = self._clock.monotonic() + ms_of_bytes(length) / 1000 + SPARE_SECONDS
        while len(heard) < length and self._clock.monotonic() < until:
            await self._clock.sleep(_LOOK_SECONDS)
        self._heard = None
        return bytes(heard[:length])
