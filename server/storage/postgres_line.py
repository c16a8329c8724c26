"""Speak with PostgreSQL: rows are locked as they are loaded, and a race that is lost is told apart from a failure.

Commits are durable before they are answered, whatever the server's default. A lock that another broker holds is waited
for shortly only: the writer serves many at once, and whoever waits is tried again alone.
"""

import re
from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from server.storage import problems
from server.storage.cells import Cell, Cells, Row
from server.storage.line import Judged, Share, Verdict
from server.storage.statement import Statement

CHANNEL: Final = "operator_feed"
"""Where brokers tell each other how far the events go: `organisation:seq` by commas."""
CONNECT_SECONDS: Final = 5
_SCHEMA_LOCK: Final = 7_305_815_321
_BROKERS_LOCK: Final = 7_305_815_322
_SHARE_WAIT_MS: Final = 2_000
_LONGEST_NOTICE: Final = 7_500
_SESSION: Final = {
    "application_name": "operator-console",
    "synchronous_commit": "on",
    "lock_timeout": "200ms",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
    "client_min_messages": "warning",
    "random_page_cost": "1.1",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
}
"""The last four: every query here is a few seeks by index, also in a young database without statistics."""
_RACES: Final = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable)
_ROOM: Final = "Free space on the PostgreSQL server's disk; the broker goes on by itself."
_LOOK: Final = "Look whether PostgreSQL runs and is reachable; the broker connects again by itself."


def connect(url: str) -> "psycopg.Connection[Row]":
    """Return a connection in which transactions are begun and ended by hand.

    Raises:
        psycopg.OperationalError: nobody answers, or they refuse.
    """
    settings = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    connection: psycopg.Connection[Row] = psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        options=settings,
        keepalives_idle=10,
        keepalives_interval=3,
        keepalives_count=3,
        tcp_user_timeout=15_000,
    )
    return connection


