"""One winner, one accept, and one call at a time."""

import asyncio

import pytest

from server.core.errors import ConflictError, HandoffError
from server.wire import commands as c
from server.wire.frames import Reply
from server.wire.terms import Role, SessionState
from tests.world import Customer, Person, World

pytestmark = pytest.mark.scenario

S = SessionState


async def test_accept_pressed_twice_with_one_id_is_one_accept(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    epoch = (await call.session()).epoch
    first = await ann.accept(call, id_="press-001", epoch=epoch)
    again = await ann.accept(call, id_="press-001", epoch=epoch)
    assert first.session == again.session
    assert first.session is not None
    assert first.session.epoch == epoch + 1
    assert desk.names().count("session.connecting") == 1
    assert again.media is not None, "the first reply may have been lost: the repeated one carries a token too"
    await ann.opens_headset()
    assert await call.state() is S.ACTIVE


async def test_accept_pressed_twice_with_two_ids_is_one_accept(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    shown = await call.session()
    presses = [c.Accept(id=f"press-00{n}", session_id=shown.id, epoch=shown.epoch) for n in range(2)]
    first, again = await asyncio.gather(*(ann.order(press) for press in presses))
    assert first.session is not None
    assert again.session is not None
    assert (first.session.epoch, again.session.epoch) == (shown.epoch + 1, shown.epoch + 1)
    assert desk.names().count("session.connecting") == 1


async def test_one_id_for_two_different_orders_is_refused(desk: World) -> None:
    ann = await desk.operator("ann")
    call, other = await desk.caller("One"), await desk.caller("Two")
    await call.asks_for_a_person()
    await other.asks_for_a_person()
    await ann.accept(call, id_="press-001")
    assert (await ann.refused(c.Accept, other, id_="press-001")).code == "idempotency_key_reused"
    assert await other.state() is S.QUEUED


async def test_of_many_who_accept_at_once_one_wins_and_all_others_are_told_who(desk: World) -> None:
    people = [await desk.operator(f"op{n:02}") for n in range(20)]
    call = await desk.caller()
    await call.asks_for_a_person()
    results = await asyncio.gather(*(person.accept(call) for person in people), return_exceptions=True)
    won = [person for person, result in zip(people, results, strict=True) if isinstance(result, Reply)]
    assert len(won) == 1
    assert (await call.session()).operator_id == won[0].id
    lost = [result for result in results if isinstance(result, HandoffError)]
    assert len(lost) == 19
    assert {refusal.code for refusal in lost} == {"already_taken"}
    assert {refusal.details["winner"] for refusal in lost} == {won[0].id}
    assert all(isinstance(refusal, ConflictError) for refusal in lost)


async def test_an_accept_given_before_the_session_was_taken_and_came_back_is_refused(desk: World) -> None:
    ann, ben = await desk.operator("ann"), await desk.operator("ben")
    call = await desk.caller()
    await call.asks_for_a_person()
    epoch = (await call.session()).epoch
    await ann.accept(call)
    await desk.later(5.1)
    refusal = await ben.refused(c.Accept, call, epoch=epoch)
    assert (refusal.code, refusal.details) == ("stale_epoch", {"epoch": str(epoch + 2)})


async def test_a_late_repeat_of_an_accept_never_gets_the_line_of_somebody_else(desk: World) -> None:
    """Ann's accept lapsed, Ben has the caller: what Ann's console sends again must not give her Ben's token."""
    ann, ben = await desk.operator("ann"), await desk.operator("ben")
    call = await desk.caller()
    await call.asks_for_a_person()
    epoch = (await call.session()).epoch
    await ann.accept(call, id_="press-001", epoch=epoch)
    await desk.later(5.1)
    await ben.accept(call)
    late = await ann.accept(call, id_="press-001", epoch=epoch)
    assert late.media is None
    assert (await call.session()).operator_id == ben.id


async def test_nobody_takes_two_calls_at_once(desk: World) -> None:
    ann = await desk.operator("ann")
    one, two = await desk.caller("One"), await desk.caller("Two")
    await one.asks_for_a_person()
    await two.asks_for_a_person()
    await ann.takes(one)
    refusal = await ann.refused(c.Accept, two)
    assert (refusal.code, refusal.details) == ("in_a_call", {"session_id": (await one.session()).id})
    await ann.does(c.BackToAssistant, one)
    await ann.takes(two)
    assert await two.state() is S.ACTIVE


async def test_a_call_may_be_taken_during_a_chat_by_choice(desk: World) -> None:
    ann = await desk.operator("ann")
    chat, call = await desk.chat(), await desk.caller()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    await call.asks_for_a_person()
    assert await call.state() is S.QUEUED, "a call does not ring at somebody who chats"
    await ann.takes(call)
    assert await call.state() is S.ACTIVE


@pytest.mark.parametrize(
    ("kind", "rest"),
    [(c.Accept, {}), (c.AddNote, {"text": "hm"}), (c.Decline, {})],
    ids=["accept", "note", "decline"],
)
async def test_a_viewer_only_looks(desk: World, kind: type, rest: dict[str, str]) -> None:
    viewer = await desk.operator("vera", role=Role.VIEWER)
    call = await desk.caller()
    await call.asks_for_a_person()
    assert await call.state() is S.QUEUED, "a viewer is never rung"
    refusal = await viewer.refused(kind, call, **rest)
    assert (refusal.code, refusal.details) == ("not_allowed", {"needs": "operator"})


async def all_orders(ann: Person, call: Customer) -> list[tuple[type, dict[str, object]]]:
    return [
        (c.Mute, {"on": True}),
        (c.Hold, {"on": True}),
        (c.BackToAssistant, {}),
        (c.Resolve, {}),
        (c.End, {}),
        (c.Requeue, {}),
        (c.FollowUp, {"text": "later"}),
        (c.OpenMedia, {}),
    ]


async def test_only_whoever_has_the_customer_gives_orders_and_only_at_the_present_epoch(desk: World) -> None:
    ann, ben = await desk.operator("ann"), await desk.operator("ben")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    before = await call.session()
    for kind, rest in await all_orders(ann, call):
        assert (await ben.refused(kind, call, **rest)).code == "not_yours"
        assert (await ann.refused(kind, call, epoch=before.epoch - 1, **rest)).code == "stale_epoch"
    assert await call.session() == before


async def test_a_session_that_is_not_there_is_not_there(desk: World) -> None:
    ann = await desk.operator("ann")
    for order in (
        c.Accept(id="command-1", session_id="s_nothing", epoch=1),
        c.Say(id="command-2", session_id="s_nothing", epoch=1, text="hi"),
        c.OpenMedia(id="command-3", session_id="s_nothing", epoch=1),
        c.Mute(id="command-4", session_id="s_nothing", epoch=1, on=True),
    ):
        with pytest.raises(HandoffError) as refusal:
            await ann.order(order)
        assert refusal.value.code == "no_such_session"


@pytest.mark.parametrize("id_", ["short", "x" * 65])
async def test_a_command_needs_a_proper_id(desk: World, id_: str) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    assert (await ann.refused(c.Accept, call, id_=id_)).code == "bad_command_id"


async def test_there_is_no_audio_to_open_on_a_chat(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    assert (await ann.refused(c.OpenMedia, chat)).code == "not_a_call"
