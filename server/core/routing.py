"""Decide who may be rung for a session: rule by rule, so that it can be said which one stands in somebody's way.

Whom of those to ring first is `server.core.ranking`'s business.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from server.core.presence import Operator
from server.core.session import Session
from server.wire.skills import Skill, in_words
from server.wire.terms import Medium, OperatorId, Presence, Role

InHand = Mapping[OperatorId, Mapping[Medium, int]]
"""How many sessions each operator has in hand, ringing or in wrap-up, by medium: writing up takes a place too."""


class Rule(StrEnum):
    """What must hold for an operator to be rung for a session."""

    MAY_HANDLE = "may_handle"
    ON_DUTY = "on_duty"
    CONNECTED = "connected"
    NOT_PASSED = "not_passed"
    RESTED = "rested"
    ROOM = "room"
    SKILLS = "skills"


@dataclass(frozen=True, slots=True)
class Case:
    """What one round of offers knows of one session: what it needs by now, and everybody's work."""

    session: Session
    needs: tuple[Skill, ...]
    in_hand: InHand
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says of one operator."""

    rule: Rule
    passed: bool
    words: str


def has_room(operator: Operator, medium: Medium, in_hand: InHand) -> bool:
    """Tell whether one more session of this medium fits; a call takes the whole person."""
    held = in_hand.get(operator.id, {})
    calls, chats = held.get(Medium.VOICE, 0), held.get(Medium.CHAT, 0)
    if medium is Medium.VOICE:
        return calls < operator.capacity_voice and chats == 0
    return calls == 0 and chats < operator.capacity_chat


def has_skills(operator: Operator, needs: Sequence[Skill]) -> bool:
    """Tell whether the operator has every skill at its level."""
    return all(_level(operator, need.name) >= need.level for need in needs)


def _level(operator: Operator, name: str) -> int:
    return next((skill.level for skill in operator.skills if skill.name == name), 0)


_RULES: Final[Mapping[Rule, Callable[[Operator, Case], bool]]] = {
    Rule.MAY_HANDLE: lambda operator, _: operator.role is not Role.VIEWER,
    Rule.ON_DUTY: lambda operator, _: operator.presence is Presence.AVAILABLE,
    Rule.CONNECTED: lambda operator, _: operator.connected,
    Rule.NOT_PASSED: lambda operator, case: operator.id not in case.session.declined_by,
    Rule.RESTED: lambda operator, case: operator.rests_until is None or operator.rests_until <= case.at,
    Rule.ROOM: lambda operator, case: has_room(operator, case.session.medium, case.in_hand),
    Rule.SKILLS: lambda operator, case: has_skills(operator, case.needs),
}


def fits(operator: Operator, case: Case) -> bool:
    """Tell whether the operator may be rung: every rule holds.

    Written out, because it is asked for many operators and sessions; a test holds it against the table of rules.
    """
    return (
        operator.id not in case.session.declined_by
        and may_be_rung(operator, case.session.medium, case.in_hand, case.at)
        and (not case.needs or has_skills(operator, case.needs))
    )


def may_be_rung(operator: Operator, medium: Medium, in_hand: InHand, at: datetime) -> bool:
    """Tell whether every rule holds that does not depend on the session but for its medium."""
    return (
        operator.presence is Presence.AVAILABLE
        and operator.connected
        and operator.role is not Role.VIEWER
        and (operator.rests_until is None or operator.rests_until <= at)
        and has_room(operator, medium, in_hand)
    )


def verdicts(operator: Operator, case: Case) -> tuple[Verdict, ...]:
    """Return what each rule says of the operator, with words for people."""
    return tuple(
        Verdict(rule, passed, _words(rule, operator, case, passed=passed))
        for rule, holds in _RULES.items()
        for passed in (holds(operator, case),)
    )


def _duty_words(operator: Operator, _case: Case, *, passed: bool) -> str:
    reason = f" ({operator.reason})" if operator.reason else ""
    return "on duty" if passed else f"is {operator.presence}{reason}"


def _room_words(operator: Operator, case: Case, *, passed: bool) -> str:
    held = case.in_hand.get(operator.id, {})
    work = f"{held.get(Medium.VOICE, 0)} calls, {held.get(Medium.CHAT, 0)} chats in hand"
    return f"has room ({work})" if passed else f"has no room for a {_noun(case.session.medium)} ({work})"


def _skill_words(operator: Operator, case: Case, *, passed: bool) -> str:
    if not case.needs:
        return "no skill is needed"
    if passed:
        return f"has the skills ({in_words(case.needs)})"
    lacks = [
        f"{need.name} {need.level} (has {_level(operator, need.name)})"
        for need in case.needs
        if _level(operator, need.name) < need.level
    ]
    return f"lacks {', '.join(lacks)}"


def _words(rule: Rule, operator: Operator, case: Case, *, passed: bool) -> str:
    special = _SPECIAL.get(rule)
    if special is not None:
        return special(operator, case, passed=passed)
    words = _PLAIN[rule][0 if passed else 1]
    return words.replace("{until}", _clock(operator.rests_until))


class _Words(Protocol):
    def __call__(self, operator: Operator, case: Case, /, *, passed: bool) -> str: ...


_SPECIAL: Final[Mapping[Rule, _Words]] = {
    Rule.ON_DUTY: _duty_words,
    Rule.ROOM: _room_words,
    Rule.SKILLS: _skill_words,
}
_PLAIN: Final[Mapping[Rule, tuple[str, str]]] = {
    Rule.MAY_HANDLE: ("may take sessions", "only looks on: a viewer"),
    Rule.CONNECTED: ("has a console open", "has no console open"),
    Rule.NOT_PASSED: ("did not let it pass", "was rung for it and let it pass"),
    Rule.RESTED: ("may be rung again", "rests after a ring until {until} UTC"),
}


def _clock(at: datetime | None) -> str:
    return at.strftime("%H:%M:%S") if at is not None else ""


def _noun(medium: Medium) -> str:
    return "call" if medium is Medium.VOICE else "chat"


@dataclass(frozen=True, slots=True)
class Facts:
    """What strategies know of operators beside their rows; whoever is not named has no figure yet.

    Attributes:
        handle_seconds: Mean time from accept to the end of the wrap-up.
        score: Mean of the customers' scores, 1 to 5.
        last: Who had this customer last.
        named: Whom the customer's own rule names for this session, the first one first; None: it did not answer.
    """

    handle_seconds: Mapping[OperatorId, float] = field(default_factory=dict[OperatorId, float])
    score: Mapping[OperatorId, float] = field(default_factory=dict[OperatorId, float])
    last: OperatorId | None = None
    named: tuple[OperatorId, ...] | None = None


NO_FACTS: Final = Facts()
"""Nothing is known."""
