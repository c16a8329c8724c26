"""A clock that stands still, for pictures and for tests that move time by hand."""

import asyncio
from datetime import datetime, timedelta

from tests.fakes.console_data import NOW


class StillClock:
    """Fulfils the console's `Clock`; `forward` moves it, sleeping takes no time and is remembered."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now
        self._seconds = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._seconds

    def forward(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._seconds += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)
