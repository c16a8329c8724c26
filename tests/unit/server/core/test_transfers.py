"""What becomes of a transfer: every way through it ends with one outcome, and the caller always somewhere."""

from dataclasses import replace

import pytest

from server.core import inputs as i
from server.core.calls import call_phase
from server.core.deadlines import next_deadline
from server.core.effects import DropTarget, ReturnToAssistant, SyncCall
from server.core.errors import ConflictError
from server.core.machine import Step, step
from server.core.ownership import owner_of
from server.core.session import Session
from server.core.transfers import MOST_ATTEMPTS, in_call
from server.wire.terms import (
    CallPhase,
    Dial,
    LegId,
    Medium,
    Outcome,
    Owner,
    Party,
    SessionState,
    TransferKind,
    TransferOutcome,
    TransferStage,
    TransferStep,
)
from tests.unit.server.core.building import ANN, BEN, NOW, RULES, after, attempt, fire_deadline, in_state

pytestmark = pytest.mark.unit

X = LegId("x_1")
COLD, WARM, CONFERENCE = TransferKind.COLD, TransferKind.WARM, TransferKind.CONFERENCE
STAGES = (TransferStage.CONSULTING, TransferStage.PARKED, TransferStage.MERGED)


def started(kind: TransferKind = WARM, leg: LegId = X) -> i.TransferStarted:
    return i.TransferStarted(ANN, in_state(SessionState.ACTIVE).epoch, leg, kind, "Billing", "+4930123456", "twilio")


def ringing(kind: TransferKind = WARM) -> Session:
    return step(in_state(SessionState.ACTIVE), started(kind), RULES, NOW).session


def steer(session: Session, order: TransferStep) -> Step:
    return step(session, i.TransferSteered(ANN, session.epoch, order), RULES, NOW)


def at(stage: TransferStage) -> Session:
    """Return a session whose target is there."""
    session = step(ringing(), i.TargetUp(X), RULES, NOW).session
    orders = {TransferStage.PARKED: TransferStep.SWAP, TransferStage.MERGED: TransferStep.MERGE}
    return steer(session, orders[stage]).session if stage in orders else session


@pytest.mark.parametrize(
    ("kind", "phase"), [(COLD, CallPhase.HOLD), (WARM, CallPhase.HOLD), (CONFERENCE, CallPhase.OPERATOR)]
)
def test_the_caller_waits_while_it_rings_but_for_a_conference(kind: TransferKind, phase: CallPhase) -> None:
    done = step(in_state(SessionState.ACTIVE), started(kind), RULES, NOW)
    assert (call_phase(done.session), done.effects) == (phase, (SyncCall(),))
    (one,) = done.session.transfers
    assert (one.stage, one.outcome, one.expires_at) == (TransferStage.DIALLING, None, after(RULES.transfer_seconds))


@pytest.mark.parametrize(
    ("kind", "stage", "phase"),
    [
        (COLD, TransferStage.JOINED, CallPhase.TARGET),
        (WARM, TransferStage.CONSULTING, CallPhase.HOLD),
        (CONFERENCE, TransferStage.MERGED, CallPhase.OPERATOR),
    ],
)
def test_an_answer_lets_the_target_in_as_the_kind_says(
    kind: TransferKind, stage: TransferStage, phase: CallPhase
) -> None:
    done = step(ringing(kind), i.TargetUp(X), RULES, after(5))
    one = done.session.transfers[-1]
    assert (one.stage, one.answered_at, call_phase(done.session)) == (stage, after(5), phase)
    assert in_call(done.session) == one


