"""Make a rehearsal's sessions as intake makes them, and the rows of those that ended, as reports read them."""

from datetime import datetime, timedelta
from typing import Final

from server.core.report import HandoffRow
from server.core.session import Rules, Session
from server.rehearsal.traffic import Call
from server.wire.terms import ConversationId, OrganisationId, SessionId, SessionKind, SessionState

ORGANISATION: Final = OrganisationId("rehearsal")


def begun(call: Call, number: int, rules: Rules, now: datetime) -> Session:
    """Return the session that a request begins."""
    return Session(
        id=SessionId(f"s_{number}"),
        organisation_id=ORGANISATION,
        number=number,
        conversation_id=ConversationId(f"c_{number}"),
        medium=call.medium,
        kind=SessionKind.TAKEOVER,
        state=SessionState.SCREENING,
        queue=call.queue,
        priority=call.priority,
        requested_at=now,
        queued_at=now,
        waiting_since=now,
        promise_at=now + timedelta(seconds=rules.promise_seconds),
        wait_expires_at=now + timedelta(seconds=rules.wait_expires_seconds),
        epoch=1,
        skills=call.skills,
    )


def row_of(session: Session, attempts: int) -> HandoffRow:
    """Return a session as reports read it; `attempts` is how often it rang at somebody."""
    return HandoffRow(
        number=session.number,
        queue=session.queue,
        medium=session.medium,
        outcome=session.outcome,
        requested_at=session.requested_at,
        promise_at=session.promise_at,
        accepted_at=session.accepted_at,
        active_at=session.active_at,
        ended_at=session.ended_at,
        closed_at=session.closed_at,
        operator_id=session.operator_id,
        attempts=attempts,
    )
