"""Lay out what was found, a contact, and what is still to be done as lines for people."""

from collections.abc import Sequence
from datetime import datetime

from operator_console.cli.output import table
from operator_console.model.clean import clean_customer, clean_message, clean_session, line
from operator_console.model.wording import outcome_words, since, who
from server.wire.history import ContactPage, Found
from server.wire.views import SessionView


def found_lines(found: Sequence[Found]) -> list[str]:
    """Return the turns found as a table."""
    rows = [
        (
            f"{one.at.astimezone():%Y-%m-%d %H:%M}",
            one.number or "-",
            one.medium.value,
            who(clean_customer(one.customer)),
            line(one.author_name) or one.author.value,
            line(one.snippet),
        )
        for one in found
    ]
    return table(("at", "number", "medium", "customer", "by", "words"), rows, cells=160)


def follow_up_lines(sessions: Sequence[SessionView], now: datetime) -> list[str]:
    """Return what is still to be done as a table, dates in this machine's time."""
    rows = [_follow_up_row(clean_session(one), now) for one in sessions]
    return table(("due", "", "number", "customer", "to do"), rows)


def _follow_up_row(session: SessionView, now: datetime) -> tuple[str, ...]:
    due = session.follow_up_at
    late = f"late {since(due, now)}" if due is not None and due <= now else ""
    return (
        f"{due.astimezone():%Y-%m-%d %H:%M}" if due else "",
        late,
        session.number,
        who(session.customer),
        session.follow_up,
    )


def contact_lines(page: ContactPage, now: datetime) -> list[str]:
    """Return a contact's page."""
    known = page.contact
    lines = [line(known.name) or "unknown"]
    lines += [f"{one.kind.value:<10} {line(one.value)}" for one in known.identities]
    lines += ["", *_handoffs([clean_session(one) for one in page.sessions], now)]
    rows = [
        (
            f"{one.created_at.astimezone():%Y-%m-%d %H:%M}",
            one.medium.value,
            line(one.customer.channel),
            line(one.customer.handle),
            one.id,
        )
        for one in page.conversations
    ]
    lines += ["", *table(("began", "medium", "channel", "from", "conversation"), rows)]
    notes = [clean_message(one) for one in page.notes]
    lines += [f"Note {one.at.astimezone():%Y-%m-%d %H:%M} {one.author_name}: {line(one.text)}" for one in notes]
    return lines


def _handoffs(sessions: Sequence[SessionView], now: datetime) -> list[str]:
    rows = [
        (
            one.number,
            f"{one.requested_at.astimezone():%Y-%m-%d %H:%M}",
            one.medium.value,
            outcome_words(one),
            one.disposition,
            ", ".join(f"{ticket.system} {ticket.reference}" for ticket in one.tickets),
            one.note.replace("\n", " / "),
        )
        for one in sessions
    ]
    pending = [one for one in sessions if one.follow_up and one.follow_up_done_at is None]
    listed = table(("number", "asked", "medium", "outcome", "about", "tickets", "note"), rows)
    return [*listed, *(["", *follow_up_lines(pending, now)] if pending else [])]
