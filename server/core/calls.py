"""Say what a live call should be, from the session alone, so that repeating it after a crash is safe."""

from server.core.session import WAITING_STATES, Session
from server.wire.terms import CallPhase, Outcome, Party, SessionState


def leaves_message(session: Session) -> bool:
    """Tell whether the caller waits no more, but is asked for a message and has not left one yet."""
    return session.state in WAITING_STATES and session.voicemail_at is not None and not session.voicemail_seconds


def call_phase(session: Session) -> CallPhase:
    """Return who the caller should be talking with."""
    match session.state:
        case SessionState.CONNECTING | SessionState.ACTIVE:
            return CallPhase.OPERATOR
        case SessionState.HELD:
            return CallPhase.HOLD
        case SessionState.WRAP_UP | SessionState.CLOSED:
            if session.hung_up or session.ended_by is Party.CUSTOMER:
                return CallPhase.ENDED
            return CallPhase.TARGET if session.outcome is Outcome.TRANSFERRED else CallPhase.ASSISTANT
        case SessionState.QUEUED | SessionState.OFFERED if leaves_message(session):
            return CallPhase.VOICEMAIL
        case SessionState.SCREENING | SessionState.ASKED | SessionState.QUEUED | SessionState.OFFERED:
            return CallPhase.ASSISTANT
