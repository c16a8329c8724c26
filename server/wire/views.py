"""Show the broker's state to consoles and assistants: one struct per thing on the screen.

All instants are aware UTC; all text from outside has passed `server.wire.sanitize`.
"""

from datetime import datetime

import msgspec

from server.wire.calling import Callback, Ring, Transfer
from server.wire.skills import Skill
from server.wire.terms import (
    Author,
    Consent,
    ContactId,
    ConversationId,
    Delivery,
    Dial,
    FileId,
    FileState,
    Medium,
    MessageId,
    MoodLabel,
    OperatorId,
    Outcome,
    Owner,
    Party,
    Presence,
    Recording,
    Role,
    SessionId,
    SessionKind,
    SessionState,
    Source,
    Supervision,
    Translating,
)
from server.wire.translation import TranslationView
from server.wire.view import View

Attribute = str | float | bool
"""A fact about a customer that the assistant's platform brings: a text, a number, or yes or no."""


class Customer(View, frozen=True, kw_only=True):
    """Who the customer is, as far as known."""

    name: str = ""
    handle: str = ""
    channel: str = "api"


class Mood(View, frozen=True, kw_only=True):
    """The customer's mood: a word, a score from -1 (furious) to 1 (delighted), and its course per turn."""

    label: MoodLabel = MoodLabel.UNKNOWN
    score: float = 0.0
    course: tuple[float, ...] = ()


class Fact(View, frozen=True, kw_only=True):
    """One extracted field with the turn it came from."""

    name: str
    value: str
    turn: int | None = None
    confidence: float | None = None
    source: Source = Source.ASSISTANT


class NextAction(View, frozen=True, kw_only=True):
    """One recommended step; `say` is the text that its number key puts into the composer."""

    label: str
    say: str = ""
    source: Source = Source.ASSISTANT


class Sign(View, frozen=True, kw_only=True):
    """Something that the broker saw in the conversation: what, why, and the words that decided.

    Attributes:
        name: guard, asks_for_person, complexity, mood, topic, too_long, or rule:NAME.
        turn: Where the words stand, counted from 1 over the conversation.
    """

    name: str
    reason: str
    span: str = ""
    turn: int | None = None
    score: float | None = None


class Context(View, frozen=True, kw_only=True):
    """The context package: what the assistant knows, so that the customer never repeats themselves.

    The broker completes what the assistant left out; then `summary_status` says how that went: ok,
    insufficient_conversation, ungrounded, or what kept a model from answering (model_timeout, ...).
    `signs` are the broker's own; what an assistant sends there is ignored.
    """

    summary: str = ""
    summary_source: Source = Source.ASSISTANT
    summary_status: str = ""
    mood: Mood = Mood()
    facts: tuple[Fact, ...] = ()
    tried: tuple[str, ...] = ()
    next_actions: tuple[NextAction, ...] = ()
    topic: str = ""
    language: str = ""
    signs: tuple[Sign, ...] = ()


class FileView(View, frozen=True, kw_only=True):
    """A file that came with a message: its bytes are at `/v1/files/{id}`, or somebody else keeps them at `url`.

    Attributes:
        id: Empty for a link.
        name: As its sender called it, made harmless; never a path.
        media_type: What the bytes are, by their beginning; empty for a link.
        size: In bytes; 0 for a link.
        state: Anything but `here`: its bytes are not (yet) with us, and `id` is empty.
    """

    id: FileId = FileId("")
    name: str = ""
    media_type: str = ""
    size: int = 0
    url: str = ""
    state: FileState = FileState.HERE


class Ticket(View, frozen=True, kw_only=True):
    """A ticket of another system that belongs to a session: the system's name, and its number or address there.

    One that the broker keeps has an `id`, what that system's interface calls it, and the `url` where people see it.
    """

    system: str
    reference: str
    id: str = ""
    url: str = ""


