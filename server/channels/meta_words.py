"""Read and write out what Meta's platforms share: a place, a time counted in milliseconds, the code of an error."""

from datetime import datetime
from typing import TypeGuard

from server.channels.reading import at, instant_at, number_at


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Tell whether it is an object of JSON."""
    return isinstance(value, dict)


def place(latitude: object, longitude: object, named: str = "") -> str:
    """Return a place as one line; it may have no coordinates that make sense."""
    both = [one for one in (latitude, longitude) if isinstance(one, int | float) and -180 <= one <= 180]
    where = f"{both[0]:.6f}, {both[1]:.6f}" if len(both) == 2 else "not given"
    return f"[location: {where}{f' ({named})' if named else ''}]"


def milliseconds_at(value: object, *path: str | int) -> datetime | None:
    """Return the instant at a path, counted in milliseconds since 1970; None when there is none."""
    found = number_at(value, *path)
    return instant_at(found / 1000) if found is not None else None


def code_at(value: object, name: str) -> int:
    """Return one of Meta's error codes, also when it is written as text; 0 when there is none."""
    found = at(value, name)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 12:
        return int(found)
    return number_at(value, name) or 0
