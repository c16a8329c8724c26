"""Read what platforms send without ever failing: what is not there, or of another shape, is empty.

Adapters' `parse` must be total. Everything here takes any value that JSON can give and raises nothing.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import cast

import msgspec

from server.broker.ports.channels import ChannelEvent, EventKind

_MOST_DIGITS = 30
_LATEST_SECONDS = 253_402_300_799
"""The end of the year 9999."""


def decoded(body: bytes) -> object:
    """Return a body's JSON; None when it is none."""
    try:
        return cast("object", msgspec.json.decode(body))
    except (ValueError, RecursionError):
        pass
    try:
        return cast("object", json.loads(body.decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return None


def at(value: object, *path: str | int) -> object:
    """Return what lies at a path of names and places; None when nothing does."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = cast("dict[str, object]", value).get(step)
        elif isinstance(step, int) and isinstance(value, list):
            found = cast("list[object]", value)
            value = found[step] if -len(found) <= step < len(found) else None
        else:
            return None
    return value


def text_at(value: object, *path: str | int) -> str:
    """Return the text (or the whole number, as text) at a path; empty when there is none."""
    found = at(value, *path)
    if isinstance(found, str):
        return found.encode("utf-8", "replace").decode()
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 10**_MOST_DIGITS:
        return str(found)
    return ""


def number_at(value: object, *path: str | int) -> int | None:
    """Return the whole number at a path; None when there is none."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**63 else None


def is_set(value: object, *path: str | int) -> bool:
    """Tell whether the value at a path is true."""
    return at(value, *path) is True


def list_at(value: object, *path: str | int) -> list[object]:
    """Return the list at a path; empty when there is none."""
    found = at(value, *path)
    return cast("list[object]", found) if isinstance(found, list) else []


def names_of(value: object) -> list[str]:
    """Return the names of an object's fields; empty when it is none."""
    return [str(name) for name in cast("dict[object, object]", value)] if isinstance(value, dict) else []


def instant_at(value: object, *path: str | int) -> datetime | None:
    """Return the instant at a path: seconds since 1970 (a number or its text), or RFC 3339; None when there is none."""
    found = at(value, *path)
    if isinstance(found, str):
        written, found = found, _seconds(found)
        if found is None:
            return _written(written)
    if isinstance(found, int | float) and not isinstance(found, bool) and 0 < found <= _LATEST_SECONDS:
        return datetime.fromtimestamp(found, UTC)
    return None


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _written(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except OverflowError:
        return None


def digest(*parts: object) -> str:
    """Return a key made of what was sent, for what brings none of its own; the same for the same."""
    found = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True, default=str).encode()
        found.update(len(raw).to_bytes(8, "big") + raw)
    return found.hexdigest()[:40]


def unknown(what: object, note: str) -> ChannelEvent:
    """Return the event of something that is not understood; `note` is one line that says what it was."""
    return ChannelEvent(kind=EventKind.UNKNOWN, key=f"unknown:{digest(what)}", note=note[:200])
