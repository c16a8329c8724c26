"""Put a notice together from what is in the store when it is sent; find that it is moot."""

from typing import Final

from server.broker.parts import Parts
from server.broker.ports.notices import Notice, NoticeJob
from server.broker.ports.records import Job
from server.broker.ports.store import Unit
from server.broker.road import WAITING_NOTICE
from server.core.session import WAITING_STATES
from server.wire.terms import Medium
from server.wire.views import SessionView

MOST_TURNS: Final = 8
"""How many of the last turns go along."""


def compose(unit: Unit, parts: Parts, job: Job, wanted: NoticeJob) -> Notice | None:
    """Return the notice; None when it would be about something that is over."""
    session = unit.views.session(job.organisation_id, wanted.session_id)
    if session is None or is_moot(wanted, session):
        return None
    return notice_of(unit, parts, job, wanted, session)


def notice_of(unit: Unit, parts: Parts, job: Job, wanted: NoticeJob, session: SessionView) -> Notice:
    """Return a notice about the session as it is now."""
    organisation_id = job.organisation_id
    operator = unit.roster.load(organisation_id, session.operator_id) if session.operator_id else None
    calls = parts.recordings if session.medium is Medium.VOICE else None
    return Notice(
        id=f"notice_{job.id}",
        kind=wanted.kind,
        at=wanted.at,
        session=session,
        operator=operator.name if operator else "",
        turns=tuple(unit.views.latest_messages(organisation_id, session.conversation_id, MOST_TURNS)),
        person=wanted.person,
        desk_url=parts.desk_url.rstrip("/"),
        recorded=calls is not None and calls.find(session.id) is not None,
    )


def is_moot(wanted: NoticeJob, session: SessionView) -> bool:
    """Tell whether somebody has come meanwhile, also if the session waits once more since."""
    over = session.state not in WAITING_STATES or session.epoch != wanted.epoch
    return wanted.kind == WAITING_NOTICE and over
