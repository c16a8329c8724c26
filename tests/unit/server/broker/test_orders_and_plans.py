"""What an operator's order means for the session, and what a session means for its call."""

from dataclasses import replace

import pytest

from server.broker.calls import has_operator, missing_legs
from server.broker.carry_out import plan_of
from server.broker.order_facts import OperatorChange, fact_of
from server.broker.orders import check_in_charge, check_may_say
from server.broker.packages import MAX_LIST, clean_context
from server.broker.ports.media import CallState, LegUp
from server.broker.ports.records import Conversation
from server.core import inputs as i
from server.core.errors import ConflictError
from server.wire import commands as c
from server.wire.terms import CallPhase, ConversationId, LegId, LegRole, Medium, SessionId, SessionState
from server.wire.views import Context, Fact, Mood, NextAction
from tests.unit.server.core.building import ANN, BEN, NOW, ORGANISATION, in_state

pytestmark = pytest.mark.unit

S = SessionState
SESSION = SessionId("s_1")
COMMON = {"id": "command-1", "session_id": SESSION, "epoch": 3}


@pytest.mark.parametrize(
    ("command", "fact"),
    [
        (c.Accept(**COMMON), i.OperatorAccepted(ANN, 3)),
        (c.Decline(**COMMON, reason="busy"), i.OfferDeclined(ANN)),
        (c.Mute(**COMMON, on=True), i.OperatorMuted(ANN, 3, on=True)),
        (c.Hold(**COMMON, on=False), i.OperatorHeld(ANN, 3, on=False)),
        (c.BackToAssistant(**COMMON, note="n"), i.OperatorReturned(ANN, 3, "n")),
        (c.Resolve(**COMMON, note="n", disposition="d", hang_up=True), i.OperatorResolved(ANN, 3, "n", "d", True)),
        (c.End(**COMMON), i.OperatorEnded(ANN, 3)),
        (c.Requeue(**COMMON, queue="billing", note="n"), i.OperatorRequeued(ANN, 3, "billing", "n")),
        (c.FollowUp(**COMMON, text="later"), i.FollowUpSet(ANN, 3, "later")),
        (c.FinishWrapUp(**COMMON, disposition="d", note="n"), i.WrapUpFinished(ANN, 3, "d", "n")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_order_is_the_fact_it_says_of_the_operator_who_gave_it(command: OperatorChange, fact: i.Input) -> None:
    assert fact_of(command, ANN) == fact


def test_what_operators_write_is_filtered_and_bounded() -> None:
    note = fact_of(c.BackToAssistant(**COMMON, note="\x1b[31mred" + "x" * 5000), ANN)
    assert isinstance(note, i.OperatorReturned)
    assert "\x1b" not in note.note
    assert len(note.note) <= 2000
    follow_up = fact_of(c.FollowUp(**COMMON, text="a\nb" + "x" * 5000), ANN)
    assert isinstance(follow_up, i.FollowUpSet)
    assert "\n" not in follow_up.text
    assert len(follow_up.text) <= 400


@pytest.mark.parametrize("state", [S.CONNECTING, S.ACTIVE, S.HELD])
def test_whoever_has_the_customer_is_in_charge(state: S) -> None:
    session = in_state(state)
    check_in_charge(session, ANN, session.epoch)
    for who, epoch, code in ((BEN, session.epoch, "not_yours"), (ANN, session.epoch - 1, "stale_epoch")):
        with pytest.raises(ConflictError) as refusal:
            check_in_charge(session, who, epoch)
        assert refusal.value.code == code


@pytest.mark.parametrize("state", [S.SCREENING, S.QUEUED, S.OFFERED, S.WRAP_UP, S.CLOSED])
def test_nobody_is_in_charge_of_a_session_that_is_not_in_hand(state: S) -> None:
    session = replace(in_state(state), operator_id=ANN)
    with pytest.raises(ConflictError) as refusal:
        check_in_charge(session, ANN, session.epoch)
    assert (refusal.value.code, refusal.value.details["state"]) == ("not_yours", state)


def test_nothing_is_said_before_the_line_is_up() -> None:
    session = in_state(S.CONNECTING)
    with pytest.raises(ConflictError) as refusal:
        check_may_say(session, ANN, session.epoch)
    assert refusal.value.code == "not_connected_yet"
    active = in_state(S.ACTIVE)
    check_may_say(active, ANN, active.epoch)


@pytest.mark.parametrize("state", S)
def test_a_plan_is_whole_and_follows_from_the_session_alone(state: S) -> None:
    session = replace(in_state(state), muted=state is S.ACTIVE)
    plan = plan_of(session)
    assert plan == plan_of(session)
    assert (plan.call_id, plan.epoch, plan.version) == (session.conversation_id, session.epoch, session.version)
    assert plan.muted == session.muted
    expected = {S.CONNECTING: CallPhase.OPERATOR, S.ACTIVE: CallPhase.OPERATOR, S.HELD: CallPhase.HOLD}
    assert plan.phase is expected.get(state, CallPhase.ASSISTANT)
    assert plan.reason == (session.outcome or "")


CALL = ConversationId("c_1")


def leg(role: LegRole, epoch: int = 0) -> LegUp:
    return LegUp(call_id=CALL, leg_id=LegId("l_1"), role=role, epoch=epoch)


def call_with(*legs: LegUp) -> CallState:
    return CallState(call_id=CALL, phase=CallPhase.ASSISTANT, epoch=1, version=1, legs=legs, bridged=False)


def conversation(*, caller: bool, assistant: bool) -> Conversation:
    return Conversation(
        id=CALL,
        organisation_id=ORGANISATION,
        key_id="k_1",
        medium=Medium.VOICE,
        channel="api",
        customer_name="",
        customer_handle="",
        external_id="",
        created_at=NOW,
        caller_connected=caller,
        assistant_connected=assistant,
    )


def test_legs_that_we_believe_connected_and_the_worker_lacks_are_gone() -> None:
    both = conversation(caller=True, assistant=True)
    assert [down.role for down in missing_legs(both, None)] == [LegRole.CALLER, LegRole.ASSISTANT]
    assert [down.role for down in missing_legs(both, call_with(leg(LegRole.CALLER)))] == [LegRole.ASSISTANT]
    assert missing_legs(both, call_with(leg(LegRole.CALLER), leg(LegRole.ASSISTANT))) == []
    assert missing_legs(conversation(caller=False, assistant=False), None) == []
    assert not any(down.clean for down in missing_legs(both, None))


def test_an_operator_is_there_only_with_a_leg_of_the_present_epoch() -> None:
    active = in_state(S.ACTIVE)
    assert has_operator(active, call_with(leg(LegRole.OPERATOR, active.epoch)))
    assert not has_operator(active, call_with(leg(LegRole.OPERATOR, active.epoch - 1)))
    assert not has_operator(active, call_with(leg(LegRole.CALLER, active.epoch)))
    assert not has_operator(active, None)
    for call in (None, call_with(leg(LegRole.CALLER))):
        assert has_operator(in_state(S.QUEUED), call), "none is needed"


def test_a_context_package_is_filtered_and_bounded() -> None:
    cleaned = clean_context(
        Context(
            summary="\x1b[31m" + "s" * 9000,
            mood=Mood(course=tuple(float(n) for n in range(100))),
            facts=tuple(Fact(name="n\n", value="\x07v") for _ in range(100)),
            tried=("a\tb",) * 100,
            next_actions=tuple(NextAction(label=f"\x1b{n}", say="say\x1b") for n in range(100)),
            topic="t" * 500,
            language="x" * 500,
        )
    )
    assert len(cleaned.summary) <= 2000
    assert cleaned.mood.course == tuple(float(n) for n in range(100 - MAX_LIST, 100)), "the newest are kept"
    assert (len(cleaned.facts), len(cleaned.tried), len(cleaned.next_actions)) == (MAX_LIST, MAX_LIST, 9)
    assert len(cleaned.topic) <= 60
    assert len(cleaned.language) <= 20
    assert not {"\x1b", "\x07"} & set(repr(cleaned).encode().decode("unicode_escape"))
