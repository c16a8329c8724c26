"""An operator presses keys on the caller's line: who may, when, and how often they sound."""

import pytest

from server.wire import commands as c
from tests.world import Customer, World

pytestmark = pytest.mark.scenario


def waiting_keys(world: World, call: Customer) -> int:
    """How many keys wait to sound."""
    return len(world.media._calls[call.id]._dialling._frames)


async def test_keys_reach_the_line_once_however_often_the_order_is_repeated(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person("menu")
    await ann.takes(call)
    for _ in range(3):
        reply = await ann.does(c.Dtmf, call, id_="same-order", digits="12ab")
        assert reply.ok
    assert waiting_keys(desk, call) == 4
    await ann.does(c.Dtmf, call, digits="#")
    assert waiting_keys(desk, call) == 5


async def test_keys_are_refused_to_others_before_the_talk_and_on_hold(desk: World) -> None:
    ann, bob = await desk.operator("ann"), await desk.operator("bob")
    call = await desk.caller()
    await call.asks_for_a_person("menu")
    assert (await ann.refused(c.Dtmf, call, digits="1")).code == "not_yours"
    await ann.accept(call)
    assert (await ann.refused(c.Dtmf, call, digits="1")).code == "not_possible_now"
    await ann.opens_headset()
    assert (await bob.refused(c.Dtmf, call, digits="1")).code == "not_yours"
    assert (await ann.refused(c.Dtmf, call, digits="1", epoch=0)).code == "stale_epoch"
    await ann.does(c.Hold, call, on=True)
    assert (await ann.refused(c.Dtmf, call, digits="1")).code == "not_possible_now"
    assert waiting_keys(desk, call) == 0


@pytest.mark.parametrize("digits", ["", "x", "1 2", "1" * 33, "\u0661", "1\n"])
async def test_what_is_no_key_is_refused_with_what_to_write(desk: World, digits: str) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person("menu")
    await ann.takes(call)
    refusal = await ann.refused(c.Dtmf, call, digits=digits)
    assert (refusal.code, "0-9" in refusal.hint) == ("bad_digits", True)


async def test_a_chat_has_no_keys(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person("menu")
    await ann.takes(chat)
    assert (await ann.refused(c.Dtmf, chat, digits="1")).code == "not_a_call"
