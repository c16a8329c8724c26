"""Say what a supervisor's steps change: the ladder, taking over, ending a wrap-up; pure like the other transitions.

Who hears whom at each step of the ladder is in `server.core.legs`. Before: `server.broker.supervising` knows that the
operator may supervise. After: the road saves the step and its audit record together.
"""

from datetime import datetime

from server.core import inputs
from server.core.effects import Effect, SyncCall
from server.core.errors import ConflictError
from server.core.replacing import replace
from server.core.session import Rules, Session, label
from server.core.write_up import not_written_up
from server.wire.terms import Medium, OperatorId, Supervision

AUDIBLE = frozenset({Supervision.LISTEN, Supervision.WHISPER, Supervision.BARGE})
"""The steps that need an audio leg."""

Change = tuple[Session, tuple[Effect, ...]]
"""The session after the fact, and what must follow."""


def unsupervised(session: Session) -> Session:
    """Return the session with no supervisor in it."""
    return replace(session, supervisor_id=None, supervision=Supervision.NONE, supervisor_leg="")


def choose_step(session: Session, fact: inputs.SupervisionChosen, _rules: Rules, _now: datetime) -> Change:
    """Put the supervisor on a step of the ladder; a leg they have already is kept.

    Raises:
        ConflictError: `own_session`, `already_supervised`, `stale_epoch`, `nothing_to_hear` (it is a chat).
    """
    _check_other(session, fact.operator_id)
    _check_free(session, fact.operator_id)
    if fact.mode is Supervision.NONE:
        return _stop(session, fact)
    _check_epoch(session, fact.epoch)
    if fact.mode in AUDIBLE and session.medium is not Medium.VOICE:
        raise ConflictError(
            "nothing_to_hear",
            f"{label(session.number)} is a chat: there is nothing to hear.",
            "Watch it, write a note to the operator, or take it over.",
        )
    leg = (session.supervisor_leg or fact.leg) if fact.mode in AUDIBLE else ""
    after = replace(session, supervisor_id=fact.operator_id, supervision=fact.mode, supervisor_leg=leg)
    return after, _sync(session)


def lose_supervisor(session: Session, fact: inputs.SupervisorLost, _rules: Rules, _now: datetime) -> Change:
    """Let the ladder drop to nothing; the call goes on untouched."""
    if session.supervisor_id is None or fact.leg != session.supervisor_leg:
        return session, ()
    return unsupervised(session), _sync(session)


def take_over(session: Session, fact: inputs.TakenOver, _rules: Rules, now: datetime) -> Change:
    """Put the supervisor in charge at once: what was agreed stays, the former operator's orders are fenced off.

    A caller hears the tone until the supervisor's audio is up; if it does not come in time they keep their place in
    the queue, as with any operator who drops off.
    """
    _check_other(session, fact.operator_id)
    _check_epoch(session, fact.epoch)
    after = replace(
        unsupervised(session),
        epoch=session.epoch + 1,
        operator_id=fact.operator_id,
        accepted_at=now,
        muted=False,
        operator_lost_at=now if session.medium is Medium.VOICE else None,
    )
    return after, _sync(session)


def force_wrap_up(session: Session, fact: inputs.WrapUpForced, rules: Rules, now: datetime) -> Change:
    """Close the session with what the operator wrote so far."""
    _check_epoch(session, fact.epoch)
    return not_written_up(session, rules, now), ()


def _stop(session: Session, fact: inputs.SupervisionChosen) -> Change:
    """Take the supervisor off the ladder; stopping twice changes nothing."""
    if session.supervisor_id != fact.operator_id:
        return session, ()
    _check_epoch(session, fact.epoch)
    return unsupervised(session), _sync(session)


def _check_other(session: Session, operator_id: OperatorId) -> None:
    """Refuse supervising oneself."""
    if session.operator_id == operator_id:
        raise ConflictError("own_session", f"{label(session.number)} is your own.", "You are in charge already.")


def _check_free(session: Session, operator_id: OperatorId) -> None:
    """Refuse a second supervisor in a session."""
    if session.supervisor_id not in {None, operator_id}:
        raise ConflictError(
            "already_supervised",
            f"Another supervisor is in {label(session.number)} already.",
            "Ask them to stop, or take the session over.",
            {"supervisor": str(session.supervisor_id)},
        )


def _check_epoch(session: Session, epoch: int) -> None:
    """Refuse an order that was given for another operator's stay."""
    if session.epoch != epoch:
        raise ConflictError(
            "stale_epoch",
            f"{label(session.number)} has moved on since your screen was drawn.",
            "Look at it again, then repeat the command.",
            {"epoch": str(session.epoch)},
        )


def _sync(session: Session) -> tuple[Effect, ...]:
    """Return what a change of who hears whom means for the call, if it is one."""
    return (SyncCall(),) if session.medium is Medium.VOICE else ()
