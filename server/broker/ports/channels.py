"""Say what the broker needs of a place where customers write: Telegram, Slack, WhatsApp, the web widget and others.

An adapter knows one platform's formats and nothing of handoffs: who may speak, what is sent twice, and in which order,
is decided once, in the broker. A channel that polls or listens wraps each frame as an `Incoming`, so that there is one
way in.

Before: a platform's request. After: `ChannelEvent`s, each with a key by which it is taken once.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

import msgspec

from server.wire.terms import Delivery, OrganisationId


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a platform, raw: it is kept before it is understood.

    Attributes:
        method: Upper-case; a polled or pushed frame is a POST.
        url: The whole public address, as the platform signed it.
        query: Of the address; the last of a repeated name.
        headers: By lower-case name.
        body: The bytes that were signed.
    """

    method: str = "POST"
    url: str = ""
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform gets back at once."""

    status: int = 200
    body: bytes = b""
    media_type: str = "text/plain"


class EventKind(StrEnum):
    """What an event of a channel is."""

    MESSAGE = "message"
    EDITED = "edited"
    DELETED = "deleted"
    TYPING = "typing"
    DELIVERY = "delivery"
    ECHO = "echo"
    """Something was said in our name: by ourselves, or by a person in the platform's own app."""
    LEFT = "left"
    """The customer blocked us, left, or closed the chat."""
    ACCOUNT = "account"
    """The account itself: disabled, uninstalled, its token revoked; `failure` says what."""
    UNKNOWN = "unknown"
    """Nothing we know; kept, counted and passed over."""


class RemoteFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that lies with the platform; `handle` is what `fetch` needs: an id or an address."""

    handle: str
    name: str = ""
    media_type: str = ""
    size: int | None = None


class ChannelEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened on a channel.

    Attributes:
        kind: What it is.
        key: Unique within the account for ever; the same when the platform tells it again.
        chat: Where to answer, and what makes one conversation: chat, channel and thread, or the customer's id.
        message_id: The platform's id of the message that this is, or is about.
        sender_ids: Every id by which the platform knows the customer, the most lasting first; `phone:` and `email:`
            before a number or an address, else as the platform writes it.
        sender_name: As the customer is called there.
        at: When it happened by the platform's clock; None when it does not say.
        order: What sorts messages of a chat as the platform does; empty: by `at`.
        text: What was said, plain.
        files: What came with it; fetched later, never a reason to lose the message.
        reply_to: The platform's id of the message it answers.
        delivery: What became of `message_id`, for DELIVERY.
        failure: Why, for a failed delivery or an ACCOUNT event.
        by_person: For ECHO: a person wrote it elsewhere, not we.
        part_key: Our key of the part that `message_id` is, where the platform tells it back.
        language: As the platform knows it (BCP 47); empty when it does not.
        shared: Several people write in this chat: each message is its sender's, and they are not one person.
        note: One line on what it was, for UNKNOWN.
    """

    kind: EventKind
    key: str
    chat: str = ""
    message_id: str = ""
    sender_ids: tuple[str, ...] = ()
    sender_name: str = ""
    at: datetime | None = None
    order: str = ""
    text: str = ""
    files: tuple[RemoteFile, ...] = ()
    reply_to: str = ""
    delivery: Delivery | None = None
    failure: str = ""
    by_person: bool = False
    part_key: str = ""
    language: str = ""
    shared: bool = False
    note: str = ""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform allows.

    Attributes:
        longest: The longest text of one message, counted in `unit`.
        unit: Characters are code points; utf16 are UTF-16 units; bytes are of UTF-8.
        files: Files can be sent.
        edits: What was sent can be changed, and taken back (the channel is `Edits`).
        typing: The other side can be told that somebody types.
        keyed: The platform knows our key: sending again after an unknown outcome is safe.
        keyed_seconds: For so long after a part was said; None: for ever.
        receipts: It reports what became of messages.
        per_chat_seconds: The least time between two messages to one chat.
        per_account_a_second: The most messages a second of the whole account.
        window_seconds: Answers are only allowed so long after the customer's last message; None: always.
        person_window_seconds: So long, when a person answers; None: no longer than `window_seconds`.
    """

    longest: int
    unit: Literal["characters", "utf16", "bytes"] = "characters"
    files: bool = False
    edits: bool = False
    typing: bool = False
    keyed: bool = False
    keyed_seconds: float | None = None
    receipts: bool = False
    per_chat_seconds: float = 1.0
    per_account_a_second: float = 25.0
    window_seconds: float | None = None
    person_window_seconds: float | None = None


class Window(StrEnum):
    """Whether the platform still allows an answer."""

    OPEN = "open"
    PERSON_ONLY = "person_only"
    CLOSED = "closed"
    """Only what the platform allows at any time, such as a template, can go out."""


class OutgoingFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of ours; `read` of the caller gives its bytes anew at each attempt."""

    name: str
    media_type: str
    content: bytes


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent with one call: a text that fits, or one file.

    Attributes:
        chat: As the platform's events named it.
        key: The same at each attempt; what `Limits.keyed` means.
        text: At most `Limits.longest`; the caption where there is a file.
        file: Instead of a text.
        reply_to: The platform's id of the customer's newest message; empty when there is none.
        window: What the platform allows now.
        by_person: An operator says it; else the assistant or the desk itself.
    """

    chat: str
    key: str
    text: str = ""
    file: OutgoingFile | None = None
    reply_to: str = ""
    window: Window = Window.OPEN
    by_person: bool = False


class SendProblem(StrEnum):
    """Why a part was not sent, by what to do next."""

    RETRY = "retry"
    """Nothing went out; later it may."""
    RATE_LIMIT = "rate_limit"
    """Nothing went out; not before `retry_after_seconds`."""
    WINDOW = "window"
    """The platform allows no answer any more."""
    AUTH = "auth"
    """The account's token is no longer good: nothing goes out until somebody mends it."""
    BLOCKED = "blocked"
    """The customer wants nothing more of us."""
    GONE = "gone"
    """There is no such chat any more."""
    INVALID = "invalid"
    """The platform will never take this part."""
    UNKNOWN_OUTCOME = "unknown_outcome"
    """It may have gone out: never sent again blindly, unless `Limits.keyed`."""


