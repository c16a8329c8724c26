"""Write down, beside a change, the notices that it orders: to people outside, and to what they were told already.

Before: `server.broker.road` saves a step. After: `server.broker.notifying` sends.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from server.broker.parts import Parts
from server.broker.ports.notices import NoticeJob
from server.broker.ports.store import Unit
from server.core.effects import Notify
from server.core.session import WAITING_STATES, Session
from server.wire.terms import OrganisationId, SessionId

NOTICE: Final = "notice"
"""The kind of outbox job that tells somebody outside."""
AMEND: Final = "amend_notices"
"""The kind of outbox job that brings notices that went out in line with their session."""
WAITING_NOTICE: Final = "handoff.waiting"
"""A notice that a step of the policy ordered: moot as soon as somebody has taken the session."""
CLOSED_NOTICE: Final = "handoff.closed"
"""The notice of the outcome: one for each handoff and destination."""
WORDS_SECONDS: Final = 15.0
"""By then what was said last is text, or the notice goes out without it."""
ON_CALL: Final = "on_call:"
"""With it, a step of a policy names a schedule among destinations."""


def order_waiting(unit: Unit, parts: Parts, session: Session, effect: Notify, now: datetime) -> None:
    """Write down notices that a customer waits; of a schedule one for each level, due in its time."""
    for name in effect.destinations:
        wanted = NoticeJob(
            session_id=session.id,
            destination=name,
            kind=WAITING_NOTICE,
            at=now,
            epoch=session.epoch,
            repeat_seconds=effect.repeat_seconds,
        )
        schedule = parts.on_call.get(name.removeprefix(ON_CALL)) if name.startswith(ON_CALL) else None
        for number, level in enumerate(schedule.levels if schedule else ()):
            again = level.repeat_seconds or effect.repeat_seconds
            at_level = msgspec.structs.replace(wanted, level=number, repeat_seconds=again)
            add(unit, session.organisation_id, at_level, now + timedelta(seconds=level.after_seconds))
        if schedule is None:
            add(unit, session.organisation_id, wanted, now)


def order_closed(unit: Unit, parts: Parts, session: Session, destinations: Iterable[str], now: datetime) -> None:
    """Write down that the outcome is to be told."""
    for name in destinations:
        wanted = NoticeJob(session_id=session.id, destination=name, kind=CLOSED_NOTICE, at=now, epoch=session.epoch)
        add(unit, session.organisation_id, wanted, now + timedelta(seconds=_wait_seconds(parts, session)))


def _wait_seconds(parts: Parts, session: Session) -> float:
    """Return for how long the notice waits for a message's last words to become text."""
    return WORDS_SECONDS if parts.transcribes and session.voicemail_seconds else 0.0


def order_amends(unit: Unit, before: Session, after: Session, now: datetime) -> None:
    """Write down that what went out is to be changed, when it no longer says how the session stands."""
    came = before.state in WAITING_STATES and after.state not in WAITING_STATES
    acknowledged = before.acknowledged_by != after.acknowledged_by
    ended = before.outcome is None and after.outcome is not None
    back = after.state in WAITING_STATES and before.state not in WAITING_STATES
    if (came or acknowledged or ended or back) and unit.alerts.of_session(after.id):
        order_amend(unit, after.organisation_id, after.id, now)


def order_amend(unit: Unit, organisation_id: OrganisationId, session_id: SessionId, now: datetime) -> None:
    """Write down that what went out about a session is to be changed."""
    wanted = NoticeJob(session_id=session_id, destination="", kind=WAITING_NOTICE, at=now)
    unit.ledger.add_job(organisation_id, f"{session_id}/amend", AMEND, msgspec.json.encode(wanted), now)


def add(unit: Unit, organisation_id: OrganisationId, wanted: NoticeJob, due_at: datetime) -> None:
    """Put a notice into the outbox, in a lane of its own."""
    lane = f"{wanted.session_id}/{wanted.kind}/{wanted.destination}/{wanted.level}/{wanted.person}"
    unit.ledger.add_job(organisation_id, lane, NOTICE, msgspec.json.encode(wanted), due_at)
