"""Hold what the machine decides on: one handoff session, without any text that a customer wrote."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from server.core.policy import DEFAULT_VOICEMAIL, NO_POLICY, Hours, Policy, VoicemailRules
from server.core.strategy import RING_IDLE, Routing
from server.wire.calling import Callback, Ring, Transfer
from server.wire.skills import Skill
from server.wire.terms import (
    Consent,
    ConversationId,
    Dial,
    Medium,
    OperatorId,
    OrganisationId,
    Outcome,
    Party,
    Recording,
    SessionId,
    SessionKind,
    SessionState,
    Supervision,
)
from server.wire.views import Ticket

OPEN_STATES = frozenset(SessionState) - {SessionState.CLOSED}
"""States in which a session is on somebody's screen."""
WAITING_STATES = frozenset({SessionState.QUEUED, SessionState.OFFERED})
"""States in which the customer waits for a person."""
IN_HAND_STATES = frozenset({SessionState.CONNECTING, SessionState.ACTIVE, SessionState.HELD})
"""States in which an operator has the customer."""


CONSULT_KINDS = frozenset({SessionKind.ASSIST, SessionKind.APPROVE})
"""What an operator answers without taking the customer: the conversation stays the assistant's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The durations that bound every state; from `[desk]` of the configuration.

    All in seconds. `reconnect_*` is how long an operator who dropped off keeps the customer before the session goes
    back to its place in the queue. `policy` is what happens meanwhile to who waits; `outcome_to` are the destinations
    that are told how a handoff ended; `ticket_system` keeps a ticket of each, made at the
    handoff or when the talk is over. `queues` are the complete rules of the queues that differ.
    `receipt_seconds` is how long a channel that promised receipts may be silent about a message; `edit_window_seconds`
    how long an operator may change or take back what they said. `announce_supervision`: operators see when a supervisor
    is in their session. `short_abandon_seconds`: who leaves sooner is not counted as abandoned. `away_after_missed`:
    so many rings missed in
    a row set an operator away (0: never); `rest_*` is how long nobody is rung after a ring they missed or declined.
    `callback_attempts` calls at the most are placed to call somebody back, `callback_gap_seconds` apart, and only in
    `callback_hours`. Who hung up keeps their place for `redial_seconds`.
    `disposition_required`: a wrap-up that nobody finished closes as `not_given`, until somebody says what it was about.
    `ring_again_seconds` after the last ring that nobody took, everybody may be rung for the session again (0: never).
    """

    screening_seconds: float = 5.0
    offer_voice_seconds: float = 15.0
    offer_chat_seconds: float = 30.0
    connect_lease_seconds: float = 5.0
    reconnect_voice_seconds: float = 15.0
    reconnect_chat_seconds: float = 120.0
    wrap_up_seconds: float = 60.0
    wait_expires_seconds: float = 1800.0
    promise_seconds: float = 60.0
    receipt_seconds: float = 60.0
    edit_window_seconds: float = 900.0
    announce_supervision: bool = True
    short_abandon_seconds: float = 6.0
    away_after_missed: int = 0
    rest_missed_seconds: float = 0.0
    rest_declined_seconds: float = 0.0
    ring_again_seconds: float = 0.0
    disposition_required: bool = False
    routing: Routing = RING_IDLE
    policy: Policy = NO_POLICY
    outcome_to: tuple[str, ...] = ()
    ticket_system: str = ""
    ticket_at_handoff: bool = True
    record: bool = False
    record_needs_consent: bool = True
    voicemail: VoicemailRules = DEFAULT_VOICEMAIL
    queues: Mapping[str, "Rules"] = field(default_factory=dict[str, "Rules"])

    def of(self, queue: str) -> "Rules":
        """Return the rules of one queue: its own where the configuration has some, else these."""
        return self.queues.get(queue, self)

    callback_attempts: int = 3
    callback_gap_seconds: float = 900.0
    callback_keep_seconds: float = 86_400.0
    callback_hours: Hours | None = None
    redial_seconds: float = 60.0
    dial_seconds: float = 40.0
    transfer_seconds: float = 30.0


