"""Wait until woken or until a time has passed, whichever comes first; for the broker's loops."""

import asyncio

from server.clock import Clock
from server.tasks import spawn


class Alarm:
    """One loop's bell: anybody may ring it, the loop waits on it."""

    def __init__(self, clock: Clock) -> None:
        """Take the time from `clock`."""
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the loop now, or, if it is busy, as soon as it waits again."""
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Return when rung, or `seconds` later; a ring is used up by it."""
        if not self._rung.is_set():
            tasks = {spawn("alarm_sleep", self._clock.sleep(seconds)), spawn("alarm_ring", self._ring_set())}
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        self._rung.clear()

    async def _ring_set(self) -> None:
        """Return when rung."""
        await self._rung.wait()
