"""Order what must follow a change; the broker writes the orders beside the change and carries them out after it."""

from dataclasses import dataclass
from enum import StrEnum


class Notice(StrEnum):
    """What a waiting or returning customer is told; the wording is configuration."""

    OPERATOR_JOINED = "operator_joined"
    BACK_IN_QUEUE = "back_in_queue"
    PASSED_ON = "passed_on"
    BACK_WITH_ASSISTANT = "back_with_assistant"
    NOBODY_CAME = "nobody_came"


@dataclass(frozen=True, slots=True)
class SyncCall:
    """Bring the live call to what the session says (`core.calls.call_phase`)."""


@dataclass(frozen=True, slots=True)
class ReturnToAssistant:
    """Tell the assistant that the human stretch is over, with all of it."""


@dataclass(frozen=True, slots=True)
class AnswerAssistant:
    """Tell the assistant the answer to its question, or the decision on its proposal."""


@dataclass(frozen=True, slots=True)
class TellCustomer:
    """Tell the customer, in the conversation."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class DropDial:
    """Have the carrier stop ringing a call that we placed."""


@dataclass(frozen=True, slots=True)
class DropTarget:
    """Have the carrier end its call to the target of a transfer, ringing or not; `attempt` names it."""

    attempt: str


@dataclass(frozen=True, slots=True)
class PlaceDial:
    """Have the carrier call back whom an operator has just accepted, once."""


@dataclass(frozen=True, slots=True)
class BookCallback:
    """Let who waits be called back, if we know where; `text` tells them so, and `offer` tells whom we can't call."""

    text: str
    offer: str


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """Have the carrier call the target of the attempt, once; a broker that dies meanwhile calls nobody."""

    attempt: str


@dataclass(frozen=True, slots=True)
class TellWaiting:
    """Tell who waits a line of the policy; `{position}` and `{waited_minutes}` are filled in when it is said."""

    text: str


@dataclass(frozen=True, slots=True)
class Notify:
    """Send a notice about the waiting session, unless somebody has taken it by then; again after `repeat_seconds`."""

    destinations: tuple[str, ...]
    repeat_seconds: float = 0.0


Effect = (
    SyncCall
    | ReturnToAssistant
    | AnswerAssistant
    | TellCustomer
    | TellWaiting
    | Notify
    | DropDial
    | DropTarget
    | PlaceCall
    | PlaceDial
    | BookCallback
)
"""Every order there is."""
