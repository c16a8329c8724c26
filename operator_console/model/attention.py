"""Decide when the desk calls the operator's attention: what sounds, repeats, grows louder, falls silent.

Pure. Three things alert: an offer that rings at me (repeats until it is mine, gone or someone else's), a session that
waits past its promise (all of them repeat together while one is unclaimed), and something new in the queue (once). The
first alert of each is a soft bell; repeats bring a desktop notification as well. What was told is not told as new after
a reconnect. Before: the model changed, or a second passed. After: an `Alert` to sound, or nothing.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from operator_console.model.select import (
    MINE,
    accept_pending,
    group_ids,
    oldest_past_promise,
    operator_me,
    past_promise,
    waiting_count,
)
from operator_console.model.state import DeskModel, LinkState
from operator_console.model.wording import since
from server.wire.sanitize import clean_line
from server.wire.terms import Presence, Role, SessionId, SessionState
from server.wire.views import SessionView

TEXT_CELLS: Final = 80
"""What an alert says at most: desktops cut notifications anyway, and a title must fit a tab."""
LOOK_SECONDS: Final = 1.0
"""Broken promises are looked for this often, not with every event: they come by the clock."""
GAP_SECONDS: Final = 2.0
"""The least time between two alerts, so that a storm of requests is one bell; a new offer does not wait for it."""
SETTLE_SECONDS: Final = 1.0
"""So long after a reconnect nothing sounds: what was missed is still on its way, and may be a claim."""
NEVER: Final = float("-inf")

OfferKey = tuple[SessionId, int, float]
"""One offer: its session, the epoch, and when it lapses. The same session offered again is another offer."""


class Cause(StrEnum):
    """What an alert is about, the most urgent first."""

    OFFER = "offer"
    OVERDUE = "overdue"
    NEW = "new"


class Rules(msgspec.Struct, frozen=True):
    """How often and how loud.

    Attributes:
        offer_repeat_seconds: Time between two alerts of one offer.
        overdue_repeat_seconds: Time between two alerts while somebody waits past the promise.
        notify_first: The first alert of each notifies too, unless the window is looked at.
    """

    offer_repeat_seconds: float = 15.0
    overdue_repeat_seconds: float = 60.0
    notify_first: bool = False


DEFAULT_RULES: Final = Rules()


class Alert(msgspec.Struct, frozen=True):
    """One thing to sound: a bell or the alert speaker, and a desktop notification where `notify`; louder if `again`.

    `text` is one harmless line of at most `TEXT_CELLS` cells without names of customers: screens are locked, too.
    """

    cause: Cause
    text: str
    notify: bool = False
    again: bool = False


class AttentionState(msgspec.Struct, frozen=True):
    """What was told already. Times are seconds of a clock that never jumps (`Clock.monotonic`).

    Attributes:
        focused: The operator looks at this window: the terminal said so.
        offers: The offers that ring at me and were told, each with the time of its repetition.
        overdue: The sessions whose broken promise was told.
        overdue_again_at: When those are told again; None while there is none.
        looked_at: When broken promises were looked for.
        sounded_at: When something sounded.
        calm_until: Until then nothing sounds, after a reconnect.
    """

    focused: bool = False
    offers: Mapping[OfferKey, float] = msgspec.field(default_factory=dict[OfferKey, float])
    overdue: frozenset[SessionId] = frozenset()
    overdue_again_at: float | None = None
    looked_at: float = NEVER
    sounded_at: float = NEVER
    calm_until: float = NEVER


def is_silent(model: DeskModel) -> bool:
    """Tell whether this operator is not to be called at all: off duty, away, or only looking."""
    me = operator_me(model)
    return me is None or model.link.view_only or me.role is Role.VIEWER or me.presence is not Presence.AVAILABLE


def attention(
    before: DeskModel, after: DeskModel, heard: AttentionState, now: float, rules: Rules = DEFAULT_RULES
) -> tuple[AttentionState, tuple[Alert, ...]]:
    """Return what is told from now on, and what to sound: nothing or one alert, however much happened at once.

    Args:
        before: The model as it was at the last call.
        after: The model as it is.
        heard: What the last call returned; the caller sets `focused`.
        now: Seconds of a monotonic clock.
        rules: How often and how loud.
    """
    if is_silent(after):
        return AttentionState(focused=heard.focused), ()
    if after.link.state in {LinkState.LOST, LinkState.CONNECTING}:
        return _put_off(heard, now, rules), ()
    if now < heard.calm_until:
        return heard, ()
    heard, offer = _offers(after, heard, now, rules)
    heard, overdue = _overdue(after, heard, now, rules)
    alert = offer or overdue or _new(before, after, heard, now, rules)
    if alert is None:
        return heard, ()
    if offer and overdue:
        alert = replace(offer, notify=offer.notify or overdue.notify, again=offer.again or overdue.again)
    return replace(heard, sounded_at=now), (alert,)


def still_calls(model: DeskModel, cause: Cause) -> bool:
    """Tell whether what an alert was about still needs this operator; if not, its sound ends."""
    if is_silent(model):
        return False
    match cause:
        case Cause.OFFER:
            asked = accept_pending(model)
            return any(session.id != asked for session in _ringing(model))
        case Cause.OVERDUE:
            return bool(_unclaimed(model, past_promise(model)))
        case Cause.NEW:
            return waiting_count(model) > 0


def _put_off(heard: AttentionState, now: float, rules: Rules) -> AttentionState:
    """Keep what was told over a lost connection, with the repetitions counted anew."""
    again_at = heard.overdue_again_at
    return replace(
        heard,
        offers={key: max(at, now + rules.offer_repeat_seconds) for key, at in heard.offers.items()},
        overdue_again_at=None if again_at is None else max(again_at, now + rules.overdue_repeat_seconds),
        calm_until=now + SETTLE_SECONDS,
    )


def _offers(model: DeskModel, heard: AttentionState, now: float, rules: Rules) -> tuple[AttentionState, Alert | None]:
    """Tell new offers at once, and old ones again when their time came."""
    ringing = {_offer_key(model, session): session for session in _ringing(model)}
    asked = accept_pending(model)
    due = [key for key in ringing if key[0] != asked and (key not in heard.offers or heard.offers[key] <= now)]
    if not due and ringing.keys() == heard.offers.keys():
        return heard, None
    repeated = any(key in heard.offers for key in due)
    first = any(key not in heard.offers for key in due)
    again_at = now + rules.offer_repeat_seconds
    told = {key: again_at if key in due else at for key, at in heard.offers.items() if key in ringing}
    heard = replace(heard, offers={**told, **dict.fromkeys(due, again_at)})
    if not first and (heard.focused or not repeated):
        return heard, None
    text = _offer_text(ringing[due[0]], len(due))
    return heard, _alert(Cause.OFFER, text, heard, rules, repeated=repeated)


def _overdue(model: DeskModel, heard: AttentionState, now: float, rules: Rules) -> tuple[AttentionState, Alert | None]:
    """Tell each broken promise once, and all of them again while one of them is unclaimed."""
    if now - heard.looked_at < LOOK_SECONDS:
        return heard, None
    waiting = past_promise(model)
    unclaimed = _unclaimed(model, waiting)
    first = not heard.overdue.issuperset(unclaimed)
    again_at = heard.overdue_again_at if unclaimed else None
    repeated = again_at is not None and again_at <= now
    if (first or repeated) and now - heard.sounded_at < GAP_SECONDS:
        return replace(heard, looked_at=now, overdue=heard.overdue.intersection(waiting)), None
    if repeated or (unclaimed and again_at is None):
        again_at = now + rules.overdue_repeat_seconds
    heard = replace(
        heard,
        looked_at=now,
        overdue=heard.overdue.intersection(waiting).union(unclaimed),
        overdue_again_at=again_at,
    )
    if not first and (heard.focused or not repeated):
        return heard, None
    return heard, _alert(Cause.OVERDUE, _overdue_text(model, len(unclaimed)), heard, rules, repeated=repeated)


def _new(before: DeskModel, after: DeskModel, heard: AttentionState, now: float, rules: Rules) -> Alert | None:
    """Tell that the queue grew: once, and not on the heels of another alert."""
    if after.rings <= before.rings or now - heard.sounded_at < GAP_SECONDS or not waiting_count(after):
        return None
    return _alert(Cause.NEW, f"{waiting_count(after)} waiting", heard, rules, repeated=False)


def _alert(cause: Cause, text: str, heard: AttentionState, rules: Rules, *, repeated: bool) -> Alert:
    notify = not heard.focused and (repeated or rules.notify_first)
    return Alert(cause, clean_line(text, TEXT_CELLS), notify, repeated)


def _ringing(model: DeskModel) -> Iterable[SessionView]:
    """Return the sessions that ring at me, the most urgent first."""
    mine = (model.sessions[id_] for id_ in group_ids(model, MINE))
    return (session for session in mine if session.state is SessionState.OFFERED)


def _offer_key(model: DeskModel, session: SessionView) -> OfferKey:
    ends_at = session.ring_ends(model.me)
    lapses_at = ends_at.timestamp() if ends_at else 0.0
    return session.id, session.epoch, lapses_at


_UNCLAIMED: Final = frozenset({SessionState.QUEUED, SessionState.ASKED})


def _unclaimed(model: DeskModel, waiting: Iterable[SessionId]) -> frozenset[SessionId]:
    """Return those that ring at nobody and that I am not accepting just now."""
    asked = accept_pending(model)
    return frozenset(id_ for id_ in waiting if id_ != asked and model.sessions[id_].state in _UNCLAIMED)


def _offer_text(session: SessionView, count: int) -> str:
    more = f", and {count - 1} more" if count > 1 else ""
    return f"{session.number} rings for you: {session.medium.value}, {session.queue}{more}"


def _overdue_text(model: DeskModel, count: int) -> str:
    oldest = oldest_past_promise(model)
    promise_at = model.sessions[oldest].promise_at if oldest else None
    longest = f", the longest by {since(promise_at, model.now)}" if promise_at else ""
    return f"{count} waiting past the promise{longest}"


def title(model: DeskModel) -> str:
    """Return the window's title: how many wait; it flashes once a second while something rings at me."""
    count = waiting_count(model)
    waits = f"({count}) waiting · Desk" if count else "Desk"
    rings = next(iter(_ringing(model)), None)
    if rings is not None and not is_silent(model) and int(model.now.timestamp()) % 2:
        return clean_line(f"{rings.number} RINGS · {waits}", TEXT_CELLS)
    return waits
