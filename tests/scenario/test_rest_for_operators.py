"""What an operator is spared: rings while writing up, their own passed-on work, and work that outlives their access."""

import pytest

from server.wire import commands as c
from server.wire.terms import CallPhase, SessionState
from tests.world import World

pytestmark = pytest.mark.scenario

S = SessionState


async def test_who_writes_up_is_not_rung(desk: World) -> None:
    ann = await desk.operator("ann")
    first, second = await desk.caller("First"), await desk.caller("Second")
    await first.asks_for_a_person()
    await ann.takes(first)
    await ann.does(c.BackToAssistant, first)
    assert await first.state() is S.WRAP_UP
    await second.asks_for_a_person()
    assert (await second.session()).offered_to is None, "it rang into the wrap-up"
    await ann.does(c.FinishWrapUp, first)
    await desk.settle()
    assert (await second.session()).offered_to == ann.id


async def test_who_writes_up_may_still_take_what_waits(desk: World) -> None:
    ann = await desk.operator("ann")
    first, second = await desk.caller("First"), await desk.caller("Second")
    await first.asks_for_a_person()
    await ann.takes(first)
    await ann.does(c.BackToAssistant, first)
    await second.asks_for_a_person()
    await ann.takes(second)
    assert await second.state() is S.ACTIVE


async def test_what_was_passed_on_does_not_ring_back_at_once(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    await ann.does(c.Requeue, call, note="needs billing")
    await desk.settle()
    session = await call.session()
    assert (session.state, session.offered_to) == (S.QUEUED, None)
    await desk.later(1)
    ben = await desk.operator("ben")
    await desk.settle()
    assert (await call.session()).offered_to == ben.id


async def test_a_removed_operator_leaves_nobody_behind(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    before = await call.session()
    assert await desk.broker.attendance.remove(ann.principal.organisation_id, ann.id)
    await desk.settle()
    after = await call.session()
    assert (after.state, after.operator_id, after.queued_at) == (S.QUEUED, None, before.queued_at)
    assert after.epoch == before.epoch + 1, "what the removed operator still sends is fenced"
    assert call.hears == CallPhase.ASSISTANT
    assert not await desk.broker.attendance.remove(ann.principal.organisation_id, ann.id)
