"""Say what becomes of somebody who is to be called back: they keep their place, and nobody is on the line meanwhile.

When their turn comes an operator is rung as for any other session. The accept places the call: the session is the
operator's from the first ring. Who is not reached is tried again after a pause, so often as the rules say, never
outside the hours in which people may be called, and never after the customer's own time.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace as changed

from server.core import inputs
from server.core import transitions as t
from server.core.effects import Effect, PlaceDial, ReturnToAssistant, SyncCall, TellWaiting
from server.core.errors import ConflictError
from server.core.outside_inputs import CallbackBooked
from server.core.policy import Hours
from server.core.replacing import replace
from server.core.session import Rules, Session, label
from server.core.transitions import Change
from server.wire.calling import CallbackAttempt
from server.wire.terms import Dial, Outcome, Party, SessionState

LOOKS_AHEAD: Final = timedelta(days=14)
"""How far ahead an hour is looked for in which people may be called."""
_GRAIN: Final = timedelta(minutes=15)


def waits_for_call(session: Session) -> bool:
    """Tell whether the customer is to be called back and has not been reached."""
    return session.callback is not None and session.active_at is None


def may_ring(session: Session, rules: Rules, now: datetime) -> bool:
    """Tell whether an operator may be rung for it now: always for who is on the line."""
    if session.callback is None or session.active_at is not None:
        return True
    hours = rules.callback_hours
    return session.callback.next_at <= now < session.callback.not_after and (hours is None or hours.open_at(now))


def rings_at(session: Session, rules: Rules, now: datetime) -> datetime | None:
    """Return from when an operator may be rung for it; None when they may be now, or never."""
    if session.callback is None or may_ring(session, rules, now):
        return None
    at = opens_at(rules.callback_hours, max(session.callback.next_at, now))
    return at if at is not None and at < session.callback.not_after else None


def opens_at(hours: Hours | None, begin: datetime) -> datetime | None:
    """Return the first instant from `begin` on at which people may be called, to the minute; None within two weeks."""
    if hours is None or hours.open_at(begin):
        return begin
    at = begin
    while at < begin + LOOKS_AHEAD:
        onward = at + _GRAIN
        if hours.open_at(onward):
            while not hours.open_at(at):
                at = min((at + timedelta(minutes=1)).replace(second=0, microsecond=0), onward)
            return at
        at = onward
    return None


def book(session: Session, fact: CallbackBooked, _rules: Rules, now: datetime) -> Change:
    """End the wait of who is called back instead: they are told, and go back to the assistant."""
    booked = t.closed(session, Outcome.CALLBACK, Party.BROKER, now)
    told: tuple[Effect, ...] = (TellWaiting(fact.text),) if fact.text else ()
    return booked, (*t.call_effects(session), *told, ReturnToAssistant())


def accept(session: Session, fact: inputs.OperatorAccepted, rules: Rules, now: datetime) -> Change:
    """Claim a session; one that waits for its call is dialled.

    Raises:
        ConflictError: `stale_epoch`, `outside_contact_hours`.
    """
    if session.callback is None or not waits_for_call(session):
        return t.accept(session, fact, rules, now)
    if not may_ring(session, rules, now):
        at = rings_at(session, rules, now)
        when = f"before {at:%Y-%m-%d %H:%M} UTC" if at is not None else "any more"
        raise ConflictError(
            "outside_contact_hours",
            f"{label(session.number)} is not to be called {when}.",
            "It rings by itself when its time has come.",
            {"at": at.isoformat() if at is not None else ""},
        )
    claimed, _ = t.accept(session, fact, rules, now)
    attempt = CallbackAttempt(at=now, operator_id=fact.operator_id)
    callback = changed(session.callback, attempts=(*session.callback.attempts, attempt))
    lease = now + timedelta(seconds=rules.dial_seconds)
    dialled = replace(claimed, callback=callback, dial=Dial.PLACING, lease_expires_at=lease)
    return dialled, (SyncCall(), PlaceDial())


def not_reached(session: Session, dial: Dial, rules: Rules, now: datetime, reason: str = "") -> Session | None:
    """Return the session at its place, to be tried again after a pause; None when that was the last attempt."""
    if session.callback is None:
        return None
    attempts = session.callback.attempts
    ended = (*attempts[:-1], changed(attempts[-1], outcome=dial)) if attempts else ()
    next_at = now + timedelta(seconds=rules.callback_gap_seconds)
    callback = changed(session.callback, attempts=ended, next_at=next_at)
    tried = replace(session, callback=callback, note=reason or session.note)
    if len(ended) >= rules.callback_attempts or next_at >= callback.not_after:
        return None
    return replace(
        tried,
        state=SessionState.QUEUED,
        epoch=session.epoch + 1,
        operator_id=None,
        accepted_at=None,
        lease_expires_at=None,
        dial=None,
        muted=False,
        declined_by=(),
        passed_at=None,
        waiting_since=now,
    )


def ended_attempt(session: Session, dial: Dial) -> Session:
    """Return the session with the outcome of its last call written down."""
    if session.callback is None or not session.callback.attempts:
        return session
    attempts = session.callback.attempts
    if attempts[-1].outcome is not None:
        return session
    last = changed(attempts[-1], outcome=dial)
    return replace(session, callback=changed(session.callback, attempts=(*attempts[:-1], last)))
