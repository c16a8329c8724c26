"""The broker goes away at every stage and another one takes over: nothing is lost, and time is not forgotten."""

import pytest

from server.core.errors import ConflictError
from server.wire import commands as c
from server.wire.events import ConversationReturned
from server.wire.terms import Outcome, Owner, Party, Presence, SessionState
from tests.world import Customer, Person, World

pytestmark = pytest.mark.scenario

S = SessionState


async def reach(desk: World, state: S) -> tuple[Person, Customer]:
    """Return a call in this state, with Ann at a console."""
    ann = await desk.operator("ann", duty=state is not S.QUEUED)
    call = await desk.caller()
    await call.asks_for_a_person("refund", key="request-1")
    if state in {S.QUEUED, S.OFFERED}:
        return ann, call
    await ann.accept(call, id_="press-001", epoch=1)
    if state is S.CONNECTING:
        return ann, call
    await ann.opens_headset()
    if state is S.HELD:
        await ann.does(c.Hold, call, on=True)
    if state is S.WRAP_UP:
        await ann.does(c.BackToAssistant, call)
    return ann, call


def forget_facts(desk: World, told: bool) -> None:
    """Let the worker's facts be lost, as when a broker took them and died before it had written them down."""
    if not told:
        desk.media._facts.clear()


EVERY_OPEN_STATE = [S.QUEUED, S.OFFERED, S.CONNECTING, S.ACTIVE, S.HELD, S.WRAP_UP]
STABLE = ["id", "number", "queued_at", "requested_at", "reason", "context", "customer", "conversation_id"]


@pytest.mark.parametrize("state", EVERY_OPEN_STATE)
async def test_a_restart_loses_nothing(lasting_desk: World, state: S) -> None:
    desk = lasting_desk
    ann, call = await reach(desk, state)
    before, heard = await call.session(), call.hears
    await desk.restart(after_seconds=1)
    session = await call.session()
    assert {name: getattr(session, name) for name in STABLE} == {name: getattr(before, name) for name in STABLE}
    assert (session.state, session.epoch, session.operator_id) == (before.state, before.epoch, before.operator_id)
    assert session.offered_to == before.offered_to, "a ring that the restart cut off begins again"
    assert call.hears == heard, "the call has not noticed"
    assert call.line is not None
    assert not call.line.ended
    assert (await ann.view()).connected
    assert await desk.jobs() == 0
    again = await call.asks_for_a_person("refund", key="request-1")
    assert again.id == before.id, "what was asked before is remembered"


@pytest.mark.parametrize("state", EVERY_OPEN_STATE)
async def test_the_handoff_goes_on_after_a_restart(lasting_desk: World, state: S) -> None:
    desk = lasting_desk
    ann, call = await reach(desk, state)
    await desk.restart(after_seconds=1)
    if state in {S.QUEUED, S.OFFERED}:
        await ann.accept(call)
    if state is S.CONNECTING:
        reply = await ann.accept(call, id_="press-001", epoch=1)
        assert reply.media is not None, "the console asks again, with the id that it had"
    if state in {S.QUEUED, S.OFFERED, S.CONNECTING}:
        await ann.opens_headset()
    if state is S.HELD:
        await ann.does(c.Hold, call, on=False)
    if state is not S.WRAP_UP:
        assert (await call.state(), call.hears) == (S.ACTIVE, "operator")
        await ann.does(c.BackToAssistant, call)
    await ann.does(c.FinishWrapUp, call)
    assert await call.state() is S.CLOSED
    assert len(desk.told(ConversationReturned)) == 1
    assert (await call.conversation()).owner is Owner.ASSISTANT
    assert [fed.event.seq for fed in desk.events] == list(range(1, len(desk.events) + 1))


@pytest.mark.parametrize(
    ("state", "seconds", "then", "outcome"),
    [
        (S.QUEUED, 91, S.CLOSED, Outcome.EXPIRED),
        (S.OFFERED, 91, S.CLOSED, Outcome.EXPIRED),
        (S.CONNECTING, 6, S.QUEUED, None),
        (S.WRAP_UP, 61, S.CLOSED, Outcome.RETURNED),
    ],
)
async def test_a_deadline_that_passed_while_nobody_ran_is_met_at_the_start(
    lasting_desk: World, state: S, seconds: float, then: S, outcome: Outcome | None
) -> None:
    desk = lasting_desk
    _, call = await reach(desk, state)
    await desk.restart(after_seconds=seconds, consoles=False)
    session = await call.session()
    assert (session.state, session.outcome) == (then, outcome)
    assert call.hears == "assistant"


@pytest.mark.parametrize(
    ("state", "seconds", "then"), [(S.QUEUED, 91, S.CLOSED), (S.CONNECTING, 6, S.QUEUED), (S.WRAP_UP, 61, S.CLOSED)]
)
async def test_a_deadline_set_before_a_restart_is_met_once_after_it(
    lasting_desk: World, state: S, seconds: float, then: S
) -> None:
    desk = lasting_desk
    _, call = await reach(desk, state)
    await desk.restart(after_seconds=1, consoles=False)
    assert await call.state() is state
    before = desk.names().count(f"session.{then}")
    await desk.later(seconds)
    assert await call.state() is then
    assert desk.names().count(f"session.{then}") == before + 1


