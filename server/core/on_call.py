"""Say who is on call at an instant: rotations, weekly shifts and overrides, by the clock on the wall of a time zone.

Boundaries are instants: a handover at 02:30 in the hour that comes twice happens once, and one in the hour that is left
out happens at the instant when it would have come.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be told, and called; `destinations` are where, `call` is a number or a name of the phonebook."""

    name: str
    destinations: tuple[str, ...]
    call: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is on call, from when until when (UTC); both are open ends where nothing ever changes."""

    people: tuple[str, ...]
    begin: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Rotation:
    """People who follow each other, each for `days`, beginning with the first at `starts` on the wall's clock."""

    people: tuple[str, ...]
    starts: datetime
    days: int

    def turn(self, at: datetime, zone: tzinfo) -> Turn:
        """Return whose turn it is; before the first one it is the turn of whoever would have had it."""
        wall = at.astimezone(zone).replace(tzinfo=None)
        number = (wall - self.starts) // timedelta(days=self.days)
        while self._handover(number, zone) > at:
            number -= 1
        while self._handover(number + 1, zone) <= at:
            number += 1
        whose = (self.people[number % len(self.people)],)
        if len(self.people) == 1:
            return Turn(whose, None, None)
        return Turn(whose, self._handover(number, zone), self._handover(number + 1, zone))

    def _handover(self, number: int, zone: tzinfo) -> datetime:
        return instant(self.starts + number * timedelta(days=self.days), zone)


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch of every week, from `begin` (since Monday, 00:00) for `length`, and who has it."""

    begin: timedelta
    length: timedelta
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shifts:
    """Stretches that fill the week, in order of their begin."""

    shifts: tuple[Shift, ...]

    def turn(self, at: datetime, zone: tzinfo) -> Turn:
        """Return whose stretch it is: the one that began last."""
        monday = monday_of(at.astimezone(zone).date())
        begins: list[tuple[datetime, Shift]] = []
        for week in (-1, 0, 1, 2):
            first = datetime.combine(monday, time()) + week * WEEK
            begins += [(instant(first + shift.begin, zone), shift) for shift in self.shifts]
        begins.sort(key=lambda pair: pair[0])
        place = bisect_right([begin for begin, _ in begins], at) - 1
        return Turn(begins[place][1].people, begins[place][0], begins[place + 1][0])


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody who has a level for once, between two instants."""

    people: tuple[str, ...]
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One step of the escalation: told so long after the first, and again every `repeat_seconds` (0: once)."""

    after_seconds: float
    turns: Rotation | Shifts
    repeat_seconds: float = 0.0
    overrides: tuple[Override, ...] = ()

    def turn(self, at: datetime, zone: tzinfo) -> Turn:
        """Return who is on call at `at`; an override goes before the plan."""
        for one in self.overrides:
            if one.begin <= at < one.end:
                return Turn(one.people, one.begin, one.end)
        planned = self.turns.turn(at, zone)
        ended = [one.end for one in self.overrides if one.end <= at]
        coming = [one.begin for one in self.overrides if one.begin > at]
        begin = max([edge for edge in (planned.begin, *ended) if edge is not None], default=None)
        end = min([edge for edge in (planned.end, *coming) if edge is not None], default=None)
        return Turn(planned.people, begin, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One list of people on call, by levels."""

    zone: tzinfo
    people: tuple[Person, ...]
    levels: tuple[Level, ...]

    def turn(self, level: int, at: datetime) -> Turn:
        """Return who is on call at this level."""
        return self.levels[level].turn(at, self.zone)

    def on_call(self, level: int, at: datetime) -> tuple[Person, ...]:
        """Return the people on call at this level, with their destinations."""
        by_name = {person.name: person for person in self.people}
        return tuple(by_name[name] for name in self.turn(level, at).people)


class ScheduleError(Exception):
    """A schedule with a hole, an overlap or nobody in it; the sentence shows the path."""


def instant(wall: datetime, zone: tzinfo) -> datetime:
    """Return the instant (UTC) at which a clock of this zone shows `wall`, the first time it does."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def monday_of(day: date) -> date:
    """Return the Monday of this day's week."""
    return day - timedelta(days=day.weekday())


def check_week(shifts: tuple[Shift, ...]) -> None:
    """Refuse a week with a hole or an overlap.

    Raises:
        ScheduleError: with the stretch, such as "nobody is on call on sat 10:00 to sun 00:00".
    """
    ordered = sorted(shifts, key=lambda shift: shift.begin)
    for one, following in zip(ordered, (*ordered[1:], ordered[0]), strict=True):
        end = one.begin + one.length
        begin = following.begin if following.begin > one.begin else following.begin + WEEK
        if end < begin:
            raise ScheduleError(
                f"nobody is on call from {_moment(end)} to {_moment(begin)}. Let a shift cover it, or let one level be "
                "a rotation."
            )
        if end > begin:
            both = " and ".join((", ".join(one.people), ", ".join(following.people)))
            raise ScheduleError(
                f"{both} overlap from {_moment(begin)} to {_moment(end)}. Write both into one shift if that is meant."
            )


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _moment(since_monday: timedelta) -> str:
    minutes = int(since_monday.total_seconds()) // 60 % (7 * 1440)
    return f"{_DAYS[minutes // 1440]} {minutes % 1440 // 60:02}:{minutes % 60:02}"
