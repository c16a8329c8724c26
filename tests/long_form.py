"""Tell the short form of a fault test (CI) from its long form (`make faults`)."""

import os

KEPT = "OPERATOR_FAULTS"
"""Environment: the folder in which finished slices of a long form are kept, so that it can be gone on with."""


def times(short: int, long: int, variable: str = "") -> int:
    """Return how often to do it: `short`, or `long` under OPERATOR_LONG=1, or what `variable` says."""
    if variable and os.environ.get(variable):
        return int(os.environ[variable])
    return long if os.environ.get("OPERATOR_LONG") == "1" else short