class SendError(Exception):
    """A part that was not sent, or nobody knows."""

    def __init__(self, problem: SendProblem, message: str, *, retry_after_seconds: float | None = None) -> None:
        """Keep what to do next, one sentence that may be shown, and what the platform says of when."""
        super().__init__(message)
        self.problem = problem
        self.message = message
        self.retry_after_seconds = retry_after_seconds


class Channel(Protocol):
    """One account on one platform."""

    @property
    def limits(self) -> Limits:
        """What the platform allows."""
        ...

    def challenge(self, incoming: Incoming) -> Answer | None:
        """Return the answer to a platform that asks whether the address is ours; None when it does not.

        Raises:
            NotAuthenticatedError: it asks with a wrong secret.
        """
        ...

    def verify(self, incoming: Incoming, now: datetime) -> None:
        """Check who sent it, by the raw bytes, in constant time, without I/O.

        Raises:
            NotAuthenticatedError: `bad_signature`, `stale_signature`.
        """
        ...

    def parse(self, incoming: Incoming) -> Sequence[ChannelEvent]:
        """Return everything in it; pure, and never raises: what is not understood is UNKNOWN, the rest is kept."""
        ...

    async def send(self, part: Part) -> str:
        """Send one part with one call and return the platform's id of the message.

        Raises:
            SendError: nothing went out, or nobody knows.
        """
        ...

    async def health(self) -> str:
        """Ask the platform whether the account works; return what is wrong, empty when nothing is."""
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...


@runtime_checkable
class Fetches(Protocol):
    """A channel whose files can be read."""

    def fetch(self, file: RemoteFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes.

        Raises:
            SendError: it cannot be read now (RETRY), or never (GONE, INVALID, AUTH).
        """
        ...


@runtime_checkable
class Listens(Protocol):
    """A channel that fetches its events, or is connected to its platform, in place of a webhook."""

    def listen(self, cursor: str) -> AsyncIterator[tuple[Incoming, str]]:
        """Yield what comes, each with the cursor to go on from once it is kept; for ever, reconnecting by itself.

        Args:
            cursor: The last one that was kept; empty at first.

        Raises:
            SendError: AUTH: it will not work until somebody mends it.
        """
        ...


@runtime_checkable
class CatchesUp(Protocol):
    """A channel whose platform gives up on what it could not bring, and can be asked for it afterwards."""

    def missed(self, chats: Sequence[str], since: datetime) -> AsyncIterator[Incoming]:
        """Yield what customers wrote in these chats since an instant, oldest first, in the form of a request.

        What was heard all the same has the key that it had.

        Raises:
            SendError: it cannot be asked now.
        """
        ...


@runtime_checkable
class Types(Protocol):
    """A channel on which the customer can see that somebody types."""

    async def typing(self, chat: str) -> None:
        """Show it for a few seconds; a failure is nobody's business."""
        ...


@runtime_checkable
class Edits(Protocol):
    """A channel on which what was sent can be changed."""

    async def edit(self, chat: str, message_id: str, text: str) -> None:
        """Change a message; an empty text takes it back.

        Raises:
            SendError: it was not changed.
        """
        ...


@runtime_checkable
class Prepares(Protocol):
    """A channel that has to fetch something before it can `verify`, such as the platform's newest keys."""

    async def prepare(self, incoming: Incoming) -> None:
        """Have at hand what `verify` needs; mostly there is nothing to do.

        Raises:
            SendError: it cannot be had now; the platform will try again.
        """
        ...


@runtime_checkable
class Acknowledges(Protocol):
    """A channel whose platform wants more than an empty 200."""

    @property
    def kept(self) -> Answer:
        """What the platform gets back once its request is kept."""
        ...


@runtime_checkable
class Connects(Protocol):
    """A channel that can tell its platform by itself where to reach us."""

    async def connect(self) -> str:
        """Have the platform send its events to us from now on; return one sentence on what was done.

        Raises:
            SendError: it was refused.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One configured account: its channel, and to whom its conversations belong.

    Attributes:
        name: The section's, `[channels.NAME]`; its conversations carry it as their channel.
        kind: Of the platform: telegram, slack, ...
        channel: How to speak with it.
        organisation_id: Whose it is.
        assistant: Name of the assistant's key that owns its conversations; empty: the only key there is.
        queue: The queue of handoffs that the program itself asks for.
        elsewhere_seconds: How long the assistant is silent after a person answered in the platform's own app.
    """

    name: str
    kind: str
    channel: Channel
    organisation_id: OrganisationId
    assistant: str = ""
    queue: str = "default"
    elsewhere_seconds: float = 3600.0


Accounts = Mapping[str, Account]
"""All configured accounts, by name."""