@pytest.mark.parametrize("kind", TransferKind)
@pytest.mark.parametrize("outcome", [one for one in TransferOutcome if one is not TransferOutcome.ANSWERED])
def test_whatever_goes_wrong_while_it_rings_gives_the_caller_back_to_the_operator(
    kind: TransferKind, outcome: TransferOutcome
) -> None:
    session = ringing(kind)
    done = step(session, i.TransferFailed(X, outcome, "because"), RULES, after(9))
    one = done.session.transfers[-1]
    assert (done.session.state, done.session.operator_id, done.session.epoch) == (
        SessionState.ACTIVE,
        ANN,
        session.epoch,
    )
    assert (one.outcome, one.reason, one.ended_at, one.stage) == (outcome, "because", after(9), TransferStage.OVER)
    assert done.effects == (SyncCall(), DropTarget(X))
    assert in_call(done.session) is None


@pytest.mark.parametrize("kind", TransferKind)
def test_a_target_who_does_not_answer_in_time_has_not_answered(kind: TransferKind) -> None:
    done = fire_deadline(ringing(kind))
    assert done.session.transfers[-1].outcome is TransferOutcome.NO_ANSWER
    assert done.session.transfers[-1].ended_at == after(RULES.transfer_seconds)
    assert next_deadline(done.session, RULES) is None


@pytest.mark.parametrize(
    ("stage", "order", "result"),
    [
        (TransferStage.CONSULTING, TransferStep.SWAP, TransferStage.PARKED),
        (TransferStage.PARKED, TransferStep.SWAP, TransferStage.CONSULTING),
        (TransferStage.MERGED, TransferStep.SWAP, TransferStage.CONSULTING),
        (TransferStage.CONSULTING, TransferStep.MERGE, TransferStage.MERGED),
        (TransferStage.PARKED, TransferStep.MERGE, TransferStage.MERGED),
    ],
)
def test_swap_and_merge_move_who_talks_with_whom(
    stage: TransferStage, order: TransferStep, result: TransferStage
) -> None:
    done = steer(at(stage), order)
    assert (done.session.transfers[-1].stage, done.effects) == (result, (SyncCall(),))
    held = result is TransferStage.CONSULTING
    assert done.session.state is (SessionState.HELD if held else SessionState.ACTIVE)


def test_merging_twice_changes_nothing() -> None:
    assert not steer(at(TransferStage.MERGED), TransferStep.MERGE).changed


@pytest.mark.parametrize("stage", STAGES)
def test_completing_leaves_caller_and_target_alone_and_gives_the_operator_their_wrap_up(stage: TransferStage) -> None:
    done = steer(at(stage), TransferStep.COMPLETE)
    session = done.session
    assert (session.state, session.outcome, session.ended_by) == (
        SessionState.WRAP_UP,
        Outcome.TRANSFERRED,
        Party.OPERATOR,
    )
    assert (session.transfers[-1].outcome, session.transfers[-1].stage) == (
        TransferOutcome.ANSWERED,
        TransferStage.JOINED,
    )
    assert done.effects == (SyncCall(),), "nobody goes back to the assistant"
    assert (call_phase(session), owner_of(session)) == (CallPhase.TARGET, Owner.OPERATOR)
    closed = fire_deadline(session).session
    assert (closed.state, call_phase(closed), in_call(closed)) == (
        SessionState.CLOSED,
        CallPhase.TARGET,
        session.transfers[-1],
    )


@pytest.mark.parametrize(
    ("stage", "outcome"),
    [
        (TransferStage.CONSULTING, TransferOutcome.CANCELLED),
        (TransferStage.PARKED, TransferOutcome.CANCELLED),
        (TransferStage.MERGED, TransferOutcome.ANSWERED),
    ],
)
def test_going_back_lets_the_target_go_and_keeps_the_caller(stage: TransferStage, outcome: TransferOutcome) -> None:
    done = steer(at(stage), TransferStep.BACK)
    assert (done.session.state, done.session.transfers[-1].outcome) == (SessionState.ACTIVE, outcome)
    assert done.effects == (SyncCall(), DropTarget(X))


