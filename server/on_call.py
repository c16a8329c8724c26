"""Read who is on call from the configuration; refuse schedules with nobody, a hole or an overlap in them."""

import re
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.config import Settings
from server.config_on_call import LevelSettings, OnCallSettings, OverrideSettings
from server.config_rules import ConfigError
from server.core.on_call import (
    Level,
    Override,
    Person,
    Rotation,
    Schedule,
    ScheduleError,
    Shift,
    Shifts,
    check_week,
    instant,
)

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS: Final = re.compile(r"(?P<first>[a-z]{3})(-(?P<last>[a-z]{3}))? +(?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d)")
_DAY: Final = timedelta(days=1)


def schedules_of(settings: Settings) -> dict[str, Schedule]:
    """Return every schedule, checked.

    Raises:
        ConfigError: with the path to what is wrong.
    """
    return {name: _schedule(name, one, settings) for name, one in settings.on_call.items()}


def _schedule(name: str, settings: OnCallSettings, all_settings: Settings) -> Schedule:
    where = f"[on_call.{name}]"
    try:
        zone = ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"{where} time_zone: there is no zone {settings.time_zone!r}. Write one such as Europe/Berlin or UTC."
        ) from error
    people = _people(where, settings, all_settings)
    names = [person.name for person in people]
    if not settings.levels:
        raise ConfigError(f'{where} levels is empty: write who is told first, such as {{rotation = ["{names[0]}"]}}.')
    for entry in settings.overrides:
        if entry.level > len(settings.levels):
            raise ConfigError(f"{where} overrides: there is no level {entry.level}.")
    levels = tuple(_level(where, number, settings, zone, names) for number in range(1, len(settings.levels) + 1))
    for number, (one, following) in enumerate(pairwise(levels), start=2):
        if following.after_seconds <= one.after_seconds:
            raise ConfigError(f"{where} level {number}: after_minutes must be more than that of the level before.")
    return Schedule(zone=zone, people=people, levels=levels)


def _people(where: str, settings: OnCallSettings, all_settings: Settings) -> tuple[Person, ...]:
    people = tuple(Person(one.name, one.to, one.call) for one in settings.people)
    if not people:
        raise ConfigError(f'{where} people is empty: write who can be told, such as {{name = "Ann", to = ["sms"]}}.')
    if len({person.name for person in people}) < len(people):
        raise ConfigError(f"{where} people: somebody is there twice. Give each their own name.")
    for person in people:
        for destination in person.destinations:
            name = destination.partition(":")[0]
            if name not in all_settings.notices:
                raise ConfigError(
                    f"{where} people, {person.name}: there is no destination {destination!r}. Write a section "
                    f"[notices.{name}]."
                )
    return people


def _level(where: str, number: int, settings: OnCallSettings, zone: ZoneInfo, names: list[str]) -> Level:
    path, one = f"{where} level {number}", settings.levels[number - 1]
    wanted = [entry for entry in settings.overrides if entry.level == number]
    overrides = tuple(_override(f"{where} overrides", entry, zone, names) for entry in wanted)
    _check_overrides(path, overrides)
    return Level(
        after_seconds=one.after_minutes * 60,
        turns=_turns(path, one, names),
        repeat_seconds=one.repeat_minutes * 60,
        overrides=overrides,
    )


def _turns(path: str, settings: LevelSettings, names: list[str]) -> Rotation | Shifts:
    if bool(settings.rotation) == bool(settings.shifts):
        raise ConfigError(f"{path}: nobody is in it, or in two ways. Write one of rotation and shifts.")
    if settings.rotation:
        _check_people(f"{path} rotation", settings.rotation, names)
        starts = _wall(f"{path} starts", settings.starts)
        return Rotation(settings.rotation, starts, 7 if settings.every == "week" else 1)
    shifts: list[Shift] = []
    for one in settings.shifts:
        _check_people(f"{path} shifts", one.people, names)
        shifts += _stretches(f"{path} shifts", one.hours, one.people)
    found = tuple(sorted(shifts, key=lambda shift: shift.begin))
    try:
        check_week(found)
    except ScheduleError as error:
        raise ConfigError(f"{path}: {error}") from error
    return Shifts(found)


def _stretches(path: str, text: str, people: tuple[str, ...]) -> list[Shift]:
    """Return the stretches of "mon-fri 17:00-09:00": one a day; one that ends before it begins goes on overnight."""
    refusal = ConfigError(f'{path}: {text!r} is not understood. Write days and times, "mon-fri 17:00-09:00".')
    found = _HOURS.fullmatch(text.strip().lower())
    if found is None:
        raise refusal
    first, last = found["first"], found["last"] or found["first"]
    begin, end = _clock(found["begin"]), _clock(found["end"])
    if first not in _DAYS or last not in _DAYS or begin is None or end is None or begin >= _DAY:
        raise refusal
    low, high = _DAYS.index(first), _DAYS.index(last)
    days = range(low, high + 1) if low <= high else (*range(low, 7), *range(high + 1))
    length = end - begin if end > begin else end + _DAY - begin
    return [Shift(day * _DAY + begin, length, people) for day in days]


def _clock(text: str) -> timedelta | None:
    hours, minutes = int(text[:2]), int(text[3:])
    fits = (hours < 24 and minutes < 60) or (hours, minutes) == (24, 0)
    return timedelta(hours=hours, minutes=minutes) if fits else None


def _override(path: str, settings: OverrideSettings, zone: ZoneInfo, names: list[str]) -> Override:
    _check_people(path, settings.people, names)
    begin, end = (instant(_wall(path, text), zone) for text in (settings.begin, settings.end))
    if end <= begin:
        raise ConfigError(f"{path}: {settings.begin} to {settings.end} ends before it begins.")
    return Override(settings.people, begin, end)


def _check_overrides(path: str, overrides: tuple[Override, ...]) -> None:
    ordered = sorted(overrides, key=lambda one: one.begin)
    for one, following in pairwise(ordered):
        if following.begin < one.end:
            raise ConfigError(
                f"{path}: the overrides of {', '.join(one.people)} and {', '.join(following.people)} overlap. Let one "
                "end when the other begins."
            )


def _check_people(path: str, people: tuple[str, ...], names: list[str]) -> None:
    for one in people:
        if one not in names:
            raise ConfigError(f"{path}: {one!r} is not among the people. There are: {', '.join(names)}.")


def _wall(path: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f'{path}: {text!r} is no time. Write one such as "2026-12-24 09:00".') from error
    if found.tzinfo is not None:
        raise ConfigError(f"{path}: {text!r} has a zone of its own: leave it to time_zone.")
    return found
