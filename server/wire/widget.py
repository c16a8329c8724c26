"""Say what travels between the broker and the widget on a web page (`server/widget/talk.js` is the other end).

Requests are JSON over REST. Beside them one socket tells what happens; the page speaks first on it (`VisitHello`).
Every text is plain: the page shows it with `textContent` and never as HTML.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from server.wire.errors import ErrorBody
from server.wire.requests import Body, ShortText
from server.wire.terms import Author, Consent, ConversationId, Delivery, FileId, MessageId, SessionId
from server.wire.view import View
from server.wire.views import FileView, MediaGrant

MOST_CHARACTERS = 4_000
"""The longest text of a visitor's message."""
Words = Annotated[str, Meta(max_length=MOST_CHARACTERS)]
Uuid = Annotated[str, Meta(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Language = Annotated[str, Meta(pattern="^[A-Za-z]{0,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)]


class Stage(StrEnum):
    """Who the visitor has now."""

    NEW = "new"
    """Nothing was said yet."""
    ASSISTANT = "assistant"
    WAITING = "waiting"
    OPERATOR = "operator"
    HOLD = "hold"
    """A person has them, and does something else for a moment."""
    ENDED = "ended"


class NewVisit(Body, frozen=True, kw_only=True):
    """Come to a page: anew, or with the token of an earlier visit in `Authorization`.

    `identity` is who the site says this is: a JSON Web Token (HS256) made by the site's server.
    """

    identity: Annotated[str, Meta(max_length=4_000)] = ""
    language: Language = ""


class VisitorMessage(Body, frozen=True, kw_only=True):
    """Say something; the same `key` again is the same message."""

    key: Uuid
    text: Words = ""
    files: Annotated[tuple[FileId, ...], Meta(max_length=10)] = ()


class VisitorEdit(Body, frozen=True, kw_only=True):
    """Change one's own message."""

    text: Words


class VisitorScore(Body, frozen=True, kw_only=True):
    """Say how content one is with the talk with a person."""

    session_id: SessionId
    score: Annotated[int, Meta(ge=1, le=5)]
    comment: Annotated[str, Meta(max_length=500)] = ""


class NewCall(Body, frozen=True, kw_only=True):
    """Call from the page; `consent` is the answer to the question about recording, where the page asked it."""

    consent: Consent = Consent.UNKNOWN


class PersonWish(Body, frozen=True, kw_only=True):
    """Ask for a person; `words` is what the button said, and stands in the chat as the visitor's own turn."""

    key: Uuid
    words: ShortText = ""


class TalkState(View, frozen=True, kw_only=True):
    """How a chat or a call stands.

    Attributes:
        operator: The name of the person, while there is one.
        position: The place in the queue while waiting, from 1.
        wait_seconds: How long it may take, by the pace of the last half hour; left out when that says nothing.
        scores: The session that the visitor may say a score of; left out when there is none, or they have.
        assistant_on_line: An assistant's audio is connected to the call.
    """

    stage: Stage = Stage.NEW
    conversation_id: ConversationId = ConversationId("")
    operator: str = ""
    position: int = 0
    wait_seconds: int | None = None
    scores: SessionId | None = None
    assistant_on_line: bool = False


class WidgetMessage(View, frozen=True, kw_only=True):
    """One turn, as the visitor sees it.

    Attributes:
        notice: The name of the broker's own line, which the page says in the visitor's language.
        delivery: Of an operator's message: how far it got, as far as we know.
    """

    id: MessageId
    position: int
    version: int = 0
    author: Author
    text: str = ""
    at: datetime
    name: str = ""
    notice: str = ""
    files: tuple[FileView, ...] = ()
    edited: bool = False
    deleted: bool = False
    delivery: Delivery = Delivery.SENT


class VisitView(View, frozen=True, kw_only=True):
    """The answer to `NewVisit`; `token` is there only when it is a new one."""

    token: str = ""
    name: str = ""
    chat: TalkState = TalkState()


class CallView(View, frozen=True, kw_only=True):
    """A call that may connect now: one leg, once, within seconds."""

    media: MediaGrant
    call: TalkState


class Turns(View, frozen=True, kw_only=True):
    """A stretch of the chat, oldest first; `more` says that there is something before it."""

    messages: tuple[WidgetMessage, ...] = ()
    more: bool = False


class VisitHello(msgspec.Struct, frozen=True, kw_only=True, tag="hello", tag_field="type", forbid_unknown_fields=True):
    """Open the socket; `after` is the highest position that the page has."""

    token: str
    after: Annotated[int, Meta(ge=0)] = 0


class VisitorTypes(
    msgspec.Struct, frozen=True, kw_only=True, tag="typing", tag_field="type", forbid_unknown_fields=True
):
    """The visitor writes, or stopped."""

    on: bool


class Receipts(msgspec.Struct, frozen=True, kw_only=True, tag="receipts", tag_field="type", forbid_unknown_fields=True):
    """Which messages of operators are on the page (`delivered`), or were seen (`read`)."""

    ids: Annotated[tuple[MessageId, ...], Meta(max_length=100)]
    delivery: Delivery


class VisitPing(msgspec.Struct, frozen=True, kw_only=True, tag="ping", tag_field="type", forbid_unknown_fields=True):
    """Is anybody there? A page says it every 20 s."""


class VisitState(msgspec.Struct, frozen=True, kw_only=True, tag="state", tag_field="type", omit_defaults=True):
    """How chat and call stand, at first and after each change."""

    chat: TalkState
    call: TalkState | None = None


class VisitTurns(msgspec.Struct, frozen=True, kw_only=True, tag="turns", tag_field="type", omit_defaults=True):
    """New or changed turns of the chat; `whole` says that it is the newest stretch, told when a chat is first shown."""

    messages: tuple[WidgetMessage, ...] = ()
    whole: bool = False
    more: bool = False
    conversation_id: ConversationId = ConversationId("")


class OperatorTypes(msgspec.Struct, frozen=True, kw_only=True, tag="typing", tag_field="type"):
    """The other side writes, or stopped; kept nowhere."""

    on: bool


class VisitPong(msgspec.Struct, frozen=True, kw_only=True, tag="pong", tag_field="type"):
    """The answer to a ping."""


class VisitRefused(msgspec.Struct, frozen=True, kw_only=True, tag="refused", tag_field="type"):
    """A frame of the page was not taken, and why."""

    error: ErrorBody


FromVisitor = VisitHello | VisitorTypes | Receipts | VisitPing
"""What a page sends."""

ToVisitor = VisitState | VisitTurns | OperatorTypes | VisitPong | VisitRefused
"""What the broker sends."""
