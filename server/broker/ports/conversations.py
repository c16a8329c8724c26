"""Keep what is said: conversations, their messages with what those said before, and the files they carry.

Part of the store (`server.broker.ports.store`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from server.broker.ports.records import Conversation, KeptFile, Message
from server.wire.terms import ConversationId, FileId, MessageId, OperatorId, OrganisationId
from server.wire.views import MessageView, RevisionView


class Conversations(Protocol):
    """Conversations and their messages."""

    def load(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> Conversation | None:
        """Return the conversation, locked until the transaction ends."""
        ...

    def find(self, organisation_id: OrganisationId, channel: str, external_id: str) -> Conversation | None:
        """Return the conversation of this outside id that has not ended, if any."""
        ...

    def find_chat(self, organisation_id: OrganisationId, account: str, chat: str) -> Conversation | None:
        """Return the conversation in a chat of a configured account that has not ended, if any."""
        ...

    def organisation_of(self, conversation_id: ConversationId) -> OrganisationId | None:
        """Return whose conversation it is; for facts of the media worker, which knows no organisations."""
        ...

    def insert(self, conversation: Conversation) -> None:
        """Add a conversation."""
        ...

    def save(self, conversation: Conversation) -> None:
        """Write a conversation over itself."""
        ...

    def add_message(self, message: Message) -> MessageView:
        """Append a message at the next position and return it; one whose key is there already is returned instead."""
        ...

    def message_by_key(self, conversation_id: ConversationId, key: str) -> MessageView | None:
        """Return the message appended under this key, if any."""
        ...

    def message(self, organisation_id: OrganisationId, message_id: MessageId) -> MessageView | None:
        """Return one message, locked until the transaction ends."""
        ...

    def last_said(self, conversation_id: ConversationId, operator_id: OperatorId) -> MessageView | None:
        """Return the newest message of one operator that was not taken back."""
        ...

    def person_spoke_after(self, conversation_id: ConversationId, position: int) -> bool:
        """Tell whether a person has said something in the conversation after the message at this place."""
        ...

    def change_message(self, organisation_id: OrganisationId, message: MessageView) -> None:
        """Write what can change of a message (text, delivery, marks) over the version before.

        Raises:
            ConflictError: `concurrent_change` when the row's version is not the one before.
        """
        ...

    def keep_revision(self, organisation_id: OrganisationId, revision: RevisionView) -> None:
        """Keep what a message said before a change, for the audit."""
        ...

    def revisions(self, organisation_id: OrganisationId, message_id: MessageId) -> Sequence[RevisionView]:
        """Return what a message said before, oldest first."""
        ...

    def connected_calls(self) -> Sequence[Conversation]:
        """Return conversations of which we believe that a leg is connected."""
        ...


class FileRows(Protocol):
    """What is known of files."""

    def insert(self, file: KeptFile) -> None:
        """Add a file."""
        ...

    def load(self, organisation_id: OrganisationId, file_id: FileId) -> KeptFile | None:
        """Return one file."""
        ...

    def save(self, file: KeptFile) -> None:
        """Write whether a message carries the file."""
        ...

    def delete(self, organisation_id: OrganisationId, file_id: FileId) -> None:
        """Remove a file's row."""
        ...

    def expired(self, kept_after: datetime, unused_after: datetime, limit: int) -> Sequence[KeptFile]:
        """Return files older than `kept_after`, and those that no message carries and that are older than the other."""
        ...

    def shares_bytes(self, file: KeptFile) -> bool:
        """Tell whether another file of the organisation has the same bytes."""
        ...
