"""Know when a session must move by itself, and by which fact; a session that waits always has such a moment.

The instant is a column of the session's row, so a restart forgets nothing (docs/adr/0003).
"""

from datetime import datetime, timedelta

from server.core import inputs
from server.core.callbacks import waits_for_call
from server.core.calls import leaves_message
from server.core.consult_inputs import ConsultLapsed
from server.core.outcalls import lapse
from server.core.session import Rules, Session
from server.core.transfers import is_ringing, under_way
from server.wire.terms import Medium, SessionState, TransferKind

Deadline = tuple[datetime, inputs.Input]
"""When a session moves by itself, and the fact it then meets."""


def next_deadline(session: Session, rules: Rules) -> Deadline | None:
    """Return when the session moves by itself and what happens then; None only when it is closed or in talk."""
    match session.state:
        case SessionState.SCREENING | SessionState.ASKED:
            return _before_the_queue(session, rules)
        case SessionState.QUEUED | SessionState.OFFERED:
            return _while_waiting(session, rules)
        case SessionState.CONNECTING:
            return session.lease_expires_at or session.requested_at, inputs.ConnectFailed(session.epoch)
        case SessionState.ACTIVE | SessionState.HELD:
            return _in_talk(session, rules)
        case SessionState.WRAP_UP:
            return session.wrap_up_until or session.requested_at, inputs.WrapUpLapsed()
        case SessionState.CLOSED:
            return None


def _before_the_queue(session: Session, rules: Rules) -> Deadline:
    """Return when the guard's time is over, or that of who was asked."""
    if session.state is SessionState.ASKED:
        return session.answer_by or session.requested_at, ConsultLapsed()
    return session.requested_at + timedelta(seconds=rules.screening_seconds), inputs.ScreeningPassed()


def _while_waiting(session: Session, rules: Rules) -> Deadline:
    """Return the end of the ring, the next step of the policy or the end of the wait, whichever comes first."""
    soonest: Deadline = session.wait_expires_at, inputs.WaitExpired()
    if leaves_message(session) and session.voicemail_at is not None:
        soonest = session.voicemail_at + timedelta(seconds=rules.voicemail.limit_seconds), inputs.WaitExpired()
    elif session.policy_done < len(rules.policy.steps) and not waits_for_call(session):
        seconds = rules.policy.steps[session.policy_done].after_seconds
        step_at = session.waiting_since + timedelta(seconds=seconds)
        if step_at < soonest[0]:
            soonest = step_at, inputs.PolicyDue(session.policy_done)
    if session.passed_at is not None and session.offered_to is None and rules.ring_again_seconds:
        again_at = session.passed_at + timedelta(seconds=rules.ring_again_seconds)
        if again_at < soonest[0]:
            soonest = again_at, inputs.RingAgain()
    if session.offer_expires_at is not None and session.offer_expires_at < soonest[0]:
        soonest = session.offer_expires_at, inputs.OfferLapsed()
    attempt = under_way(session)
    if attempt is None:
        return soonest
    lapses = lapse(attempt)
    ends_wait = isinstance(soonest[1], inputs.WaitExpired)
    return lapses if ends_wait or lapses[0] < soonest[0] else soonest


def _in_talk(session: Session, rules: Rules) -> Deadline | None:
    """Return when a target has rung long enough, or the end of the grace of an operator who dropped off.

    A cold transfer needs no operator: who dropped off is missed only if it comes to nothing.
    """
    attempt = under_way(session)
    lapse = (attempt.expires_at, inputs.TransferFailed(attempt.id)) if attempt and is_ringing(attempt) else None
    if session.operator_lost_at is None or (attempt and attempt.kind is TransferKind.COLD):
        return lapse
    voice = session.medium is Medium.VOICE
    seconds = rules.reconnect_voice_seconds if voice else rules.reconnect_chat_seconds
    gone_at = session.operator_lost_at + timedelta(seconds=seconds)
    return lapse if lapse and lapse[0] <= gone_at else (gone_at, inputs.OperatorGone(session.epoch))
