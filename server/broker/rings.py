"""Write down at an operator what became of a ring: who misses too many in a row is away, who passed one rests."""

from datetime import datetime

from server.broker.ports.store import Unit
from server.core.inputs import Input, OfferDeclined, OfferLapsed, OfferMade
from server.core.presence import Operator, answer, miss, pass_on, ring
from server.core.rings import rung_in
from server.core.session import IN_HAND_STATES, Rules, Session


def note_ring(unit: Unit, rules: Rules, before: Session, after: Session, *, fact: Input, now: datetime) -> None:
    """Let rings of `before` that were made, answered, declined or missed change their operators."""
    for who in rung_in(before, after, fact):
        operator = unit.roster.load(before.organisation_id, who)
        if operator is not None:
            _note(unit, rules, operator, fact, now)


def _note(unit: Unit, rules: Rules, operator: Operator, fact: Input, now: datetime) -> None:
    moved = _moved(unit, rules, operator, fact, now)
    if moved != operator:
        unit.roster.save(moved)
    if (moved.presence, moved.pending) != (operator.presence, operator.pending):
        unit.ledger.tell_operator(operator.organisation_id, operator.id)


def _moved(unit: Unit, rules: Rules, operator: Operator, fact: Input, now: datetime) -> Operator:
    match fact:
        case OfferMade():
            return ring(operator, now)
        case OfferDeclined():
            return pass_on(operator, rest_seconds=rules.rest_declined_seconds, now=now)
        case OfferLapsed():
            held = unit.sessions.held_by(operator.organisation_id, operator.id)
            return miss(
                operator,
                rest_seconds=rules.rest_missed_seconds,
                away_after=rules.away_after_missed,
                in_hand=sum(1 for one in held if one.state in IN_HAND_STATES),
                now=now,
            )
        case _:
            return answer(operator)
