"""Be the store: SQLite in a file or in memory, or PostgreSQL, behind one port.

Before: a use case of the broker has work for a transaction. After: it is durable, the feed and the timers were told
to look, and whoever waits has the answer.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from server.broker.ports.privacy import PurgedFile
from server.broker.ports.store import Unit
from server.clock import Clock, SystemClock
from server.storage import problems
from server.storage.backends import Backend, Notices, backend
from server.storage.member import Member, Waiting
from server.storage.readers import Readers
from server.storage.setup import make_ready
from server.storage.traces import look_through
from server.storage.writer import Writer

T = TypeVar("T")
Listener = Callable[[dict[str, int]], None]
"""Is told the newest event's number of each organisation that has new events."""


class SqlDatabase:
    """One database, as one broker uses it; all methods belong to the event loop that opened it."""

    def __init__(self, url: str, *, clock: Clock | None = None, timed: Callable[[float], None] | None = None) -> None:
        """Prepare to use the database at `url`; nothing is touched before `open`.

        Args:
            url: `sqlite:///<path>`, `sqlite://` for one in memory, or `postgresql://user:password@host:port/name`.
            clock: Gives events their instant.
            timed: Told after each transaction, in the writer's thread, how many seconds it took.

        Raises:
            CallerError: `bad_database_url`.
        """
        self._backend: Final[Backend] = backend(url)
        self._clock: Final[Clock] = clock or SystemClock()
        self._timed: Final = timed
        self._listeners: Final[list[Listener]] = []
        self._writer: Writer | None = None
        self._readers: Readers | None = None
        self._notices: Notices | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self) -> None:
        """Connect, build the schema of an empty database, and check any other's.

        Raises:
            CallerError: `database_locked`, `schema_outdated`, `schema_newer`, `schema_unknown`, `driver_missing`.
            ProviderError: `database_unreachable`.
        """
        if self._writer is not None:
            raise RuntimeError("this store is open already")
        self._loop = asyncio.get_running_loop()
        self._writer = await asyncio.to_thread(self._connect)
        self._writer.start()
        self._notices = self._backend.listen(self._heard)
        if self._notices is not None:
            self._notices.start()
        if not self._backend.one_line:
            self._readers = Readers(lambda: self._backend.connect(writes=False), self._clock)

    async def run(self, work: Callable[[Unit], T]) -> T:
        """Run `work` in a writing transaction and return its value after the durable commit.

        `work` may be run again after a lost race: it must change nothing but the unit.

        Raises:
            ProviderError: `database_unavailable`: nothing of it is there. `database_busy`: too many wait.
        """
        return await self._put(Member(work))

    async def read(self, work: Callable[[Unit], T]) -> T:
        """Run `work` on a reading connection, which sees one consistent state and never waits for writers.

        Raises:
            ProviderError: `database_unavailable`, `database_busy`.
        """
        if self._backend.one_line:
            return await self._put(Member(work, reads=True))
        if self._readers is None:
            raise problems.closed()
        return await self._readers.read(work)

    async def purge(self, marks: Sequence[str]) -> PurgedFile | None:
        """Empty the log of a SQLite file and look through the file for these texts; None for any other database.

        Raises:
            ProviderError: `database_unavailable`, `database_busy`.
        """
        await self._put(Member(lambda unit: unit.line.purge(), purges=True))
        file = self._backend.file
        return None if file is None else await asyncio.to_thread(look_through, file, marks)

    def on_commit(self, listener: Listener) -> None:
        """Call `listener` on the event loop after each commit that has events, before whoever waits goes on."""
        self._listeners.append(listener)

    async def close(self) -> None:
        """Finish what was begun and disconnect; harmless when it is not open."""
        writer, readers, notices = self._writer, self._readers, self._notices
        self._writer = self._readers = self._notices = None
        if writer is not None:
            await asyncio.to_thread(self._disconnect, writer, readers, notices)

    async def _put(self, member: Member[T]) -> T:
        """Queue a member at the writer and wait for its answer."""
        if self._writer is None:
            raise problems.closed()
        self._writer.put(member)
        return await member.answered

    def _connect(self) -> Writer:
        """Return a writer on a checked database; in a thread, for it may take a while."""
        self._backend.acquire()
        ready = False
        try:
            line = self._backend.connect(writes=True)
            try:
                make_ready(line)
                ready = True
            finally:
                if not ready:
                    line.close()
        finally:
            if not ready:
                self._backend.release()
        return Writer(line, lambda: self._backend.connect(writes=True), self._clock, self._hand_over, self._timed)

    def _disconnect(self, writer: Writer, readers: Readers | None, notices: Notices | None) -> None:
        """Stop the threads; readers before the writer, so that the writing line does the last checkpoint."""
        if notices is not None:
            notices.stop()
        if readers is not None:
            readers.stop()
        writer.stop()
        self._backend.release()

    def _hand_over(self, members: Sequence[Waiting], seqs: dict[str, int]) -> None:
        """Bring answers from the writer's thread to the event loop."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop was closed without us: nobody waits any more
                self._loop.call_soon_threadsafe(self._answer, members, seqs)

    def _heard(self, seqs: dict[str, int]) -> None:
        """Bring the news of another broker's commit from the listening thread to the event loop."""
        self._hand_over((), seqs)

    def _answer(self, members: Sequence[Waiting], seqs: dict[str, int]) -> None:
        """Tell the listeners, then whoever waits: both are called by the loop in this order."""
        self._tell(seqs)
        for member in members:
            member.answer()

    def _tell(self, seqs: dict[str, int]) -> None:
        """Tell the listeners."""
        if seqs:
            for listener in self._listeners:
                asyncio.get_running_loop().call_soon(listener, seqs)
