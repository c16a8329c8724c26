"""Say what becomes of a wrap-up that nobody finished."""

from datetime import datetime

from server.core.replacing import replace
from server.core.session import Rules, Session
from server.wire.terms import NOT_GIVEN, SessionState


def not_written_up(session: Session, rules: Rules, now: datetime) -> Session:
    """Return a session closed with what was written so far; a disposition that is asked for is told as missing."""
    said = session.disposition or (NOT_GIVEN if rules.disposition_required else "")
    return replace(session, state=SessionState.CLOSED, closed_at=now, wrap_up_until=None, disposition=said)
