"""Keep what channels bring and what is to be sent on them.

Part of the store (`server.broker.ports.store`). What a platform sent is kept raw before it is understood; each event in
it is taken once, by its key; what we say lies here in parts until the platform has them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from server.wire.terms import Author, ConversationId, Delivery, FileId, MessageId, OrganisationId


class RequestState(StrEnum):
    """How far a platform's request has got."""

    WAITING = "waiting"
    TAKEN = "taken"
    FAILED = "failed"
    """Something in it could not be taken; `channels replay` tries again."""


class KeptRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a platform as it came.

    Attributes:
        taker: The boot id of the broker that takes it, until `taker_until`; then anybody may.
        due_at: Not before this it is tried (again).
        error: What could not be taken last time, one line.
    """

    id: int = 0
    organisation_id: OrganisationId
    account: str
    at: datetime
    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    state: RequestState = RequestState.WAITING
    attempts: int = 0
    due_at: datetime
    taker: str
    taker_until: datetime
    error: str = ""


class TakenEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event that was taken: by `key` it is never taken again; `platform_id` names its message there."""

    organisation_id: OrganisationId
    account: str
    key: str
    at: datetime
    kind: str
    chat: str = ""
    platform_id: str = ""
    conversation_id: ConversationId | None = None
    message_id: MessageId | None = None
    note: str = ""


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one chat, over all conversations in it: the customer's newest message, and who has it."""

    organisation_id: OrganisationId
    account: str
    chat: str
    heard_at: datetime | None = None
    heard_id: str = ""


class HeldAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What brokers know together of one account.

    Attributes:
        holder: The boot id of the broker that sends and listens for it, until `held_until`.
        cursor: Where listening goes on.
        problem: What is wrong with it, for people; empty while nothing is.
        since: Since when the problem, or its absence, is known.
        paused: Nothing is sent until the account is well.
    """

    organisation_id: OrganisationId
    name: str
    kind: str
    holder: str = ""
    held_until: datetime | None = None
    cursor: str = ""
    problem: str = ""
    since: datetime | None = None
    paused: bool = False


class PartKind(StrEnum):
    """What is to be done for a message."""

    TEXT = "text"
    FILE = "file"
    EDIT = "edit"
    TAKE_BACK = "take_back"


class PartState(StrEnum):
    """How far a part has got; from WAITING and SENDING it goes on, the others are ends."""

    WAITING = "waiting"
    SENDING = "sending"
    """The platform is being asked: found so after a crash, nobody knows."""
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DROPPED = "dropped"
    """Not sent on purpose: its message was taken back, or an earlier part of it failed."""


class OutPart(msgspec.Struct, frozen=True, kw_only=True):
    """One call to make for one message; a conversation's are made in the order of their numbers.

    Attributes:
        start: Where its text begins within the message's, in code points.
        stop: Where it ends.
        target: For EDIT and TAKE_BACK: the number of the part that is changed.
        owner_epoch: Of the conversation when an assistant's words were taken.
        platform_id: The platform's id of what was sent.
        delivery: What the platform reported.
        error: The last refusal, one sentence.
        doubtful: An attempt ended without anybody knowing whether it arrived.
    """

    id: int = 0
    organisation_id: OrganisationId
    account: str
    chat: str
    conversation_id: ConversationId
    message_id: MessageId
    author: Author
    kind: PartKind
    start: int = 0
    stop: int = 0
    file_id: FileId | None = None
    target: int | None = None
    owner_epoch: int = 0
    state: PartState = PartState.WAITING
    attempts: int = 0
    due_at: datetime
    changed_at: datetime
    platform_id: str = ""
    delivery: Delivery = Delivery.PENDING
    error: str = ""
    doubtful: bool = False

    @property
    def key(self) -> str:
        """What the platform is told at each attempt: the same for the same part."""
        return f"{self.message_id}-{self.id}"


class ChannelRows(Protocol):
    """What came in on channels, and their accounts."""

    def keep(self, request: KeptRequest) -> int:
        """Keep a request and return its number."""
        ...

    def waiting(self, taker: str, now: datetime, limit: int) -> Sequence[KeptRequest]:
        """Return requests that are due and that this broker may take, oldest first."""
        ...

    def claim(self, request: KeptRequest, taker: str, until: datetime, now: datetime) -> bool:
        """Let this broker alone take a request until then; False when another does already."""
        ...

    def request(self, organisation_id: OrganisationId, request_id: int) -> KeptRequest | None:
        """Return one request."""
        ...

    def settle(self, request: KeptRequest) -> None:
        """Write a request's state, attempts, time and error."""
        ...

    def failed(self, organisation_id: OrganisationId, account: str, limit: int) -> Sequence[KeptRequest]:
        """Return requests that could not be taken, newest first."""
        ...

    def count(self, organisation_id: OrganisationId, account: str, state: RequestState) -> int:
        """Return how many requests of an account are in this state."""
        ...

    def take(self, event: TakenEvent) -> bool:
        """Write down that an event is taken; False when it was before."""
        ...

    def taken(self, organisation_id: OrganisationId, account: str, key: str) -> bool:
        """Tell whether an event was taken before."""
        ...

    def tie(self, event: TakenEvent) -> None:
        """Write down which conversation and message a taken event became."""
        ...

    def by_platform_id(
        self, organisation_id: OrganisationId, account: str, chat: str, platform_id: str
    ) -> TakenEvent | None:
        """Return the event by which this message of the platform came in, if one did."""
        ...

    def chat(self, organisation_id: OrganisationId, account: str, chat: str) -> Chat | None:
        """Return what is known of a chat, locked until the transaction ends."""
        ...

    def newest_chats(self, organisation_id: OrganisationId, account: str, limit: int) -> Sequence[Chat]:
        """Return the chats of an account in which customers wrote last, the newest first."""
        ...

    def save_chat(self, chat: Chat) -> None:
        """Write a chat, new or known."""
        ...

    def account(self, organisation_id: OrganisationId, name: str) -> HeldAccount | None:
        """Return one account, locked until the transaction ends."""
        ...

    def accounts(self, organisation_id: OrganisationId) -> Sequence[HeldAccount]:
        """Return all accounts, by name."""
        ...

    def save_account(self, account: HeldAccount) -> None:
        """Write an account, new or known."""
        ...

    def forget_before(self, requests: datetime, events: datetime, limit: int) -> int:
        """Drop taken requests older than the first, and failed ones and events older than the second instant."""
        ...


