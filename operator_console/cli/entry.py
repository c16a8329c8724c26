"""Run one command line: the short way round where there is one, else the whole of it."""

import sys
from collections.abc import Sequence

from operator_console import garbage
from operator_console.cli.ending import ended
from operator_console.cli.swift import known


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    short = known(given)
    if short is not None:
        return ended(given, short.run)
    garbage.put_aside()
    from operator_console.cli.app import run as run_all  # noqa: PLC0415 - the whole command line is slow to load

    return run_all(given)
