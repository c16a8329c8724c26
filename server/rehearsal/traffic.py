"""Say who calls and who is on: from files, or made up."""

import csv
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from server.core.errors import CallerError
from server.wire.skills import Skill
from server.wire.terms import Medium

T = TypeVar("T")

NEVER: Final = math.inf
CALL_COLUMNS: Final = ("at", "queue", "medium", "patience_seconds", "talk_seconds", "priority", "skills", "customer")
STAFF_COLUMNS: Final = ("name", "from", "to", "calls", "chats", "skills")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request for a person.

    Attributes:
        at: Of the request, aware.
        patience_seconds: After so long a wait the customer leaves; `NEVER`: they do not.
        talk_seconds: How long the talk with a person takes.
        customer: Who it is, where it matters who had them last; may be empty.
    """

    at: datetime
    queue: str = "default"
    medium: Medium = Medium.VOICE
    patience_seconds: float = NEVER
    talk_seconds: float = 240.0
    priority: int = 5
    skills: tuple[Skill, ...] = ()
    customer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One operator on duty from `begin` up to `end`, both aware."""

    name: str
    begin: datetime
    end: datetime
    calls: int = 1
    chats: int = 3
    skills: tuple[Skill, ...] = ()


def read_calls(path: Path) -> list[Call]:
    """Return the calls of a CSV file, in the order of their instants; columns that are left out have their default.

    Raises:
        CallerError: `bad_calls`, with the line.
    """
    return sorted(_rows(path, CALL_COLUMNS, "at", _call), key=lambda call: call.at)


def read_staff(path: Path) -> list[Shift]:
    """Return the shifts of a CSV file.

    Raises:
        CallerError: `bad_staff`, with the line.
    """
    return list(_rows(path, STAFF_COLUMNS, "from", _shift))


def _rows(path: Path, columns: Sequence[str], needed: str, read: Callable[[dict[str, str]], T]) -> Iterator[T]:
    code = "bad_calls" if columns is CALL_COLUMNS else "bad_staff"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            unknown = sorted(set(reader.fieldnames or ()) - set(columns))
            if unknown or needed not in (reader.fieldnames or ()):
                wrong = f"a column {unknown[0]!r} that nothing reads" if unknown else f"no column {needed!r}"
                raise CallerError(code, f"{path} has {wrong}.", f"The columns are: {', '.join(columns)}.")
            for number, row in enumerate(reader, start=2):
                try:
                    yield read({name: text.strip() for name, text in row.items() if isinstance(text, str)})
                except (ValueError, KeyError, TypeError) as error:
                    raise CallerError(code, f"{path}, line {number}: {error}.", "See docs/policy.md.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CallerError(code, f"{path} cannot be read: {error}.", "Name a CSV file in UTF-8.") from error


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no zone: write 2026-11-20T09:00:00+01:00")
    return at


def _skills(text: str) -> tuple[Skill, ...]:
    found: list[Skill] = []
    for one in text.split():
        name, _, level = one.partition("=")
        found.append(Skill(name=name, level=int(level or 1)))
    return tuple(found)


def _seconds(text: str, default: float) -> float:
    seconds = float(text) if text else default
    if not seconds >= 0:
        raise ValueError(f"{text!r} is no number of seconds")
    return seconds


def _call(row: dict[str, str]) -> Call:
    return Call(
        at=_instant(row["at"]),
        queue=row.get("queue") or "default",
        medium=Medium(row.get("medium") or "voice"),
        patience_seconds=_seconds(row.get("patience_seconds", ""), NEVER),
        talk_seconds=_seconds(row.get("talk_seconds", ""), 240.0),
        priority=int(row.get("priority") or 5),
        skills=_skills(row.get("skills", "")),
        customer=row.get("customer", ""),
    )


def _shift(row: dict[str, str]) -> Shift:
    begin, end = _instant(row["from"]), _instant(row["to"])
    if end <= begin:
        raise ValueError("the shift ends before it begins")
    return Shift(
        name=row["name"] or "operator",
        begin=begin,
        end=end,
        calls=int(row.get("calls") or 1),
        chats=int(row.get("chats") or 3),
        skills=_skills(row.get("skills", "")),
    )


WEIGHTS: Final = (1, 1, 1, 1, 1, 2, 6, 18, 45, 80, 95, 88, 62, 70, 84, 80, 70, 55, 38, 26, 18, 10, 5, 2)
"""How a day's requests lie over its hours: quiet nights, a peak before noon and a smaller one after."""


def made_up(
    begin: datetime, count: int, chance: random.Random, queues: Sequence[str] = ("default",), days: float = 1.0
) -> Iterable[Call]:
    """Return made-up calls of some days: busy by the hour, impatient and long-winded as people are.

    Patience and talk are log-normal: half of the callers leave within 90 s, a quarter would wait five minutes, and half
    of the talks are over in four minutes.
    """
    hours = max(round(24 * days), 1)
    weights = [WEIGHTS[hour % 24] for hour in range(hours)]
    found = [
        Call(
            at=begin + timedelta(hours=hour, seconds=chance.random() * 3600),
            queue=chance.choice(queues),
            medium=Medium.CHAT if chance.random() < 0.35 else Medium.VOICE,
            patience_seconds=round(chance.lognormvariate(math.log(90), 1.2), 1),
            talk_seconds=round(chance.lognormvariate(math.log(240), 0.7), 1),
            customer=f"c{chance.randrange(count)}",
        )
        for hour in chance.choices(range(hours), weights, k=count)
    ]
    return sorted(found, key=lambda call: call.at)
