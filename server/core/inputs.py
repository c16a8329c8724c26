"""State the facts that reach a session; each is something that has happened, never an order."""

from dataclasses import dataclass
from datetime import datetime

from server.core.consult_inputs import ConsultInput
from server.core.outside_inputs import Outside, OutsideInput
from server.core.voicemail_inputs import VoicemailInput
from server.wire.terms import Consent, Dial, LegId, OperatorId, Supervision, TransferKind, TransferOutcome, TransferStep
from server.wire.views import Ticket


@dataclass(frozen=True, slots=True)
class ScreeningPassed:
    """The guard let the request through (or took too long: nobody is lost to a slow guard)."""


@dataclass(frozen=True, slots=True)
class ScreeningRefused:
    """The guard says that no person is needed."""


@dataclass(frozen=True, slots=True)
class OfferMade:
    """Routing chose an operator to ring."""

    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class OfferDeclined:
    """The rung operator let it pass."""

    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class OfferLapsed:
    """Whoever was rung first did not answer in time, and nobody whose time is over as well."""


@dataclass(frozen=True, slots=True)
class OfferWithdrawn:
    """A rung operator is not there any more: they did not let it pass, and may be rung for it again."""

    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class RingAgain:
    """Everybody let it pass, and enough time has gone by: who did may be rung for it once more."""


@dataclass(frozen=True, slots=True)
class OperatorAccepted:
    """An operator took the session, offered or not, as they saw it at `epoch`."""

    operator_id: OperatorId
    epoch: int


@dataclass(frozen=True, slots=True)
class MediaBridged:
    """Caller and operator hear each other."""

    epoch: int


@dataclass(frozen=True, slots=True)
class ConnectFailed:
    """The connection did not come up within its lease."""

    epoch: int


@dataclass(frozen=True, slots=True)
class OperatorLost:
    """The operator's leg (voice) or last console (chat) is gone."""

    epoch: int


@dataclass(frozen=True, slots=True)
class OperatorBack:
    """The operator who was lost is there again, in time."""

    epoch: int


@dataclass(frozen=True, slots=True)
class OperatorGone:
    """The operator who was lost did not come back in time."""

    epoch: int


@dataclass(frozen=True, slots=True)
class CustomerLeft:
    """The customer hung up or closed the chat."""


@dataclass(frozen=True, slots=True)
class NoticeAcknowledged:
    """Somebody outside said that they see to it; `name` is what they are called, `destination` where they were told."""

    name: str
    destination: str = ""


@dataclass(frozen=True, slots=True)
class PolicyDue:
    """The second of the policy's step `number` (from 0) has come; `on_duty` tells whether anybody is.

    `outside` is whom a step that calls somebody would call; None with every other step.
    """

    number: int
    on_duty: bool = True
    outside: Outside | None = None


@dataclass(frozen=True, slots=True)
class ConsentTold:
    """The assistant knows what the customer said about being recorded."""

    consent: Consent = Consent.GIVEN


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """The recorder gave up on this call, and why; the call goes on."""

    reason: str = "the recorder failed"


@dataclass(frozen=True, slots=True)
class WaitExpired:
    """Nobody came, and the wait has ended."""


@dataclass(frozen=True, slots=True)
class SupervisorLost:
    """The supervisor's audio leg or console is gone; `leg` is empty where there was no audio."""

    leg: str


@dataclass(frozen=True, slots=True)
class WrapUpLapsed:
    """The time for writing up is over."""


@dataclass(frozen=True, slots=True)
class FromOperator:
    """What the inputs of an operator in charge share: who, and for which epoch."""

    operator_id: OperatorId
    epoch: int


@dataclass(frozen=True, slots=True)
class OperatorMuted(FromOperator):
    """The operator muted (or unmuted) themselves."""

    on: bool


@dataclass(frozen=True, slots=True)
class OperatorHeld(FromOperator):
    """The operator put the customer on hold, or took them back."""

    on: bool


@dataclass(frozen=True, slots=True)
class RecordingPaused(FromOperator):
    """The operator paused the recording, or lets it go on."""

    on: bool


@dataclass(frozen=True, slots=True)
class ConsentNoted(FromOperator):
    """The operator asked the customer about being recorded."""

    consent: Consent = Consent.GIVEN


