"""Give tests that run in real time the machine to themselves: while one of them runs, no other worker begins a test.

A reader-writer lock on two files. Everybody passes the gate; who runs alone keeps it shut while the others finish, so
that a row of short tests cannot hold it up.
"""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Generator
from pathlib import Path

FOLDER = "OPERATOR_TEST_TURNS"


@contextlib.contextmanager
def shared(*, worker: bool) -> Generator[Path]:
    """Return the folder in which the workers of a run take turns; whoever started them tells them by the environment.

    A worker forgets it again: a run that one of its tests starts takes turns of its own, and never waits for its maker.
    """
    if worker:
        yield Path(os.environ.pop(FOLDER))
        return
    with tempfile.TemporaryDirectory(prefix="turns-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop(FOLDER, None)


@contextlib.contextmanager
def turn(folder: Path, *, alone: bool) -> Generator[None]:
    """Wait for this test's turn among the workers that share this folder."""
    with Path(folder, "gate").open("w") as gate, Path(folder, "hall").open("w") as hall:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(hall, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(gate, fcntl.LOCK_UN)
        yield
