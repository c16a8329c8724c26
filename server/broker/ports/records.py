"""Shape what the store keeps, where neither the core nor the wire has a shape for it."""

from datetime import datetime

import msgspec

from server.core.presence import Operator
from server.wire.events import Event
from server.wire.history import Found
from server.wire.terms import (
    AuditAction,
    Author,
    ContactId,
    ConversationId,
    Delivery,
    FileId,
    Medium,
    MessageId,
    OperatorId,
    OrganisationId,
    Owner,
    SessionId,
    Translating,
)
from server.wire.translation import TranslationView
from server.wire.views import Attribute, FileView


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of conversations.

    `session_id` is the session that is open and not in wrap-up, if any. `epoch` is the highest epoch that any session
    of the conversation has had, so that a later session starts above it. `attributes` are facts that rules decide on.
    """

    id: ConversationId
    organisation_id: OrganisationId
    key_id: str
    medium: Medium
    channel: str
    customer_name: str
    customer_handle: str
    external_id: str
    created_at: datetime
    owner: Owner = Owner.ASSISTANT
    owner_epoch: int = 0
    epoch: int = 0
    session_id: SessionId | None = None
    ended_at: datetime | None = None
    caller_connected: bool = False
    assistant_connected: bool = False
    receipts: bool = False
    contact_id: ContactId | None = None
    attributes: dict[str, Attribute] = {}
    refused_sends: int = 0
    account: str = ""
    elsewhere_until: datetime | None = None
    language: str = ""
    translation: Translating = Translating.NONE


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One row of contacts."""

    id: ContactId
    organisation_id: OrganisationId
    name: str
    created_at: datetime


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One row of messages; `key` is unique within the conversation when it is not empty."""

    id: MessageId
    organisation_id: OrganisationId
    conversation_id: ConversationId
    author: Author
    text: str
    at: datetime
    author_name: str = ""
    session_id: SessionId | None = None
    operator_id: OperatorId | None = None
    delivery: Delivery = Delivery.SENT
    key: str = ""
    again_of: MessageId | None = None
    files: tuple[FileView, ...] = ()
    translation: TranslationView | None = None


class KeptFile(msgspec.Struct, frozen=True, kw_only=True):
    """One row of files; `attached` says that a message carries it, `uploaded_by` is the principal's id."""

    id: FileId
    organisation_id: OrganisationId
    conversation_id: ConversationId
    name: str
    media_type: str
    size: int
    sha256: str
    at: datetime
    uploaded_by: str
    attached: bool = False


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Whose credential it is: an operator's (then `operator` is set) or an assistant's key."""

    kind: str
    id: str
    organisation_id: OrganisationId
    name: str
    operator: Operator | None = None


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One token at rest; `kind` is "assistant" or "operator", `subject_id` the key's or the operator's id.

    `handoff` says of an assistant's key that it may ask for people.
    """

    id: str
    organisation_id: OrganisationId
    kind: str
    subject_id: str
    name: str
    sha256: str
    created_at: datetime
    revoked_at: datetime | None = None
    handoff: bool = True


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the audit: a supervisor's step in a session; `subject_id` is whose talk or wrap-up it was.

    `about` is the id of what a step was about that is in no session: the contact that was exported or erased.
    """

    id: str
    organisation_id: OrganisationId
    at: datetime
    action: AuditAction
    actor_id: OperatorId
    session_id: SessionId | None = None
    subject_id: OperatorId | None = None
    about: str = ""
    reason: str = ""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """The remembered answer to an idempotency key; `fingerprint` is of the request's body."""

    fingerprint: str
    body: bytes


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One effect to carry out; done at least once, in order within its `lane`."""

    id: int
    organisation_id: OrganisationId
    lane: str
    kind: str
    body: bytes
    attempts: int
    due_at: datetime


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One turn that a search found: as it will be shown but for its snippet, its whole text, and where it stands.

    `entry` goes up with every turn that is added.
    """

    found: Found
    text: str
    entry: int


class Fed(msgspec.Struct, frozen=True, kw_only=True):
    """One numbered event as it is told: the event with its views, and whose conversation it is about.

    `conversation_id` and `key_id` are empty for events about operators.
    """

    event: Event
    conversation_id: str = ""
    key_id: str = ""
