"""Read a date as people write it in a hurry, in the operator's own time: `tomorrow 9:00`, `+3d`, `fri 14:30`, ISO.

Pure. Before: an operator wrote when something is due. After: an aware instant in UTC, or None when it is no date.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

FORMS: Final = "tomorrow 9:00 · fri 14:30 · +3d · +2h · 2026-12-01 09:00"
"""What can be written, for people."""
_MORNING: Final = (9, 0)
_STEP: Final = re.compile(r"\+?(\d{1,4})\s*(m|min|h|d|w)")
_TIME: Final = re.compile(r"(\d{1,2})[:.](\d{2})")
_ISO: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ t](\d{1,2}:\d{2})(?::\d{2})?)?\s*(z|[+-]\d{2}:?\d{2})?")
_UNITS: Final = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FURTHEST: Final = timedelta(days=3660)


def read_when(text: str, now: datetime, zone: tzinfo | None) -> datetime | None:
    """Return the instant that `text` means, in UTC; None when it means none, or one more than ten years away.

    Args:
        text: What was written; case and spaces around it do not matter.
        now: The present instant, aware.
        zone: Where the operator's clock stands; None is this machine's zone.
    """
    written = " ".join(text.lower().split())
    local = now.astimezone(zone)
    try:
        found = _step(written, now) or _iso(written, zone) or _day(written, local, zone)
    except (ValueError, OverflowError):
        return None
    if found is None or abs(found - now) > _FURTHEST:
        return None
    return found.astimezone(UTC)


def _step(written: str, now: datetime) -> datetime | None:
    match = _STEP.fullmatch(written)
    if match is None or not written.startswith("+"):
        return None
    return now + timedelta(**{_UNITS[match.group(2)]: int(match.group(1))})


def _iso(written: str, zone: tzinfo | None) -> datetime | None:
    match = _ISO.fullmatch(written)
    if match is None:
        return None
    day, time, offset = match.groups()
    hour, _, minute = (time or "9:00").partition(":")
    bare = datetime.fromisoformat(f"{day}T{int(hour):02}:{minute}")
    if offset:
        return datetime.fromisoformat(f"{bare.isoformat()}{offset.upper().replace('Z', '+00:00')}")
    return _at(zone, bare, (bare.hour, bare.minute))


def _day(written: str, local: datetime, zone: tzinfo | None) -> datetime | None:
    """Return `today 17:00`, `tomorrow`, `fri 14:30`, or the next `14:30`."""
    word, _, rest = written.partition(" ")
    if _TIME.fullmatch(word) and not rest:
        due = _at(zone, local, _time(word))
        return due if due > local else _at(zone, local + timedelta(days=1), _time(word))
    days = _days_ahead(word, local)
    if days is None or (rest and not _TIME.fullmatch(rest)):
        return None
    return _at(zone, local + timedelta(days=days), _time(rest) if rest else _MORNING)


def _days_ahead(word: str, local: datetime) -> int | None:
    if word in {"today", "tomorrow"}:
        return int(word == "tomorrow")
    weekday = next((n for n, name in enumerate(_WEEKDAYS) if len(word) >= 3 and word.startswith(name)), None)
    return None if weekday is None else (weekday - local.weekday() - 1) % 7 + 1


def _time(text: str) -> tuple[int, int]:
    hour, minute = re.split(r"[:.]", text)
    return int(hour), int(minute)


def _at(zone: tzinfo | None, day: datetime, time: tuple[int, int]) -> datetime:
    """Return a clock's time on a day of the operator's zone, also across a change of the clocks."""
    bare = datetime(day.year, day.month, day.day, *time)  # noqa: DTZ001 - the zone is put on next
    return bare.astimezone() if zone is None else bare.replace(tzinfo=zone)
