"""Say what becomes of a caller who waits while a step of the policy calls somebody outside for them.

The caller goes on waiting, with the assistant and at their place; operators may still be rung and may still take them.
Whoever of both is first has the caller. A target who answers hears an announcement and takes the call with key 1, or by
answering the notice that went out with it; an answering machine does neither. Whatever goes wrong, the caller waits
on and the next step of the policy comes in its second.

Before: the second of a `CallOut` has come. After: the session is closed as transferred, or the attempt has an outcome.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace as changed

from server.core import inputs, policy
from server.core import transfers as x
from server.core import transitions as t
from server.core.effects import BookCallback, DropTarget, Effect, Notify, PlaceCall, SyncCall, TellWaiting
from server.core.outside_inputs import Outside, TargetPressed
from server.core.policy import CallOut
from server.core.replacing import replace
from server.core.session import Rules, Session
from server.core.transitions import Change
from server.wire.calling import Transfer
from server.wire.terms import (
    Dial,
    Medium,
    Outcome,
    Party,
    TransferKind,
    TransferOutcome,
    TransferStage,
)

TAKES: Final = "1"
"""The key with which a target takes the call."""
REFUSES: Final = "2"
"""The key with which they say that they can't."""


def follow_policy(session: Session, fact: inputs.PolicyDue, rules: Rules, now: datetime) -> Change:
    """Carry out the next step of the queue's policy, where its circumstances hold; a ring goes on meanwhile."""
    steps = rules.policy.steps
    if fact.number != session.policy_done or fact.number >= len(steps):
        return session, ()
    step = steps[fact.number]
    done = replace(session, policy_done=fact.number + 1)
    holds = step.holds(on_duty=fact.on_duty, is_open=rules.policy.open_at(now))
    return _carried_out(done, step.action, fact, rules, now) if holds else (done, ())


def _carried_out(  # noqa: PLR0911 - one for each action
    done: Session, action: policy.Action, fact: inputs.PolicyDue, rules: Rules, now: datetime
) -> Change:
    match action:
        case policy.Tell(text=text):
            return done, (TellWaiting(text),)
        case policy.CallOut():
            return begin(done, action, fact.outside, now)
        case policy.BookBack(text=text, offer=offer):
            return done, (BookCallback(text, offer),)
        case policy.Notify(destinations=destinations, repeat_seconds=again):
            return done, () if done.acknowledged_by else (Notify(destinations, again),)
        case policy.Overflow(queue=queue):
            return replace(done, queue=queue, waiting_since=now, policy_done=0), ()
        case policy.Voicemail():
            return ask_for_message(done, now)
        case policy.Expire():
            return t.expire(done, fact, rules, now)


def ask_for_message(session: Session, now: datetime) -> Change:
    """Let a caller leave a message, and call nobody any more; a chat waits on."""
    if session.medium is not Medium.VOICE:
        return session, ()
    attempt = x.under_way(session)
    asked = replace(session, voicemail_at=now)
    if attempt is None:
        return asked, (SyncCall(),)
    return _over(asked, attempt, TransferOutcome.CANCELLED, now, ""), (SyncCall(), DropTarget(attempt.id))


def begin(session: Session, step: CallOut, outside: Outside | None, now: datetime) -> Change:
    """Call the target, or write down why nobody can be called; a chat is passed over, and so is a call beside one."""
    if session.medium is not Medium.VOICE or outside is None or x.under_way(session) is not None:
        return session, ()
    if len(session.transfers) >= x.MOST_ATTEMPTS:
        return session, ()
    attempt = Transfer(
        id=outside.attempt,
        kind=TransferKind.COLD,
        to=outside.to or step.to,
        address=outside.address,
        carrier=outside.carrier,
        began_at=now,
        expires_at=now + timedelta(seconds=step.ring_seconds),
        by_policy=True,
        to_confirm=step.confirm_seconds,
        told=step.destinations,
    )
    begun = replace(session, transfers=(*session.transfers, attempt))
    if outside.problem:
        return _over(begun, attempt, TransferOutcome.UNREACHABLE, now, outside.problem), ()
    told: tuple[Effect, ...] = (TellWaiting(step.text.replace("{to}", attempt.to)),) if step.text else ()
    notices: tuple[Effect, ...] = (Notify(step.destinations),) if step.destinations else ()
    return begun, (*told, SyncCall(), PlaceCall(attempt.id), *notices)


