"""Know how each kind of database is reached: a SQLite file, SQLite in memory, or PostgreSQL."""

import sqlite3
from collections import deque
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from server.core.errors import CallerError
from server.storage import problems
from server.storage.line import Line, Share
from server.storage.lock import FileLock, create_private
from server.storage.sqlite_line import MemoryLine, SqliteLine

OLDEST_SQLITE: Final = (3, 35, 0)
"""The first version that returns what an UPDATE wrote."""

Told = Callable[[dict[str, int]], None]
"""Is told, on a thread, the newest event's number of each organisation that has new ones."""


class Notices(Protocol):
    """What hears of other brokers' commits."""

    def start(self) -> None:
        """Begin to listen."""
        ...

    def stop(self) -> None:
        """End; blocks until then."""
        ...


class Backend(Protocol):
    """One database."""

    @property
    def one_line(self) -> bool:
        """There is a single line for reading and writing."""
        ...

    @property
    def file(self) -> Path | None:
        """The file it is, where it is one."""
        ...

    def acquire(self, *, alone: bool = False) -> None:
        """Take what a broker needs before it connects; with `alone`, see that no broker uses the database meanwhile.

        Raises:
            CallerError: `database_locked`.
            ProviderError: `database_unreachable`.
        """
        ...

    def connect(self, *, writes: bool) -> Line:
        """Return a new line.

        Raises:
            ProviderError: `database_unreachable`.
        """
        ...

    def listen(self, told: Told) -> Notices | None:
        """Return what hears of other brokers' commits, when there can be any."""
        ...

    def release(self) -> None:
        """Give back what `acquire` took."""
        ...


class SqliteFile:
    """A SQLite file, for one broker at a time."""

    def __init__(self, path: Path) -> None:
        """Keep sessions in `path`."""
        self.one_line: Final = False
        self.file: Final[Path | None] = path
        self.path: Final = path
        self._lock: Final = FileLock(path)

    def acquire(self, *, alone: bool = False) -> None:
        """Make the file and its folder where they are missing, for their owner alone, and lock it.

        Raises:
            CallerError: `database_locked`.
            ProviderError: `database_unreachable`.
        """
        del alone  # the lock is for one in any case
        check_version()
        try:
            create_private(self.path)
            self._lock.acquire()
        except OSError as error:
            raise problems.unreachable(
                f"{self.path} cannot be written ({error.strerror})", "Give the broker's user this folder."
            ) from error

    def connect(self, *, writes: bool) -> Line:
        """Return a new line to the file."""
        try:
            return SqliteLine(self.path, writes=writes)
        except sqlite3.Error as error:
            raise problems.unreachable(f"{self.path}: {error}", "Look at the file and its disk.") from error

    def listen(self, told: Told) -> Notices | None:
        """Return nothing: there is one broker."""
        del told
        return None

    def release(self) -> None:
        """Let go of the lock."""
        self._lock.release()


class SqliteMemory:
    """A database in memory, gone when it is closed: for tests and the demo."""

    def __init__(self) -> None:
        """Have no database yet."""
        self.one_line: Final = True
        self.file: Final[Path | None] = None
        self._line: MemoryLine | None = None

    def acquire(self, *, alone: bool = False) -> None:
        """Make an empty database."""
        del alone
        check_version()
        self._line = MemoryLine()

    def connect(self, *, writes: bool) -> Line:
        """Return the one line there is."""
        del writes
        if self._line is None:
            raise problems.unreachable("it was not opened", "Open it first.")
        return self._line

    def listen(self, told: Told) -> Notices | None:
        """Return nothing: there is one broker."""
        del told
        return None

    def release(self) -> None:
        """Let the database go."""
        if self._line is not None:
            self._line.let_go()
            self._line = None


class Postgres:
    """A PostgreSQL database, for any number of brokers."""

    def __init__(self, url: str) -> None:
        """Reach it at `url`: postgresql://user:password@host:port/name."""
        self.one_line: Final = False
        self.file: Final[Path | None] = None
        self._url: Final = url
        self._alone: Line | None = None
        self._pids: Final[deque[int]] = deque(maxlen=64)
        parts = urlsplit(url)
        self._place: Final = f"{parts.hostname or 'localhost'}:{parts.port or 5432}{parts.path}"

    def acquire(self, *, alone: bool = False) -> None:
        """Look whether the driver is installed; with `alone`, take the lock that every broker shares.

        Raises:
            CallerError: `driver_missing`, `database_locked`.
            ProviderError: `database_unreachable`.
        """
        if find_spec("psycopg") is None:
            raise CallerError(
                "driver_missing",
                "The PostgreSQL driver is not installed.",
                "Install operator-console[postgres].",
            )
        if alone:
            self._alone = self._open(Share.ALONE)

    def connect(self, *, writes: bool) -> Line:
        """Return a new line.

        Raises:
            ProviderError: `database_unreachable`.
        """
        return self._open(Share.BROKER if writes else Share.READER)

    def _open(self, share: Share) -> Line:
        """Return a new line that has its share in the database."""
        from psycopg import Error  # noqa: PLC0415 - an extra, needed here only

        from server.storage.postgres_line import PostgresLine  # noqa: PLC0415 - as above

        try:
            line = PostgresLine(self._url, share)
        except Error as error:
            raise problems.unreachable(
                f"PostgreSQL at {self._place} does not let us in",
                "Look whether it runs, and at the user, password and name in [database] url.",
            ) from error
        self._pids.append(line.pid)
        return line

    def listen(self, told: Told) -> Notices | None:
        """Return what hears of other brokers' commits."""
        from server.storage.postgres_notices import PostgresNotices  # noqa: PLC0415 - of an extra

        return PostgresNotices(self._url, self._pids.__contains__, told)

    def release(self) -> None:
        """Let brokers in again; their lines are closed one by one."""
        if self._alone is not None:
            self._alone.close()
            self._alone = None


def check_version() -> None:
    """Refuse a SQLite library that lacks what we use.

    Raises:
        CallerError: `sqlite_too_old`.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise CallerError(
            "sqlite_too_old",
            f"Python here comes with SQLite {sqlite3.sqlite_version}; 3.35 or newer is needed.",
            "Use a newer Python, or PostgreSQL.",
        )


def backend(url: str) -> Backend:
    """Return the database of an address: `sqlite:///<path>`, `sqlite://` (in memory) or `postgresql://...`.

    Raises:
        CallerError: `bad_database_url`.
    """
    parts = urlsplit(url)
    match parts.scheme:
        case "sqlite" if not parts.netloc and parts.path in {"", "/", "/:memory:"}:
            return SqliteMemory()
        case "sqlite" if not parts.netloc:
            return SqliteFile(Path(unquote(parts.path[1:])))
        case "postgresql":
            return Postgres(url)
        case _:
            raise CallerError(
                "bad_database_url",
                f"{parts.scheme or 'This'} is no database address.",
                "Write sqlite:///path or postgresql://user@host:port/name.",
            )
