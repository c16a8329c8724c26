"""Recognise what the desk shows in the text it painted."""

import re
from typing import Final

_CURSOR: Final = re.compile(r"› [^›]{0,12}?Caller (\d{5})")


def desk(painted: str) -> bool:
    """Tell whether the panes of the desk were painted."""
    return "1 Queue" in painted and "3 Transcript" in painted


def cursor_row(painted: str) -> int | None:
    """Return the row that the cursor was painted on last."""
    found = _CURSOR.findall(painted)
    return int(found[-1]) if found else None


def turn(position: int, painted: str) -> bool:
    """Tell whether the turn at a position was painted."""
    return f"Turn {position:05}" in painted