def answer(session: Session, fact: inputs.TargetUp, _rules: Rules, now: datetime) -> Change:
    """Let the target hear what it is about, or bring the caller to them where nothing is asked (any more)."""
    attempt = _of(session, fact.leg)
    if attempt is None or not x.is_ringing(attempt):
        return session, ()
    answered = changed(attempt, dial=Dial.ANSWERED, answered_at=now)
    if not attempt.to_confirm:
        return _joined(session, answered, now)
    until = now + timedelta(seconds=attempt.to_confirm)
    return _with(session, changed(answered, stage=TransferStage.ANNOUNCED, expires_at=until)), (SyncCall(),)


def press(session: Session, fact: TargetPressed, _rules: Rules, now: datetime) -> Change:
    """Bring the caller to a target who takes the call; let one go who says that they can't."""
    attempt = _of(session, fact.leg)
    if attempt is None or attempt.stage is not TransferStage.ANNOUNCED:
        return session, ()
    if fact.digit == TAKES:
        return _joined(session, attempt, now)
    if fact.digit == REFUSES:
        return _dropped(session, attempt, TransferOutcome.DECLINED, now, "they pressed 2")
    return session, ()


def acknowledge(session: Session, fact: inputs.NoticeAcknowledged, rules: Rules, now: datetime) -> Change:
    """Take the call by the answer to its notice, also before the telephone is picked up; else as any other answer."""
    attempt = x.under_way(session)
    if attempt is None or not fact.destination or fact.destination not in attempt.told:
        return t.acknowledge(session, fact, rules, now)
    if attempt.stage is TransferStage.ANNOUNCED:
        joined, effects = _joined(session, attempt, now)
        return replace(joined, acknowledged_by=fact.name), effects
    return replace(_with(session, changed(attempt, to_confirm=0.0)), acknowledged_by=fact.name), ()


def fail(session: Session, fact: inputs.TransferFailed, _rules: Rules, now: datetime) -> Change:
    """End an attempt that came to nothing: nobody answered, or nobody took the call in time."""
    attempt = _of(session, fact.attempt)
    if attempt is None:
        return session, ()
    if not x.is_ringing(attempt) and fact.outcome is not TransferOutcome.UNCONFIRMED:
        return session, ()
    return _dropped(session, attempt, fact.outcome, now, fact.reason)


def lose_target(session: Session, fact: inputs.TargetDown, _rules: Rules, now: datetime) -> Change:
    """End an attempt whose target hung up instead of taking the call."""
    attempt = _of(session, fact.leg)
    if attempt is None or x.is_ringing(attempt):
        return session, ()
    if fact.clean:
        return _dropped(session, attempt, TransferOutcome.DECLINED, now, "they hung up")
    return _dropped(session, attempt, TransferOutcome.FAILED, now, "the line to them broke")


def lapse(attempt: Transfer) -> tuple[datetime, inputs.TransferFailed]:
    """Return when an attempt is over by itself, and as what."""
    outcome = TransferOutcome.NO_ANSWER if x.is_ringing(attempt) else TransferOutcome.UNCONFIRMED
    return attempt.expires_at, inputs.TransferFailed(attempt.id, outcome)


def _of(session: Session, attempt_id: str) -> Transfer | None:
    attempt = x.under_way(session)
    return attempt if attempt is not None and attempt.by_policy and attempt.id == attempt_id else None


def _with(session: Session, attempt: Transfer) -> Session:
    return replace(session, transfers=(*session.transfers[:-1], attempt))


def _over(session: Session, attempt: Transfer, outcome: TransferOutcome, now: datetime, reason: str) -> Session:
    return _with(session, changed(attempt, stage=TransferStage.OVER, outcome=outcome, ended_at=now, reason=reason))


def _dropped(session: Session, attempt: Transfer, outcome: TransferOutcome, now: datetime, reason: str) -> Change:
    return _over(session, attempt, outcome, now, reason), (SyncCall(), DropTarget(attempt.id))


def _joined(session: Session, attempt: Transfer, now: datetime) -> Change:
    """Return the session after its caller was brought to the target: over for the desk, and a person was reached."""
    closed = t.closed(session, Outcome.TRANSFERRED, Party.BROKER, now)
    joined = changed(attempt, stage=TransferStage.JOINED, outcome=TransferOutcome.ANSWERED, ended_at=now)
    return _with(replace(closed, active_at=session.active_at or now), joined), (SyncCall(),)
