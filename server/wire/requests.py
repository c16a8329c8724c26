"""Say what assistants and administrators send over REST; sizes are bounded here, once."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from server.wire.skills import Skill
from server.wire.terms import Author, Consent, Delivery, FileId, LegRole, Medium, Presence, Role, SessionKind
from server.wire.views import Context

ShortText = Annotated[str, Meta(max_length=200)]
LongText = Annotated[str, Meta(max_length=20_000)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
QueueName = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-z0-9][a-z0-9_-]*$")]


FactText = Annotated[str, Meta(max_length=200)]
Attributes = Annotated[
    dict[Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_]{0,59}$")], FactText | float | bool], Meta(max_length=60)
]
"""Facts by their names."""


Skills = Annotated[tuple[Skill, ...], Meta(max_length=20)]
"""What somebody can do, or a session needs."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all request bodies share: unknown fields are refused."""


class NewConversation(Body, frozen=True, kw_only=True):
    """Start a conversation; the same `external_id` on the same channel gives the same conversation.

    `receipts` promises that you report what becomes of each message of an operator (`.../delivery`): a message of
    which nothing more is heard in time is then shown as one that may not have arrived.

    `customer_id` is what your own system calls the customer: with it, or the same number, mail address or handle,
    conversations are found on one contact's page.
    """

    medium: Medium
    channel: ShortText = "api"
    customer_name: ShortText = ""
    customer_handle: ShortText = ""
    external_id: ShortText = ""
    receipts: bool = False
    customer_id: ShortText = ""
    attributes: Attributes = {}


class Link(Body, frozen=True, kw_only=True):
    """A file that somebody else keeps: its whole address, which the broker passes on and never opens."""

    url: Annotated[str, Meta(min_length=8, max_length=2_000)]
    name: ShortText = ""


class HouseRule(Body, frozen=True, kw_only=True):
    """A rule of an organisation's own: when facts are so, a person is called, to this queue with this priority."""

    name: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")]
    when: Annotated[str, Meta(min_length=1, max_length=500)]
    reason: Annotated[str, Meta(min_length=1, max_length=120)]
    queue: Annotated[str, Meta(max_length=64, pattern="^([a-z0-9][a-z0-9_-]*)?$")] = ""
    priority: Annotated[int, Meta(ge=0, le=9)] | None = None
    enabled: bool = True


class HouseRules(Body, frozen=True, kw_only=True):
    """All rules of an organisation's own."""

    rules: Annotated[tuple[HouseRule, ...], Meta(max_length=50)]


class RuleTrial(Body, frozen=True, kw_only=True):
    """Rules to try on facts; nothing is kept."""

    rules: Annotated[tuple[HouseRule, ...], Meta(max_length=50)]
    attributes: Attributes


class NewAttributes(Body, frozen=True, kw_only=True):
    """Replace the facts of a conversation that rules of the house decide on: tier, order value, age, ..."""

    attributes: Attributes


class NewMessage(Body, frozen=True, kw_only=True):
    """Append a turn. `key` makes it once-only; `epoch` is the ownership the assistant believes in.

    `files` are uploaded before, at `.../files`; a turn with files or links needs no text.
    """

    author: Author
    text: LongText = ""
    key: ShortText = ""
    epoch: int | None = None
    files: tuple[FileId, ...] = ()
    links: tuple[Link, ...] = ()


class MessageEdit(Body, frozen=True, kw_only=True):
    """Say what a turn says now that its author changed it."""

    text: LongText


class TranslationWish(Body, frozen=True, kw_only=True):
    """Ask what a reply would say in the customer's language; nothing is sent."""

    text: LongText


class DeliveryReport(Body, frozen=True, kw_only=True):
    """Say how far an operator's message got; repeating it, or reporting less than is known, changes nothing."""

    delivery: Delivery
    failure: ShortText = ""


class NewHandoff(Body, frozen=True, kw_only=True):
    """Ask for a person, with the context package.

    `customer_asked`: because the customer wants one, which the guard checks; false: for the assistant's own reason.
    `skills`: what the operator must be able to do, beside what the queue asks for.

    A `kind` of assist asks an operator a question, approve proposes an action: both in `reason`. The customer stays
    with the assistant. The answer comes within `deadline_seconds`, else `default_answer` holds: of a question any text,
    of a proposal `approve` or `decline` (left out: decline).
    """

    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    queue: QueueName = "default"
    priority: Annotated[int, Meta(ge=0, le=9)] = 5
    kind: SessionKind = SessionKind.TAKEOVER
    consent: Consent = Consent.UNKNOWN
    context: Context = Context()
    customer_asked: bool = True
    skills: Skills = ()
    deadline_seconds: Annotated[float, Meta(ge=5, le=86_400)] = 120.0
    default_answer: ShortText = ""


class NewCallback(Body, frozen=True, kw_only=True):
    """Ask for a call back, with the context package; who waits already keeps their place in the queue.

    `number` left out is the one that the customer called from, or is known by. `not_before` and `not_after` are when
    the customer wants to be called; left out: from now on, for as long as [callbacks] keep_seconds says.
    """

    number: Annotated[str, Meta(max_length=120)] = ""
    reason: Annotated[str, Meta(max_length=500)] = ""
    queue: QueueName = "default"
    priority: Annotated[int, Meta(ge=0, le=9)] = 5
    not_before: datetime | None = None
    not_after: datetime | None = None
    context: Context = Context()


class ConsentChange(Body, frozen=True, kw_only=True):
    """Say what the customer said about being recorded."""

    consent: Consent


class NewLeg(Body, frozen=True, kw_only=True):
    """Ask for a one-time media token for a leg of a voice conversation."""

    role: LegRole
    transport: Annotated[str, Meta(pattern="^(stream|twilio|plivo|telnyx|jambonz)$")] = "stream"


class EndConversation(Body, frozen=True, kw_only=True):
    """Say that the customer left."""

    reason: ShortText = ""


class NewOperator(Body, frozen=True, kw_only=True):
    """Add a person to the roster."""

    name: Name
    role: Role = Role.OPERATOR
    skills: Skills = ()


class OperatorChange(Body, frozen=True, kw_only=True):
    """Change a person on the roster; what is left out stays as it is."""

    skills: Skills | None = None
    capacity_voice: Annotated[int, Meta(ge=0, le=1)] | None = None
    capacity_chat: Annotated[int, Meta(ge=0, le=100)] | None = None


class NewKey(Body, frozen=True, kw_only=True):
    """Add an assistant's key."""

    name: Name


class KeyChange(Body, frozen=True, kw_only=True):
    """Change an assistant's key."""

    handoff: bool


class PresenceChange(Body, frozen=True, kw_only=True):
    """Set one's presence over REST."""

    presence: Presence
    reason: ShortText = ""


class TypingChange(Body, frozen=True, kw_only=True):
    """Say that the customer writes, or stopped; on the widget also that the assistant does."""

    on: bool
    assistant: bool = False


class PrivacyRequest(Body, frozen=True, kw_only=True):
    """Ask for everything of a contact, or for its end."""

    reason: ShortText = ""
