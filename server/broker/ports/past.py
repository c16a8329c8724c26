"""Keep what is asked for after a conversation: contacts with all of theirs, and the words of every turn."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from server.broker.ports.records import AuditRecord, Contact, Hit, Message
from server.core.search import Query
from server.wire.audit import AuditCheck, AuditPage
from server.wire.history import ContactPage, ContactView, Identity
from server.wire.terms import AuditAction, ContactId, OrganisationId, SessionId


class Contacts(Protocol):
    """Whoever talks with us, and by what they are recognised."""

    def find(self, organisation_id: OrganisationId, identities: Sequence[Identity]) -> ContactId | None:
        """Return whose the first of these identities is that anybody has."""
        ...

    def insert(self, contact: Contact) -> None:
        """Add a contact."""
        ...

    def name(self, organisation_id: OrganisationId, contact_id: ContactId, name: str) -> None:
        """Name a contact that has no name yet."""
        ...

    def add_identity(self, organisation_id: OrganisationId, contact_id: ContactId, identity: Identity) -> None:
        """Let a contact be recognised by this too; one that another contact has stays theirs."""
        ...

    def identities(self, organisation_id: OrganisationId, contact_id: ContactId) -> Sequence[Identity]:
        """Return by what a contact is recognised."""
        ...

    def pass_on(self, organisation_id: OrganisationId, identity: Identity, contact_id: ContactId) -> None:
        """Let a contact be recognised by this, and nobody else any more."""
        ...

    def merge(self, organisation_id: OrganisationId, contact_id: ContactId, into: ContactId) -> None:
        """Give all that a contact has to another, and drop it."""
        ...

    def page(self, organisation_id: OrganisationId, contact_id: ContactId) -> ContactPage | None:
        """Return all that is known of a contact."""
        ...

    def look_up(
        self, organisation_id: OrganisationId, name: str, identities: Sequence[Identity], limit: int
    ) -> Sequence[ContactView]:
        """Return contacts recognised by one of these identities, then those whose name begins with `name`."""
        ...


class Search(Protocol):
    """The words of every turn."""

    def add(self, message: Message) -> None:
        """Let a turn that was just added be found."""
        ...

    def change(self, message_id: str, text: str) -> None:
        """Let a turn whose text was changed be found by its new words only."""
        ...

    def newest(self, organisation_id: OrganisationId, query: Query, before: int, limit: int) -> Sequence[Hit]:
        """Return turns below entry `before` (0: all) that the query finds, newest first."""
        ...

    def best(self, organisation_id: OrganisationId, query: Query, skip: int, limit: int) -> Sequence[Hit]:
        """Return turns that the query finds, those that fit best first, after the first `skip`."""
        ...


class Audit(Protocol):
    """What supervisors and administrators did, and whom operators had called; never changed, and a chain."""

    def add(self, record: AuditRecord) -> None:
        """Add a record."""
        ...

    def page(
        self, organisation_id: OrganisationId, before: str, limit: int, session_id: SessionId | None = None
    ) -> AuditPage:
        """Return records, newest first, of one session or of all; `before` is the last page's `next_before`.

        Raises:
            server.core.errors.CallerError: `bad_page`: `before` did not come from a page.
        """
        ...

    def check(self, organisation_id: OrganisationId) -> AuditCheck:
        """Go through the whole chain of an organisation, oldest first."""
        ...

    def digest_at(self, organisation_id: OrganisationId, entry: int) -> str:
        """Return the hash of one record, empty when there is none at this place."""
        ...

    def count(self, organisation_id: OrganisationId, action: AuditAction, since: datetime, actor_id: str = "") -> int:
        """Return how often something was done since an instant, by anybody or by one person."""
        ...
