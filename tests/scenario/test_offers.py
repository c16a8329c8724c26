"""Who is rung, for how long, and what happens when nobody answers."""

import pytest

from server.broker.parts import NOTICES
from server.core.effects import Notice
from server.wire import commands as c
from server.wire.terms import Author, Outcome, Owner, Party, SessionState
from tests.world import World

pytestmark = pytest.mark.scenario

S = SessionState


async def test_the_longest_idle_is_rung_and_the_offer_moves_on(desk: World) -> None:
    ann = await desk.operator("ann")
    await desk.later(1)
    ben = await desk.operator("ben")
    await desk.later(1)
    cat = await desk.operator("cat")
    call = await desk.caller()
    await call.asks_for_a_person()
    assert (await call.session()).offered_to == ann.id
    await desk.later(15)
    assert (await call.session()).offered_to == ben.id, "unanswered for 15 s: the next one is rung"
    await ben.does(c.Decline, call)
    assert (await call.session()).offered_to == cat.id
    await desk.later(15)
    session = await call.session()
    assert (session.state, session.offered_to) == (S.QUEUED, None), "everybody let it pass; anybody may still take it"
    assert (session.epoch, session.queued_at) == (1, session.requested_at)
    await ann.takes(call)
    assert await call.state() is S.ACTIVE


async def test_who_talked_last_is_rung_last(desk: World) -> None:
    ann = await desk.operator("ann")
    await desk.later(1)
    ben = await desk.operator("ben")
    first, second = await desk.caller("First"), await desk.caller("Second")
    await first.asks_for_a_person()
    await ann.takes(first)
    await desk.later(1)
    await ann.does(c.BackToAssistant, first)
    await ann.does(c.FinishWrapUp, first)
    await second.asks_for_a_person()
    assert (await second.session()).offered_to == ben.id


async def test_only_the_rung_operator_can_decline_and_anybody_can_accept(desk: World) -> None:
    ann = await desk.operator("ann")
    await desk.later(1)
    ben = await desk.operator("ben")
    call = await desk.caller()
    await call.asks_for_a_person()
    assert (await call.session()).offered_to == ann.id
    assert (await ben.refused(c.Decline, call)).code == "not_offered_to_you"
    await ben.takes(call)
    assert (await call.session()).operator_id == ben.id
    assert (await ann.refused(c.Decline, call)).code == "not_possible_now"


async def test_several_waiting_calls_ring_at_several_people_in_order_of_urgency(desk: World) -> None:
    calls = [await desk.caller(name) for name in ("calm", "urgent", "late")]
    await calls[0].asks_for_a_person(priority=5)
    await calls[1].asks_for_a_person(priority=1)
    await calls[2].asks_for_a_person(priority=5)
    assert await desk.queue() == ["urgent", "calm", "late"]
    ann = await desk.operator("ann")
    assert [(await call.session()).offered_to for call in calls] == [None, ann.id, None]
    ben = await desk.operator("ben")
    assert [(await call.session()).offered_to for call in calls] == [ben.id, ann.id, None]


async def test_an_operator_who_disconnects_while_ringing_is_not_held_to_it(desk: World) -> None:
    ann = await desk.operator("ann")
    await desk.later(1)
    ben = await desk.operator("ben")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.goes()
    assert (await call.session()).offered_to == ben.id, "at once, not after the ring's time"
    await ben.does(c.Decline, call)
    assert await call.state() is S.QUEUED
    await ann.comes()
    assert (await call.session()).offered_to == ann.id, "a lost connection is not a refusal"


async def test_an_operator_who_goes_away_while_ringing_lets_it_move_on(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.goes_away()
    assert await call.state() is S.QUEUED
    ben = await desk.operator("ben")
    assert (await call.session()).offered_to == ben.id


async def test_with_two_consoles_one_may_close(desk: World) -> None:
    ann = await desk.operator("ann")
    await ann.comes()
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.goes()
    assert (await call.session()).offered_to == ann.id


async def test_nobody_is_rung_where_operators_only_pull() -> None:
    async with World(ring=False) as desk:
        ann = await desk.operator("ann")
        call = await desk.caller()
        await call.asks_for_a_person()
        assert await call.state() is S.QUEUED
        await ann.takes(call)
        assert await call.state() is S.ACTIVE


async def test_nobody_came_and_the_customer_is_told_and_goes_on_with_the_assistant(desk: World) -> None:
    chat, call = await desk.chat(), await desk.caller()
    await chat.asks_for_a_person()
    await call.asks_for_a_person()
    await desk.later(89)
    assert (await chat.state(), await call.state()) == (S.QUEUED, S.QUEUED)
    await desk.later(2)
    for customer in (chat, call):
        session, conversation = await customer.session(), await customer.conversation()
        assert (session.state, session.outcome, session.ended_by) == (S.CLOSED, Outcome.EXPIRED, Party.BROKER)
        assert (conversation.owner, conversation.ended_at) == (Owner.ASSISTANT, None)
    assert (await chat.messages())[-1].text == NOTICES[Notice.NOBODY_CAME]
    assert call.hears == "assistant"
    await chat.assistant_says("I go on.", epoch=(await chat.conversation()).owner_epoch)
    assert (await chat.asks_for_a_person()).number == "H-0003"


async def test_a_wait_that_ends_while_it_rings_ends_the_ring(desk: World) -> None:
    call = await desk.caller()
    await call.asks_for_a_person()
    await desk.later(80)
    ann = await desk.operator("ann")
    assert (await call.session()).offered_to == ann.id
    await desk.later(10)
    session = await call.session()
    assert (session.state, session.outcome, session.offered_to) == (S.CLOSED, Outcome.EXPIRED, None)


async def test_taking_one_call_stops_what_else_rings_at_that_ear(desk: World) -> None:
    ann = await desk.operator("ann")
    first, second = await desk.caller("First"), await desk.caller("Second")
    await first.asks_for_a_person()
    await second.asks_for_a_person()
    assert (await first.session()).offered_to == ann.id
    await ann.takes(second)
    assert (await first.session()).state is S.QUEUED, "it does not ring into a live call"
    await ann.does(c.BackToAssistant, second)
    await ann.does(c.FinishWrapUp, second)
    await desk.settle()
    assert (await first.session()).offered_to == ann.id, "it was not declined: it rings again"


async def test_taking_a_chat_lets_another_chat_ring_on(desk: World) -> None:
    ann = await desk.operator("ann")
    first, second = await desk.chat("First"), await desk.chat("Second")
    await first.asks_for_a_person()
    await second.asks_for_a_person()
    assert (await first.session()).offered_to == ann.id
    await ann.takes(second)
    assert (await first.session()).offered_to == ann.id


async def test_why_an_offer_was_declined_is_kept_for_colleagues_alone(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.does(c.Decline, call, reason="my cousin")
    notes = [one for one in await call.messages() if one.author is Author.NOTE]
    assert [(one.text, one.author_name) for one in notes] == [("Declined: my cousin", ann.principal.name)]
    assert (await call.session()).state is S.QUEUED
