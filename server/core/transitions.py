"""Say what each fact changes: one small function a fact, all of them pure.

Which function stands for which (state, input) pair is written in `server.core.machine`.
"""

from datetime import datetime, timedelta

from server.core import inputs, recording
from server.core.effects import Effect, Notice, ReturnToAssistant, SyncCall, TellCustomer
from server.core.errors import ConflictError
from server.core.replacing import replace
from server.core.session import Rules, Session, label
from server.core.supervision import unsupervised
from server.core.write_up import not_written_up
from server.wire.terms import Medium, Outcome, Party, SessionState

Change = tuple[Session, tuple[Effect, ...]]
"""The session after the fact, and what must follow."""


def pass_screening(session: Session, _fact: object, _rules: Rules, _now: datetime) -> Change:
    """Let the session wait."""
    return replace(session, state=SessionState.QUEUED), ()


def refuse_screening(session: Session, _fact: object, _rules: Rules, now: datetime) -> Change:
    """Close the session before anybody was asked; the conversation never left the assistant."""
    return closed(session, Outcome.REFUSED, Party.BROKER, now), (ReturnToAssistant(),)


def accept(session: Session, fact: inputs.OperatorAccepted, rules: Rules, now: datetime) -> Change:
    """Claim the session: a chat is active at once, a call when its media is up."""
    if fact.epoch != session.epoch:
        raise stale(session)
    claimed = replace(
        session,
        epoch=session.epoch + 1,
        operator_id=fact.operator_id,
        accepted_at=now,
        offered_to=None,
        offer_expires_at=None,
        also_rings=(),
        rung_at=None,
        muted=False,
        operator_lost_at=None,
    )
    if session.medium is Medium.CHAT:
        active = replace(claimed, state=SessionState.ACTIVE, active_at=claimed.active_at or now)
        return active, (TellCustomer(Notice.OPERATOR_JOINED),)
    lease = now + timedelta(seconds=rules.connect_lease_seconds)
    return replace(claimed, state=SessionState.CONNECTING, lease_expires_at=lease), (SyncCall(),)


def accept_again(session: Session, fact: inputs.OperatorAccepted, _rules: Rules, _now: datetime) -> Change:
    """Give the winner the same answer, and tell a loser who won."""
    if fact.operator_id == session.operator_id:
        return session, ()
    raise ConflictError(
        "already_taken",
        f"{label(session.number)} is already taken.",
        "Pick another one.",
        {"winner": str(session.operator_id)},
    )


def bridge(session: Session, fact: inputs.MediaBridged, _rules: Rules, now: datetime) -> Change:
    """Caller and operator hear each other: the call is active (or goes on after a dropped leg)."""
    if fact.epoch != session.epoch:
        return session, ()
    state = SessionState.HELD if session.state is SessionState.HELD else SessionState.ACTIVE
    active_at = session.active_at or now
    return (
        replace(session, state=state, active_at=active_at, lease_expires_at=None, operator_lost_at=None),
        (),
    )


def fail_connect(session: Session, fact: inputs.ConnectFailed, rules: Rules, now: datetime) -> Change:
    """Put the customer back at their place: nobody is lost to a console that did not connect."""
    if fact.epoch != session.epoch:
        return session, ()
    return _requeued(session, rules, now, Notice.BACK_IN_QUEUE)


def mute(session: Session, fact: inputs.OperatorMuted, _rules: Rules, _now: datetime) -> Change:
    """Let the caller hear silence, or the operator again."""
    check_charge(session, fact)
    return (session, ()) if session.muted == fact.on else (replace(session, muted=fact.on), call_effects(session))


def hold(session: Session, fact: inputs.OperatorHeld, _rules: Rules, _now: datetime) -> Change:
    """Put the customer on hold, or take them back."""
    check_charge(session, fact)
    state = SessionState.HELD if fact.on else SessionState.ACTIVE
    return (session, ()) if session.state is state else (replace(session, state=state), call_effects(session))


def tell_consent(session: Session, fact: inputs.ConsentTold, _rules: Rules, _now: datetime) -> Change:
    """Write down what the assistant heard from the customer about being recorded."""
    return replace(session, consent=fact.consent), ()


def note_consent(session: Session, fact: inputs.ConsentNoted, _rules: Rules, _now: datetime) -> Change:
    """Write down what the operator heard from the customer about being recorded."""
    check_charge(session, fact)
    return replace(session, consent=fact.consent), ()


