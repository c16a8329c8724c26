"""Say with which number each command ends; part of the API (docs/configuration.md)."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of `operator-server`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    CONFIGURATION = 78
