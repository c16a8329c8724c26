"""Hold a telephone to a mouth and an ear: send a frame every 20 ms, speak when the other side is silent, and listen.

A line sends for as long as its leg is open, silence when there is nothing to say, as a telephone does.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from server.clock import Clock
from server.demo.hearing import Ear
from server.demo.legs import Leg
from server.demo.speech import SILENCE

FRAME_SECONDS: Final = 0.02
MOST_BEHIND_FRAMES: Final = 10
"""A line that is further behind than this (a busy machine) skips instead of sending a burst."""
POLITE_FRAMES: Final = 400
"""8 s: whoever waited this long for a pause speaks into the other's words."""


class LineClosedError(Exception):
    """The line dropped while somebody spoke or waited."""


class Line:
    """One party on one leg: what they say is queued, what they hear goes through `ear`."""

    def __init__(self, leg: Leg, clock: Clock) -> None:
        """Speak and listen on an open leg."""
        self.leg: Final = leg
        self.ear: Final = Ear()
        self._clock: Final = clock
        self._mouth: Final[deque[bytes]] = deque()
        self._tick = asyncio.Event()

    async def run(self) -> None:
        """Send and receive until the leg closes."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.leg.listen())
            tasks.create_task(self._pace())

    async def say(self, frames: Iterable[bytes], only_if: Callable[[], bool] = lambda: True) -> bool:
        """Say something to its end, once the other side has finished; false when `only_if` no longer holds then.

        Raises:
            LineClosedError: the line dropped first.
        """
        await self.until(lambda: not self.ear.other_speaks, POLITE_FRAMES)
        if not only_if():
            return False
        await self.blurt(frames)
        return True

    async def blurt(self, frames: Iterable[bytes]) -> None:
        """Say something to its end, whoever else speaks.

        Raises:
            LineClosedError: the line dropped first.
        """
        self._mouth.extend(frames)
        await self.until(lambda: not self._mouth)

    def hush(self) -> None:
        """Stop in the middle of the word."""
        self._mouth.clear()

    async def hear_out(self, begin_frames: int, most_frames: int = POLITE_FRAMES) -> bool:
        """Wait for the other side to speak and to finish; false when they don't begin within `begin_frames`.

        Raises:
            LineClosedError: the line dropped first.
        """
        heard = self.ear.speech_frames
        if not await self.until(lambda: self.ear.speech_frames > heard, begin_frames):
            return False
        await self.until(lambda: not self.ear.other_speaks, most_frames)
        return True

    async def until(self, true: Callable[[], bool], most_frames: int | None = None) -> bool:
        """Wait until `true()`, looked at every 20 ms; false after `most_frames`.

        Raises:
            LineClosedError: the line dropped first.
        """
        waited = 0
        while not true():
            if not self.leg.is_open:
                raise LineClosedError("The line dropped.")
            if most_frames is not None and waited >= most_frames:
                return False
            await self._tick.wait()
            waited += 1
        return True

    async def _pace(self) -> None:
        """Send one frame every 20 ms, by a schedule and not by pauses, so that delays don't add up."""
        due = self._clock.monotonic()
        while self.leg.is_open:
            await self.leg.send(self._mouth.popleft() if self._mouth else SILENCE)
            for frame in self.leg.take() or (b"",):
                self.ear.hear(frame)
            self._announce_tick()
            due += FRAME_SECONDS
            now = self._clock.monotonic()
            if now - due > MOST_BEHIND_FRAMES * FRAME_SECONDS:
                due = now
            await self._clock.sleep(due - now)
        self._announce_tick()

    def _announce_tick(self) -> None:
        """Wake everybody who waits for the next frame."""
        self._tick.set()
        self._tick = asyncio.Event()
