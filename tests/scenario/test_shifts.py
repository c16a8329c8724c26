"""Coming and leaving: what happened meanwhile, and who gets the chats that are left."""

import pytest

from server.broker.digest import digest
from server.core.errors import CallerError, ConflictError, NotFoundError
from server.wire import commands as c
from server.wire.terms import Author, OperatorId, Outcome, Presence, Role, SessionState
from server.wire.views import Digest
from tests.world import Customer, Person, World

pytestmark = pytest.mark.scenario


async def told(desk: World, who: Person, hours: float = 0.0) -> Digest:
    return await digest(desk.broker.parts, who.principal, hours)


async def leaves_duty(who: Person) -> None:
    await who.order(c.SetPresence(id=who.new_id(), presence=Presence.OFFLINE))


async def chatting(desk: World, who: Person, name: str) -> Customer:
    chat = await desk.chat(name)
    await chat.asks_for_a_person()
    await who.takes(chat)
    return chat


async def test_the_digest_begins_where_the_operator_left_and_stays_for_the_shift(desk: World) -> None:
    ann, ben = await desk.operator("ann"), await desk.operator("ben")
    await leaves_duty(ann)
    left_at = desk.clock.now()
    await ann.goes()
    await desk.clock.leap(3600)
    await desk.settle()
    await ann.comes()
    await ann.goes_on_duty()
    assert (await told(desk, ann)).since == left_at
    await desk.later(60)
    await ann.goes()
    await desk.later(30)
    await ann.comes()
    found = await told(desk, ann)
    assert (found.since, found.until) == (left_at, desk.clock.now()), "a blip of the network begins no new shift"
    assert [one.name for one in found.on_duty] == ["Ann", "Ben"]
    await ben.goes()
    assert [one.name for one in (await told(desk, ann)).on_duty] == ["Ann"]


async def test_who_was_never_told_gets_a_day_and_hours_can_be_asked_for(desk: World) -> None:
    ann = await desk.operator("ann")
    now = desk.clock.now()
    assert (now - (await told(desk, ann)).since).total_seconds() == 86_400
    assert (now - (await told(desk, ann, 2)).since).total_seconds() == 7_200
    with pytest.raises(CallerError):
        await digest(desk.broker.parts, desk.assistant)


async def test_the_digest_has_who_waits_what_is_promised_how_it_ended_and_who_means_me(desk: World) -> None:
    ann, ben = await desk.operator("ann"), await desk.operator("ben", capacity_chat=9)
    await leaves_duty(ann)
    await ann.goes()
    await desk.later(1800)
    done, kept = await chatting(desk, ben, "Done"), await chatting(desk, ben, "Kept")
    await ben.does(c.AddNote, kept, text="@Ann knows the contract")
    await ben.does(c.AddNote, kept, text="mail ann@example.com, not @Annabel; @Ben asks himself")
    await ben.does(c.FollowUp, done, text="send the receipt")
    await ben.does(c.Resolve, done)
    await ben.does(c.FinishWrapUp, done)
    await leaves_duty(ben)
    waiting = await desk.chat("Waiting")
    await waiting.asks_for_a_person()
    await desk.later(61)
    found = await told(desk, ann)
    assert ([one.customer.name for one in found.waiting], found.waiting_count, found.late_count) == (["Waiting"], 1, 1)
    assert [(one.customer.name, one.follow_up) for one in found.follow_ups] == [("Done", "send the receipt")]
    assert found.outcomes == {Outcome.RESOLVED: 1}
    assert [note.text for note in found.mentions] == ["@Ann knows the contract"]
    assert (await told(desk, ben)).mentions == (), "one's own notes mean nobody new"


async def test_all_chats_ring_at_the_colleague_with_the_note_and_lapse_to_the_queue(desk: World) -> None:
    ann = await desk.operator("ann")
    first, second = await chatting(desk, ann, "First"), await chatting(desk, ann, "Second")
    ben = await desk.operator("ben")
    places = [(await chat.session()).queued_at for chat in (first, second)]
    order = c.HandOver(id=ann.new_id(), to=ben.id, note="both want a refund")
    reply = await ann.order(order)
    assert reply.handed_over == ("H-0001", "H-0002")
    for chat in (first, second):
        session = await chat.session()
        assert (session.state, session.offered_to, session.operator_id) == (SessionState.OFFERED, ben.id, None)
        notes = [turn.text for turn in await chat.messages() if turn.author is Author.NOTE]
        assert notes == ["@Ben Handed over by Ann. both want a refund"]
    assert (await ann.order(order)).handed_over == (), "the same order again does nothing"
    await ben.takes(first)
    assert (await first.session()).operator_id == ben.id
    await leaves_duty(ann)
    await desk.later(31)
    left = await second.session()
    assert (left.state, [left.queued_at]) == (SessionState.QUEUED, places[1:]), "nobody loses their place"


async def test_one_session_rings_at_the_colleague_it_was_passed_to_and_goes_on_from_its_place(desk: World) -> None:
    ann, ben = await desk.operator("ann"), await desk.operator("ben")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    place = (await call.session()).queued_at
    await ann.does(c.Requeue, call, to=ben.id, note="knows the contract")
    session = await call.session()
    assert (session.state, session.offered_to, session.note) == (
        SessionState.OFFERED,
        ben.id,
        "knows the contract",
    )
    notes = [turn.text for turn in await call.messages() if turn.author is Author.NOTE]
    assert notes == ["@Ben Handed over by Ann. knows the contract"]
    await desk.later(31)
    left = await call.session()
    assert (left.queued_at, left.operator_id) == (place, None), "let pass, it waits at its place"
    other = await desk.caller("Other")
    await other.asks_for_a_person()
    await ben.takes(call)
    await ann.takes(other)
    with pytest.raises(ConflictError) as busy:
        await ann.does(c.Requeue, other, to=ben.id)
    assert busy.value.code == "colleague_in_call"
    assert await other.state() is SessionState.ACTIVE, "a refusal leaves the caller where they are"


async def test_without_a_name_all_chats_go_back_to_the_queue_and_a_call_stays(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await chatting(desk, ann, "First")
    await ann.order(c.HandOver(id=ann.new_id(), note="end of shift"))
    session = await chat.session()
    assert (session.state, session.note, session.offered_to) == (SessionState.QUEUED, "end of shift", None)
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    with pytest.raises(ConflictError) as nothing:
        await ann.order(c.HandOver(id=ann.new_id()))
    assert nothing.value.code == "nothing_in_hand"
    assert await call.state() is SessionState.ACTIVE


async def test_only_a_colleague_who_is_there_can_be_handed_something(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await chatting(desk, ann, "First")
    away = await desk.operator("ben", duty=False)
    viewer = await desk.operator("vic", role=Role.VIEWER)
    for to, error in (
        (away.id, ConflictError),
        (viewer.id, NotFoundError),
        (OperatorId("op_nobody"), NotFoundError),
        (ann.id, CallerError),
    ):
        with pytest.raises(error):
            await ann.order(c.HandOver(id=ann.new_id(), to=to))
    assert await chat.state() is SessionState.ACTIVE, "nothing is handed over by halves"
