"""Say what a ticket tells about a handoff: why, who, what is known, how it ended, what was said.

The most important comes first, because some systems take little: an adapter cuts the end.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from server.broker.ports.tickets import TicketDesk
from server.wire.history import Identity
from server.wire.terms import Author, IdentityKind
from server.wire.views import MessageView, SessionView

_WHO: Final = {
    Author.CUSTOMER: "Customer",
    Author.ASSISTANT: "AI assistant",
    Author.OPERATOR: "Operator",
    Author.NOTE: "Note",
    Author.SYSTEM: "Desk",
}


def title(session: SessionView) -> str:
    """Return the ticket's one line."""
    about = session.context.summary or session.reason or "asked for a person"
    return f"{session.number} {session.customer.name or 'A customer'}: {' '.join(about.split())}"


def whole(session: SessionView, said: Sequence[MessageView], desk: TicketDesk, *, remark: str = "") -> str:
    """Return all that is known of a handoff, for a new ticket; `remark` stands above it."""
    ended = end(session) if session.ended_at is not None else ""
    return _blocks((remark, ended, _known(session), _link(session, desk), transcript(said)))


def again(session: SessionView, said: Sequence[MessageView], desk: TicketDesk) -> str:
    """Return what a ticket is told when its contact comes again."""
    return whole(session, said, desk, remark=f"The customer came again: {session.number}.")


def end(session: SessionView) -> str:
    """Return how a handoff ended."""
    lines = [
        f"{session.number} ended: {session.outcome or 'unknown'}"
        + (f", by the {session.ended_by}" if session.ended_by else "")
        + (f", at {_at(session.ended_at)}" if session.ended_at else "")
        + ".",
        *_said_if(("Result", session.disposition), ("Note", session.note), ("To do", _follow_up(session))),
    ]
    return "\n".join(lines)


def transcript(said: Sequence[MessageView]) -> str:
    """Return the turns, oldest first, one a line."""
    lines = [
        f"{one.at:%H:%M:%S} {one.author_name or _WHO[one.author]}: {' '.join(one.text.split())}"
        for one in said
        if one.text.strip() and one.deleted_at is None
    ]
    return "\n".join(["What was said (times are UTC):", *lines]) if lines else ""


def email_of(identities: Iterable[Identity]) -> str:
    """Return a contact's e-mail address; empty when none is known."""
    return next((one.value for one in identities if one.kind is IdentityKind.EMAIL), "")


def _known(session: SessionView) -> str:
    context, customer = session.context, session.customer
    who = ", ".join(part for part in (customer.name, customer.handle) if part) or "not known"
    lines = [
        *_said_if(("Why", session.reason), ("Summary", context.summary)),
        f"Customer: {who} ({session.medium} over {customer.channel}, queue {session.queue})",
        f"Asked for a person: {_at(session.requested_at)}",
        *_said_if(("Topic", context.topic), ("Language", context.language)),
        *(f"- {fact.name.replace('_', ' ')}: {fact.value}" for fact in context.facts),
        *(f"Tried: {one}" for one in context.tried),
        *(f"Next: {one.label}" for one in context.next_actions),
    ]
    return "\n".join(lines)


def _link(session: SessionView, desk: TicketDesk) -> str:
    if not desk.link:
        return f"In the Operator Console: {session.number} (operator-console history shows it)"
    return "In the Operator Console: " + desk.link.replace("{number}", session.number).replace(
        "{session_id}", session.id
    )


def _follow_up(session: SessionView) -> str:
    if not session.follow_up or session.follow_up_done_at is not None:
        return ""
    due = f", by {_at(session.follow_up_at)}" if session.follow_up_at else ""
    return session.follow_up + due


def _said_if(*pairs: tuple[str, str]) -> list[str]:
    return [f"{name}: {text}" for name, text in pairs if text]


def _at(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _blocks(blocks: Iterable[str]) -> str:
    return "\n\n".join(block for block in blocks if block)
