"""Say what follows a talk: what is still to be done and by when, tickets of other systems, the customer's score.

Like `server.core.transitions`: one small pure function a fact. Once a session is closed, every operator may do this;
the score is the customer's own.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from server.core import inputs
from server.core.errors import CallerError, ConflictError
from server.core.replacing import replace
from server.core.session import Rules, Session, is_consult, label
from server.core.transitions import Change, check_charge, stale
from server.wire.terms import NOT_GIVEN, Outcome, SessionState

MOST_TICKETS: Final = 20
"""Tickets of one session."""
BEST_SCORE: Final = 5
"""Scores go from 1 to this."""


def is_pending(session: Session) -> bool:
    """Tell whether something is still to be done."""
    return bool(session.follow_up) and session.follow_up_done_at is None


def set_follow_up(session: Session, fact: inputs.FollowUpSet, _rules: Rules, now: datetime) -> Change:
    """Remember what is still to be done, and by when; nothing to do takes the date away too."""
    if session.state is not SessionState.CLOSED:
        check_charge(session, fact)
    elif fact.epoch != session.epoch:
        raise stale(session)
    due = (fact.at or session.follow_up_at or now) if fact.text else None
    changed = (fact.text, due) != (session.follow_up, session.follow_up_at)
    done_at, done_by = (None, None) if changed else (session.follow_up_done_at, session.follow_up_done_by)
    return (
        replace(
            session,
            follow_up=fact.text,
            follow_up_at=due,
            follow_up_done_at=done_at,
            follow_up_done_by=done_by,
        ),
        (),
    )


def write_up_late(session: Session, fact: inputs.WrapUpFinished, _rules: Rules, _now: datetime) -> Change:
    """Say what an ended matter was about, where its wrap-up ended without and the queue asks for it."""
    if fact.epoch != session.epoch:
        raise stale(session)
    if session.disposition != NOT_GIVEN:
        raise ConflictError(
            "session_closed", f"{label(session.number)} is written up already.", "Write a follow-up or a note instead."
        )
    return replace(session, note=fact.note or session.note, disposition=fact.disposition), ()


def finish_follow_up(session: Session, fact: inputs.FollowUpFinished, _rules: Rules, now: datetime) -> Change:
    """End what was still to be done; a matter that had only ended is resolved by it. Done twice, it stays done."""
    open_end = session.outcome is Outcome.ENDED
    if session.follow_up_done_at is not None and not open_end:
        return session, ()
    if not open_end and not is_pending(session):
        raise ConflictError(
            "nothing_pending", f"Nothing is pending for {label(session.number)}.", "There is nothing to resolve."
        )
    outcome = Outcome.RESOLVED if open_end else session.outcome
    if not is_pending(session):
        return replace(session, outcome=outcome), ()
    done = replace(session, follow_up_done_at=now, follow_up_done_by=fact.operator_id)
    return replace(done, outcome=outcome), ()


class TicketPhase(StrEnum):
    """When a ticket in another system is looked after."""

    OPEN = "open"
    END = "end"


def ticket_phase(before: SessionState, after: Session, rules: Rules) -> TicketPhase | None:
    """Return what is due in the other system by a step from a state to a session; None: nothing.

    A request that the guard refused, a question and a proposal have none.
    """
    if before is after.state or is_consult(after) or after.outcome is Outcome.REFUSED:
        return None
    if after.state is SessionState.CLOSED:
        return TicketPhase.END
    at_handoff = before is SessionState.SCREENING and rules.ticket_at_handoff
    at_wrap_up = after.state is SessionState.WRAP_UP and not rules.ticket_at_handoff
    return TicketPhase.OPEN if at_handoff or at_wrap_up else None


def link_ticket(session: Session, fact: inputs.TicketLinked, _rules: Rules, _now: datetime) -> Change:
    """Link a ticket, or take the link away; the same one twice changes nothing."""
    same = (fact.ticket.system, fact.ticket.reference)
    without = tuple(ticket for ticket in session.tickets if (ticket.system, ticket.reference) != same)
    if fact.removed:
        return replace(session, tickets=without), ()
    if fact.ticket in session.tickets or (len(without) < len(session.tickets) and not fact.ticket.id):
        return session, ()
    if len(without) >= MOST_TICKETS:
        raise CallerError(
            "too_many_tickets",
            f"{label(session.number)} has {MOST_TICKETS} tickets already.",
            "Take one away first.",
        )
    return replace(session, tickets=(*session.tickets, fact.ticket)), ()


def take_score(session: Session, fact: inputs.CustomerScored, _rules: Rules, _now: datetime) -> Change:
    """Keep how content the customer is; said again, the last word counts.

    Raises:
        CallerError: `bad_score`.
        ConflictError: `nothing_to_score`: no person was reached.
    """
    if not 1 <= fact.score <= BEST_SCORE:
        raise CallerError("bad_score", f"{fact.score} is no score.", f"Give one from 1 to {BEST_SCORE}.")
    if session.active_at is None:
        raise ConflictError(
            "nothing_to_score", f"Nobody was reached in {label(session.number)}.", "Score a talk with a person."
        )
    return replace(session, score=fact.score, score_comment=fact.comment), ()
