"""Decide what choosing a presence means: at once when nothing is in hand, after the talk when something is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from server.core.replacing import replace
from server.wire.skills import Skill
from server.wire.terms import OperatorId, OrganisationId, Presence, Role

SHIFT_GAP: Final = timedelta(minutes=15)
"""A shorter absence does not begin a new shift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One person on the roster.

    Attributes:
        since: Since when the presence holds.
        idle_since: Since when nothing was in hand; routing rings the longest idle first.
        break_asked_at: Since when a request for a break waits for a supervisor.
        break_answer: What became of the last request, in words for its operator.
        gone_at: When the last console went.
        digest_from: When the operator was last on before the present shift; what happened since is their digest.
        connected: The broker has a live console of theirs.
        capacity_voice: Calls at once.
        capacity_chat: Chats at once.
        skills: What they can do.
        rung_at: When they were rung last.
        missed: How many rings in a row they did not answer.
        rests_until: Not rung before then, after a ring that they missed or declined.
    """

    id: OperatorId
    organisation_id: OrganisationId
    name: str
    role: Role
    presence: Presence
    since: datetime
    idle_since: datetime
    reason: str = ""
    pending: Presence | None = None
    pending_reason: str = ""
    break_asked_at: datetime | None = None
    break_reason: str = ""
    break_answer: str = ""
    connected: bool = False
    gone_at: datetime | None = None
    digest_from: datetime | None = None
    capacity_voice: int = 1
    capacity_chat: int = 4
    skills: tuple[Skill, ...] = ()
    rung_at: datetime | None = None
    missed: int = 0
    rests_until: datetime | None = None


def choose(operator: Operator, presence: Presence, reason: str, *, in_hand: int, now: datetime) -> Operator:
    """Return the operator after they chose `presence`; going off duty in a talk takes effect after it.

    Choosing what holds already cancels what was to come. Going away oneself makes a request for a break needless.
    """
    if (presence, reason) == (operator.presence, operator.reason):
        return replace(operator, pending=None, pending_reason="")
    if presence is Presence.AVAILABLE:
        return _now(operator, presence, reason, now)
    settled = replace(operator, break_asked_at=None, break_reason="", break_answer="")
    if in_hand > 0:
        return replace(settled, pending=presence, pending_reason=reason)
    return _now(settled, presence, reason, now)


def come(operator: Operator, now: datetime) -> Operator:
    """Return the operator when their first console came; after a long absence a new shift begins."""
    long = operator.gone_at is not None and now - operator.gone_at >= SHIFT_GAP
    return replace(operator, connected=True, digest_from=operator.gone_at if long else operator.digest_from)


def go(operator: Operator, now: datetime) -> Operator:
    """Return the operator when their last console went."""
    return replace(operator, connected=False, gone_at=now)


def on_break(presence: Presence, pending: Presence | None) -> bool:
    """Tell whether a place among those who may be away at once is taken: by who is away, or is about to be."""
    return pending is Presence.AWAY if pending is not None else presence is Presence.AWAY


def ask_break(operator: Operator, reason: str, *, on: bool, now: datetime) -> Operator:
    """Return the operator with an open request for a break (asked anew it keeps its place), or without one."""
    if not on:
        return replace(operator, break_asked_at=None, break_reason="")
    return replace(operator, break_asked_at=operator.break_asked_at or now, break_reason=reason, break_answer="")


def decide_break(operator: Operator, answer: str, *, granted: bool, in_hand: int, now: datetime) -> Operator:
    """Return the operator after a supervisor decided: away at once or after the work in hand, or as before."""
    reason = operator.break_reason
    decided = replace(operator, break_asked_at=None, break_reason="")
    if granted:
        decided = choose(decided, Presence.AWAY, reason, in_hand=in_hand, now=now)
    return replace(decided, break_answer=answer)


def ring(operator: Operator, now: datetime) -> Operator:
    """Return the operator when they are rung."""
    return replace(operator, rung_at=now)


def miss(operator: Operator, *, rest_seconds: float, away_after: int, in_hand: int, now: datetime) -> Operator:
    """Return the operator after a ring that they did not answer; away after so many in a row (0: never)."""
    rests = replace(operator, missed=operator.missed + 1, rests_until=_rest(rest_seconds, now))
    if not away_after or rests.missed < away_after:
        return rests
    away = replace(rests, missed=0, rests_until=None)
    return choose(away, Presence.AWAY, f"missed {rests.missed} rings", in_hand=in_hand, now=now)


def pass_on(operator: Operator, *, rest_seconds: float, now: datetime) -> Operator:
    """Return the operator after a ring that they declined: they are there."""
    return replace(operator, missed=0, rests_until=_rest(rest_seconds, now))


def answer(operator: Operator) -> Operator:
    """Return the operator after they took a session."""
    return replace(operator, missed=0, rests_until=None)


def _rest(seconds: float, now: datetime) -> datetime | None:
    return now + timedelta(seconds=seconds) if seconds else None


def finish_work(operator: Operator, *, in_hand: int, now: datetime) -> Operator:
    """Return the operator after a talk ended: idle from now, and a pending choice takes effect when nothing is left."""
    if in_hand > 0:
        return operator
    idle = replace(operator, idle_since=now)
    return idle if idle.pending is None else _now(idle, idle.pending, idle.pending_reason, now)


def _now(operator: Operator, presence: Presence, reason: str, now: datetime) -> Operator:
    """Return the operator with the presence in force."""
    became_available = presence is Presence.AVAILABLE and operator.presence is not Presence.AVAILABLE
    signs_on = became_available and operator.presence is Presence.OFFLINE and now - operator.since >= SHIFT_GAP
    return replace(
        operator,
        presence=presence,
        reason=reason,
        pending=None,
        pending_reason="",
        since=now if (presence, reason) != (operator.presence, operator.reason) else operator.since,
        idle_since=now if became_available else operator.idle_since,
        digest_from=operator.since if signs_on else operator.digest_from,
    )
