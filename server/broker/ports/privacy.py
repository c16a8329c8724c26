"""Keep what the law asks about: everything of one person together, to be given out or erased."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from server.broker.ports.records import KeptFile
from server.wire.privacy import Erased, Trace, VisitorView
from server.wire.terms import ContactId, ConversationId, OrganisationId, SessionId
from server.wire.views import ConversationView, MessageView, RevisionView, SessionView


class Belongings(msgspec.Struct, frozen=True, kw_only=True):
    """What hangs on some conversations, outside the rows that are erased in place.

    Attributes:
        open: Numbers of handoffs that are not closed.
        connected: Somebody is on the line now, with the assistant or an operator.
        sessions: Every handoff.
        files: Files whose bytes lie in the store of files.
        marks: Numbers, addresses, handles and ids by which the person is known, each once.
    """

    open: tuple[str, ...] = ()
    connected: bool = False
    sessions: tuple[SessionId, ...] = ()
    files: tuple[KeptFile, ...] = ()
    marks: tuple[str, ...] = ()


class PurgedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A database's own file, after the copies it kept of what was erased were let go.

    Attributes:
        name: The file's name.
        holds: How many of the texts that were looked for stand in it or in its log.
    """

    name: str
    holds: int


class PersonalRows(Protocol):
    """Everything personal, by whose it is."""

    def conversations_of(self, organisation_id: OrganisationId, contact_id: ContactId) -> Sequence[ConversationId]:
        """Return all conversations of a contact, oldest first."""
        ...

    def old(self, before: datetime, limit: int) -> Sequence[tuple[OrganisationId, ConversationId]]:
        """Return conversations that nobody has written in since `before`, with no open handoff, not erased yet."""
        ...

    def belongings(
        self,
        organisation_id: OrganisationId,
        conversations: Sequence[ConversationId],
        contact_id: ContactId | None = None,
    ) -> Belongings:
        """Return what hangs on these conversations (and on the contact)."""
        ...

    def view(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> ConversationView:
        """Return one conversation that is there."""
        ...

    def messages(
        self, organisation_id: OrganisationId, conversation_id: ConversationId
    ) -> tuple[Sequence[MessageView], Sequence[RevisionView]]:
        """Return every turn in order, and what turns said before."""
        ...

    def sessions(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> Sequence[SessionView]:
        """Return every handoff of a conversation, oldest first."""
        ...

    def visitors(
        self, organisation_id: OrganisationId, conversations: Sequence[ConversationId]
    ) -> Sequence[VisitorView]:
        """Return the browsers of these conversations."""
        ...

    def erase(self, organisation_id: OrganisationId, conversations: Sequence[ConversationId], at: datetime) -> Erased:
        """Empty these conversations, their turns and handoffs, and drop all else that hangs on them."""
        ...

    def forget_contact(self, organisation_id: OrganisationId, contact_id: ContactId) -> None:
        """Drop a contact with all by which they are recognised."""
        ...

    def places(self) -> Sequence[str]:
        """Return the names of the tables that `traces` looks through."""
        ...

    def traces(self, marks: Sequence[str]) -> Sequence[Trace]:
        """Return the tables in which any of these texts stands, with how many rows."""
        ...