@dataclass(frozen=True, slots=True)
class OperatorReturned(FromOperator):
    """The operator gave the conversation back to the assistant."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class OperatorResolved(FromOperator):
    """The operator said that the matter is done."""

    note: str = ""
    disposition: str = ""
    hang_up: bool = False


@dataclass(frozen=True, slots=True)
class OperatorEnded(FromOperator):
    """The operator hung up."""


@dataclass(frozen=True, slots=True)
class OperatorRequeued(FromOperator):
    """The operator put the session back into a queue; an empty name means the same queue."""

    queue: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FollowUpSet(FromOperator):
    """The operator said what is still to be done, and by when (None: at once); empty when nothing is."""

    text: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FollowUpFinished:
    """Some operator said that an ended matter is done after all."""

    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class TicketLinked:
    """Some operator linked a ticket of another system, or took the link away."""

    ticket: Ticket
    removed: bool = False


@dataclass(frozen=True, slots=True)
class CustomerScored:
    """The customer said how content they are with the talk, from 1 to 5, and may have said why."""

    score: int = 5
    comment: str = ""


@dataclass(frozen=True, slots=True)
class DialStarted:
    """An operator has the customer called; the call is theirs from the first ring."""

    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class DialMoved:
    """The carrier says how far the call that we placed has got; told twice, late or out of order, it does no harm."""

    dial: Dial
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TransferStarted(FromOperator):
    """The operator has somebody outside called, to bring the caller to them; `attempt` names the try and its leg."""

    attempt: LegId
    kind: TransferKind
    to: str
    address: str
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class TransferSteered(FromOperator):
    """The operator went on with a transfer, or took it back."""

    step: TransferStep = TransferStep.BACK


@dataclass(frozen=True, slots=True)
class TransferMoved:
    """The carrier says how far its call to the target has got; late, twice or out of order it does no harm."""

    attempt: LegId
    dial: Dial = Dial.QUEUED
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """The target does not come: the carrier says so, or the time is over; too late once they answered."""

    attempt: LegId
    outcome: TransferOutcome = TransferOutcome.NO_ANSWER
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TargetUp:
    """The target answered: their leg is connected."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class TargetDown:
    """The target's leg is gone; `clean` when they hung up."""

    leg: LegId
    clean: bool = True


@dataclass(frozen=True, slots=True)
class WrapUpFinished(FromOperator):
    """The operator has written up."""

    disposition: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FromSupervisor:
    """What the inputs of a supervisor share: who, for which epoch, and why."""

    operator_id: OperatorId
    epoch: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SupervisionChosen(FromSupervisor):
    """A supervisor went to another step of the ladder; `leg` is the id of their audio leg, if they need a new one."""

    mode: Supervision = Supervision.NONE
    leg: str = ""


@dataclass(frozen=True, slots=True)
class TakenOver(FromSupervisor):
    """A supervisor took the customer out of the operator's hands."""


@dataclass(frozen=True, slots=True)
class WrapUpForced(FromSupervisor):
    """A supervisor ended the operator's wrap-up."""


Input = (
    ScreeningPassed
    | ScreeningRefused
    | OfferMade
    | OfferDeclined
    | OfferLapsed
    | OfferWithdrawn
    | RingAgain
    | OperatorAccepted
    | MediaBridged
    | ConnectFailed
    | OperatorLost
    | OperatorBack
    | OperatorGone
    | CustomerLeft
    | NoticeAcknowledged
    | PolicyDue
    | VoicemailInput
    | ConsentTold
    | RecordingFailed
    | WaitExpired
    | WrapUpLapsed
    | OperatorMuted
    | OperatorHeld
    | RecordingPaused
    | ConsentNoted
    | OperatorReturned
    | OperatorResolved
    | OperatorEnded
    | OperatorRequeued
    | FollowUpSet
    | FollowUpFinished
    | TicketLinked
    | CustomerScored
    | DialStarted
    | DialMoved
    | TransferStarted
    | TransferSteered
    | TransferMoved
    | TransferFailed
    | TargetUp
    | OutsideInput
    | TargetDown
    | WrapUpFinished
    | SupervisionChosen
    | SupervisorLost
    | TakenOver
    | WrapUpForced
    | ConsultInput
)
"""Every fact there is."""
