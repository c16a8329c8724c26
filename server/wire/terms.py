"""Name the closed vocabularies of a handoff, in the trade's words (docs/glossary.md)."""

from enum import StrEnum
from typing import Final, NewType

OrganisationId = NewType("OrganisationId", str)
ConversationId = NewType("ConversationId", str)
SessionId = NewType("SessionId", str)
OperatorId = NewType("OperatorId", str)
MessageId = NewType("MessageId", str)
FileId = NewType("FileId", str)
LegId = NewType("LegId", str)
ContactId = NewType("ContactId", str)


class Medium(StrEnum):
    """How the customer talks to us."""

    VOICE = "voice"
    CHAT = "chat"


class SessionKind(StrEnum):
    """What the assistant wants of a person."""

    TAKEOVER = "takeover"
    ASSIST = "assist"
    APPROVE = "approve"
    CALLBACK = "callback"


class SessionState(StrEnum):
    """Where a session stands; docs/states.md draws the machine."""

    SCREENING = "screening"
    ASKED = "asked"
    QUEUED = "queued"
    OFFERED = "offered"
    CONNECTING = "connecting"
    ACTIVE = "active"
    HELD = "held"
    WRAP_UP = "wrap_up"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a session ended, decided by the program."""

    RESOLVED = "resolved"
    RETURNED = "returned"
    ENDED = "ended"
    ABANDONED = "abandoned"
    EXPIRED = "expired"
    REFUSED = "refused"
    TRANSFERRED = "transferred"
    VOICEMAIL = "voicemail"
    VOICEMAIL_EMPTY = "voicemail_empty"
    CALLBACK = "callback"
    FAILED = "failed"
    ANSWERED = "answered"
    APPROVED = "approved"
    DECLINED = "declined"


NOT_GIVEN: Final = "not_given"
"""The disposition of a session whose queue asks for one, and whose wrap-up ended without."""


class Party(StrEnum):
    """Who did it."""

    CUSTOMER = "customer"
    ASSISTANT = "assistant"
    OPERATOR = "operator"
    BROKER = "broker"


class Author(StrEnum):
    """Who wrote or said a message; a note is for operators only."""

    CUSTOMER = "customer"
    ASSISTANT = "assistant"
    OPERATOR = "operator"
    NOTE = "note"
    SYSTEM = "system"


class Owner(StrEnum):
    """Who may speak to the customer now."""

    ASSISTANT = "assistant"
    WAITING = "waiting"
    OPERATOR = "operator"


class Presence(StrEnum):
    """What an operator chose about being rung."""

    AVAILABLE = "available"
    AWAY = "away"
    OFFLINE = "offline"


class Role(StrEnum):
    """What an operator may do (core/permissions.py)."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class Limited(StrEnum):
    """What a plan may limit."""

    OPERATORS = "operators"
    ASSISTANTS = "assistants"
    SESSIONS = "sessions"
    CHANNELS = "channels"


class Feature(StrEnum):
    """What a plan may include."""

    VOICE = "voice"
    SUPERVISION = "supervision"
    TRANSLATION = "translation"


class Supervision(StrEnum):
    """How far a supervisor is in another operator's session; each step hears or says more than the one before."""

    NONE = "none"
    """Not at all."""
    WATCH = "watch"
    """Reads along; no audio."""
    LISTEN = "listen"
    """Hears caller and operator; nobody hears the supervisor."""
    WHISPER = "whisper"
    """The operator alone hears the supervisor."""
    BARGE = "barge"
    """Caller and operator hear the supervisor."""


class AuditAction(StrEnum):
    """What a supervisor did, as it is recorded."""

    WATCH = "watch"
    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"
    STOP = "stop"
    TAKE_OVER = "take_over"
    FORCE_WRAP_UP = "force_wrap_up"
    DIAL = "dial"
    """An operator had somebody called."""
    PLAY = "play"
    """Somebody listened to a recording or a voicemail."""
    REFUSED_SEND = "refused_send"
    """Not a supervisor's: an assistant tried to speak while the conversation was not its own."""
    EXPORT_CONTACT = "export_contact"
    """An administrator took all that is kept of a contact."""
    ERASE_CONTACT = "erase_contact"
    """An administrator erased a contact."""