@pytest.mark.parametrize("told", [True, False], ids=["facts waited", "facts were lost"])
async def test_a_headset_that_came_while_no_broker_ran_makes_the_call_active(lasting_desk: World, told: bool) -> None:
    desk = lasting_desk
    ann, call = await reach(desk, S.CONNECTING)
    await desk.stop()
    assert ann.grant is not None
    ann.leg = desk.media.connect(ann.grant.token, "console")
    await desk.clock.advance(20)
    assert call.hears == "operator", "the worker bridges without a broker"
    forget_facts(desk, told)
    await desk.start()
    assert await call.state() is S.ACTIVE, "nobody is thrown out of a talk by a lease that the broker slept through"


@pytest.mark.parametrize(("state", "then"), [(S.QUEUED, S.CLOSED), (S.CONNECTING, S.CLOSED), (S.ACTIVE, S.WRAP_UP)])
@pytest.mark.parametrize("told", [True, False], ids=["facts waited", "facts were lost"])
async def test_a_caller_who_left_while_no_broker_ran_has_left(
    lasting_desk: World, state: S, then: S, told: bool
) -> None:
    desk = lasting_desk
    _, call = await reach(desk, state)
    await desk.stop()
    assert call.line is not None
    desk.media.leave(call.line)
    forget_facts(desk, told)
    await desk.start()
    session, conversation = await call.session(), await call.conversation()
    assert (session.state, session.ended_by) == (then, Party.CUSTOMER)
    assert conversation.ended_at is not None
    assert not desk.media._calls[call.id].legs
    assert len(desk.told(ConversationReturned)) == 1


@pytest.mark.parametrize("told", [True, False], ids=["facts waited", "facts were lost"])
async def test_a_headset_that_was_lost_while_no_broker_ran_starts_the_grace(lasting_desk: World, told: bool) -> None:
    desk = lasting_desk
    ann, call = await reach(desk, S.ACTIVE)
    await desk.stop()
    assert ann.leg is not None
    desk.media.leave(ann.leg, "socket broke", clean=False)
    forget_facts(desk, told)
    await desk.clock.advance(30)
    await desk.start()
    assert (await call.session()).operator_lost_at == desk.clock.now()
    await desk.later(15.1)
    assert await call.state() is S.QUEUED


async def test_a_headset_that_came_back_while_no_broker_ran_ends_the_grace(lasting_desk: World) -> None:
    desk = lasting_desk
    ann, call = await reach(desk, S.HELD)
    await ann.loses_headset()
    grant = await ann.asks_for_media(call)
    await desk.stop()
    desk.media.connect(grant.token, "console")
    forget_facts(desk, told=False)
    await desk.start()
    session = await call.session()
    assert (session.state, session.operator_lost_at) == (S.HELD, None)
    await desk.later(30)
    assert await call.state() is S.HELD


async def test_a_worker_that_died_with_the_broker_takes_its_calls_along(lasting_desk: World) -> None:
    desk = lasting_desk
    _, call = await reach(desk, S.ACTIVE)
    waiting = await desk.caller("Waiting")
    await waiting.asks_for_a_person()
    await desk.stop()
    desk.media = type(desk.media)(desk.clock)
    await desk.start()
    assert (await call.session()).outcome is Outcome.RESOLVED
    assert (await waiting.session()).outcome is Outcome.ABANDONED
    for customer in (call, waiting):
        conversation = await customer.conversation()
        assert conversation.ended_at is not None
        assert (conversation.caller_connected, conversation.assistant_connected) == (False, False)
    assert await desk.jobs() == 0


async def test_effects_that_were_not_carried_out_are_carried_out_by_the_next_broker(lasting_desk: World) -> None:
    desk = lasting_desk
    ann, call = await reach(desk, S.ACTIVE)
    desk.media.reachable = False
    await ann.does(c.Hold, call, on=True)
    assert await desk.jobs() > 0
    await desk.stop()
    desk.media.reachable = True
    await desk.start()
    await desk.later(11)
    assert (call.hears, await desk.jobs()) == ("tone", 0)


async def test_chats_wait_for_their_operators_after_a_restart(lasting_desk: World) -> None:
    desk = lasting_desk
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    await ann.does(c.Say, chat, text="Hello")
    await desk.restart(after_seconds=5, consoles=False)
    assert (await chat.session()).operator_lost_at == desk.clock.now()
    assert not (await ann.view()).connected
    await desk.later(60)
    await ann.comes()
    session = await chat.session()
    assert (session.state, session.operator_id, session.operator_lost_at) == (S.ACTIVE, ann.id, None)
    await ann.does(c.Say, chat, text="Back again")
    assert [turn.text for turn in (await chat.messages())][-2:] == ["Hello", "Back again"]


async def test_a_say_repeated_after_a_restart_is_said_once(lasting_desk: World) -> None:
    desk = lasting_desk
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    await ann.does(c.Say, chat, id_="command-1", text="Hello")
    await desk.restart()
    await ann.does(c.Say, chat, id_="command-1", text="Hello")
    assert [turn.text for turn in await chat.messages()].count("Hello") == 1


async def test_ownership_is_fenced_across_a_restart(lasting_desk: World) -> None:
    desk = lasting_desk
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    await desk.restart()
    with pytest.raises(ConflictError) as refusal:
        await chat.assistant_says("Hello?")
    assert refusal.value.code == "operator_owns"


async def test_presence_outlives_the_broker(lasting_desk: World) -> None:
    desk = lasting_desk
    ann, call = await reach(desk, S.ACTIVE)
    await ann.goes_away("lunch")
    await desk.restart()
    await ann.does(c.BackToAssistant, call)
    view = await ann.view()
    assert (view.presence, view.reason) == (Presence.AWAY, "lunch")