class MessageView(View, frozen=True, kw_only=True):
    """One turn of a conversation; `position` counts from 1 without holes within the conversation.

    Attributes:
        version: Goes up at each change of the message; of two views the higher one is newer.
        edited_at: When the text was changed last; the former texts are in the audit.
        deleted_at: When it was taken back: the text is empty then.
        again_of: The message that this one sends again, because its outcome was not known or it failed.
        translation: What it says in the desk's language, or what its operator wrote; None where nothing is translated.
    """

    id: MessageId
    conversation_id: ConversationId
    position: int
    author: Author
    text: str
    at: datetime
    author_name: str = ""
    session_id: SessionId | None = None
    operator_id: OperatorId | None = None
    delivery: Delivery = Delivery.SENT
    failure: str = ""
    version: int = 0
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    again_of: MessageId | None = None
    files: tuple[FileView, ...] = ()
    translation: TranslationView | None = None


class RevisionView(View, frozen=True, kw_only=True):
    """What a message said before it was changed: `deleted` tells whether that change took it back."""

    message_id: MessageId
    version: int
    text: str
    at: datetime
    by: Party
    by_name: str = ""
    deleted: bool = False


class ConversationView(View, frozen=True, kw_only=True):
    """All talk with one customer on one channel, across assistant and people.

    `receipts` says that the channel promised to report what becomes of operators' messages. `account` is the channel of
    the configuration that it lies on. Until `elsewhere_until` a person answers in the platform's own app, and the
    assistant may not speak; `refused_sends` counts what it tried to say while the conversation was not its own.
    `language` is the customer's, where the desk does not read it.
    """

    id: ConversationId
    medium: Medium
    customer: Customer
    created_at: datetime
    owner: Owner = Owner.ASSISTANT
    owner_epoch: int = 0
    external_id: str = ""
    ended_at: datetime | None = None
    caller_connected: bool = False
    assistant_connected: bool = False
    receipts: bool = False
    contact_id: ContactId | None = None
    account: str = ""
    elsewhere_until: datetime | None = None
    refused_sends: int = 0
    language: str = ""
    translation: Translating = Translating.NONE


