"""The media worker does not answer: replies stay honest, and nobody is lost."""

import pytest

from server.core.errors import ProviderError
from server.wire import commands as c
from server.wire.terms import SessionState
from tests.world import World

pytestmark = pytest.mark.scenario

S = SessionState


async def test_an_accept_without_a_worker_is_told_so_and_the_caller_is_back_at_their_place(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    before = await call.session()
    desk.media.reachable = False
    refusal = await ann.refused(c.Accept, call)
    assert isinstance(refusal, ProviderError)
    assert (refusal.code, refusal.retryable) == ("media_unreachable", True)
    assert await call.state() is S.CONNECTING
    assert call.hears == "assistant"
    await ann.goes_away()
    await desk.later(5.1)
    session = await call.session()
    assert (session.state, session.queued_at, session.operator_id) == (S.QUEUED, before.queued_at, None)
    desk.media.reachable = True
    await desk.later(11)
    assert await desk.jobs() == 0, "what could not be told is told when the worker is back"
    await ann.takes(call)
    assert (await call.state(), call.hears) == (S.ACTIVE, "operator")


async def test_an_accept_repeated_when_the_worker_is_back_gets_its_line(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    epoch = (await call.session()).epoch
    desk.media.reachable = False
    with pytest.raises(ProviderError):
        await ann.accept(call, id_="press-001", epoch=epoch)
    await desk.settle()
    desk.media.reachable = True
    await desk.later(1)
    reply = await ann.accept(call, id_="press-001", epoch=epoch)
    assert reply.media is not None
    await ann.opens_headset()
    assert await call.state() is S.ACTIVE


async def test_orders_in_a_talk_hold_and_reach_the_worker_when_it_is_back(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    desk.media.reachable = False
    await ann.does(c.Mute, call, on=True)
    await ann.does(c.Hold, call, on=True)
    assert await call.state() is S.HELD
    assert await desk.jobs() > 0
    assert call.hears == "operator", "the worker has not heard of it"
    await desk.later(3)
    desk.media.reachable = True
    await desk.later(6)
    assert call.hears == "tone"
    assert await desk.jobs() == 0


async def test_an_end_holds_and_the_line_drops_when_the_worker_is_back(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    desk.media.reachable = False
    await ann.does(c.End, call)
    assert await call.state() is S.WRAP_UP
    desk.media.reachable = True
    await desk.later(6)
    assert call.line is not None
    assert call.line.ended
    assert (await call.conversation()).ended_at is not None


async def test_a_failed_job_holds_up_its_own_call_only(desk: World) -> None:
    ann, ben = await desk.operator("ann"), await desk.operator("ben")
    one, two = await desk.caller("One"), await desk.caller("Two")
    await one.asks_for_a_person()
    await two.asks_for_a_person()
    await ann.takes(one)
    await ben.takes(two)
    plan, refused = desk.media.plan, []

    async def plan_of_two_only(wanted: object) -> None:
        if wanted.call_id == one.id:  # type: ignore[attr-defined]
            refused.append(wanted)
            raise ProviderError("media_unreachable", "Not for this call.")
        await plan(wanted)  # type: ignore[arg-type]

    desk.media.plan = plan_of_two_only  # type: ignore[method-assign]
    await ann.does(c.Hold, one, on=True)
    await ben.does(c.Hold, two, on=True)
    assert (one.hears, two.hears) == ("operator", "tone")
    assert refused
    desk.media.plan = plan  # type: ignore[method-assign]
    await desk.later(11)
    assert (one.hears, await desk.jobs()) == ("tone", 0)


async def test_an_offer_that_the_database_could_not_take_is_made_a_moment_later(desk: World) -> None:
    call = await desk.caller()
    await call.asks_for_a_person()
    ann = await desk.operator("ann", duty=False)
    desk.database.verdicts.extend([True, False])
    await ann.goes_on_duty()
    assert not desk.database.verdicts, "the offer was tried and failed"
    assert await call.state() is S.QUEUED
    await desk.later(2)
    assert (await call.session()).offered_to == ann.id


async def test_an_end_through_the_interface_that_the_worker_did_not_hear_can_be_repeated(desk: World) -> None:
    call = await desk.caller()
    desk.media.reachable = False
    with pytest.raises(ProviderError):
        await desk.broker.intake.end_conversation(desk.assistant, call.id)
    assert (await call.conversation()).ended_at is not None
    desk.media.reachable = True
    await desk.broker.intake.end_conversation(desk.assistant, call.id)
    await desk.settle()
    assert not desk.media._calls[call.id].legs
