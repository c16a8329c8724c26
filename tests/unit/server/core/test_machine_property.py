"""Whatever happens, in whatever order, the promises of the machine hold: random facts, several operators, any time.

Two machines run: one drives calls, one chats. Time is a number that the test moves; deadlines fire at their instants,
early and late, and facts that were true once arrive again later, as delayed timers and media facts do.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from server.core import inputs as i
from server.core.calls import call_phase, leaves_message
from server.core.deadlines import next_deadline
from server.core.effects import ReturnToAssistant, SyncCall
from server.core.errors import ConflictError
from server.core.machine import ILLEGAL, INPUTS, LATE, TRANSITIONS, Step, step
from server.core.outside_inputs import Outside, TargetPressed
from server.core.ownership import owner_of
from server.core.policy import CallOut, Policy, PolicyStep, Voicemail
from server.core.session import IN_HAND_STATES, WAITING_STATES, Rules, Session, rung
from server.core.strategy import Routing, Strategy
from server.core.supervision import AUDIBLE
from server.core.transfers import in_call, is_ringing, under_way
from server.core.voicemail_inputs import VoicemailEmpty, VoicemailFailed, VoicemailLeft
from server.wire.terms import (
    CallPhase,
    LegId,
    Medium,
    OperatorId,
    Outcome,
    Owner,
    Party,
    SessionState,
    Supervision,
    TransferKind,
    TransferStage,
    TransferStep,
)
from tests.unit.server.core.building import NOW, new_session

pytestmark = pytest.mark.unit

S = SessionState
OPERATORS = [OperatorId(name) for name in ("ann", "ben", "cat")]
TEXTS = st.sampled_from(["", "ring back", "billing"])
LEGS = st.sampled_from([LegId("x_1"), LegId("x_2")])
CALLING = Policy(tuple(PolicyStep(second, CallOut("owner", 20, 10, destinations=("dispatch",))) for second in (5, 60)))
CODES = {
    "already_acknowledged",
    "not_possible_now",
    "session_closed",
    "already_taken",
    "not_yours",
    "stale_epoch",
    "not_offered_to_you",
    "own_session",
    "already_supervised",
    "nothing_to_hear",
    "not_recorded",
    "not_on_the_telephone",
    "transfer_under_way",
    "too_many_transfers",
    "no_transfer",
    "target_rings",
}
AFTERWARDS = {i.FollowUpSet, i.FollowUpFinished, i.TicketLinked}
TALK_OVER = {S.WRAP_UP, S.CLOSED}
ENDINGS = {i.OperatorReturned, i.OperatorResolved, i.OperatorEnded}


class Life(RuleBasedStateMachine):
    """One session's life; a subclass says of which medium."""

    medium = Medium.VOICE

    @initialize(
        wrap_up=st.sampled_from([0.0, 60.0]),
        epoch=st.integers(1, 5),
        record=st.booleans(),
        strategy=st.sampled_from([Strategy.LONGEST_IDLE, Strategy.RING_ALL]),
        asks_for_messages=st.booleans(),
    )
    def request(self, wrap_up: float, epoch: int, record: bool, strategy: Strategy, asks_for_messages: bool) -> None:
        policy = Policy((*CALLING.steps, PolicyStep(80.0, Voicemail()))) if asks_for_messages else CALLING
        self.rules = Rules(wrap_up_seconds=wrap_up, record=record, routing=Routing(strategy), policy=policy)
        self.now: datetime = NOW
        self.session: Session = new_session(self.medium, epoch=epoch)
        self.first = self.session
        self.stale: list[i.Input] = []
        self.returns = 0

    @rule(seconds=st.sampled_from([0.5, 4.0, 14.0, 31.0, 120.0, 1900.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: self.deadline() is not None)
    @rule(late_seconds=st.sampled_from([0.0, 0.0, 3.0]))
    def deadline_passes(self, late_seconds: float) -> None:
        deadline = self.deadline()
        assert deadline is not None
        self.now = max(self.now, deadline[0]) + timedelta(seconds=late_seconds)
        before = self.session
        done = self.happen(deadline[1])
        assert done is not None, "a deadline is never refused"
        assert done.changed, "a deadline moves the session"
        again = self.deadline()
        assert again is None or again != deadline, "the same deadline would fire for ever"
        goes_on = isinstance(deadline[1], i.PolicyDue | i.TransferFailed) or bool(before.also_rings)
        assert before.state is not done.session.state or goes_on

    @invariant()
    def it_rings_at_each_once_and_whoever_ends_first_is_first(self) -> None:
        session = self.session
        rings = rung(session)
        assert bool(rings) == (session.state is S.OFFERED) == (session.rung_at is not None)
        assert len(set(rings)) == len(rings)
        assert not session.also_rings or self.rules.routing.rings_several
        ends = [one.expires_at for one in session.also_rings]
        assert ends == sorted(ends)
        assert not ends or (session.offer_expires_at is not None and session.offer_expires_at <= ends[0])

    @rule(who=st.sampled_from(OPERATORS), kind=st.sampled_from([i.OfferMade, i.OfferDeclined, i.OfferWithdrawn]))
    def routing(self, who: OperatorId, kind: type) -> None:
        self.happen(kind(who))

    @rule(who=st.sampled_from(OPERATORS), behind=st.sampled_from([0, 0, 0, 1, 2]))
    def accept(self, who: OperatorId, behind: int) -> None:
        self.happen(i.OperatorAccepted(who, self.session.epoch - behind))

    @rule(
        kind=st.sampled_from([i.MediaBridged, i.ConnectFailed, i.OperatorLost, i.OperatorBack, i.OperatorGone]),
        behind=st.sampled_from([0, 0, 0, 1, -1]),
    )
    def media(self, kind: type, behind: int) -> None:
        self.happen(kind(self.session.epoch - behind))

    @rule(kind=st.sampled_from([VoicemailLeft, VoicemailEmpty, VoicemailFailed]))
    def message(self, kind: type) -> None:
        before = self.session
        done = self.happen(kind())
        if done is not None and done.changed:
            assert before.voicemail_at is not None, "nobody leaves a message who was not asked"

    @rule(
        kind=st.sampled_from(
            [
                i.ScreeningPassed,
                i.OfferLapsed,
                i.RingAgain,
                i.WrapUpLapsed,
                i.WaitExpired,
                i.ScreeningRefused,
            ]
        )
    )
    def broker(self, kind: type) -> None:
        self.happen(kind())

    @rule(leaves=st.integers(0, 5))
    def customer_leaves(self, leaves: int) -> None:
        if leaves == 0:  # not too often: it ends most lives
            self.happen(i.CustomerLeft())

    @rule(
        who=st.sampled_from(OPERATORS),
        behind=st.sampled_from([0, 0, 0, 1]),
        kind=st.sampled_from([kind for kind in INPUTS if issubclass(kind, i.FromOperator)]),
        on=st.booleans(),
        text=TEXTS,
    )
    def order(self, who: OperatorId, behind: int, kind: type, on: bool, text: str) -> None:
        self.happen(_order(kind, who, self.session.epoch - behind, on, text))

    @rule(
        who=st.sampled_from(OPERATORS),
        behind=st.sampled_from([0, 0, 0, 1]),
        mode=st.sampled_from(Supervision),
        leg=st.sampled_from(["l1", "l2"]),
    )
    def supervisor_steps(self, who: OperatorId, behind: int, mode: Supervision, leg: str) -> None:
        self.happen(i.SupervisionChosen(who, self.session.epoch - behind, mode=mode, leg=leg))

    @rule(who=st.sampled_from(OPERATORS), behind=st.sampled_from([0, 0, 0, 1]), often=st.integers(0, 3))
    def supervisor_takes_over(self, who: OperatorId, behind: int, often: int) -> None:
        if often == 0:
            self.happen(i.TakenOver(who, self.session.epoch - behind))
            self.happen(i.WrapUpForced(who, self.session.epoch - behind, "late"))

    @precondition(lambda self: self.session.operator_id is not None and self.session.state in IN_HAND_STATES)
    @rule(step=st.sampled_from(TransferStep), kind=st.sampled_from(TransferKind), leg=LEGS, begins=st.booleans())
    def operator_transfers(self, step: TransferStep, kind: TransferKind, leg: LegId, begins: bool) -> None:
        who, epoch = self.session.operator_id, self.session.epoch
        assert who is not None
        begin = i.TransferStarted(who, epoch, leg, kind, "Billing", "+4930123456")
        self.happen(begin if begins else i.TransferSteered(who, epoch, step))

    @rule(kind=st.sampled_from([i.TargetUp, i.TargetDown, i.TransferMoved, i.TransferFailed, TargetPressed]), leg=LEGS)
    def target(self, kind: type, leg: LegId) -> None:
        self.happen(kind(leg))

    @precondition(lambda self: self.session.state in WAITING_STATES)
    @rule(leg=LEGS, problem=st.sampled_from(["", "", "no carrier"]))
    def policy_calls(self, leg: LegId, problem: str) -> None:
        self.happen(i.PolicyDue(self.session.policy_done, outside=Outside(leg, "Owner", "+4930", "sip", problem)))

    @rule(to=st.sampled_from(["", "dispatch", "elsewhere"]))
    def somebody_acknowledges(self, to: str) -> None:
        self.happen(i.NoticeAcknowledged("Dana", to))

    @invariant()
    def only_a_talk_has_a_target(self) -> None:
        session, attempt = self.session, under_way(self.session)
        assert all(one.outcome is not None and one.ended_at is not None for one in session.transfers[:-1])
        talks = WAITING_STATES if attempt is not None and attempt.by_policy else {S.ACTIVE, S.HELD}
        assert attempt is None or session.state in talks
        if attempt is not None and attempt.stage is TransferStage.ANNOUNCED:
            assert session.state in WAITING_STATES
        if attempt is not None and attempt.stage is TransferStage.CONSULTING:
            assert session.state is S.HELD, "the caller waits while operator and target talk"
        if attempt is not None and attempt.stage in {TransferStage.PARKED, TransferStage.MERGED}:
            assert session.state is S.ACTIVE
        assert (session.outcome is Outcome.TRANSFERRED) == (in_call(session) is not None and attempt is None)

    @rule(leg=st.sampled_from(["", "l1", "l2"]))
    def supervisor_is_lost(self, leg: str) -> None:
        self.happen(i.SupervisorLost(leg))

    @precondition(lambda self: self.session.operator_id is not None and self.session.state in IN_HAND_STATES)
    @rule(kind=st.sampled_from([i.OperatorMuted, i.OperatorHeld, i.FollowUpSet]), on=st.booleans(), text=TEXTS)
    def operator_in_charge(self, kind: type, on: bool, text: str) -> None:
        assert self.session.operator_id is not None
        self.happen(_order(kind, self.session.operator_id, self.session.epoch, on, text))

    @precondition(lambda self: bool(self.stale))
    @rule(data=st.data())
    def something_old_arrives_again(self, data: st.DataObject) -> None:
        self.happen(data.draw(st.sampled_from(self.stale)))

    def deadline(self) -> tuple[datetime, i.Input] | None:
        return next_deadline(self.session, self.rules)

    def happen(self, fact: i.Input) -> Step | None:
        """Let `fact` happen; check what must hold for any step."""
        before, pair = self.session, (self.session.state, type(fact))
        try:
            done = step(before, fact, self.rules, self.now)
        except ConflictError as refusal:
            assert pair not in LATE
            _check_refusal(refusal)
            return None
        assert pair not in ILLEGAL
        assert done.changed == (done.session != before)
        if pair in LATE or not done.changed:
            assert (done.session, done.effects) == (before, ())
            return done
        assert pair in TRANSITIONS
        self._check_change(before, done, fact)
        if hasattr(fact, "epoch"):
            self.stale.append(fact)
        self.session = done.session
        return done

    def _check_change(self, before: Session, done: Step, fact: i.Input) -> None:
        after = done.session
        assert before.state is not S.CLOSED or type(fact) in AFTERWARDS, "nothing else moves a closed session"
        assert before.state is not S.CLOSED or after.state is S.CLOSED, "nothing leaves the terminal state"
        assert after.version == before.version + 1
        assert after.epoch in {before.epoch, before.epoch + 1}
        assert getattr(fact, "epoch", before.epoch) == before.epoch, "an older epoch changes nothing"
        if after.operator_id != before.operator_id:
            assert after.epoch == before.epoch + 1, "whoever takes or loses a session is fenced off"
            replaced = None not in {before.operator_id, after.operator_id}
            assert not replaced or isinstance(fact, i.TakenOver), "no operator is replaced in talk but by a supervisor"
        if before.outcome is not None:
            assert (after.outcome, after.ended_by, after.ended_at) == (before.outcome, before.ended_by, before.ended_at)
            assert (after.hung_up, after.epoch) == (before.hung_up, before.epoch)
        if before.outcome is None and after.outcome is not None:
            self.returns += done.effects.count(ReturnToAssistant())
        moved = any(of(before) != of(after) for of in (call_phase, _ladder, _place)) or before.muted != after.muted
        if self.medium is Medium.VOICE and moved and after.state is not S.CONNECTING:
            assert SyncCall() in done.effects, "who hears whom changed, and the call was not told"
        assert self.medium is Medium.VOICE or SyncCall() not in done.effects

    @invariant()
    def what_never_changes(self) -> None:
        for name in (
            "id",
            "number",
            "conversation_id",
            "medium",
            "requested_at",
            "queued_at",
            "promise_at",
            "priority",
        ):
            assert getattr(self.session, name) == getattr(self.first, name)
        assert self.session.epoch >= self.first.epoch

    @invariant()
    def exactly_one_outcome_once_the_talk_is_over(self) -> None:
        session = self.session
        over = session.state in TALK_OVER
        assert (session.outcome is not None) == over
        assert (session.ended_at is not None) == over
        assert (session.ended_by is not None) == over
        assert (session.closed_at is not None) == (session.state is S.CLOSED)
        assert (session.wrap_up_until is not None) == (session.state is S.WRAP_UP)
        returned = over and session.outcome is not Outcome.TRANSFERRED
        assert self.returns == int(returned), "the assistant hears of the end exactly once, unless somebody else has it"

    @invariant()
    def at_most_one_operator_is_in_charge(self) -> None:
        session = self.session
        if session.state in IN_HAND_STATES or session.state is S.WRAP_UP:
            assert session.operator_id is not None
        if session.state in WAITING_STATES or session.state is S.SCREENING:
            assert session.operator_id is None
        assert (session.offered_to is not None) == (session.state is S.OFFERED)
        assert (session.offer_expires_at is not None) == (session.state is S.OFFERED)
        assert (session.lease_expires_at is not None) == (session.state is S.CONNECTING)
        if session.operator_lost_at is not None:
            assert session.state in {S.ACTIVE, S.HELD}
        if session.muted:
            assert session.state in IN_HAND_STATES

    @invariant()
    def a_supervisor_is_only_in_others_talks(self) -> None:
        session = self.session
        supervised = session.supervisor_id is not None
        assert supervised == (session.supervision is not Supervision.NONE)
        assert bool(session.supervisor_leg) == (session.supervision in AUDIBLE)
        if supervised:
            assert session.state in {S.ACTIVE, S.HELD}
            assert session.supervisor_id != session.operator_id
        if session.medium is Medium.CHAT:
            assert session.supervision not in AUDIBLE

    @invariant()
    def nobody_waits_without_a_deadline(self) -> None:
        deadline, session = self.deadline(), self.session
        if session.state in {S.SCREENING, S.QUEUED, S.OFFERED, S.CONNECTING, S.WRAP_UP}:
            assert deadline is not None
        if session.state is S.CLOSED:
            assert deadline is None
        if session.state in {S.ACTIVE, S.HELD}:
            rings = any(map(is_ringing, session.transfers))
            assert (deadline is None) == (session.operator_lost_at is None and not rings)
        if deadline is not None:
            assert (session.state, type(deadline[1])) in TRANSITIONS
            assert deadline[0].tzinfo is not None

    @invariant()
    def the_call_and_the_owner_follow_from_the_state(self) -> None:
        session = self.session
        dropped = session.hung_up or session.ended_by is Party.CUSTOMER
        moved_on = session.outcome is Outcome.TRANSFERRED
        talk_over = CallPhase.ENDED if dropped else CallPhase.TARGET if moved_on else CallPhase.ASSISTANT
        expected = {S.CONNECTING: CallPhase.OPERATOR, S.ACTIVE: CallPhase.OPERATOR, S.HELD: CallPhase.HOLD}
        if leaves_message(session):
            expected |= dict.fromkeys(WAITING_STATES, CallPhase.VOICEMAIL)
        over = session.state in TALK_OVER
        assert call_phase(session) is (talk_over if over else expected.get(session.state, CallPhase.ASSISTANT))
        if session.state in {S.ACTIVE, S.HELD} or moved_on:
            assert owner_of(session) is Owner.OPERATOR
        elif session.state in {*WAITING_STATES, S.CONNECTING}:
            assert owner_of(session) is Owner.WAITING
        else:
            assert owner_of(session) is Owner.ASSISTANT

    @invariant()
    def outcomes_say_who_ended_it(self) -> None:
        allowed = {
            None: {None},
            Party.CUSTOMER: {
                Outcome.ABANDONED,
                Outcome.RESOLVED,
                Outcome.ENDED,
                Outcome.VOICEMAIL,
                Outcome.VOICEMAIL_EMPTY,
            },
            Party.BROKER: {Outcome.EXPIRED, Outcome.REFUSED},
            Party.OPERATOR: {Outcome.RETURNED, Outcome.RESOLVED, Outcome.ENDED, Outcome.TRANSFERRED},
        }
        assert self.session.outcome in allowed[self.session.ended_by]


def _ladder(session: Session) -> tuple[object, ...]:
    """Return who supervises and how."""
    return (session.supervisor_id, session.supervision, session.supervisor_leg)


def _place(session: Session) -> object:
    """Return where the target of a transfer is; ringing, they are nowhere yet."""
    attempt = in_call(session)
    return attempt and (attempt.stage, attempt.id) if attempt and not is_ringing(attempt) else None


def _check_refusal(refusal: ConflictError) -> None:
    assert refusal.code in CODES
    assert refusal.message
    assert refusal.hint


def _order(kind: type, who: OperatorId, epoch: int, on: bool, text: str) -> i.Input:
    known = {"on": on, "text": text, "note": text, "disposition": text, "queue": text, "hang_up": on}
    known |= {"attempt": "x_1" if on else "x_2", "kind": TransferKind.COLD if on else TransferKind.WARM}
    known |= {"to": text, "address": "+4930123456"}
    fields = {name: value for name, value in known.items() if name in kind.__dataclass_fields__}
    return kind(operator_id=who, epoch=epoch, **fields)


class ChatLife(Life):
    """A chat's life."""

    medium = Medium.CHAT

    @invariant()
    def a_chat_never_connects(self) -> None:
        assert self.session.state is not S.CONNECTING
        assert self.session.medium is Medium.CHAT


MANY = settings(max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TestCall = Life.TestCase
TestCall.settings = MANY
TestChat = ChatLife.TestCase
TestChat.settings = MANY


def test_a_life_that_nobody_touches_ends_by_itself() -> None:
    """From any waiting state, deadlines alone lead to the end: nobody is left waiting for ever."""
    for medium in Medium:
        session = new_session(medium)
        for _ in range(4):
            deadline = next_deadline(session, Rules())
            if deadline is None:
                break
            session = step(session, deadline[1], Rules(), deadline[0]).session
        assert (session.state, session.outcome) == (S.CLOSED, Outcome.EXPIRED)
        assert replace(session, version=0).closed_at is not None
