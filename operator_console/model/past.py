"""Make rows of what was looked up: what a search found, what is still to be done, what a contact had with us.

Pure. Before: the broker answered. After: entries with harmless text, each of which leads to a whole conversation.
"""

from datetime import datetime

import msgspec

from operator_console.model.clean import clean_customer, clean_error, clean_message, clean_session, instant, line
from operator_console.model.transfers import outcome_words
from operator_console.model.wording import disposition_words, who
from server.wire.errors import ErrorBody
from server.wire.history import ContactPage, Found
from server.wire.terms import ContactId, ConversationId, Medium
from server.wire.views import ConversationView, MessageView, SessionView

Head = tuple[tuple[str, str], ...]
"""What stands above a conversation: a word and a text each."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row: when, what it is called, who, a text with its found words, and the conversation that it opens.

    Attributes:
        session: The handoff that the row is about, as far as it is known here; orders need it.
        position: The turn to show first; None shows the beginning.
        marks: Where found words stand in `text`.
        due: When something is to be done.
    """

    at: datetime
    label: str
    who: str
    text: str
    conversation_id: ConversationId
    medium: Medium
    marks: tuple[tuple[int, int], ...] = ()
    session: SessionView | None = None
    contact_id: ContactId | None = None
    position: int | None = None
    due: datetime | None = None


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: its rows, how it reads on, and what stands above each conversation: a word and a text."""

    entries: tuple[Entry, ...] = ()
    next_after: str = ""
    title: str = ""
    head: Head = ()


def found_entry(found: Found) -> Entry:
    """Return the row of a turn that was found."""
    text = line(found.snippet)
    marks = tuple((start, end) for start, end in found.marks if 0 <= start < end <= len(text))
    return Entry(
        at=instant(found.at),
        label=line(found.number) or found.medium.value,
        who=who(clean_customer(found.customer)),
        text=text,
        marks=marks if text == found.snippet else (),
        conversation_id=found.conversation_id,
        medium=found.medium,
        contact_id=found.contact_id,
        position=found.position,
    )


def session_entry(shown: SessionView) -> Entry:
    """Return the row of a handoff."""
    session = clean_session(shown)
    pending = bool(session.follow_up) and session.follow_up_done_at is None
    text = session.follow_up if pending else session.note or session.reason
    return Entry(
        at=session.closed_at or session.ended_at or session.requested_at,
        label=session.number,
        who=who(session.customer),
        text=" ".join(text.split()),
        conversation_id=session.conversation_id,
        medium=session.medium,
        session=session,
        contact_id=session.contact_id,
        due=session.follow_up_at if pending else None,
    )


def contact_sheet(page: ContactPage) -> Sheet:
    """Return a contact's rows: every handoff, and every conversation that never had one, newest first."""
    handoffs = [session_entry(session) for session in page.sessions]
    known = {entry.conversation_id for entry in handoffs}
    rest = [_conversation_entry(one) for one in page.conversations if one.id not in known]
    name = line(page.contact.name) or "unknown"
    identities = " · ".join(line(one.value) for one in page.contact.identities)
    tickets = {f"{line(one.system)} {line(one.reference)}" for session in page.sessions for one in session.tickets}
    notes = [("Note", line(clean_message(note).text)) for note in page.notes[:3]]
    head = (("Known by", identities), ("Tickets", ", ".join(sorted(tickets))), *notes)
    return Sheet(
        entries=tuple(sorted((*handoffs, *rest), key=lambda entry: entry.at, reverse=True)),
        title=name,
        head=tuple((word, text) for word, text in head if text),
    )


def _conversation_entry(conversation: ConversationView) -> Entry:
    customer = clean_customer(conversation.customer)
    return Entry(
        at=instant(conversation.created_at),
        label="AI",
        who=who(customer),
        text=f"with the AI alone, {customer.channel}",
        conversation_id=conversation.id,
        medium=conversation.medium,
        contact_id=conversation.contact_id,
    )


def with_session(entry: Entry, shown: SessionView) -> Entry:
    """Return a row with its session as it is after an order."""
    fresh = session_entry(shown)
    return Entry(
        at=entry.at,
        label=fresh.label,
        who=fresh.who,
        text=fresh.text,
        conversation_id=entry.conversation_id,
        medium=entry.medium,
        session=fresh.session,
        contact_id=fresh.contact_id,
        position=entry.position,
        due=fresh.due,
    )


def about(session: SessionView | None) -> tuple[tuple[str, str], ...]:
    """Return what is said of a handoff above its conversation: a word and a text each."""
    if session is None:
        return ()
    done = " (done)" if session.follow_up_done_at else ""
    tickets = ", ".join(f"{line(one.system)} {line(one.reference)}" for one in session.tickets)
    parts = (
        ("Note", session.note),
        ("To do", f"{session.follow_up}{done}" if session.follow_up else ""),
        ("Tickets", tickets),
        ("Transfers", ", ".join(line(outcome_words(one)) for one in session.transfers)),
        ("About", disposition_words(session)),
    )
    return tuple((word, " ".join(text.split())) for word, text in parts if text)


def refusal(error: ErrorBody) -> str:
    """Return why there is nothing, and what to do."""
    told = clean_error(error)
    return f"{told.message} {told.hint}".strip()


def cleaned(messages: tuple[MessageView, ...]) -> tuple[MessageView, ...]:
    """Return turns with harmless text."""
    return tuple(clean_message(message) for message in messages)
