"""Say what a notice tells about a handoff: the same facts for every way of sending."""

from datetime import datetime

import msgspec

from server.broker.ports.notices import Notice
from server.wire.views import SessionView


class HandoffFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The `data` of a webhook; times are UTC, durations whole seconds."""

    session_id: str
    number: str
    conversation_id: str
    medium: str
    queue: str
    state: str
    reason: str
    summary: str
    customer: str
    requested_at: datetime
    waited_seconds: int
    talked_seconds: int
    outcome: str
    disposition: str
    note: str
    follow_up: str
    ended_by: str


def facts(notice: Notice) -> HandoffFacts:
    """Return what is told about the notice's session."""
    session = notice.session
    waited_until = session.accepted_at or session.ended_at or notice.at
    return HandoffFacts(
        session_id=session.id,
        number=session.number,
        conversation_id=session.conversation_id,
        medium=session.medium,
        queue=session.queue,
        state=session.state,
        reason=session.reason,
        summary=session.context.summary,
        customer=session.customer.name or session.customer.handle,
        requested_at=session.requested_at,
        waited_seconds=_seconds(session.requested_at, waited_until),
        talked_seconds=_seconds(session.active_at, session.ended_at),
        outcome=session.outcome or "",
        disposition=session.disposition,
        note=session.note,
        follow_up=session.follow_up,
        ended_by=session.ended_by or "",
    )


def headline(notice: Notice) -> str:
    """Return the notice in one line."""
    told = facts(notice)
    who = told.customer or "A customer"
    if told.outcome:
        return f"{told.number} {told.outcome}: {who} ({told.medium}, queue {told.queue})"
    return f"{told.number} waits: {who} ({told.medium}, queue {told.queue}, {_length(told.waited_seconds)})"


def body(notice: Notice) -> str:
    """Return the notice as lines of plain text."""
    told = facts(notice)
    lines = [
        headline(notice),
        "",
        f"Reason:   {told.reason}",
        f"Summary:  {told.summary or 'none'}",
        f"Waited:   {_length(told.waited_seconds)}",
    ]
    if told.outcome:
        lines += [f"Talked:   {_length(told.talked_seconds)}", f"Ended by: {told.ended_by or 'nobody'}"]
        lines += [f"{name} {text}" for name, text in _written_up(notice.session) if text]
    return "\n".join(lines) + "\n"


def _written_up(session: SessionView) -> tuple[tuple[str, str], ...]:
    return ("Result:  ", session.disposition), ("Note:    ", session.note), ("To do:   ", session.follow_up)


def _seconds(begin: datetime | None, end: datetime | None) -> int:
    return max(int((end - begin).total_seconds()), 0) if begin and end else 0


def _length(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
