"""Read beside the writer: a few threads, each work on a line and in a consistent view of its own."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from server.broker.ports.store import Unit
from server.clock import Clock
from server.storage import problems
from server.storage.group import read
from server.storage.line import Judged, Line, Verdict
from server.storage.member import Member
from server.storage.unit import SqlUnit

T = TypeVar("T")

THREADS: Final = 4
"""How many read at once."""
MOST_WAITING: Final = 10_000
"""How many may wait; more are refused at once."""
_TRIES: Final = 3


class Readers:
    """The threads that read, and their lines; a line is used by one at a time and kept for the next."""

    def __init__(self, connect: Callable[[], Line], clock: Clock) -> None:
        """Read on lines of `connect`, made when they are needed."""
        self._connect: Final = connect
        self._clock: Final = clock
        self._threads: Final = ThreadPoolExecutor(THREADS, thread_name_prefix="storage-reader")
        self._units: Final[deque[SqlUnit]] = deque()
        self._waiting = 0

    async def read(self, work: Callable[[Unit], T]) -> T:
        """Return what `work` returns.

        Raises:
            ProviderError: `database_busy` or `database_unavailable`.
        """
        if self._waiting >= MOST_WAITING:
            raise problems.busy()
        member = Member(work, reads=True)
        self._waiting += 1
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._carry_out, member)
        finally:
            self._waiting -= 1
        member.answer()
        return await member.answered

    def stop(self) -> None:
        """Finish what was begun and disconnect; blocks until then."""
        self._threads.shutdown(wait=True)
        while self._units:
            self._units.pop().line.close()

    def _carry_out(self, member: Member[T]) -> None:
        """Do the work, again on a new line when the old one is lost."""
        for _ in range(_TRIES):
            judged = self._try(member)
            if judged is None or judged.verdict is Verdict.OWN:
                return

    def _try(self, member: Member[T]) -> Judged | None:
        """Do the work once, and return what went wrong, if anything."""
        unit = self._units.pop() if self._units else SqlUnit(self._connect(), self._clock)
        try:
            unit.line.begin(reading=True)
        except Exception as error:  # noqa: BLE001 - not swallowed: it is told to whoever asked
            judged: Judged | None = unit.line.judge(error)
            member.error = judged.error if judged else error
        else:
            judged = read(unit.line, unit, member)
        if judged is not None and judged.verdict is Verdict.BROKEN:
            unit.line.close()
        else:
            self._units.append(unit)
        return judged
