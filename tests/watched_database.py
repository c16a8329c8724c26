"""Watch a database at work: a World settles when it is idle, and a test can tell it to fail."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from server.broker.ports.privacy import PurgedFile
from server.broker.ports.store import Database, Unit
from server.core.errors import ProviderError

T = TypeVar("T")


class WatchedDatabase:
    """A database that knows whether it is at work, and that can be told to fail."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.busy = 0
        self.done = 0
        self.verdicts: deque[bool] = deque()
        """Whether each of the next writing transactions works; those after them do."""
        self._idle = asyncio.Event()
        self._idle.set()

    async def open(self) -> None:
        await self._watched(self._inner.open())

    async def close(self) -> None:
        await self._watched(self._inner.close())

    async def run(self, work: Callable[[Unit], T]) -> T:
        if self.verdicts and not self.verdicts.popleft():
            raise ProviderError("database_unavailable", "The database does not answer.", "Try again.")
        return await self._watched(self._inner.run(work))

    async def read(self, work: Callable[[Unit], T]) -> T:
        return await self._watched(self._inner.read(work))

    async def purge(self, marks: Sequence[str]) -> PurgedFile | None:
        return await self._watched(self._inner.purge(marks))

    def on_commit(self, listener: Callable[[dict[str, int]], None]) -> None:
        self._inner.on_commit(listener)

    async def idle(self) -> None:
        """Return when nothing is under way."""
        await self._idle.wait()

    async def _watched(self, work: Any) -> Any:
        self.busy += 1
        self._idle.clear()
        try:
            return await work
        finally:
            self.busy -= 1
            self.done += 1
            if self.busy == 0:
                self._idle.set()