class SessionView(View, frozen=True, kw_only=True):
    """One handoff session: the queue row, the card and the call bar are drawn from it.

    `epoch` goes up at each claim and each release and fences commands; `version` goes up at every change.
    It rings at `offered_to`, and at those of `also_rings` where its queue rings several at once.
    `acknowledged_by` is who outside answered a notice with "I take it".
    `supervisor_id` and `supervision` are left out for everybody but supervisors where the queue does not announce them.
    A follow-up is pending until `follow_up_done_at`. `dial` is set on a call that we placed. `score` is how content the
    customer is, from 1 to 5, and 0 while they have not said. Of a question `default_answer` holds at `answer_by`.
    `language` is the customer's, where the desk does not read it; `translation` says whether turns are translated.
    """

    id: SessionId
    number: str
    conversation_id: ConversationId
    medium: Medium
    kind: SessionKind
    state: SessionState
    epoch: int
    version: int
    queue: str
    priority: int
    reason: str
    customer: Customer
    context: Context
    requested_at: datetime
    queued_at: datetime
    promise_at: datetime | None = None
    offered_to: OperatorId | None = None
    offer_expires_at: datetime | None = None
    also_rings: tuple[Ring, ...] = ()
    acknowledged_by: str = ""
    operator_id: OperatorId | None = None
    accepted_at: datetime | None = None
    active_at: datetime | None = None
    muted: bool = False
    operator_lost_at: datetime | None = None
    follow_up: str = ""
    follow_up_at: datetime | None = None
    follow_up_done_at: datetime | None = None
    follow_up_done_by: OperatorId | None = None
    tickets: tuple[Ticket, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    skills: tuple[Skill, ...] = ()
    contact_id: ContactId | None = None
    dial: Dial | None = None
    callback: Callback | None = None
    wrap_up_until: datetime | None = None
    ended_at: datetime | None = None
    ended_by: Party | None = None
    closed_at: datetime | None = None
    outcome: Outcome | None = None
    disposition: str = ""
    note: str = ""
    supervisor_id: OperatorId | None = None
    supervision: Supervision = Supervision.NONE
    recording: Recording = Recording.OFF
    consent: Consent = Consent.UNKNOWN
    recording_failure: str = ""
    voicemail_at: datetime | None = None
    voicemail_seconds: int = 0
    score: int = 0
    score_comment: str = ""
    answer_by: datetime | None = None
    default_answer: str = ""
    language: str = ""
    translation: Translating = Translating.NONE
    last_turns: tuple[MessageView, ...] = ()

    def rung(self) -> tuple[OperatorId, ...]:
        """Return everybody at whom it rings, the first one first."""
        first = () if self.offered_to is None else (self.offered_to,)
        return (*first, *(ring.operator_id for ring in self.also_rings))

    def rings_at(self, who: OperatorId | None) -> bool:
        """Tell whether it rings at this operator."""
        return who is not None and who in self.rung()

    def ring_ends(self, who: OperatorId | None) -> datetime | None:
        """Return until when it rings at this operator; None when it does not."""
        if who is not None and who == self.offered_to:
            return self.offer_expires_at
        return next((ring.expires_at for ring in self.also_rings if ring.operator_id == who), None)


class OperatorView(View, frozen=True, kw_only=True):
    """One person on the roster; `connected` is the broker's own view of their consoles.

    `pending_presence` takes effect when nothing is in hand any more. `break_asked_at` is set while a request for a
    break is open; `break_answer` is what became of the last one, for its operator to read.
    """

    id: OperatorId
    name: str
    role: Role
    presence: Presence
    since: datetime
    reason: str = ""
    pending_presence: Presence | None = None
    pending_reason: str = ""
    break_asked_at: datetime | None = None
    break_reason: str = ""
    break_answer: str = ""
    connected: bool = False
    skills: tuple[Skill, ...] = ()
    sessions: tuple[SessionId, ...] = ()


class Digest(View, frozen=True, kw_only=True):
    """What happened between `since` and `until`, for an operator who comes: lists are cut, counts are not.

    `follow_ups` are closed sessions with something still to be done, `mentions` notes that name the operator, newest
    first; `outcomes` counts closed sessions by how they ended.
    """

    since: datetime
    until: datetime
    waiting: tuple[SessionView, ...] = ()
    waiting_count: int = 0
    late_count: int = 0
    follow_ups: tuple[SessionView, ...] = ()
    mentions: tuple[MessageView, ...] = ()
    outcomes: dict[Outcome, int] = msgspec.field(default_factory=dict[Outcome, int])
    on_duty: tuple[OperatorView, ...] = ()


class PhonebookEntry(View, frozen=True, kw_only=True):
    """Somebody outside whom calls may be brought to: name, what is dialled, whether one speaks with them first."""

    name: str
    address: str
    warm_only: bool = False


class DeskPolicy(View, frozen=True, kw_only=True):
    """What the desk's rules say about people.

    Attributes:
        away_reasons: The reasons to be away that are offered.
        max_on_break: How many may be away (0: any).
        phonebook: Whom calls may be brought to by name.
    """

    away_reasons: tuple[str, ...] = ()
    max_on_break: int = 0
    phonebook: tuple[PhonebookEntry, ...] = ()


NO_POLICY = DeskPolicy()
"""No reason is offered, and any number may be away."""


class MediaGrant(View, frozen=True, kw_only=True):
    """A one-time right to open one media leg: where, with which token, for which epoch."""

    url: str
    token: str
    epoch: int
    expires_at: datetime
    call_id: ConversationId


class Page(View, frozen=True, kw_only=True):
    """One page of closed sessions, newest first; pass `next_before` back to read on."""

    sessions: tuple[SessionView, ...] = ()
    next_before: str = ""


class MeView(View, frozen=True, kw_only=True):
    """Whose token it is."""

    kind: str
    name: str
    organisation_id: str
    operator: OperatorView | None = None
