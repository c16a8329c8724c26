"""Keep one broker to one SQLite file: whoever comes second is told who holds it, and leaves."""

import fcntl
import os
from pathlib import Path
from typing import Final

from server.core.errors import CallerError
from server.secret_files import PRIVATE_UMASK

PRIVATE_FILE: Final = 0o666 & ~PRIVATE_UMASK
PRIVATE_FOLDER: Final = 0o777 & ~PRIVATE_UMASK


class FileLock:
    """The lock file beside a database file; let go of by `release` or by the end of the process."""

    def __init__(self, database: Path) -> None:
        """Lock `<database>.lock` when `acquire` is called."""
        self.path: Final = database.with_name(database.name + ".lock")
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock at once or not at all.

        Raises:
            CallerError: `database_locked`, naming the process that holds it.
        """
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(handle)
            raise CallerError(
                "database_locked",
                f"Process {holder} uses this database already.",
                "Ask that broker through its API, or stop it first.",
                {"pid": holder},
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._handle = handle

    def release(self) -> None:
        """Let go; harmless when it is not held."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None


def create_private(path: Path) -> None:
    """Make sure that the file and its folder are there, for their owner alone.

    Raises:
        OSError: they cannot be made.
    """
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE))
