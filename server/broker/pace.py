"""Say how long somebody may wait, by the pace of the last while, and fill that into lines of the policy.

The estimate is their place in the queue, by the pace at which others of it reached a person: place x 30 minutes /
so many in the last 30 minutes. Where too few did, or nobody is on duty, there is none: nothing honest can be said.
"""

import math
import re
from datetime import datetime, timedelta
from typing import Final

from server.broker.ports.store import Unit
from server.core.session import Session

PACE_SECONDS: Final = 1800.0
"""Over how long the pace of a queue is looked at."""
LEAST_REACHED: Final = 3
"""From fewer who reached a person no pace can be told."""
_SENTENCE: Final = re.compile(r"[^.!?]*[.!?]*\s*")


def wait_seconds(unit: Unit, session: Session, now: datetime) -> int | None:
    """Return how long this customer may wait; None where that is not known."""
    if not unit.roster.on_duty(session.organisation_id):
        return None
    since = now - timedelta(seconds=PACE_SECONDS)
    reached = unit.sessions.reached_since(session.organisation_id, session.queue, since)
    if reached < LEAST_REACHED:
        return None
    return round((unit.sessions.ahead_of(session) + 1) * PACE_SECONDS / reached)


def filled_in(unit: Unit, session: Session, text: str, now: datetime) -> str:
    """Return a line of the policy with place and wait as they are now; without the sentences nobody can fill in."""
    if "{wait}" in text:
        seconds = wait_seconds(unit, session, now)
        text = _without_wait(text) if seconds is None else text.replace("{wait}", in_minutes(seconds))
    position = str(unit.sessions.ahead_of(session) + 1)
    minutes = str(int((now - session.queued_at).total_seconds() // 60))
    return text.replace("{position}", position).replace("{waited_minutes}", minutes)


def in_minutes(seconds: int) -> str:
    """Return a wait in words, rounded up: nobody is promised less than the estimate."""
    minutes = math.ceil(seconds / 60)
    return "a minute" if minutes <= 1 else f"{minutes} minutes"


def _without_wait(text: str) -> str:
    return "".join(one for one in _SENTENCE.findall(text) if "{wait}" not in one).strip()