def pause_recording(session: Session, fact: inputs.RecordingPaused, rules: Rules, _now: datetime) -> Change:
    """Pause the recording, or go on with it."""
    check_charge(session, fact)
    paused = recording.pause(session, rules, on=fact.on)
    return paused, () if paused == session else call_effects(session)


def fail_recording(session: Session, fact: inputs.RecordingFailed, _rules: Rules, _now: datetime) -> Change:
    """Show that nothing more of this call is recorded; the call goes on."""
    return replace(session, recording_failure=fact.reason), ()


def lose_operator(session: Session, fact: inputs.OperatorLost, _rules: Rules, now: datetime) -> Change:
    """Start the grace in which the operator may come back."""
    if fact.epoch != session.epoch or session.operator_lost_at is not None:
        return session, ()
    return replace(session, operator_lost_at=now), ()


def regain_operator(session: Session, fact: inputs.OperatorBack, _rules: Rules, _now: datetime) -> Change:
    """End the grace: the operator is there again."""
    if fact.epoch != session.epoch or session.operator_lost_at is None:
        return session, ()
    return replace(session, operator_lost_at=None), ()


def drop_operator(session: Session, fact: inputs.OperatorGone, rules: Rules, now: datetime) -> Change:
    """Put the customer back at their place: the operator did not come back."""
    if fact.epoch != session.epoch or session.operator_lost_at is None:
        return session, ()
    return _requeued(session, rules, now, Notice.BACK_IN_QUEUE)


def abandon(session: Session, _fact: object, _rules: Rules, now: datetime) -> Change:
    """Close the session of a customer who left before talking to anybody; no wrap-up is charged."""
    return closed(session, Outcome.ABANDONED, Party.CUSTOMER, now), (*call_effects(session), ReturnToAssistant())


def leave(session: Session, _fact: object, rules: Rules, now: datetime) -> Change:
    """End the talk that the customer ended: resolved by itself when nothing is pending."""
    outcome = Outcome.ENDED if session.follow_up and not session.follow_up_done_at else Outcome.RESOLVED
    return talk_over(session, outcome, Party.CUSTOMER, rules, now, hung_up=False), _talk_over_effects(session)


def expire(session: Session, _fact: object, _rules: Rules, now: datetime) -> Change:
    """End the wait: the customer is told and goes back to the assistant."""
    expired = closed(session, Outcome.EXPIRED, Party.BROKER, now)
    return expired, (*call_effects(session), TellCustomer(Notice.NOBODY_CAME), ReturnToAssistant())


def acknowledge(session: Session, fact: inputs.NoticeAcknowledged, _rules: Rules, _now: datetime) -> Change:
    """Remember who outside sees to it; nobody else is asked any more. The customer goes on waiting.

    Whoever was told of a call of the policy to them takes it so: see `server.core.outcalls`.
    """
    if session.acknowledged_by and session.acknowledged_by != fact.name:
        raise ConflictError(
            "already_acknowledged",
            f"{session.acknowledged_by} sees to {label(session.number)} already.",
            "Nothing is left to do.",
            {"winner": session.acknowledged_by},
        )
    return replace(session, acknowledged_by=fact.name), ()


def return_to_assistant(session: Session, fact: inputs.OperatorReturned, rules: Rules, now: datetime) -> Change:
    """Give the customer back to the assistant, live."""
    check_charge(session, fact)
    over = talk_over(session, Outcome.RETURNED, Party.OPERATOR, rules, now, hung_up=False)
    effects = (*call_effects(session), TellCustomer(Notice.BACK_WITH_ASSISTANT), ReturnToAssistant())
    return replace(over, note=fact.note), effects


def resolve(session: Session, fact: inputs.OperatorResolved, rules: Rules, now: datetime) -> Change:
    """End the talk with the matter done; the customer goes on with the assistant unless the line drops.

    Whoever we called has no assistant on the line: it drops.
    """
    check_charge(session, fact)
    hung_up = (fact.hang_up or session.dial is not None) and session.medium is Medium.VOICE
    over = talk_over(session, Outcome.RESOLVED, Party.OPERATOR, rules, now, hung_up=hung_up)
    return replace(over, note=fact.note, disposition=fact.disposition), _talk_over_effects(session)


