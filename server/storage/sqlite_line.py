"""Speak with SQLite: one file, one writing connection which also does every checkpoint, and readers beside it.

SQLite before 3.51.3 can corrupt its log when two connections write or checkpoint at once (the WAL-reset race), so
readers never do either. `synchronous=FULL`: a commit that was answered survives the loss of power.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from typing_extensions import override

from server.storage import problems
from server.storage.cells import Cell, Cells, Row
from server.storage.line import Judged, Verdict
from server.storage.statement import Statement

BUSY_TIMEOUT_MS: Final = 5_000
_STATEMENTS_KEPT: Final = 512
_FULL: Final = "Free space on the database's disk; the broker goes on by itself."
_DISK: Final = "Look at the database's disk and its messages in the system's log."
_REASONS: Final[dict[int, tuple[str, str]]] = {
    sqlite3.SQLITE_FULL: ("the disk is full", _FULL),
    sqlite3.SQLITE_IOERR: ("the disk failed", _DISK),
    sqlite3.SQLITE_BUSY: ("another program holds the database", "Let only one broker use this file."),
    sqlite3.SQLITE_LOCKED: ("another program holds the database", "Let only one broker use this file."),
    sqlite3.SQLITE_NOMEM: ("there is no memory left", "Give the broker more memory."),
    sqlite3.SQLITE_READONLY: ("the file is read-only", "Let the broker's user write the file and its folder."),
    sqlite3.SQLITE_CANTOPEN: ("the file cannot be opened", "Let the broker's user write the file and its folder."),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", "Stop the broker, run `operator-server fsck`, restore a backup."),
    sqlite3.SQLITE_NOTADB: ("the file is no database", "Point [database] url at the right file."),
    sqlite3.SQLITE_INTERRUPT: ("it was interrupted", "Try again."),
}


class SqliteLine:
    """One connection to a SQLite file, or to a database in memory (`path` None)."""

    def __init__(self, path: Path | None, *, writes: bool) -> None:
        """Connect.

        Raises:
            sqlite3.Error: the file cannot be opened or is no database.
        """
        self.dialect: Final = "sqlite"
        self.writes = writes
        self.ticket: Final = ""
        self._connection: Final = sqlite3.connect(
            ":memory:" if path is None else path,
            timeout=BUSY_TIMEOUT_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_KEPT,
        )
        self._cursor: Final = self._connection.cursor()
        self._marked = False
        try:
            for pragma in _pragmas(in_file=path is not None, writes=writes):
                self._cursor.execute(f"PRAGMA {pragma}").fetchall()
        except sqlite3.Error:
            self._connection.close()
            raise

    def rows(self, statement: Statement, cells: Cells) -> Sequence[Row]:
        """Return all rows of a query."""
        compiled = statement.compiled("sqlite", writes=self.writes)
        rows: list[Row] = self._cursor.execute(compiled.text, {**compiled.constants, **cells}).fetchall()
        return rows

    def row(self, statement: Statement, cells: Cells) -> Row | None:
        """Return the first row of a query, None when there is none."""
        rows = self.rows(statement, cells)
        return rows[0] if rows else None

    def change(self, statement: Statement, cells: Cells) -> int:
        """Carry out a change and return how many rows it met."""
        if any(type(cell) is str and "\x00" in cell for cell in cells.values()):
            raise problems.unstorable("a zero character")  # as PostgreSQL would
        compiled = statement.compiled("sqlite", writes=self.writes)
        return self._cursor.execute(compiled.text, {**compiled.constants, **cells}).rowcount

    def change_many(self, statement: Statement, many: Sequence[Cells]) -> None:
        """Carry out one change with many sets of parameters."""
        compiled = statement.compiled("sqlite", writes=self.writes)
        self._cursor.executemany(compiled.text, many)

    def ids(self, values: Sequence[str]) -> Cell:
        """Return the list as JSON, for `json_each`."""
        return msgspec.json.encode(values).decode()

    def script(self, statements: Sequence[str]) -> None:
        """Carry out statements without parameters, one by one."""
        for statement in statements:
            self._cursor.execute(statement)

    def tables(self) -> frozenset[str]:
        """Return the names of the tables there are."""
        rows: list[tuple[str]] = self._cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return frozenset(name for (name,) in rows)

    def damage(self) -> list[str]:
        """Return what SQLite finds wrong in its file, one line each."""
        found: list[tuple[str, ...]] = self._cursor.execute("PRAGMA integrity_check(20)").fetchall()
        strays: list[tuple[str, ...]] = self._cursor.execute("PRAGMA foreign_key_check").fetchall()
        return [
            *(f"the file is damaged: {row[0]}" for row in found if row[0] != "ok"),
            *(f"a row of {row[0]} names one of {row[2]} that is not there" for row in strays[:20]),
        ]

    def exclusive(self) -> None:
        """Do nothing: a writing transaction has the file to itself."""

    def begin(self, *, reading: bool = False) -> None:
        """Begin a writing transaction at once, or a view of the last commit."""
        self._marked = False
        if reading is self.writes:
            self._cursor.execute(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
            self.writes = not reading
        self._cursor.execute("BEGIN" if reading else "BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make it durable: the log is flushed before this returns."""
        self._cursor.execute("COMMIT")

    def rollback(self) -> None:
        """Undo it; harmless when there is none."""
        if self._connection.in_transaction:
            self._cursor.execute("ROLLBACK")

    def mark(self) -> None:
        """Set the savepoint that `undo` returns to, letting go of the one before."""
        if self._marked:
            self._cursor.execute("RELEASE member")
        self._cursor.execute("SAVEPOINT member")
        self._marked = True

    def undo(self) -> None:
        """Return to the savepoint."""
        self._cursor.execute("ROLLBACK TO member")

    def purge(self) -> None:
        """Bring the log into the file and empty it; readers that are in the middle of something are waited for."""
        self._cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def announce(self, seqs: dict[str, int]) -> None:
        """Tell nobody: one broker has the file to itself."""

    def fate(self, ticket: str) -> bool | None:
        """Tell that nothing was saved: no commit of this line is ever in doubt."""
        del ticket
        return False

    def judge(self, error: Exception) -> Judged:
        """Say what an error means."""
        match error:
            case sqlite3.IntegrityError():
                unique = error.sqlite_errorname in {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
                refusal = problems.already_exists if unique else problems.inconsistent
                return Judged(Verdict.OWN, refusal(str(error)))
            case sqlite3.Error():
                return self._judge_failure(error)
            case UnicodeEncodeError():
                return Judged(Verdict.OWN, problems.unstorable("half of a character pair"))
            case _:
                return Judged(Verdict.OWN, error)

    def _judge_failure(self, error: sqlite3.Error) -> Judged:
        """Say what a failure of the database itself means; a mistake in a statement is its own."""
        code = getattr(error, "sqlite_errorcode", None)
        known = _REASONS.get(code & 0xFF) if isinstance(code, int) else None
        if code == sqlite3.SQLITE_READONLY and not self.writes:
            return Judged(Verdict.OWN, error)
        if known is not None:
            full = code == sqlite3.SQLITE_FULL
            return Judged(Verdict.BROKEN, problems.unavailable(*known), reconnect=not full)
        if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
            return Judged(Verdict.BROKEN, problems.unavailable("the connection was lost", "Try again."), reconnect=True)
        return Judged(Verdict.OWN, error)

    def close(self) -> None:
        """Disconnect; harmless when it is done already."""
        self._connection.close()


def _pragmas(*, in_file: bool, writes: bool) -> tuple[str, ...]:
    """Return the settings of a connection."""
    shared = (f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON", "trusted_schema=OFF")
    if not in_file:
        return (*shared, "synchronous=OFF", "journal_mode=MEMORY")
    if not writes:
        return (*shared, "wal_autocheckpoint=0", "query_only=ON")
    durable = ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "checkpoint_fullfsync=ON")
    # secure_delete: what is erased is overwritten in its page, also where SQLite was not built to do so by itself.
    return (*shared, *durable, "secure_delete=ON", "wal_autocheckpoint=1000", "journal_size_limit=67108864")


class MemoryLine(SqliteLine):
    """The one connection to a database in memory, which is gone when it is let go."""

    def __init__(self) -> None:
        """Make an empty database."""
        super().__init__(None, writes=True)

    @override
    def close(self) -> None:
        """Keep the database: a line in doubt is used again."""

    def let_go(self) -> None:
        """Disconnect for good."""
        super().close()