class Delivery(StrEnum):
    """How far a message got on its way to the customer; `pending` is accepted by the broker, not yet by the channel."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown_outcome"


class MoodLabel(StrEnum):
    """The customer's mood in one word."""

    HAPPY = "happy"
    NEUTRAL = "neutral"
    FRUSTRATED = "frustrated"
    ANGRY = "angry"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Who said or worked out a part of the context package."""

    ASSISTANT = "assistant"
    BUILT_IN = "built-in"
    MODEL = "model"


class Translating(StrEnum):
    """Whether the turns of a conversation are translated."""

    NONE = "none"
    """Nobody needed it so far."""
    ON = "on"
    OFF = "off"
    """An operator switched it off."""


class TranslationState(StrEnum):
    """What stands beside a turn in another language."""

    READY = "ready"
    """A translation of what the turn says."""
    WRITTEN = "written"
    """What the operator wrote: the turn itself is its translation, and was sent."""
    FAILED = "failed"
    """No translation came."""
    UNNEEDED = "unneeded"
    """There is nothing to translate: the reader reads this language."""


class FileState(StrEnum):
    """Whether a file that came with a message is here."""

    HERE = "here"
    COMING = "coming"
    """The channel's platform has it; it is being fetched."""
    GONE = "gone"
    """The platform does not keep it any more, or it could not be read."""
    REFUSED = "refused"
    """It is too large, or of a kind that is not taken."""


class LegRole(StrEnum):
    """Whose media path a leg is."""

    CALLER = "caller"
    ASSISTANT = "assistant"
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    TARGET = "target"
    """Somebody outside whom the call is transferred to."""


class TransferKind(StrEnum):
    """How a call is brought to somebody outside."""

    COLD = "cold"
    """The caller waits, and talks with the target as soon as they answer; the operator leaves."""
    WARM = "warm"
    """The operator speaks with the target first; the caller waits."""
    CONFERENCE = "conference"
    """The caller and the operator go on talking, and the target comes in."""


class TransferStage(StrEnum):
    """Where the target of a transfer stands."""

    DIALLING = "dialling"
    """It rings at the target."""
    CONSULTING = "consulting"
    """Operator and target talk; the caller waits."""
    PARKED = "parked"
    """Operator and caller talk; the target waits."""
    MERGED = "merged"
    """All three talk."""
    ANNOUNCED = "announced"
    """The target hears what it is about, and takes the call with a key; the caller talks on with the assistant."""
    JOINED = "joined"
    """Caller and target talk; the operator has left."""
    OVER = "over"
    """The target is not in the call."""


class TransferOutcome(StrEnum):
    """What became of an attempt to bring a call to somebody outside."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    UNCONFIRMED = "unconfirmed"
    """Somebody or something answered and did not take the call: nobody, or an answering machine."""
    FAILED = "failed"
    CANCELLED = "cancelled"


class TransferStep(StrEnum):
    """What an operator may order while a target rings or is in the call."""

    SWAP = "swap"
    """Talk with the other one of the two; who is left waits."""
    MERGE = "merge"
    """Talk with both."""
    COMPLETE = "complete"
    """Leave the two alone; while it still rings: do so when the target answers."""
    BACK = "back"
    """Let the target go, and talk with the caller."""


class IdentityKind(StrEnum):
    """By what a contact is recognised."""

    EXTERNAL = "external"
    PHONE = "phone"
    EMAIL = "email"
    HANDLE = "handle"


class Dial(StrEnum):
    """How far a call that we place has got; the order is that of time, the last four are ends."""

    PLACING = "placing"
    QUEUED = "queued"
    RINGING = "ringing"
    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Recording(StrEnum):
    """Whether a call is being recorded."""

    OFF = "off"
    ON = "on"
    PAUSED = "paused"


class Consent(StrEnum):
    """What the customer said about being recorded."""

    UNKNOWN = "unknown"
    GIVEN = "given"
    REFUSED = "refused"


class CallPhase(StrEnum):
    """Who the caller is meant to be talking with; the media worker carries it out (core/legs.py)."""

    ASSISTANT = "assistant"
    OPERATOR = "operator"
    HOLD = "hold"
    TARGET = "target"
    VOICEMAIL = "voicemail"
    ENDED = "ended"