class PostgresLine:
    """One connection to PostgreSQL."""

    def __init__(self, url: str, share: Share) -> None:
        """Connect, and say to others what for.

        Raises:
            psycopg.OperationalError: nobody answers, or they refuse.
            CallerError: `database_locked`: brokers are connected while we need to be alone, or the other way round.
        """
        self.dialect: Final = "postgresql"
        self.writes = share is not Share.READER
        self._connection: Final = connect(url)
        self._cursor: Final = self._connection.cursor()
        self._marked = False
        self.ticket = ""
        if share is not Share.READER and not self._share(share):
            self._connection.close()
            raise problems.in_use(share)

    def _share(self, share: Share) -> bool:
        """Take our part of the lock that brokers share; it ends with the connection.

        The server may take a moment to notice that a connection is closed, so the lock is waited for a little.
        """
        word = "" if share is Share.ALONE else "_shared"
        try:
            self._say("BEGIN")
            self._say(f"SET LOCAL lock_timeout = '{_SHARE_WAIT_MS}ms'")
            self._say(f"SELECT pg_advisory_lock{word}({_BROKERS_LOCK})")
        except errors.LockNotAvailable:
            return False
        finally:
            self._say("COMMIT")
        return True

    @property
    def pid(self) -> int:
        """The server's process behind this connection."""
        return self._connection.info.backend_pid

    def rows(self, statement: Statement, cells: Cells) -> Sequence[Row]:
        """Return all rows of a query."""
        compiled = statement.compiled("postgresql", writes=self.writes)
        return self._cursor.execute(compiled.raw, {**compiled.constants, **cells}).fetchall()

    def row(self, statement: Statement, cells: Cells) -> Row | None:
        """Return the first row of a query, None when there is none."""
        rows = self.rows(statement, cells)
        return rows[0] if rows else None

    def change(self, statement: Statement, cells: Cells) -> int:
        """Carry out a change and return how many rows it met."""
        compiled = statement.compiled("postgresql", writes=self.writes)
        return self._cursor.execute(compiled.raw, {**compiled.constants, **cells}).rowcount

    def change_many(self, statement: Statement, many: Sequence[Cells]) -> None:
        """Carry out one change with many sets of parameters, in one go."""
        compiled = statement.compiled("postgresql", writes=self.writes)
        self._cursor.executemany(compiled.raw, many)

    def ids(self, values: Sequence[str]) -> Cell:
        """Return the list as it is, for `any`."""
        return list(values)

    def script(self, statements: Sequence[str]) -> None:
        """Carry out statements without parameters, one by one."""
        for statement in statements:
            self._cursor.execute(statement.encode(), prepare=False)

    def tables(self) -> frozenset[str]:
        """Return the names of the tables there are."""
        rows = self._cursor.execute(b"SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()
        return frozenset(str(row[0]) for row in rows)

    def damage(self) -> list[str]:
        """Return nothing: PostgreSQL looks after its files itself."""
        return []

    def exclusive(self) -> None:
        """Keep others from building or changing the schema until the transaction ends."""
        self._say("SET LOCAL lock_timeout = '30s'")
        self._say(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")

    def begin(self, *, reading: bool = False) -> None:
        """Begin a writing transaction, or one view of the last commit."""
        self._marked = False
        self.ticket = ""
        self.writes = not reading
        self._say("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if reading else "BEGIN")

    def commit(self) -> None:
        """Make it durable."""
        self._say("COMMIT")

    def rollback(self) -> None:
        """Undo it; harmless when there is none."""
        if self._connection.info.transaction_status != TransactionStatus.IDLE:
            self._say("ROLLBACK")

    def mark(self) -> None:
        """Set the savepoint that `undo` returns to, letting go of the one before, in one message."""
        self._say("RELEASE member; SAVEPOINT member" if self._marked else "SAVEPOINT member")
        self._marked = True

    def undo(self) -> None:
        """Return to the savepoint."""
        self._say("ROLLBACK TO member")

    def purge(self) -> None:
        """Do nothing: the server overwrites what is gone when it vacuums."""

    def announce(self, seqs: dict[str, int]) -> None:
        """Tell other brokers, on commit, how far the events go; and take the transaction's number, to ask after it."""
        notices = _notices(seqs)
        for notice in notices:
            row = self._cursor.execute(
                b"SELECT pg_notify(%(channel)s, %(notice)s), pg_current_xact_id()::text",
                {"channel": CHANNEL, "notice": notice},
            ).fetchone()
            self.ticket = "" if row is None else str(row[1])

    def fate(self, ticket: str) -> bool | None:
        """Tell whether an announced transaction was committed; None while that is open."""
        row = self._cursor.execute(
            b"SELECT pg_xact_status(%(ticket)s::xid8)", {"ticket": ticket}, prepare=False
        ).fetchone()
        status = None if row is None else row[0]
        return None if status == "in progress" else status == "committed"

    def judge(self, error: Exception) -> Judged:
        """Say what an error means."""
        match error:
            case psycopg.IntegrityError():
                return _judge_constraint(error)
            case psycopg.DataError() | UnicodeEncodeError():
                return Judged(Verdict.OWN, problems.unstorable("a character or number that the database refuses"))
            case psycopg.Error():
                return self._judge_failure(error)
            case _:
                return Judged(Verdict.OWN, error)

    def _judge_failure(self, error: psycopg.Error) -> Judged:
        """Say what a lost race or a failure of the database itself means; a mistake in a statement is its own."""
        if isinstance(error, _RACES):
            return Judged(Verdict.AGAIN, problems.busy())
        if self._connection.broken or self._connection.closed:
            gone = problems.unavailable("the connection to PostgreSQL was lost", _LOOK)
            return Judged(Verdict.BROKEN, gone, reconnect=True)
        if isinstance(error, errors.ReadOnlySqlTransaction) and not self.writes:
            return Judged(Verdict.OWN, error)
        kind = (error.sqlstate or "")[:2]
        if kind in {"53", "58", "XX"}:
            return Judged(Verdict.BROKEN, problems.unavailable("PostgreSQL has no room or failed", _ROOM))
        if kind in {"57", "25", "08"} or isinstance(error, psycopg.OperationalError):
            return Judged(Verdict.BROKEN, problems.unavailable("PostgreSQL refused", _LOOK), reconnect=True)
        return Judged(Verdict.OWN, error)

    def close(self) -> None:
        """Disconnect; harmless when it is done already."""
        self._connection.close()

    def _say(self, command: str) -> None:
        """Carry out a command that is not worth preparing."""
        self._cursor.execute(command.encode(), prepare=False)


def _judge_constraint(error: psycopg.IntegrityError) -> Judged:
    """Say what a refused row means: where another broker was first, a second look finds its row."""
    name = error.diag.constraint_name or "constraint"
    if isinstance(error, errors.UniqueViolation):
        return Judged(Verdict.AGAIN, problems.already_exists(name), tries=1)
    return Judged(Verdict.OWN, problems.inconsistent(name))


def _notices(seqs: dict[str, int]) -> list[str]:
    """Return `organisation:seq` pairs by commas, in as few texts as a notice's length allows."""
    found: list[str] = []
    for organisation, seq in seqs.items():
        pair = f"{organisation}:{seq}"
        if found and len(found[-1]) + len(pair) < _LONGEST_NOTICE:
            found[-1] += f",{pair}"
        else:
            found.append(pair)
    return found


def read_notice(notice: str) -> dict[str, int]:
    """Return the numbers of a notice; what is not a pair is left out."""
    return {organisation: int(seq) for organisation, seq in _PAIR.findall(notice)}


_PAIR: Final = re.compile(r"([^,:]+):(\d{1,18})(?=,|$)")