@pytest.mark.parametrize(
    ("stage", "clean", "outcome"),
    [
        (TransferStage.CONSULTING, True, TransferOutcome.DECLINED),
        (TransferStage.CONSULTING, False, TransferOutcome.FAILED),
        (TransferStage.PARKED, True, TransferOutcome.DECLINED),
        (TransferStage.MERGED, True, TransferOutcome.ANSWERED),
    ],
)
def test_a_target_who_leaves_gives_the_caller_back(stage: TransferStage, clean: bool, outcome: TransferOutcome) -> None:
    done = step(at(stage), i.TargetDown(X, clean), RULES, NOW)
    assert (done.session.state, done.session.transfers[-1].outcome) == (SessionState.ACTIVE, outcome)
    assert DropTarget(X) in done.effects


def test_completing_while_it_rings_makes_it_cold() -> None:
    done = steer(ringing(), TransferStep.COMPLETE)
    assert (done.session.state, done.session.transfers[-1].kind, done.effects) == (SessionState.HELD, COLD, ())
    assert step(done.session, i.TargetUp(X), RULES, NOW).session.outcome is Outcome.TRANSFERRED


@pytest.mark.parametrize("order", [TransferStep.SWAP, TransferStep.MERGE])
def test_swapping_in_the_moment_of_the_answer_is_refused_while_it_rings_and_done_after(order: TransferStep) -> None:
    with pytest.raises(ConflictError, match="still rings") as refusal:
        steer(ringing(), order)
    assert refusal.value.code == "target_rings"
    assert steer(step(ringing(), i.TargetUp(X), RULES, NOW).session, order).changed


def test_an_order_for_a_transfer_that_is_over_says_where_the_caller_is() -> None:
    over = step(ringing(), i.TransferFailed(X, TransferOutcome.BUSY), RULES, NOW).session
    for order in TransferStep:
        with pytest.raises(ConflictError) as refusal:
            steer(over, order)
        assert (refusal.value.code, "with you" in refusal.value.hint) == ("no_transfer", True)


LATE = [i.TargetUp(X), i.TargetDown(X), i.TransferMoved(X, Dial.RINGING), i.TransferFailed(X, TransferOutcome.BUSY)]


@pytest.mark.parametrize("fact", LATE, ids=lambda fact: type(fact).__name__)
def test_what_comes_after_the_end_of_an_attempt_or_for_another_one_changes_nothing(fact: i.Input) -> None:
    cancelled = steer(ringing(), TransferStep.BACK).session
    assert not step(cancelled, fact, RULES, NOW).changed
    second = step(cancelled, started(leg=LegId("x_2")), RULES, NOW).session
    assert not step(second, fact, RULES, NOW).changed
    assert [one.outcome for one in second.transfers] == [TransferOutcome.CANCELLED, None]


def test_a_failure_told_after_the_answer_is_too_late() -> None:
    there = at(TransferStage.CONSULTING)
    assert not step(there, i.TransferFailed(X, TransferOutcome.BUSY), RULES, NOW).changed


def test_the_carriers_word_moves_on_and_never_back() -> None:
    session = step(ringing(), i.TransferMoved(X, Dial.RINGING, "CA1"), RULES, NOW).session
    session = step(session, i.TransferMoved(X, Dial.QUEUED), RULES, NOW).session
    assert (session.transfers[-1].dial, session.transfers[-1].external_id) == (Dial.RINGING, "CA1")


WAYS_OUT = {
    "the caller hangs up": (i.CustomerLeft(), "the caller hung up"),
    "end": (i.OperatorEnded(ANN, 2), "the talk ended"),
    "back to the assistant": (i.OperatorReturned(ANN, 2), "the talk ended"),
    "resolve": (i.OperatorResolved(ANN, 2), "the talk ended"),
    "requeue": (i.OperatorRequeued(ANN, 2), "the operator was gone"),
}


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("stage", [TransferStage.DIALLING, *STAGES])
def test_no_way_out_of_a_talk_leaves_a_target_behind(way: str, stage: TransferStage) -> None:
    session = ringing() if stage is TransferStage.DIALLING else at(stage)
    fact, reason = WAYS_OUT[way]
    done = step(session, fact, RULES, NOW)
    one = done.session.transfers[-1]
    assert (one.outcome, one.stage, one.reason) == (TransferOutcome.CANCELLED, TransferStage.OVER, reason)
    assert DropTarget(X) in done.effects
    assert in_call(done.session) is None


