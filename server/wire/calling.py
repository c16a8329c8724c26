"""Say how a session rings, is called back, or is brought to somebody outside: parts of its view."""

from datetime import datetime

from server.wire.terms import Dial, LegId, OperatorId, TransferKind, TransferOutcome, TransferStage
from server.wire.view import View


class Ring(View, frozen=True, kw_only=True):
    """One more operator at whom a session rings, and until when."""

    operator_id: OperatorId
    expires_at: datetime


class CallbackAttempt(View, frozen=True, kw_only=True):
    """One call that was placed to call somebody back, by whom, and how it ended; `outcome` is None while it rings."""

    at: datetime
    operator_id: OperatorId
    outcome: Dial | None = None


class Callback(View, frozen=True, kw_only=True):
    """Somebody is to be called back; they keep their place in the queue meanwhile.

    Attributes:
        not_before: The customer wants no call before this.
        not_after: Nor after this: then it has expired.
        next_at: From when it may ring at an operator (again).
        place_of: The session whose place in the queue it has; empty where it began at the end.
        attempts: The calls that were placed, oldest first.
    """

    asked_at: datetime
    not_before: datetime
    not_after: datetime
    next_at: datetime
    place_of: str = ""
    attempts: tuple[CallbackAttempt, ...] = ()


class Transfer(View, frozen=True, kw_only=True):
    """One attempt to bring a call to somebody outside; it is under way until it has an outcome.

    Attributes:
        id: Names the attempt, and its leg.
        to: What people call the destination.
        address: What is dialled: +4930123456, or sip:billing@pbx.example.com.
        dial: How far the carrier says it has got.
        reason: Why it came to nothing, in words.
        carrier: The channel of the carrier that dials.
        external_id: The carrier's own id of the call to the target.
        by_policy: A step of the queue's policy began it while the caller waited, and no operator.
        to_confirm: For how many seconds the target may think before they take the call with a key; 0: not asked.
        told: The destinations of notices whose answer takes the call as well as the key does.
    """

    id: LegId
    kind: TransferKind
    to: str
    address: str
    began_at: datetime
    expires_at: datetime
    stage: TransferStage = TransferStage.DIALLING
    dial: Dial = Dial.PLACING
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: TransferOutcome | None = None
    reason: str = ""
    carrier: str = ""
    external_id: str = ""
    by_policy: bool = False
    to_confirm: float = 0.0
    told: tuple[str, ...] = ()
