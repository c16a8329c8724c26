"""Nobody is lost to a console that did not connect, or to a person who dropped off."""

import pytest

from server.broker.parts import NOTICES
from server.core.effects import Notice
from server.wire import commands as c
from server.wire.terms import Author, Owner, SessionState
from tests.world import World

pytestmark = pytest.mark.scenario

S = SessionState


async def test_a_call_that_never_connects_is_back_at_its_place_after_its_lease(desk: World) -> None:
    ann = await desk.operator("ann")
    first, second = await desk.caller("First"), await desk.caller("Second")
    await first.asks_for_a_person()
    await ann.accept(first)
    await ann.goes_away()
    await second.asks_for_a_person()
    before = await first.session()
    await desk.later(4.9)
    assert await first.state() is S.CONNECTING
    assert first.hears == "assistant", "never in silence while nobody is there"
    await desk.later(0.2)
    session = await first.session()
    assert (session.state, session.operator_id) == (S.QUEUED, None)
    assert (session.queued_at, session.epoch) == (before.queued_at, before.epoch + 1)
    assert await desk.queue() == ["First", "Second"]
    assert first.hears == "assistant"
    assert (await first.conversation()).owner is Owner.WAITING
    assert await desk.jobs() == 0


async def test_a_headset_that_comes_after_the_lease_is_not_let_in(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.accept(call)
    await desk.later(5.1)
    with pytest.raises(Exception, match="stale"):
        await ann.opens_headset()
    assert await call.state() in {S.QUEUED, S.OFFERED}
    assert call.hears == "assistant"


async def test_a_headset_that_is_up_but_stays_silent_takes_the_caller_all_the_same_or_gives_them_back(
    desk: World,
) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.accept(call)
    assert ann.grant is not None
    desk.media.connect(ann.grant.token, "console", speaks=False)
    await desk.later(5.1)
    assert await call.state() in {S.QUEUED, S.OFFERED}
    assert call.hears == "assistant"


async def test_an_operator_whose_headset_drops_has_a_grace_in_which_the_caller_hears_a_tone(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    await ann.loses_headset()
    session = await call.session()
    assert (session.state, session.operator_lost_at, session.operator_id) == (S.ACTIVE, desk.clock.now(), ann.id)
    assert call.hears == "tone"
    await desk.later(14)
    await ann.asks_for_media(call)
    await ann.opens_headset()
    session = await call.session()
    assert (session.state, session.operator_lost_at, session.epoch) == (S.ACTIVE, None, 2)
    assert call.hears == "operator"
    await desk.later(60)
    assert await call.state() is S.ACTIVE, "the old deadline is forgotten"


async def test_an_operator_who_stays_away_loses_the_caller_to_the_queue_at_the_old_place(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    await ann.goes_away()
    await ann.loses_headset()
    before = await call.session()
    await desk.later(15.1)
    session = await call.session()
    assert (session.state, session.operator_id, session.operator_lost_at) == (S.QUEUED, None, None)
    assert (session.queued_at, session.epoch) == (before.queued_at, before.epoch + 1)
    assert call.hears == "assistant"
    assert (await call.conversation()).owner is Owner.WAITING
    ben = await desk.operator("ben")
    await ben.takes(call)
    assert (await call.state(), call.hears) == (S.ACTIVE, "operator")


async def test_a_held_caller_stays_held_when_the_headset_drops_and_comes_back(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    await ann.does(c.Hold, call, on=True)
    await ann.loses_headset()
    assert (await call.session()).operator_lost_at is not None
    await ann.asks_for_media(call)
    await ann.opens_headset()
    session = await call.session()
    assert (session.state, session.operator_lost_at, call.hears) == (S.HELD, None, "tone")


async def test_a_chat_waits_two_minutes_for_an_operator_whose_console_is_gone(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    await ann.goes()
    assert (await chat.session()).operator_lost_at == desk.clock.now()
    await desk.later(119)
    await ann.comes()
    session = await chat.session()
    assert (session.state, session.operator_lost_at, session.operator_id) == (S.ACTIVE, None, ann.id)
    await ann.goes()
    await desk.later(121)
    session = await chat.session()
    assert (session.state, session.operator_id) == (S.QUEUED, None)
    told = [turn.text for turn in await chat.messages() if turn.author is Author.SYSTEM]
    assert told[-1] == NOTICES[Notice.BACK_IN_QUEUE]


async def test_a_call_does_not_depend_on_the_console_only_on_the_headset(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    await ann.goes()
    session = await call.session()
    assert (session.state, session.operator_lost_at, call.hears) == (S.ACTIVE, None, "operator")
    await ann.comes()
    await ann.does(c.BackToAssistant, call)
    assert await call.state() is S.WRAP_UP


async def test_a_repeated_wait_has_its_own_limit(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await desk.later(10)
    await ann.takes(call)
    await desk.later(80)
    await ann.goes_away()
    await ann.does(c.Requeue, call)
    await desk.later(60)
    assert await call.state() is S.QUEUED, "the time of the first wait does not count against the second"
    await desk.later(31)
    assert await call.state() is S.CLOSED