class OutParts(Protocol):
    """What is to be sent, and what was."""

    def add(self, part: OutPart) -> None:
        """Add a part behind all others of its conversation."""
        ...

    def due(self, organisation_id: OrganisationId, account: str, now: datetime, limit: int) -> Sequence[OutPart]:
        """Return parts of an account to send now: the first unfinished of each conversation, if it waits and is due."""
        ...

    def load(self, organisation_id: OrganisationId, part_id: int) -> OutPart | None:
        """Return one part, locked until the transaction ends."""
        ...

    def save(self, part: OutPart) -> None:
        """Write what can change of a part."""
        ...

    def of_message(self, organisation_id: OrganisationId, message_id: MessageId) -> Sequence[OutPart]:
        """Return all parts of one message, in order."""
        ...

    def sending(self, organisation_id: OrganisationId, account: str) -> Sequence[OutPart]:
        """Return the parts of an account that are being sent, or were when a broker died."""
        ...

    def by_platform_id(
        self, organisation_id: OrganisationId, account: str, chat: str, platform_id: str
    ) -> OutPart | None:
        """Return the part that the platform knows by this id; an empty chat looks in all."""
        ...

    def sent_before(
        self, organisation_id: OrganisationId, account: str, chat: str, at: datetime, limit: int
    ) -> Sequence[OutPart]:
        """Return the newest parts that were sent to a chat up to an instant, and not reported as read."""
        ...

    def in_doubt(self, conversation_id: ConversationId) -> Sequence[OutPart]:
        """Return the newest parts of a conversation that are being sent, or of which nobody knows; at most twenty."""
        ...

    def unfinished(self, conversation_id: ConversationId) -> Sequence[OutPart]:
        """Return the parts of a conversation that wait or are being sent, in order."""
        ...

    def counts(self, organisation_id: OrganisationId, account: str) -> Mapping[PartState, int]:
        """Return how many parts of an account are in each state."""
        ...

    def oldest_waiting(self, organisation_id: OrganisationId, account: str) -> datetime | None:
        """Return since when the oldest part waits that was not sent yet."""
        ...
