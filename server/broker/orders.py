"""Check what several orders of operators need: being in charge, one ear at a time, the same order known again."""

import hashlib

import msgspec

from server.broker.ports.store import Unit
from server.core.errors import CallerError, ConflictError, NotFoundError
from server.core.session import IN_HAND_STATES, Session, label
from server.wire.commands import Answer, Command, Decide
from server.wire.sanitize import clean_line
from server.wire.terms import Medium, OperatorId, OrganisationId, SessionId, SessionKind, SessionState


def session_of(unit: Unit, organisation_id: OrganisationId, session_id: SessionId) -> Session:
    """Return a session, locked until the transaction ends.

    Raises:
        NotFoundError: `no_such_session`.
    """
    session = unit.sessions.load(organisation_id, session_id)
    if session is None:
        raise NotFoundError("no_such_session", "There is no such session.", "Look at the queue for its number.")
    return session


def fingerprint_of(command: Command) -> str:
    """Return what tells this order from another one with the same id."""
    return hashlib.sha256(msgspec.json.encode(command)).hexdigest()


def check_consult(session: Session, command: Answer | Decide) -> None:
    """Refuse an answer to what is no question, and a decision on what is no proposal.

    Raises:
        CallerError: `not_a_question`, `not_a_proposal`, `empty_text`.
    """
    name = label(session.number)
    if isinstance(command, Decide):
        if session.kind is not SessionKind.APPROVE:
            raise CallerError("not_a_proposal", f"{name} is no proposal.", "Only proposals are approved or declined.")
        return
    if session.kind is not SessionKind.ASSIST:
        raise CallerError("not_a_question", f"{name} is no question.", "Approve or decline a proposal.")
    if not clean_line(command.text, 500).strip():
        raise CallerError("empty_text", "There is nothing to answer with.", "Write one line.")


def check_free_for(unit: Unit, session: Session, operator_id: OperatorId) -> None:
    """Refuse a second call at a time: one person has one pair of ears.

    Raises:
        ConflictError: `in_a_call`, with the session that is in hand.
    """
    if session.medium is not Medium.VOICE:
        return
    for other in unit.sessions.held_by(session.organisation_id, operator_id):
        if other.medium is Medium.VOICE and other.id != session.id and other.state in IN_HAND_STATES:
            raise ConflictError(
                "in_a_call",
                f"You are in a call already: {label(other.number)}.",
                "End it, give it back or put it back into the queue first.",
                {"session_id": other.id},
            )


def check_in_charge(session: Session, operator_id: OperatorId, epoch: int) -> None:
    """Refuse whoever does not have the customer in hand, at this epoch."""
    if session.state not in IN_HAND_STATES or session.operator_id != operator_id:
        raise ConflictError(
            "not_yours",
            f"{label(session.number)} is not in your hands.",
            "Accept it first.",
            {"state": session.state, "owner": str(session.operator_id or "")},
        )
    if session.epoch != epoch:
        raise ConflictError(
            "stale_epoch",
            f"{label(session.number)} has moved on since your screen was drawn.",
            "Look at it again, then repeat the command.",
            {"epoch": str(session.epoch)},
        )


def check_may_say(session: Session, operator_id: OperatorId, epoch: int) -> None:
    """Refuse an operator's words to a customer they do not have yet, or any more."""
    check_in_charge(session, operator_id, epoch)
    if session.state is SessionState.CONNECTING:
        raise ConflictError("not_connected_yet", f"{label(session.number)} is still connecting.", "Wait a moment.")
