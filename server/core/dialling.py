"""Say what becomes of a call that we place: it is an operator's from the first ring, or it ends without a talk.

Like `server.core.transitions`: one small pure function a fact. A customer who does not answer never gets into a queue.
"""

from datetime import datetime, timedelta
from typing import Final

from server.core import inputs
from server.core import transitions as t
from server.core.callbacks import ended_attempt, not_reached
from server.core.effects import DropDial, SyncCall
from server.core.errors import ConflictError
from server.core.replacing import replace
from server.core.session import Rules, Session, label
from server.core.transitions import Change
from server.wire.terms import Dial, Outcome, Party, SessionState

_ORDER: Final = tuple(Dial)
ENDS: Final = frozenset({Dial.BUSY, Dial.NO_ANSWER, Dial.CANCELLED, Dial.FAILED})
"""How a call that nobody answered may end."""


def is_dialling(session: Session) -> bool:
    """Tell whether we are calling somebody who has not talked yet."""
    return session.dial is not None and session.active_at is None


def start_dial(session: Session, fact: inputs.DialStarted, rules: Rules, now: datetime) -> Change:
    """Give the session to the operator who calls; the lease is as long as it may ring."""
    return (
        replace(
            session,
            state=SessionState.CONNECTING,
            epoch=session.epoch + 1,
            operator_id=fact.operator_id,
            accepted_at=now,
            dial=Dial.PLACING,
            lease_expires_at=now + timedelta(seconds=rules.dial_seconds),
        ),
        (SyncCall(),),
    )


def move_dial(session: Session, fact: inputs.DialMoved, rules: Rules, now: datetime) -> Change:
    """Show how far the call has got; what was told before it, or comes again, changes nothing."""
    if session.dial is None or not is_dialling(session):
        return session, ()
    if fact.dial in ENDS:
        again = not_reached(session, fact.dial, rules, now, fact.reason)
        return again or replace(_gave_up(session, fact.dial, now), note=fact.reason or session.note), (SyncCall(),)
    if _ORDER.index(fact.dial) <= _ORDER.index(session.dial):
        return session, ()
    moved = replace(session, dial=fact.dial)
    return ended_attempt(moved, fact.dial) if fact.dial is Dial.ANSWERED else moved, ()


def fail_connect(session: Session, fact: inputs.ConnectFailed, rules: Rules, now: datetime) -> Change:
    """Stop ringing when nobody answers in time; any other session goes back to its place."""
    if fact.epoch != session.epoch or not is_dialling(session):
        return t.fail_connect(session, fact, rules, now)
    again = not_reached(session, Dial.NO_ANSWER, rules, now)
    return again or _gave_up(session, Dial.NO_ANSWER, now), (SyncCall(), DropDial())


def abandon(session: Session, fact: object, rules: Rules, now: datetime) -> Change:
    """Close: whoever we called hung up before a word was said, or a caller did."""
    if not is_dialling(session):
        return t.abandon(session, fact, rules, now)
    return t.closed(session, Outcome.ABANDONED, Party.CUSTOMER, now), (SyncCall(),)


def end(session: Session, fact: inputs.OperatorEnded, rules: Rules, now: datetime) -> Change:
    """Drop the line, or stop ringing."""
    if not is_dialling(session):
        return t.end(session, fact, rules, now)
    t.check_charge(session, fact)
    again = not_reached(session, Dial.CANCELLED, rules, now)
    if again is not None:
        return again, (SyncCall(), DropDial())
    ended = replace(t.closed(session, Outcome.ENDED, Party.OPERATOR, now), hung_up=True, dial=Dial.CANCELLED)
    return ended, (SyncCall(), DropDial())


def requeue(session: Session, fact: inputs.OperatorRequeued, rules: Rules, now: datetime) -> Change:
    """Put it back into a queue; not while it rings at the customer."""
    _refuse_ringing(session)
    return t.requeue(session, fact, rules, now)


def return_to_assistant(session: Session, fact: inputs.OperatorReturned, rules: Rules, now: datetime) -> Change:
    """Give it to the assistant; not while it rings at the customer."""
    _refuse_ringing(session)
    return t.return_to_assistant(session, fact, rules, now)


def _gave_up(session: Session, dial: Dial, now: datetime) -> Session:
    """Return the session of a call that came to nothing."""
    return replace(t.closed(ended_attempt(session, dial), Outcome.FAILED, Party.BROKER, now), hung_up=True, dial=dial)


def _refuse_ringing(session: Session) -> None:
    if is_dialling(session):
        raise ConflictError(
            "not_possible_now",
            f"{label(session.number)} still rings at the customer.",
            "Wait for the answer, or end the call.",
            {"state": session.state},
        )


def came_to_nothing(session: Session) -> bool:
    """Tell whether we called somebody and never talked with them."""
    return is_dialling(session) and session.state is SessionState.CLOSED
