"""Start a process of ours that lives on when the broker is killed, and find the one that runs already.

It gets a session of its own (no signal of the broker's terminal reaches it) and a log file beside its control
socket. Its settings travel on standard input, where no list of processes shows them. The media worker and the SIP
engine are such processes.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Final

MOST_LOG_BYTES: Final = 1024 * 1024
"""A longer log of former processes is emptied first."""


def start(module: str, control_path: str, settings: bytes) -> int:
    """Run `python -m module` with `settings` on its standard input, and return its process id.

    Raises:
        OSError: it cannot be started, or its log, `control_path` with .log behind it, cannot be written.
    """
    incoming, ours = os.pipe()
    log_path = Path(control_path + ".log")
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    if log_path.exists() and log_path.stat().st_size > MOST_LOG_BYTES:
        flags |= os.O_TRUNC
    log = os.open(log_path, flags, 0o600)
    try:
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", module],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, incoming, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsid=True,
        )
        with contextlib.suppress(BrokenPipeError):  # it died at once: its log says why
            os.write(ours, settings)
    finally:
        for descriptor in (incoming, ours, log):
            os.close(descriptor)
    return pid


def exit_code(pid: int) -> int | None:
    """Return the exit code of a child that has ended, and bury it; None while it lives."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0
    return os.waitstatus_to_exitcode(status) if ended else None


async def connect(control_path: str, limit: int = 1 << 16) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """Return a connection to the process that listens at `control_path`, or None when none does.

    `limit` is the longest line in bytes.
    """
    try:
        return await asyncio.open_unix_connection(control_path, limit=limit)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
