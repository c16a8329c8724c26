"""Say what becomes of a call that an operator brings to somebody outside: the caller is never lost on the way.

An attempt begins when the target is dialled and ends with one outcome; whatever ends it before the caller talks with
the target gives the caller back to the operator. Who hears whom meanwhile is in `server.core.legs`. Before:
`server.broker.transferring` knows that the destination may be dialled. After: the plan of the call names the target's
leg, or the carrier is told to let it go.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace as changed

from server.core import inputs
from server.core import transitions as t
from server.core.effects import DropTarget, Effect, SyncCall
from server.core.errors import ConflictError
from server.core.replacing import replace
from server.core.session import WAITING_STATES, Rules, Session, label
from server.core.transitions import Change
from server.wire.calling import Transfer
from server.wire.terms import (
    Dial,
    Medium,
    Outcome,
    Party,
    SessionState,
    TransferKind,
    TransferOutcome,
    TransferStage,
    TransferStep,
)

MOST_ATTEMPTS: Final = 20
"""Attempts of one session; nobody tries more often, and the row stays small."""
_TALKING: Final = frozenset({SessionState.ACTIVE, SessionState.HELD})
_PLACES: Final = {
    TransferStage.CONSULTING: SessionState.HELD,
    TransferStage.PARKED: SessionState.ACTIVE,
    TransferStage.MERGED: SessionState.ACTIVE,
}
"""Whether the caller waits while the target is in the call."""
_SWAPPED: Final = {
    TransferStage.CONSULTING: TransferStage.PARKED,
    TransferStage.PARKED: TransferStage.CONSULTING,
    TransferStage.MERGED: TransferStage.CONSULTING,
}
_ENDS: Final = {
    Dial.BUSY: TransferOutcome.BUSY,
    Dial.NO_ANSWER: TransferOutcome.NO_ANSWER,
    Dial.CANCELLED: TransferOutcome.CANCELLED,
    Dial.FAILED: TransferOutcome.UNREACHABLE,
}
_ORDER: Final = tuple(Dial)


def under_way(session: Session) -> Transfer | None:
    """Return the attempt that has no outcome yet."""
    last = session.transfers[-1] if session.transfers else None
    return last if last is not None and last.outcome is None else None


def in_call(session: Session) -> Transfer | None:
    """Return the attempt whose target may be in the call now, also after the operator has left."""
    last = session.transfers[-1] if session.transfers else None
    joined = session.outcome is Outcome.TRANSFERRED and last is not None and last.stage is TransferStage.JOINED
    return last if joined else under_way(session)


def is_ringing(attempt: Transfer) -> bool:
    """Tell whether the target has not answered yet."""
    return attempt.outcome is None and attempt.stage is TransferStage.DIALLING


def fact_of_dial(attempt: Transfer, dial: Dial) -> inputs.TransferMoved | inputs.TransferFailed:
    """Return what a carrier's word on its call to the target is for the session."""
    outcome = _ENDS.get(dial)
    return inputs.TransferMoved(attempt.id, dial) if outcome is None else inputs.TransferFailed(attempt.id, outcome)


def start(session: Session, fact: inputs.TransferStarted, rules: Rules, now: datetime) -> Change:
    """Ring at the target; the caller waits, but for a conference.

    Raises:
        ConflictError: `not_on_the_telephone`, `transfer_under_way`, `too_many_transfers`, `not_yours`, `stale_epoch`.
    """
    t.check_charge(session, fact)
    if session.medium is not Medium.VOICE:
        raise ConflictError(
            "not_on_the_telephone", f"{label(session.number)} is a chat.", "Put it back into a queue instead."
        )
    _refuse_second(session)
    if len(session.transfers) >= MOST_ATTEMPTS:
        raise ConflictError(
            "too_many_transfers",
            f"{label(session.number)} was tried to transfer {MOST_ATTEMPTS} times.",
            "Put it back into a queue, or call the customer back later.",
        )
    attempt = Transfer(
        id=fact.attempt,
        kind=fact.kind,
        to=fact.to,
        address=fact.address,
        carrier=fact.carrier,
        began_at=now,
        expires_at=now + timedelta(seconds=rules.transfer_seconds),
    )
    state = SessionState.ACTIVE if fact.kind is TransferKind.CONFERENCE else SessionState.HELD
    return replace(session, state=state, transfers=(*session.transfers, attempt)), (SyncCall(),)


def hold(session: Session, fact: inputs.OperatorHeld, rules: Rules, now: datetime) -> Change:
    """Put the customer on hold, or take them back; with a target in the call it is the transfer that says who waits."""
    t.check_charge(session, fact)
    _refuse_second(session)
    return t.hold(session, fact, rules, now)


def move(session: Session, fact: inputs.TransferMoved, _rules: Rules, _now: datetime) -> Change:
    """Show how far the carrier has got, and keep its id of the call."""
    attempt = _of(session, fact.attempt)
    if attempt is None:
        return session, ()
    dial = fact.dial if _ORDER.index(fact.dial) > _ORDER.index(attempt.dial) else attempt.dial
    moved = changed(attempt, dial=dial, external_id=fact.external_id or attempt.external_id)
    return _with(session, moved), ()


def fail(session: Session, fact: inputs.TransferFailed, _rules: Rules, now: datetime) -> Change:
    """Give the caller back: the target does not come."""
    attempt = _of(session, fact.attempt)
    if attempt is None or not is_ringing(attempt):
        return session, ()
    return _given_back(session, attempt, fact.outcome, now, fact.reason)


