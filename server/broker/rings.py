"""Write down at an operator what became of a ring: who misses too many in a row is away, who passed one rests."""

from datetime import datetime

from server.broker.ports.store import Unit
from server.core.inputs import Input, OfferDeclined, OfferLapsed, OfferMade, OperatorAccepted
from server.core.presence import Operator, answer, miss, pass_on, ring
from server.core.session import IN_HAND_STATES, Rules, Session
from server.wire.terms import OperatorId


def note_ring(unit: Unit, rules: Rules, before: Session, fact: Input, now: datetime) -> None:
    """Let a ring of `before` that was made, answered, declined or missed change its operator."""
    who = _rung(before, fact)
    operator = unit.roster.load(before.organisation_id, who) if who is not None else None
    if operator is None:
        return
    moved = _moved(unit, rules, operator, fact, now)
    if moved != operator:
        unit.roster.save(moved)
    if (moved.presence, moved.pending) != (operator.presence, operator.pending):
        unit.ledger.tell_operator(before.organisation_id, operator.id)


def _rung(before: Session, fact: Input) -> OperatorId | None:
    match fact:
        case OfferMade() | OfferDeclined() | OperatorAccepted():
            return fact.operator_id
        case OfferLapsed():
            return before.offered_to
        case _:
            return None


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
