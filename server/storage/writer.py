"""Write for everybody who waits in one durable commit: one thread for each database.

What waits is taken together and carried out by `server.storage.group`. A failed commit is answered to all of it. Work
that lost a race to another broker is done again, alone, after a short and growing pause.

Before: `server.storage.database` queues work. After: it answers on the event loop, listeners first.
"""

import random
from collections import deque
from collections.abc import Callable, Sequence
from itertools import groupby
from threading import Condition, Event, Thread
from typing import Final

from server.clock import Clock
from server.core.errors import HandoffError
from server.log import get_log
from server.storage import problems
from server.storage.group import Outcome, carry_out, read
from server.storage.line import Judged, Line
from server.storage.member import Waiting
from server.storage.unit import SqlUnit

LARGEST_GROUP: Final = 256
"""How many share one commit at most."""
MOST_WAITING: Final = 10_000
"""How many may wait; more are refused at once."""
FIRST_PAUSE_SECONDS: Final = 0.002
LONGEST_PAUSE_SECONDS: Final = 0.25
TRIES_TO_ASK: Final = 12

Answer = Callable[[Sequence[Waiting], dict[str, int]], None]
"""Takes those with an answer and the newest numbers over to the event loop."""

_log = get_log(__name__)


class Writer:
    """The thread that writes."""

    def __init__(
        self,
        line: Line,
        connect: Callable[[], Line],
        clock: Clock,
        answer: Answer,
        timed: Callable[[float], None] | None = None,
    ) -> None:
        """Write on `line`, and on a new one of `connect` when that is lost; `timed` is told how long a group took."""
        self._unit: SqlUnit | None = SqlUnit(line, clock)
        self._connect: Final = connect
        self._clock: Final = clock
        self._answer: Final = answer
        self._timed: Final = timed
        self._waiting: Final[deque[Waiting]] = deque()
        self._some: Final = Condition()
        self._stopped: Final = Event()
        self._thread: Final = Thread(target=self._serve, name="storage-writer", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def put(self, member: Waiting) -> None:
        """Queue one.

        Raises:
            ProviderError: `database_busy`, or `database_unavailable` after `stop`.
        """
        with self._some:
            if self._stopped.is_set():
                raise problems.closed()
            if len(self._waiting) >= MOST_WAITING:
                raise problems.busy()
            self._waiting.append(member)
            self._some.notify()

    def stop(self) -> None:
        """Finish what waits, disconnect and end; blocks until then."""
        with self._some:
            self._stopped.set()
            self._some.notify()
        self._thread.join()

    def _serve(self) -> None:
        """Take and carry out, until stopped and nothing waits."""
        while members := self._take():
            for (reads, purges), some in groupby(members, key=lambda member: (member.reads, member.purges)):
                if purges:
                    self._purge(list(some))
                elif reads:
                    self._read(list(some))
                else:
                    self._write(list(some))
        self._drop_line()

    def _take(self) -> list[Waiting]:
        """Return who waits, at most a group; nobody when stopped."""
        with self._some:
            while not self._waiting and not self._stopped.is_set():
                self._some.wait()
            most = min(len(self._waiting), LARGEST_GROUP)
            return [self._waiting.popleft() for _ in range(most)]

    def _write(self, members: list[Waiting]) -> None:
        """Carry out a group, then whoever has to be tried again, one by one."""
        for member, judged in self._try([member for member in members if not member.given_up]):
            self._insist(member, judged)

    def _insist(self, member: Waiting, judged: Judged) -> None:
        """Try one again until it wins, or has had its share of tries."""
        pause = FIRST_PAUSE_SECONDS
        for _ in range(judged.tries):
            self._stopped.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads brokers, guards nothing
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            again = self._try([member])
            if not again:
                return
            judged = again[0][1]
        member.error = judged.error
        self._answer([member], {})

    def _try(self, members: list[Waiting]) -> list[tuple[Waiting, Judged]]:
        """Carry out a group in one transaction, answer it, and return whoever has to be tried again."""
        if not members:
            return []
        unit = self._begin(members)
        if unit is None:
            return []
        began = self._clock.monotonic()
        outcome = carry_out(unit.line, unit, members)
        if self._timed is not None:
            self._timed(self._clock.monotonic() - began)
        if outcome.broken is None:
            self._answer(outcome.done, outcome.seqs)
        else:
            self._settle_broken(members, outcome, outcome.broken)
        return outcome.again

    def _settle_broken(self, members: list[Waiting], outcome: Outcome, broken: Judged) -> None:
        """Answer a group of which nothing was saved; or was it, and only the answer to COMMIT was lost?"""
        if broken.reconnect:
            self._drop_line()
        if outcome.ticket and self._was_committed(outcome.ticket):
            _log.warning("commit_answer_lost", members=len(members))
            self._answer(outcome.done, outcome.seqs)
        else:
            self._fail(members, broken.error)

    def _was_committed(self, ticket: str) -> bool:
        """Ask the database, on a new line, what became of a transaction; False when it cannot be known."""
        for _ in range(TRIES_TO_ASK):
            try:
                unit = self._unit = self._unit or SqlUnit(self._connect(), self._clock)
                fate = unit.line.fate(ticket)
            except Exception as error:  # noqa: BLE001 - asked again, and in the end answered as not saved
                _log.warning("commit_fate_asked", error=type(error).__name__)
                self._drop_line()
                fate = None
            if fate is not None:
                return fate
            self._stopped.wait(LONGEST_PAUSE_SECONDS)
        _log.error("commit_fate_unknown")
        return False

    def _read(self, members: list[Waiting]) -> None:
        """Carry out those who only read (a database in memory has no other line), each in a view of its own."""
        for member in members:
            unit = self._begin([member], reading=True)
            if unit is not None:
                read(unit.line, unit, member)
                self._answer([member], {})

    def _purge(self, members: list[Waiting]) -> None:
        """Have the database do what it does outside of transactions."""
        for member in members:
            try:
                unit = self._unit = self._unit or SqlUnit(self._connect(), self._clock)
                member.attempt(unit)
            except Exception as error:  # noqa: BLE001 - not swallowed: it is told to whoever asked
                member.error = problems.nothing_saved(error)
                self._drop_line()
            self._answer([member], {})

    def _begin(self, members: list[Waiting], *, reading: bool = False) -> SqlUnit | None:
        """Begin a transaction, on a new line where the old one is lost; None when the members were told it failed."""
        error: Exception = problems.busy()
        for _ in range(2):
            try:
                unit = self._unit = self._unit or SqlUnit(self._connect(), self._clock)
            except HandoffError as unreachable:
                error = unreachable
                break
            try:
                unit.line.begin(reading=reading)
            except Exception as failed:  # noqa: BLE001 - not swallowed: a second failure is told to all
                error = unit.line.judge(failed).error
                self._drop_line()
            else:
                return unit
        self._fail(members, error)
        return None

    def _fail(self, members: list[Waiting], error: Exception) -> None:
        """Tell everybody that nothing was saved, each with an error of their own."""
        _log.error("database_unavailable", members=len(members), reason=str(error))
        for member in members:
            member.error = problems.nothing_saved(error)
        self._answer(members, {})

    def _drop_line(self) -> None:
        """Disconnect; the next transaction begins on a new line."""
        if self._unit is not None:
            self._unit.line.close()
            self._unit = None
