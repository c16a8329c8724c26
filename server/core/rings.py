"""Say what becomes of rings: a session rings at one operator, or at several where its queue says so.

Each ring has its own end. The session waits at its place again when the last one is over; who accepts ends them all.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from server.core import inputs
from server.core.errors import ConflictError
from server.core.replacing import replace
from server.core.session import Rules, Session, label, rung
from server.core.strategy import Routing, Strategy
from server.core.transitions import Change
from server.wire.calling import Ring
from server.wire.terms import Medium, OperatorId, SessionState


def make_offer(session: Session, fact: inputs.OfferMade, rules: Rules, now: datetime) -> Change:
    """Ring one operator."""
    until = now + timedelta(seconds=_ring_seconds(session, rules))
    offered = replace(
        session, state=SessionState.OFFERED, offered_to=fact.operator_id, offer_expires_at=until, rung_at=now
    )
    return offered, ()


def ring_one_more(session: Session, fact: inputs.OfferMade, rules: Rules, now: datetime) -> Change:
    """Ring one more operator beside those who are rung, where the queue rings several."""
    if not rules.routing.rings_several or fact.operator_id in (*rung(session), *session.declined_by):
        return session, ()
    until = now + timedelta(seconds=_ring_seconds(session, rules))
    ring = Ring(operator_id=fact.operator_id, expires_at=until)
    return replace(session, also_rings=(*session.also_rings, ring), rung_at=now), ()


def _ring_seconds(session: Session, rules: Rules) -> float:
    return rules.offer_voice_seconds if session.medium is Medium.VOICE else rules.offer_chat_seconds


def decline_offer(session: Session, fact: inputs.OfferDeclined, _rules: Rules, now: datetime) -> Change:
    """Stop ringing at this operator, who is not rung for it again; the last one puts it back at its place."""
    if fact.operator_id not in rung(session):
        raise ConflictError(
            "not_offered_to_you",
            f"{label(session.number)} does not ring at you.",
            "Nothing to decline; accept it if you want it.",
        )
    return _passed(session, (fact.operator_id,), now), ()


def lapse_offer(session: Session, _fact: object, _rules: Rules, now: datetime) -> Change:
    """Stop ringing where the ring's time is over; the last one puts the session back at its place."""
    over = {ring.operator_id for ring in session.also_rings if ring.expires_at <= now}
    gone = tuple(who for who in rung(session) if who == session.offered_to or who in over)
    return _passed(session, gone, now), ()


def ring_again(session: Session, _fact: object, _rules: Rules, _now: datetime) -> Change:
    """Let everybody be rung once more who let it pass."""
    return replace(session, declined_by=(), passed_at=None), ()


def withdraw_offer(session: Session, fact: inputs.OfferWithdrawn, _rules: Rules, _now: datetime) -> Change:
    """Stop ringing at somebody who is gone, and may be rung again when they are back."""
    return _without_rings(session, (fact.operator_id,)), ()


def rung_in(before: Session, after: Session, fact: inputs.Input) -> tuple[OperatorId, ...]:
    """Return the operators of whom a fact tells what they made of a ring."""
    match fact:
        case inputs.OfferMade() | inputs.OfferDeclined() | inputs.OperatorAccepted():
            return (fact.operator_id,)
        case inputs.OfferLapsed():
            still = rung(after)
            return tuple(who for who in rung(before) if who not in still)
        case _:
            return ()


def rings_more_at(session: Session, routing: Routing) -> datetime | None:
    """Return from when the session may ring at one more operator; None when it may not."""
    if not routing.rings_several or session.rung_at is None:
        return None
    pause = 0.0 if routing.strategy is Strategy.RING_ALL else routing.ring_more_seconds
    return session.rung_at + timedelta(seconds=pause)


def to_ring(session: Session, routing: Routing, free: Sequence[OperatorId], now: datetime) -> Sequence[OperatorId]:
    """Return whom to ring now, of those who are free and in the order of the strategy."""
    others = [who for who in free if who not in rung(session)]
    if routing.strategy is Strategy.RING_ALL:
        return others
    if session.state is SessionState.QUEUED:
        return others[:1]
    at = rings_more_at(session, routing)
    return others[:1] if at is not None and at <= now else ()


def _passed(session: Session, who: tuple[OperatorId, ...], now: datetime) -> Session:
    """Return the session without rings at these operators, who are among those who let it pass."""
    passed = tuple(dict.fromkeys((*session.declined_by, *who)))
    return replace(_without_rings(session, who), declined_by=passed, passed_at=now)


def _without_rings(session: Session, who: tuple[OperatorId, ...]) -> Session:
    """Return the session ringing at the others, or waiting at its place when there are none."""
    left = tuple(ring for ring in session.also_rings if ring.operator_id not in who)
    if session.offered_to not in who:
        return replace(session, also_rings=left)
    if not left:
        return replace(
            session,
            state=SessionState.QUEUED,
            offered_to=None,
            offer_expires_at=None,
            also_rings=(),
            rung_at=None,
        )
    return replace(session, offered_to=left[0].operator_id, offer_expires_at=left[0].expires_at, also_rings=left[1:])
