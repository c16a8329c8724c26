"""Give everything its time, so that tests can run hours in a moment.

Nothing in the broker reads the machine's clock by itself: a `Clock` is handed in. `SystemClock` is the machine's;
`ManualClock` stands still until a test (or a dry run) moves it.
"""

import asyncio
import heapq
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final, Protocol

START_OF_MANUAL_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""The instant at which a `ManualClock` begins, unless told otherwise."""

TURNS_TO_SETTLE: Final = 25
"""Turns of the event loop after which tasks that need no input or thread have come to rest."""


class Clock(Protocol):
    """What tells the time and waits for it."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC: for what is stored or shown."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some start that never jump back: for measuring spans."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return `seconds` later; zero or less gives other tasks one turn."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place where the program reads the machine's clock

    def monotonic(self) -> float:
        """Return seconds of the machine's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return `seconds` later, by the event loop's timer."""
        await asyncio.sleep(max(seconds, 0.0))


class ManualClock:
    """Time that moves only when told to: sleepers wake in the order of their deadlines, at their deadlines."""

    def __init__(self, start: datetime = START_OF_MANUAL_TIME) -> None:
        """Stand still at `start`, which must be aware."""
        if start.tzinfo is None:
            raise ValueError("A ManualClock needs an aware start, for example datetime(2026, 1, 1, tzinfo=UTC).")
        self._start: Final = start.astimezone(UTC)
        self._elapsed_seconds = 0.0
        self._order: Final = count()
        self._sleepers: Final[list[tuple[float, int, asyncio.Future[None]]]] = []

    def now(self) -> datetime:
        """Return the start plus what was advanced."""
        return self._start + timedelta(seconds=self._elapsed_seconds)

    def monotonic(self) -> float:
        """Return the seconds advanced so far."""
        return self._elapsed_seconds

    @property
    def sleeping(self) -> int:
        """How many sleepers wait for a later instant."""
        return sum(1 for _, _, future in self._sleepers if not future.done())

    async def sleep(self, seconds: float) -> None:
        """Return once the clock was advanced by `seconds`."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed_seconds + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move on by `seconds`, waking each sleeper at its own instant and letting it run before the next.

        Sleeps that begin on the way and end within the span are woken too.
        """
        if seconds < 0:
            raise ValueError(f"Time does not go back: advance({seconds}).")
        await settle()
        until = self._elapsed_seconds + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            deadline, _, future = heapq.heappop(self._sleepers)
            if future.done():  # its task was cancelled
                continue
            self._elapsed_seconds = max(self._elapsed_seconds, deadline)
            future.set_result(None)
            await settle()
        self._elapsed_seconds = until

    async def leap(self, seconds: float) -> None:
        """Move on by `seconds` as a machine that slept: whoever waited for an instant on the way wakes at the end.

        For long spans, over which `advance` would wake every loop of the program as often as it would have woken.
        """
        self._elapsed_seconds += seconds
        await self.advance(0)


async def settle(turns: int = TURNS_TO_SETTLE) -> None:
    """Let every task that can run do so, without waiting for time to pass."""
    for _ in range(turns):
        await asyncio.sleep(0)
