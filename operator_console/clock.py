"""Give the console its time, so that tests decide what time it is."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time and waits for it."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC: for what is shown."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some start that never jump back: for measuring spans."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return `seconds` later."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place where the console reads the machine's clock

    def monotonic(self) -> float:
        """Return seconds of the machine's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return `seconds` later, by the event loop's timer."""
        await asyncio.sleep(max(seconds, 0.0))
