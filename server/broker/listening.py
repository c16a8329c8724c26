"""Let people listen to recordings and voicemails: who may, and a line in the audit for each time.

Before: `server.api` knows who asks, or has a link from a notice. After: the audit says so, and the sound is open.
"""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Final

import msgspec

from server.broker.parts import Parts
from server.broker.ports.recordings import OpenRecording, voicemail_name
from server.broker.ports.records import AuditRecord, Principal
from server.broker.ports.store import Unit
from server.core.errors import NotFoundError
from server.wire.terms import AuditAction, OperatorId, OrganisationId, SessionId
from server.wire.views import SessionView

LINK_DAYS: Final = 7
"""How long a notice's link lets its reader listen."""
BY_LINK: Final = OperatorId("link")
"""Who listened, in the audit, where somebody had the link of a notice."""


class Link(msgspec.Struct, frozen=True, array_like=True):
    """What a link says."""

    organisation_id: OrganisationId
    session_id: SessionId
    until: int


def link_token(parts: Parts, session: SessionView, organisation_id: OrganisationId) -> str:
    """Return what stands at the end of a link to a session's voicemail; empty where nothing can be signed."""
    if not parts.link_key:
        return ""
    until = int((parts.clock.now() + timedelta(days=LINK_DAYS)).timestamp())
    body = base64.urlsafe_b64encode(msgspec.json.encode(Link(organisation_id, session.id, until))).rstrip(b"=").decode()
    return f"{body}.{_signature(parts.link_key, body)}"


def _signature(key: bytes, body: str) -> str:
    return hmac.new(key, b"voicemail/" + body.encode(), hashlib.sha256).hexdigest()


class Listening:
    """Who listens."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts."""
        self._parts: Final = parts

    async def recording(self, principal: Principal, session: SessionView | None) -> OpenRecording:
        """Open the recording of a call for somebody who may listen to it.

        Raises:
            NotFoundError: `no_recording`.
        """
        opened = self._parts.recordings.open(session.id) if session is not None and self._parts.recordings else None
        if session is None or opened is None:
            raise NotFoundError("no_recording", "There is no recording of this.", "Look whether its queue is recorded.")
        await self._note(principal.organisation_id, OperatorId(principal.id), session.id, "recording")
        return opened

    async def voicemail(self, principal: Principal, session: SessionView | None) -> OpenRecording:
        """Open a session's voicemail for somebody who may listen to it.

        Raises:
            NotFoundError: `no_voicemail`.
        """
        return await self._message(
            principal.organisation_id, OperatorId(principal.id), session.id if session is not None else None
        )

    async def by_link(self, token: str) -> OpenRecording:
        """Open a voicemail for whoever has the link of a notice.

        Raises:
            NotFoundError: `no_voicemail`: the link is wrong or too old, or the message is deleted.
        """
        link = self._link(token)
        if link is None:
            raise _no_voicemail()
        return await self._message(link.organisation_id, BY_LINK, link.session_id)

    def _link(self, token: str) -> Link | None:
        """Return what a token says, if we said it and its time is not over."""
        body, _, signature = token.partition(".")
        if not self._parts.link_key or not hmac.compare_digest(
            signature.encode("utf-8", "replace"), _signature(self._parts.link_key, body).encode()
        ):
            return None
        try:
            raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
            link = msgspec.json.decode(raw, type=Link)
        except (ValueError, msgspec.DecodeError):
            return None
        return link if self._parts.clock.now().timestamp() < link.until else None

    async def _message(
        self, organisation_id: OrganisationId, who: OperatorId, session_id: SessionId | None
    ) -> OpenRecording:
        recordings = self._parts.recordings
        if session_id is None or recordings is None:
            raise _no_voicemail()
        opened = recordings.open(voicemail_name(session_id))
        if opened is None:
            raise _no_voicemail()
        await self._note(organisation_id, who, session_id, "voicemail")
        return opened

    async def _note(self, organisation_id: OrganisationId, who: OperatorId, session_id: SessionId, what: str) -> None:
        """Write down who listens, before they hear anything."""

        def work(unit: Unit) -> None:
            unit.audit.add(
                AuditRecord(
                    id=self._parts.new_id("au"),
                    organisation_id=organisation_id,
                    at=self._parts.clock.now(),
                    action=AuditAction.PLAY,
                    actor_id=who,
                    session_id=session_id,
                    about=what,
                )
            )

        await self._parts.database.run(work)


def _no_voicemail() -> NotFoundError:
    return NotFoundError(
        "no_voicemail", "There is no voicemail here.", "It was deleted in its time, or the link is too old."
    )