def end(session: Session, fact: inputs.OperatorEnded, rules: Rules, now: datetime) -> Change:
    """Drop the line."""
    check_charge(session, fact)
    return talk_over(session, Outcome.ENDED, Party.OPERATOR, rules, now, hung_up=True), _talk_over_effects(session)


def requeue(session: Session, fact: inputs.OperatorRequeued, rules: Rules, now: datetime) -> Change:
    """Put the customer back into a queue at their place, with a note for the next operator, who is somebody else."""
    check_charge(session, fact)
    back, effects = _requeued(session, rules, now, Notice.PASSED_ON)
    passed_on = replace(back, queue=fact.queue or session.queue, note=fact.note or session.note)
    return replace(passed_on, declined_by=(fact.operator_id,)), effects


def finish_wrap_up(session: Session, fact: inputs.WrapUpFinished, _rules: Rules, now: datetime) -> Change:
    """Close the session with what the operator wrote."""
    check_charge(session, fact)
    over = replace(session, state=SessionState.CLOSED, closed_at=now, wrap_up_until=None)
    return replace(over, note=fact.note or over.note, disposition=fact.disposition or over.disposition), ()


def lapse_wrap_up(session: Session, _fact: object, rules: Rules, now: datetime) -> Change:
    """Close the session by itself."""
    return not_written_up(session, rules, now), ()


def check_charge(session: Session, fact: inputs.FromOperator) -> None:
    """Refuse orders of an operator who is not, or no longer, in charge."""
    if fact.operator_id != session.operator_id:
        raise ConflictError(
            "not_yours",
            f"{label(session.number)} is not yours.",
            "Only the operator in charge can do that.",
            {"owner": str(session.operator_id or "")},
        )
    if fact.epoch != session.epoch:
        raise stale(session)


def stale(session: Session) -> ConflictError:
    """Return the refusal of an order that was given for an earlier epoch."""
    return ConflictError(
        "stale_epoch",
        f"{label(session.number)} has moved on since your screen was drawn.",
        "Look at it again, then repeat the command.",
        {"epoch": str(session.epoch)},
    )


def _requeued(session: Session, rules: Rules, now: datetime, notice: Notice) -> Change:
    """Return the session as waiting at its place, with nobody in charge and a fresh limit on the wait."""
    back = replace(
        unsupervised(session),
        state=SessionState.QUEUED,
        epoch=session.epoch + 1,
        operator_id=None,
        lease_expires_at=None,
        operator_lost_at=None,
        muted=False,
        declined_by=(),
        passed_at=None,
        acknowledged_by="",
        waiting_since=now,
        policy_done=0,
        voicemail_at=None if not session.voicemail_seconds else session.voicemail_at,
        wait_expires_at=now + timedelta(seconds=rules.wait_expires_seconds),
    )
    return back, (*call_effects(session), TellCustomer(notice))


def closed(session: Session, outcome: Outcome, by: Party, now: datetime) -> Session:
    """Return the session as closed, without wrap-up."""
    return replace(
        unsupervised(session),
        state=SessionState.CLOSED,
        epoch=session.epoch + 1,
        outcome=outcome,
        ended_by=by,
        ended_at=now,
        closed_at=now,
        offered_to=None,
        offer_expires_at=None,
        also_rings=(),
        rung_at=None,
        lease_expires_at=None,
        operator_lost_at=None,
        muted=False,
    )


def talk_over(session: Session, outcome: Outcome, by: Party, rules: Rules, now: datetime, *, hung_up: bool) -> Session:
    """Return the session after its talk: in wrap-up, or closed where none is asked for or nobody talked."""
    over = replace(closed(session, outcome, by, now), epoch=session.epoch, hung_up=hung_up)
    if rules.wrap_up_seconds <= 0 or session.state is SessionState.CONNECTING:
        return over
    until = now + timedelta(seconds=rules.wrap_up_seconds)
    return replace(over, state=SessionState.WRAP_UP, closed_at=None, wrap_up_until=until)


def call_effects(session: Session) -> tuple[Effect, ...]:
    """Return what a change of who talks means for the call, if it is one."""
    return (SyncCall(),) if session.medium is Medium.VOICE else ()


def _talk_over_effects(session: Session) -> tuple[Effect, ...]:
    """Return what follows the end of a talk."""
    return (*call_effects(session), ReturnToAssistant())
