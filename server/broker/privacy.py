"""Give out all that is kept of a person, erase it and prove it, and erase by itself what is kept for long enough.

Before: `server.api` has authenticated an administrator, or a conversation's time is over. After: the audit says who did
it and why, rows that figures count are empty, and everything else of the person is gone.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from server.broker.files import Files, view_of
from server.broker.parts import Parts
from server.broker.ports.privacy import Belongings
from server.broker.ports.records import AuditRecord, Principal
from server.broker.ports.store import Unit
from server.core.errors import ConflictError, NotFoundError
from server.log import get_log
from server.wire.audit import AuditCheck
from server.wire.history import ContactView
from server.wire.privacy import ContactExport, ConversationExport, Erased, Erasure, Trace
from server.wire.terms import AuditAction, ContactId, ConversationId, OperatorId, OrganisationId

MOST_AT_ONCE: Final = 50
"""How many conversations one transaction erases of those whose time is over."""
_log = get_log(__name__)


class Privacy:
    """What happens to what is personal."""

    def __init__(self, parts: Parts, files: Files) -> None:
        """Work on these parts; `files` drops the bytes of files."""
        self._parts = parts
        self._files = files

    async def export(self, principal: Principal, contact_id: ContactId, reason: str) -> ContactExport:
        """Return all that is kept of a contact; the audit says who took it.

        Raises:
            NotFoundError: `no_such_contact`.
        """

        def work(unit: Unit) -> ContactExport:
            contact = self._contact(unit, principal.organisation_id, contact_id)
            conversations = unit.personal.conversations_of(principal.organisation_id, contact_id)
            self._record(unit, principal, AuditAction.EXPORT_CONTACT, contact_id, reason)
            return ContactExport(
                at=self._parts.clock.now(),
                contact=contact,
                conversations=tuple(self._conversation(unit, principal, one) for one in conversations),
                visitors=tuple(unit.personal.visitors(principal.organisation_id, conversations)),
            )

        return await self._parts.database.run(work)

    async def erase(self, principal: Principal, contact_id: ContactId, reason: str) -> Erasure:
        """Erase a contact and all of theirs, then look for what is left of them.

        Raises:
            NotFoundError: `no_such_contact`.
            ConflictError: `contact_in_hand`: a handoff of theirs is open, or they are on the line.
        """
        organisation_id, at = principal.organisation_id, self._parts.clock.now()

        def work(unit: Unit) -> tuple[Belongings, Erased]:
            self._contact(unit, organisation_id, contact_id)
            conversations = unit.personal.conversations_of(organisation_id, contact_id)
            theirs = unit.personal.belongings(organisation_id, conversations, contact_id)
            _check_over(theirs)
            erased = unit.personal.erase(organisation_id, conversations, at)
            unit.personal.forget_contact(organisation_id, contact_id)
            self._record(unit, principal, AuditAction.ERASE_CONTACT, contact_id, reason)
            return theirs, erased

        theirs, erased = await self._parts.database.run(work)
        recordings = await self._drop_bytes(theirs)
        _log.info("contact_erased", contact_id=contact_id, conversations=erased.conversations)
        return await self._proof(contact_id, theirs, msgspec.structs.replace(erased, recordings=recordings))

    async def check_audit(self, principal: Principal, entry: int, sha256: str) -> AuditCheck:
        """Go through the audit's chain; with `entry`, also see that this record has the hash that was noted."""

        def work(unit: Unit) -> AuditCheck:
            check = unit.audit.check(principal.organisation_id)
            if not entry or unit.audit.digest_at(principal.organisation_id, entry) == sha256.lower():
                return check
            other = f"record {entry} is not the one that was noted"
            return msgspec.structs.replace(check, broken=(*check.broken, other))

        return await self._parts.database.read(work)

    async def sweep(self) -> int:
        """Erase conversations whose time is over; return how many."""
        if not self._parts.keep_days:
            return 0
        at = self._parts.clock.now()
        before = at - timedelta(days=self._parts.keep_days)
        count = 0
        while old := await self._parts.database.read(lambda unit: list(unit.personal.old(before, MOST_AT_ONCE))):
            for organisation_id in sorted({organisation_id for organisation_id, _ in old}):
                mine = [conversation_id for owner, conversation_id in old if owner == organisation_id]
                count += await self._forget(organisation_id, mine)
        if count:
            await self._parts.database.purge(())
            _log.info("conversations_erased", count=count, keep_days=self._parts.keep_days)
        return count

    async def _forget(self, organisation_id: OrganisationId, conversations: Sequence[ConversationId]) -> int:
        """Erase conversations that nobody has anything to do with any more; return how many were looked at."""
        at = self._parts.clock.now()

        def work(unit: Unit) -> Belongings:
            theirs = unit.personal.belongings(organisation_id, conversations)
            unit.personal.erase(organisation_id, conversations, at)
            return theirs

        await self._drop_bytes(await self._parts.database.run(work))
        return len(conversations)

    @staticmethod
    def _contact(unit: Unit, organisation_id: OrganisationId, contact_id: ContactId) -> ContactView:
        page = unit.contacts.page(organisation_id, contact_id)
        if page is None:
            raise NotFoundError("no_such_contact", "There is no such contact.", "Look one up by name or number.")
        return page.contact

    def _conversation(self, unit: Unit, principal: Principal, conversation_id: ConversationId) -> ConversationExport:
        """Return one conversation, whole."""
        organisation_id, rows = principal.organisation_id, unit.personal
        messages, former = rows.messages(organisation_id, conversation_id)
        sessions = rows.sessions(organisation_id, conversation_id)
        recordings = self._parts.recordings
        return ConversationExport(
            conversation=rows.view(organisation_id, conversation_id),
            messages=tuple(messages),
            former=tuple(former),
            sessions=tuple(sessions),
            files=tuple(view_of(file) for file in rows.belongings(organisation_id, [conversation_id]).files),
            recorded=tuple(one.number for one in sessions if recordings is not None and recordings.has(one.id)),
        )

    def _record(
        self, unit: Unit, principal: Principal, action: AuditAction, contact_id: ContactId, reason: str
    ) -> None:
        unit.audit.add(
            AuditRecord(
                id=self._parts.new_id("au"),
                organisation_id=principal.organisation_id,
                at=self._parts.clock.now(),
                action=action,
                actor_id=OperatorId(principal.id),
                about=contact_id,
                reason=reason,
            )
        )

    async def _drop_bytes(self, theirs: Belongings) -> int:
        """Drop recordings and the bytes of files, whose rows are gone already; return how many recordings."""
        recordings = self._parts.recordings
        dropped = sum(recordings.erase(one) for one in theirs.sessions) if recordings is not None else 0
        for file in theirs.files:
            await self._files.drop_bytes(file)
        return dropped

    async def _proof(self, contact_id: ContactId, theirs: Belongings, erased: Erased) -> Erasure:
        """Look for everything by which the person was known: in every table, then in the database's own file."""
        left = await self._parts.database.read(lambda unit: list(unit.personal.traces(theirs.marks)))
        places = await self._parts.database.read(lambda unit: list(unit.personal.places()))
        file = await self._parts.database.purge(theirs.marks)
        if file is not None:
            places.append(file.name)
            left += [Trace(place=file.name, rows=file.holds)] if file.holds else []
        return Erasure(
            contact_id=contact_id,
            at=self._parts.clock.now(),
            erased=erased,
            looked_for=len(theirs.marks),
            looked_in=tuple(places),
            left=tuple(left),
        )


def _check_over(theirs: Belongings) -> None:
    """Refuse to erase somebody whom people talk with now."""
    if theirs.open:
        raise ConflictError(
            "contact_in_hand", f"{', '.join(theirs.open)} of this contact is open.", "Close it first, then erase."
        )
    if theirs.connected:
        raise ConflictError("contact_in_hand", "This contact is on the line now.", "Wait until the call is over.")
