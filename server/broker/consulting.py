"""Open what an assistant asks of an operator without giving the customer away: a question, or a proposal.

Before: `server.broker.intake` has the request. After: every console shows it; nobody is rung and no place is taken.
"""

from datetime import timedelta
from typing import Final

from server.broker import road
from server.broker.packages import clean_context
from server.broker.parts import Parts
from server.broker.ports.records import Conversation
from server.broker.ports.store import Unit
from server.broker.redacting import redacted_context
from server.core.consults import APPROVE, DECLINE
from server.core.deadlines import next_deadline
from server.core.errors import CallerError, ConflictError
from server.core.session import Session
from server.wire.requests import NewHandoff
from server.wire.sanitize import clean_line
from server.wire.terms import SessionId, SessionKind, SessionState

MOST_OPEN: Final = 5
"""Open questions and proposals of one conversation."""
LONGEST: Final = 500
"""A question or a proposal, in characters."""


def open_consult(unit: Unit, parts: Parts, conversation: Conversation, body: NewHandoff) -> SessionId:
    """Insert the question or the proposal; it is never screened, since the customer asked for nothing.

    Raises:
        CallerError: `bad_default`: the default of a proposal is neither approve nor decline.
        ConflictError: `too_many_questions`.
    """
    default = clean_line(body.default_answer, 200)
    if body.kind is SessionKind.APPROVE:
        default = default or DECLINE
        if default not in {APPROVE, DECLINE}:
            raise CallerError(
                "bad_default", "The default of a proposal is approve or decline.", "Leave it out to mean decline."
            )
    if len(unit.sessions.asked(conversation.organisation_id, conversation.id)) >= MOST_OPEN:
        raise ConflictError(
            "too_many_questions",
            f"{MOST_OPEN} questions of this conversation are open already.",
            "Wait for an answer, or for a deadline.",
        )
    now = parts.clock.now()
    answer_by = now + timedelta(seconds=body.deadline_seconds)
    session = Session(
        id=SessionId(parts.new_id("s")),
        organisation_id=conversation.organisation_id,
        number=unit.sessions.next_number(conversation.organisation_id),
        conversation_id=conversation.id,
        medium=conversation.medium,
        kind=body.kind,
        state=SessionState.ASKED,
        queue=body.queue,
        priority=body.priority,
        requested_at=now,
        queued_at=now,
        waiting_since=now,
        promise_at=answer_by,
        wait_expires_at=answer_by,
        answer_by=answer_by,
        default_answer=parts.redactor.redact(conversation.organisation_id, default),
    )
    deadline = next_deadline(session, parts.rules.of(body.queue))
    unit.sessions.insert(
        session,
        reason=parts.redactor.redact(conversation.organisation_id, clean_line(body.reason, LONGEST)),
        context=redacted_context(parts, conversation.organisation_id, clean_context(body.context)),
        deadline_at=deadline[0] if deadline else None,
    )
    road.enter(unit, parts, conversation, session)
    return session.id
