"""Put a notice together from what is in the store when it is sent; find that it is moot."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from server.broker.acknowledging import code_of, hash_of
from server.broker.listening import link_token
from server.broker.notice_orders import WAITING_NOTICE
from server.broker.parts import Parts
from server.broker.ports.alerts import Alert
from server.broker.ports.notices import Notice, NoticeJob
from server.broker.ports.records import Job
from server.broker.ports.store import Unit
from server.core.session import WAITING_STATES
from server.wire.terms import Author, Medium, OrganisationId
from server.wire.views import SessionView


@dataclass(frozen=True, slots=True)
class Composed:
    """A notice that can go out, and under what its alert is kept; empty where it has none."""

    notice: Notice
    alert: str


MOST_WORDS: Final = 100
"""How many turns are looked through for the words of a message."""
MOST_TURNS: Final = 8
"""How many of the last turns go along."""


def compose(unit: Unit, parts: Parts, job: Job, wanted: NoticeJob) -> Composed | None:
    """Return the notice, with a fresh way to answer it; None when it would be about something that is over."""
    session = unit.views.session(job.organisation_id, wanted.session_id)
    if session is None or is_moot(wanted, session):
        return None
    notice = notice_of(unit, parts, job, wanted, session)
    if wanted.kind != WAITING_NOTICE:
        return Composed(notice, "")
    token = parts.new_secret()
    now = parts.clock.now()
    alert = Alert(
        token_sha256=hash_of(token),
        organisation_id=job.organisation_id,
        session_id=session.id,
        epoch=session.epoch,
        destination=wanted.destination,
        person=wanted.person,
        code=code_of(token),
        at=now,
        expires_at=now + timedelta(seconds=parts.rules.of(session.queue).wait_expires_seconds),
    )
    unit.alerts.add(alert)
    url = f"{notice.desk_url}/v1/notices/{token}" if notice.desk_url else ""
    return Composed(msgspec.structs.replace(notice, accept_url=url, accept_code=alert.code), alert.token_sha256)


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
        recorded=calls is not None and calls.has(session.id),
        voicemail_url=_voicemail_url(parts, session, organisation_id),
        voicemail=_voicemail(unit, session, organisation_id),
    )


def _voicemail_url(parts: Parts, session: SessionView, organisation_id: OrganisationId) -> str:
    token = link_token(parts, session, organisation_id) if session.voicemail_seconds else ""
    return f"{parts.desk_url.rstrip('/')}/v1/voicemails/{token}" if token and parts.desk_url else ""


def _voicemail(unit: Unit, session: SessionView, organisation_id: OrganisationId) -> str:
    """Return what a caller said as their message, as far as it was transcribed."""
    asked_at = session.voicemail_at
    if not session.voicemail_seconds or asked_at is None:
        return ""
    turns = unit.views.latest_messages(organisation_id, session.conversation_id, MOST_WORDS)
    return " ".join(one.text for one in turns if one.author is Author.CUSTOMER and one.at >= asked_at)


def is_moot(wanted: NoticeJob, session: SessionView) -> bool:
    """Tell whether somebody has come meanwhile, also if the session waits once more since."""
    over = session.state not in WAITING_STATES or session.epoch != wanted.epoch or bool(session.acknowledged_by)
    return wanted.kind == WAITING_NOTICE and over