@pytest.mark.parametrize("stage", STAGES)
def test_an_operator_who_is_lost_in_a_consult_loses_the_caller_to_the_queue_and_the_target_is_let_go(
    stage: TransferStage,
) -> None:
    session = at(stage)
    lost = step(session, i.OperatorLost(session.epoch), RULES, after(3)).session
    done = fire_deadline(lost)
    assert (done.session.state, done.session.queued_at) == (SessionState.QUEUED, session.queued_at)
    assert DropTarget(X) in done.effects
    assert done.session.transfers[-1].outcome is TransferOutcome.CANCELLED


def test_a_cold_transfer_goes_on_without_its_operator_and_is_completed_by_the_answer() -> None:
    session = ringing(COLD)
    lost = step(session, i.OperatorLost(session.epoch), RULES, after(1)).session
    deadline = next_deadline(lost, RULES)
    assert deadline is not None
    assert deadline == (after(RULES.transfer_seconds), i.TransferFailed(X))
    assert step(lost, i.TargetUp(X), RULES, after(29)).session.outcome is Outcome.TRANSFERRED


def test_a_cold_transfer_that_fails_when_its_operator_is_gone_puts_the_caller_back_into_the_queue() -> None:
    session = ringing(COLD)
    lost = step(session, i.OperatorLost(session.epoch), RULES, after(1)).session
    failed = fire_deadline(lost).session
    assert failed.operator_lost_at == after(1)
    done = fire_deadline(failed)
    assert (done.session.state, done.session.queued_at) == (SessionState.QUEUED, session.queued_at)
    assert ReturnToAssistant() not in done.effects


def test_a_warm_ring_and_the_grace_of_a_lost_operator_end_in_their_order() -> None:
    session = ringing()
    early = step(session, i.OperatorLost(session.epoch), RULES, after(1)).session
    assert next_deadline(early, RULES) == (after(1 + RULES.reconnect_voice_seconds), i.OperatorGone(session.epoch))
    late = step(session, i.OperatorLost(session.epoch), RULES, after(25)).session
    assert next_deadline(late, RULES) == (after(RULES.transfer_seconds), i.TransferFailed(X))


@pytest.mark.parametrize("fact", [started(leg=LegId("x_2")), i.OperatorHeld(ANN, 2, on=False)], ids=["second", "hold"])
def test_one_transfer_at_a_time_and_it_says_who_waits(fact: i.Input) -> None:
    with pytest.raises(ConflictError, match="being transferred to Billing") as refusal:
        step(ringing(), fact, RULES, NOW)
    assert refusal.value.code == "transfer_under_way"


def test_a_chat_cannot_be_transferred_to_a_telephone() -> None:
    with pytest.raises(ConflictError, match="is a chat") as refusal:
        step(in_state(SessionState.ACTIVE, Medium.CHAT), started(), RULES, NOW)
    assert refusal.value.code == "not_on_the_telephone"


def test_attempts_are_bounded() -> None:
    session = in_state(SessionState.ACTIVE)
    over = attempt(outcome=TransferOutcome.BUSY, stage=TransferStage.OVER)
    session = replace(session, transfers=(over,) * MOST_ATTEMPTS)
    with pytest.raises(ConflictError) as refusal:
        step(session, started(), RULES, NOW)
    assert refusal.value.code == "too_many_transfers"


@pytest.mark.parametrize("order", TransferStep)
def test_only_the_operator_in_charge_steers(order: TransferStep) -> None:
    session = at(TransferStage.CONSULTING)
    with pytest.raises(ConflictError) as refusal:
        step(session, i.TransferSteered(BEN, session.epoch, order), RULES, NOW)
    assert refusal.value.code == "not_yours"
