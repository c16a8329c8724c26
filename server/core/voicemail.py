"""Say what becomes of a session whose caller is asked for a message: kept and ended, ended without one, or waiting on.

Whoever waits may still be taken while they speak: the message so far stays with the session.

Before: a step of the policy asked for a message, and the media worker tells how it went. After: operators have
something to listen to, and to call back about.
"""

from datetime import datetime
from typing import Final

from server.core.effects import Effect, ReturnToAssistant
from server.core.replacing import replace
from server.core.session import Rules, Session
from server.core.transitions import Change, call_effects, closed
from server.core.voicemail_inputs import VoicemailLeft
from server.wire.terms import Outcome, Party

FOLLOW_UP: Final = "Listen to the voicemail and call back."
"""What is to be done about a message."""


def leave_message(session: Session, fact: VoicemailLeft, rules: Rules, now: datetime) -> Change:
    """End the wait with the message: somebody is to listen to it, at once."""
    if session.voicemail_at is None:
        return session, ()
    kept, _ = keep_message(session, fact, rules, now)
    over = closed(kept, Outcome.VOICEMAIL, Party.CUSTOMER, now)
    return replace(over, follow_up=FOLLOW_UP, follow_up_at=now), _after(session)


def keep_message(session: Session, fact: VoicemailLeft, _rules: Rules, _now: datetime) -> Change:
    """Keep what was said before somebody came."""
    if session.voicemail_at is None:
        return session, ()
    return replace(session, voicemail_seconds=max(1, round(fact.seconds))), ()


def leave_nothing(session: Session, _fact: object, _rules: Rules, now: datetime) -> Change:
    """End the wait of a caller who said nothing when asked."""
    if session.voicemail_at is None:
        return session, ()
    return closed(session, Outcome.VOICEMAIL_EMPTY, Party.CUSTOMER, now), _after(session)


def wait_on(session: Session, _fact: object, _rules: Rules, _now: datetime) -> Change:
    """Let the caller wait on where no message can be taken; the rest of the policy is followed."""
    if session.voicemail_at is None:
        return session, ()
    return replace(session, voicemail_at=None), call_effects(session)


def _after(session: Session) -> tuple[Effect, ...]:
    """Return what follows: the line drops, and the assistant knows that it is over."""
    return (*call_effects(session), ReturnToAssistant())
