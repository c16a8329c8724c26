"""Make the session of a call to come: at the place of the one that waited, or at the end of its queue."""

from datetime import timedelta

from server.broker.parts import Parts
from server.broker.ports.records import Conversation
from server.broker.ports.store import Unit
from server.core.session import Session
from server.wire.calling import Callback
from server.wire.requests import NewCallback
from server.wire.terms import Medium, SessionId, SessionKind, SessionState


def placed_session(
    unit: Unit,
    parts: Parts,
    conversation: Conversation,
    waiting: Session | None,
    *,
    body: NewCallback,
    callback: Callback,
) -> Session:
    """Return the session of a callback; who waited keeps queue, priority, place and the skills that they need."""
    now = parts.clock.now()
    queue = waiting.queue if waiting is not None else body.queue
    begun = waiting.queued_at if waiting is not None else now
    return Session(
        id=SessionId(parts.new_id("s")),
        organisation_id=conversation.organisation_id,
        number=unit.sessions.next_number(conversation.organisation_id),
        conversation_id=conversation.id,
        medium=Medium.VOICE,
        kind=SessionKind.CALLBACK,
        state=SessionState.SCREENING,
        queue=queue,
        priority=waiting.priority if waiting is not None else body.priority,
        requested_at=now,
        queued_at=begun,
        waiting_since=now,
        promise_at=max(callback.not_before, now) + timedelta(seconds=parts.rules.of(queue).promise_seconds),
        wait_expires_at=callback.not_after,
        skills=waiting.skills if waiting is not None else (),
        callback=callback,
    )
