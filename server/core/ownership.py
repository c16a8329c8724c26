"""Say who may speak to the customer: derived from the session, fenced by a number that goes up at each change."""

from datetime import datetime

from server.core.errors import ConflictError
from server.core.session import Session
from server.wire.terms import Author, Outcome, Owner, SessionState


def owner_of(session: Session | None) -> Owner:
    """Return who owns the conversation while this session (or none) is open."""
    if session is None:
        return Owner.ASSISTANT
    if session.outcome is Outcome.TRANSFERRED:
        return Owner.OPERATOR
    match session.state:
        case SessionState.QUEUED | SessionState.OFFERED | SessionState.CONNECTING:
            return Owner.WAITING
        case SessionState.ACTIVE | SessionState.HELD:
            return Owner.OPERATOR
        case SessionState.SCREENING | SessionState.ASKED | SessionState.WRAP_UP | SessionState.CLOSED:
            return Owner.ASSISTANT


def check_assistant_may_speak(owner: Owner, owner_epoch: int, author: Author, epoch: int | None) -> None:
    """Refuse an assistant's words while a person has the customer, or when they were meant for an earlier stretch.

    Raises:
        ConflictError: `operator_owns` or `stale_ownership`.
    """
    if author is not Author.ASSISTANT:
        return
    if owner is Owner.OPERATOR:
        raise ConflictError(
            "operator_owns",
            "An operator is talking with this customer.",
            "Wait for conversation.returned, then speak again.",
            {"epoch": str(owner_epoch)},
        )
    if epoch is not None and epoch != owner_epoch:
        raise ConflictError(
            "stale_ownership",
            "The conversation changed hands since this message was written.",
            "Read the conversation again and answer anew.",
            {"epoch": str(owner_epoch)},
        )


def check_nobody_elsewhere(elsewhere_until: datetime | None, author: Author, now: datetime) -> None:
    """Refuse an assistant's words while a person answers the customer in the platform's own app.

    Raises:
        ConflictError: `person_elsewhere`.
    """
    if author is Author.ASSISTANT and elsewhere_until is not None and now < elsewhere_until:
        raise ConflictError(
            "person_elsewhere",
            "A person answers this customer in the platform's own app.",
            "Wait until elsewhere_until, or until a session of the conversation ends.",
            {"until": elsewhere_until.isoformat()},
        )