DEFAULT_RULES = Rules()
"""Of a desk that says nothing about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One stay of a customer with the human team.

    Attributes:
        number: Counts from 1 within the organisation; people say "H-0042".
        epoch: Goes up at each claim and each release; fences commands, media and timers.
        version: Goes up at each saved change.
        queued_at: The place in the queue; kept when the session comes back.
        waiting_since: When the wait in this queue began; the seconds of its policy count from here.
        policy_done: How many steps of the policy are behind the session.
        offered_to: At whom it rings, of several the one whose ring ends first; `offer_expires_at` is when.
        also_rings: The others at whom it rings, those whose ring ends sooner first.
        rung_at: When it began to ring at the last one of them.
        declined_by: Operators who let an offer of this stay in the queue pass.
        passed_at: When the last of them did.
        acknowledged_by: Who outside said that they see to it, in this wait; empty while nobody has.
        skills: What its operator must be able to do, beside what its queue asks for.
        lease_expires_at: When CONNECTING must have become ACTIVE.
        operator_lost_at: Since when the operator's console or leg is missing; None while it is there.
        hung_up: The caller's line was dropped by us.
        supervisor_leg: The one audio leg through which the supervisor may hear and speak; empty while there is none.
        follow_up_at: When what is still to be done is due; set whenever `follow_up` is.
        transfers: The attempts to bring the caller to somebody outside, oldest first; only the last may be under way.
        dial: How far a call that we placed has got; None for a session that a customer began.
        callback: Whom nobody is on the line with yet, and who is to be called back; kept once they are reached.
        recording: Follows from the rest by `server.core.recording`; PAUSED is the operator's word.
        recording_failure: Why the recorder gave up in this call; empty while it did not.
        voicemail_at: When the caller was asked for a message; None while they were not.
        voicemail_seconds: How long the message is that they left; 0: there is none.
        score: How content the customer is, from 1 to 5; 0 while they have not said.
        answer_by: When a question or a proposal must have been answered; then its default holds.
        default_answer: Of a question, the answer when nobody gives one; of a proposal, `approve` or `decline`.
    """

    id: SessionId
    organisation_id: OrganisationId
    number: int
    conversation_id: ConversationId
    medium: Medium
    kind: SessionKind
    state: SessionState
    queue: str
    priority: int
    requested_at: datetime
    queued_at: datetime
    promise_at: datetime
    wait_expires_at: datetime
    waiting_since: datetime
    policy_done: int = 0
    epoch: int = 0
    version: int = 0
    offered_to: OperatorId | None = None
    offer_expires_at: datetime | None = None
    also_rings: tuple[Ring, ...] = ()
    rung_at: datetime | None = None
    declined_by: tuple[OperatorId, ...] = ()
    passed_at: datetime | None = None
    acknowledged_by: str = ""
    skills: tuple[Skill, ...] = ()
    operator_id: OperatorId | None = None
    accepted_at: datetime | None = None
    lease_expires_at: datetime | None = None
    active_at: datetime | None = None
    muted: bool = False
    operator_lost_at: datetime | None = None
    wrap_up_until: datetime | None = None
    ended_at: datetime | None = None
    ended_by: Party | None = None
    closed_at: datetime | None = None
    outcome: Outcome | None = None
    hung_up: bool = False
    follow_up: str = ""
    follow_up_at: datetime | None = None
    follow_up_done_at: datetime | None = None
    follow_up_done_by: OperatorId | None = None
    tickets: tuple[Ticket, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    dial: Dial | None = None
    callback: Callback | None = None
    disposition: str = ""
    note: str = ""
    supervisor_id: OperatorId | None = None
    supervision: Supervision = Supervision.NONE
    supervisor_leg: str = ""
    recording: Recording = Recording.OFF
    consent: Consent = Consent.UNKNOWN
    recording_failure: str = ""
    voicemail_at: datetime | None = None
    voicemail_seconds: int = 0
    score: int = 0
    score_comment: str = ""
    answer_by: datetime | None = None
    default_answer: str = ""


def is_consult(session: Session) -> bool:
    """Tell whether the session is a question or a proposal to an operator, and no customer in anybody's hands."""
    return session.kind in CONSULT_KINDS


def rung(session: Session) -> tuple[OperatorId, ...]:
    """Return everybody at whom the session rings, the one whose ring ends first at the top."""
    first = () if session.offered_to is None else (session.offered_to,)
    return (*first, *(ring.operator_id for ring in session.also_rings))


def label(number: int) -> str:
    """Return what people call a session: H-0042."""
    return f"H-{number:04d}"
