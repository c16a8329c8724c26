"""Say in which order the list stands when it is not by promise, what a filter lets through, and which rows want eyes.

Pure. Whatever the order, what is mine comes first, then what waits, then the rest (`select`); within these the chosen
order holds, and the promise decides among equals. A filter is words, all of which must be found, and fields:
`channel:` `queue:` `mood:` `topic:` with the beginning of a value (spaces as `-`), `is:mine`, `is:offered`, `is:late`.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from server.wire.terms import MoodLabel, OperatorId, SessionId, SessionState
from server.wire.views import SessionView

ListKey = tuple[int, str, float, float, float, SessionId]
"""Group, what is compared first (as text, as number), promise, instant of queueing, id."""

FRESH_FOR: Final = timedelta(seconds=15)
"""How long a session that has just come, or whose promise has just been broken, is marked."""
RISK_SHARE: Final = 0.25
"""A promise is at risk in this last part of its time."""

LATE: Final = "is:late"
"""The one filter whose answer changes as time passes."""
_NEVER: Final = float("inf")
_LAST: Final = "\U0010ffff"
"""What has no value stands behind all that have one."""
_MOODS: Final = {
    MoodLabel.ANGRY: 0.0,
    MoodLabel.FRUSTRATED: 1.0,
    MoodLabel.NEUTRAL: 2.0,
    MoodLabel.HAPPY: 3.0,
    MoodLabel.UNKNOWN: 4.0,
}


_MOOD_WORDS: Final = {MoodLabel.FRUSTRATED: "tense", MoodLabel.NEUTRAL: "calm"}
"""The words on the screen where they are not the labels."""


class Sort(StrEnum):
    """What the list is ordered by."""

    PROMISE = "promise"
    WAIT = "wait"
    MOOD = "mood"
    CHANNEL = "channel"
    TOPIC = "topic"


def next_sort(sort: Sort) -> Sort:
    """Return the order that the key gives after this one, round and round."""
    every = tuple(Sort)
    return every[(every.index(sort) + 1) % len(every)]


def list_key(session: SessionView, group: int, sort: Sort) -> ListKey:
    """Return where a session of a group stands in the list."""
    text, number = "", 0.0
    match sort:
        case Sort.WAIT:
            number = session.queued_at.timestamp()
        case Sort.MOOD:
            number = _MOODS[session.context.mood.label]
        case Sort.CHANNEL:
            text = session.customer.channel.casefold() or _LAST
        case Sort.TOPIC:
            text = session.context.topic.casefold() or _LAST
        case Sort.PROMISE:
            pass
    promise = session.promise_at.timestamp() if session.promise_at else _NEVER
    return (group, text, number, promise, session.queued_at.timestamp(), session.id)


class Seen(msgspec.Struct, frozen=True):
    """What a filter looks at besides the session: who I am, and what time it is."""

    me: OperatorId
    now: datetime
    mine: Callable[[SessionView, OperatorId], bool]


def _field(value: Callable[[SessionView], str]) -> Callable[[SessionView, str, Seen], bool]:
    return lambda session, wanted, _seen: value(session).casefold().replace(" ", "-").startswith(wanted)


def _mood(session: SessionView, wanted: str, _seen: Seen) -> bool:
    label = session.context.mood.label
    return label.startswith(wanted) or _MOOD_WORDS.get(label, "").startswith(wanted)


def _is(session: SessionView, wanted: str, seen: Seen) -> bool:
    match wanted:
        case "mine":
            return seen.mine(session, seen.me)
        case "offered":
            return session.state is SessionState.OFFERED and session.rings_at(seen.me)
        case "late":
            waits = session.state in {SessionState.QUEUED, SessionState.OFFERED}
            return waits and session.promise_at is not None and session.promise_at <= seen.now
        case _:
            return False


_FIELDS: Final[dict[str, Callable[[SessionView, str, Seen], bool]]] = {
    "channel": _field(lambda session: session.customer.channel),
    "queue": _field(lambda session: session.queue),
    "mood": _mood,
    "topic": _field(lambda session: session.context.topic),
    "is": _is,
}


def lets_through(session: SessionView, written: str, seen: Seen) -> bool:
    """Tell whether a filter as it is written shows a session; a colon behind no known field is part of a word."""
    haystack = ""
    for word in written.casefold().split():
        name, colon, wanted = word.partition(":")
        test = _FIELDS.get(name) if colon else None
        if test is not None:
            if not test(session, wanted, seen):
                return False
            continue
        haystack = haystack or _haystack(session)
        if word not in haystack:
            return False
    return True


def _haystack(session: SessionView) -> str:
    customer, context = session.customer, session.context
    parts = (session.number, customer.name, customer.handle, customer.channel, session.medium, session.queue)
    return " ".join((*parts, session.state, session.reason, context.topic, context.mood.label)).casefold()


def values(sessions: tuple[SessionView, ...], most: int = 4) -> tuple[tuple[str, int], ...]:
    """Return the filters by field that show something, each with how many it shows: the fullest `most` of a field."""
    fields: tuple[tuple[str, Callable[[SessionView], str]], ...] = (
        ("channel", lambda one: one.customer.channel),
        ("queue", lambda one: one.queue),
        ("mood", lambda one: "" if one.context.mood.label is MoodLabel.UNKNOWN else one.context.mood.label.value),
        ("topic", lambda one: one.context.topic),
    )
    found: list[tuple[str, int]] = []
    for name, value in fields:
        counted = Counter(value(session).casefold().replace(" ", "-") for session in sessions)
        del counted[""]
        found += [(f"{name}:{one}", count) for one, count in counted.most_common(most)]
    return tuple(found)


def eye_word(session: SessionView, now: datetime) -> str:
    """Return why a waiting row wants eyes just now: NEW, AT RISK or LATE; empty when it does not."""
    if session.state not in {SessionState.QUEUED, SessionState.OFFERED}:
        return ""
    promise = session.promise_at
    if promise is not None and promise <= now:
        return "LATE" if now - promise < FRESH_FOR else ""
    if promise is not None and promise - now <= (promise - session.queued_at) * RISK_SHARE:
        return "AT RISK"
    return "NEW" if now - session.queued_at < FRESH_FOR else ""
