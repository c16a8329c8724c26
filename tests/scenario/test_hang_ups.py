"""The customer leaves at every single moment: nobody is charged for it, everybody is told, nothing is left behind."""

import pytest

from server.core.errors import ConflictError
from server.media.admissions import RefusedError
from server.wire import commands as c
from server.wire.events import ConversationReturned
from server.wire.terms import Medium, Outcome, Owner, Party, SessionState
from tests.world import Customer, Person, World

pytestmark = pytest.mark.scenario

S = SessionState
BEFORE_TALK = ["queued", "offered", "accepted", "headset silent"]
IN_TALK = ["active", "muted", "held", "headset lost"]


async def reach(desk: World, moment: str, medium: Medium) -> tuple[Person, Customer]:
    """Return a desk at this moment."""
    ann = await desk.operator("ann", duty=moment != "queued")
    customer = await (desk.caller() if medium is Medium.VOICE else desk.chat())
    await customer.asks_for_a_person()
    if moment in {"queued", "offered"}:
        return ann, customer
    await ann.accept(customer)
    if medium is Medium.VOICE and moment == "headset silent":
        assert ann.grant is not None
        ann.leg = desk.media.connect(ann.grant.token, "console", speaks=False)
        await desk.settle()
    elif medium is Medium.VOICE and moment != "accepted":
        await ann.opens_headset()
    match moment:
        case "muted":
            await ann.does(c.Mute, customer, on=True)
        case "held":
            await ann.does(c.Hold, customer, on=True)
        case "headset lost":
            await ann.loses_headset()
            ann.leg = None
        case "wrap-up":
            await ann.does(c.BackToAssistant, customer)
        case "closed":
            await ann.does(c.BackToAssistant, customer)
            await ann.does(c.FinishWrapUp, customer)
        case _:
            pass
    return ann, customer


async def nothing_is_left(desk: World, ann: Person, customer: Customer) -> None:
    """Check that the call is gone, the operator is free and no effect waits."""
    conversation = await customer.conversation()
    assert conversation.ended_at is not None
    assert conversation.owner is Owner.ASSISTANT
    if customer.medium is Medium.VOICE:
        assert not desk.media._calls[customer.id].legs, "a leg was left behind"
        assert ann.leg is None or ann.leg.ended
    assert await desk.jobs() == 0
    assert (await desk.snapshot()).operators[0].sessions == () or await customer.state() is S.WRAP_UP


@pytest.mark.parametrize("moment", BEFORE_TALK)
async def test_a_caller_who_hangs_up_before_the_talk_has_abandoned_and_no_wrap_up_is_charged(
    desk: World, moment: str
) -> None:
    ann, call = await reach(desk, moment, Medium.VOICE)
    await call.leaves()
    session = await call.session()
    assert (session.state, session.outcome, session.ended_by) == (S.CLOSED, Outcome.ABANDONED, Party.CUSTOMER)
    assert session.wrap_up_until is None
    assert desk.names().count("session.closed") == 1
    assert len(desk.told(ConversationReturned)) == 1
    await nothing_is_left(desk, ann, call)
    refusal = await ann.refused(c.Accept, call)
    assert refusal.code == "session_closed"


@pytest.mark.parametrize("moment", IN_TALK)
async def test_a_caller_who_hangs_up_in_the_talk_has_ended_it_and_the_operator_writes_up(
    desk: World, moment: str
) -> None:
    ann, call = await reach(desk, moment, Medium.VOICE)
    await call.leaves()
    session = await call.session()
    assert (session.state, session.outcome, session.ended_by) == (S.WRAP_UP, Outcome.RESOLVED, Party.CUSTOMER)
    assert (session.muted, session.operator_id) == (False, ann.id)
    assert "session.wrap_up" in desk.names()
    await nothing_is_left(desk, ann, call)
    await desk.later(60)
    assert await call.state() is S.CLOSED


@pytest.mark.parametrize("moment", ["wrap-up", "closed"])
async def test_a_caller_who_hangs_up_after_the_talk_changes_nothing_of_it(desk: World, moment: str) -> None:
    ann, call = await reach(desk, moment, Medium.VOICE)
    before = await call.session()
    await call.leaves()
    assert await call.session() == before
    assert before.outcome is Outcome.RETURNED
    await nothing_is_left(desk, ann, call)


@pytest.mark.parametrize("moment", ["queued", "offered"])
async def test_a_chat_that_is_closed_while_waiting_has_abandoned(desk: World, moment: str) -> None:
    ann, chat = await reach(desk, moment, Medium.CHAT)
    await chat.leaves()
    session = await chat.session()
    assert (session.state, session.outcome, session.wrap_up_until) == (S.CLOSED, Outcome.ABANDONED, None)
    await nothing_is_left(desk, ann, chat)


@pytest.mark.parametrize("moment", ["active", "held"])
async def test_a_chat_that_is_closed_in_the_talk_leaves_the_operator_to_write_up(desk: World, moment: str) -> None:
    ann, chat = await reach(desk, moment, Medium.CHAT)
    await chat.leaves()
    session = await chat.session()
    assert (session.state, session.outcome, session.ended_by) == (S.WRAP_UP, Outcome.RESOLVED, Party.CUSTOMER)
    await nothing_is_left(desk, ann, chat)


async def test_what_is_pending_makes_the_end_an_end_and_not_a_solution(desk: World) -> None:
    ann, call = await reach(desk, "active", Medium.VOICE)
    await ann.does(c.FollowUp, call, text="ring back tomorrow")
    await call.leaves()
    session = await call.session()
    assert (session.outcome, session.follow_up) == (Outcome.ENDED, "ring back tomorrow")


async def test_a_media_token_is_worth_nothing_after_the_caller_left(desk: World) -> None:
    ann, call = await reach(desk, "accepted", Medium.VOICE)
    await call.leaves()
    assert ann.grant is not None
    with pytest.raises(RefusedError):
        desk.media.connect(ann.grant.token, "console")


async def test_leaving_twice_changes_nothing(desk: World) -> None:
    _, chat = await reach(desk, "queued", Medium.CHAT)
    await chat.leaves()
    before = len(desk.events)
    await chat.leaves()
    assert len(desk.events) == before


async def test_a_caller_without_any_handoff_leaves_nothing_behind(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.leaves()
    conversation = await call.conversation()
    assert conversation.ended_at is not None
    assert (conversation.caller_connected, conversation.assistant_connected) == (False, False)
    assert not desk.media._calls[call.id].legs
    assert ann.leg is None
    with pytest.raises(ConflictError):
        await call.asks_for_a_person()


async def test_a_call_ended_through_the_interface_drops_every_leg(desk: World) -> None:
    ann, call = await reach(desk, "active", Medium.VOICE)
    await desk.broker.intake.end_conversation(desk.assistant, call.id)
    await desk.settle()
    assert await call.state() is S.WRAP_UP
    await nothing_is_left(desk, ann, call)
