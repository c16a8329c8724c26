"""Decide whether a call is recorded: by its queue's rules, the customer's consent, and the operator's word.

Asked once after every step (`server.core.machine`), so that no transition can forget it.
"""

from server.core.effects import Effect, SyncCall
from server.core.errors import ConflictError
from server.core.replacing import replace
from server.core.session import Rules, Session, label
from server.wire.terms import Consent, Medium, Recording, SessionState

TALKING = frozenset({SessionState.ACTIVE, SessionState.HELD})
"""States in which there is something to record; while the caller is on hold the recorder writes silence."""


def may_record(session: Session, rules: Rules) -> bool:
    """Tell whether this call may be recorded now, if nobody pauses it."""
    if session.medium is not Medium.VOICE or session.state not in TALKING or not rules.record:
        return False
    if session.consent is Consent.REFUSED:
        return False
    return session.consent is Consent.GIVEN or not rules.record_needs_consent


def with_recording(session: Session, effects: tuple[Effect, ...], rules: Rules) -> tuple[Session, tuple[Effect, ...]]:
    """Return the session with its recording as it has to be now, and what must follow."""
    wanted = _wanted(session, rules)
    if wanted is session.recording:
        return session, effects
    sync = () if any(isinstance(effect, SyncCall) for effect in effects) else (SyncCall(),)
    return replace(session, recording=wanted), (*effects, *sync)


def pause(session: Session, rules: Rules, *, on: bool) -> Session:
    """Return the session with its recording paused, or going on.

    Raises:
        ConflictError: `not_recorded`, with the reason.
    """
    if not may_record(session, rules):
        why = "its queue is not recorded" if not rules.record else f"the customer's consent is {session.consent}"
        raise ConflictError("not_recorded", f"{label(session.number)} is not recorded: {why}.", _REMEDY)
    return replace(session, recording=Recording.PAUSED if on else Recording.ON, recording_failure="")


_REMEDY = "Ask the customer and write their consent down, or let an administrator set `record` for the queue."


def _wanted(session: Session, rules: Rules) -> Recording:
    if not may_record(session, rules) or session.recording_failure:
        return Recording.OFF
    return Recording.PAUSED if session.recording is Recording.PAUSED else Recording.ON