def answer(session: Session, fact: inputs.TargetUp, rules: Rules, now: datetime) -> Change:
    """Let the target in: to the operator, to both, or to the caller alone."""
    attempt = _of(session, fact.leg)
    if attempt is None or not is_ringing(attempt):
        return session, ()
    answered = changed(attempt, dial=Dial.ANSWERED, answered_at=now)
    match attempt.kind:
        case TransferKind.COLD:
            return _joined(session, answered, rules, now)
        case TransferKind.WARM:
            return _placed(session, answered, TransferStage.CONSULTING)
        case TransferKind.CONFERENCE:
            return _placed(session, answered, TransferStage.MERGED)


def lose_target(session: Session, fact: inputs.TargetDown, _rules: Rules, now: datetime) -> Change:
    """Give the caller back: the target hung up, or their line broke."""
    attempt = _of(session, fact.leg)
    if attempt is None or is_ringing(attempt):
        return session, ()
    if attempt.stage is TransferStage.MERGED:
        return _given_back(session, attempt, TransferOutcome.ANSWERED, now)
    if fact.clean:
        return _given_back(session, attempt, TransferOutcome.DECLINED, now, "they hung up")
    return _given_back(session, attempt, TransferOutcome.FAILED, now, "the line to them broke")


def steer(session: Session, fact: inputs.TransferSteered, rules: Rules, now: datetime) -> Change:
    """Swap, merge, complete, or go back to the caller.

    Raises:
        ConflictError: `no_transfer`, `target_rings`, `not_yours`, `stale_epoch`.
    """
    t.check_charge(session, fact)
    attempt = under_way(session)
    if attempt is None:
        raise ConflictError(
            "no_transfer",
            f"No transfer of {label(session.number)} is under way.",
            "The caller is with you; begin a transfer if you want one.",
        )
    match fact.step:
        case TransferStep.BACK:
            merged = attempt.stage is TransferStage.MERGED
            outcome = TransferOutcome.ANSWERED if merged else TransferOutcome.CANCELLED
            return _given_back(session, attempt, outcome, now)
        case TransferStep.COMPLETE if is_ringing(attempt):
            return _with(session, changed(attempt, kind=TransferKind.COLD)), ()
        case TransferStep.COMPLETE:
            return _joined(session, attempt, rules, now)
        case TransferStep.SWAP | TransferStep.MERGE:
            _refuse_ringing(session, attempt)
            stage = _SWAPPED[attempt.stage] if fact.step is TransferStep.SWAP else TransferStage.MERGED
            return _placed(session, attempt, stage)


def without_leftovers(
    session: Session, effects: tuple[Effect, ...], now: datetime
) -> tuple[Session, tuple[Effect, ...]]:
    """Return the session with no target left over once nobody is there to talk with them.

    Asked after every step (`server.core.machine`), so that no way out of a talk can forget the target.
    """
    attempt = under_way(session)
    if attempt is None or session.state in (WAITING_STATES if attempt.by_policy else _TALKING):
        return session, effects
    over = _over(session, attempt, TransferOutcome.CANCELLED, now, _why_over(session))
    return over, (*effects, DropTarget(attempt.id))


def _why_over(session: Session) -> str:
    if session.ended_by is Party.CUSTOMER:
        return "the caller hung up"
    if session.state is SessionState.CONNECTING:
        return "an operator was there first"
    return "the operator was gone" if session.operator_id is None else "the talk ended"


def _of(session: Session, attempt: str) -> Transfer | None:
    """Return the attempt under way, if it is this one: what is told of an older one comes too late."""
    found = under_way(session)
    return found if found is not None and found.id == attempt else None


def _with(session: Session, attempt: Transfer) -> Session:
    return replace(session, transfers=(*session.transfers[:-1], attempt))


def _placed(session: Session, attempt: Transfer, stage: TransferStage) -> Change:
    """Return the session with its target in the call."""
    if attempt.stage is stage:
        return session, ()
    placed = replace(session, state=_PLACES[stage])
    return _with(placed, changed(attempt, stage=stage)), (SyncCall(),)


def _joined(session: Session, attempt: Transfer, rules: Rules, now: datetime) -> Change:
    """Return the session after the operator has left caller and target alone."""
    over = t.talk_over(session, Outcome.TRANSFERRED, Party.OPERATOR, rules, now, hung_up=False)
    joined = changed(attempt, stage=TransferStage.JOINED, outcome=TransferOutcome.ANSWERED, ended_at=now)
    return _with(over, joined), (SyncCall(),)


def _given_back(
    session: Session, attempt: Transfer, outcome: TransferOutcome, now: datetime, reason: str = ""
) -> Change:
    """Return the session with the caller back with the operator, and nobody else."""
    back = replace(_over(session, attempt, outcome, now, reason), state=SessionState.ACTIVE)
    return back, (SyncCall(), DropTarget(attempt.id))


def _over(session: Session, attempt: Transfer, outcome: TransferOutcome, now: datetime, reason: str) -> Session:
    over = changed(attempt, stage=TransferStage.OVER, outcome=outcome, ended_at=now, reason=reason)
    return _with(session, over)


def _refuse_second(session: Session) -> None:
    attempt = under_way(session)
    if attempt is not None:
        raise ConflictError(
            "transfer_under_way",
            f"{label(session.number)} is being transferred to {attempt.to}.",
            "Swap, merge, complete it, or go back to the caller first.",
        )


def _refuse_ringing(session: Session, attempt: Transfer) -> None:
    if is_ringing(attempt):
        raise ConflictError(
            "target_rings",
            f"{label(session.number)}: it still rings at {attempt.to}.",
            "Wait for the answer, or go back to the caller.",
        )
