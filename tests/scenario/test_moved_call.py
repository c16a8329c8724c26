"""A call that runs on the AI's own stream at a carrier: the carrier brings it when an operator has accepted."""

import pytest

from server.wire.terms import Medium, SessionState
from tests.fakes.carrier import FakeCarrier, alone
from tests.world import Customer, World

pytestmark = pytest.mark.scenario

CALL = "CA" + "9" * 32


async def elsewhere(desk: World) -> Customer:
    """Return a caller who talks with the AI at the carrier, and asks for a person."""
    call = await desk._customer("Mrs Fields", Medium.VOICE, channel="twilio", external_id=CALL)
    await call.asks_for_a_person("wants a refund")
    return call


async def test_an_accepted_call_is_brought_to_the_operator_once() -> None:
    carrier = FakeCarrier()
    async with World(carriers=alone(carrier)) as desk:
        ann = await desk.operator("ann")
        call = await elsewhere(desk)
        assert not carrier.moved, "until somebody accepts the AI keeps the caller"
        await ann.accept(call)
        await desk.settle()
        (moved,) = carrier.moved
        assert (moved.external_id, moved.conversation_id) == (CALL, call.id)
        await ann.opens_headset()
        call.line = desk.media.connect(moved.media_token, "twilio", CALL)
        await desk.settle()
        assert (await call.session()).state is SessionState.ACTIVE
        assert call.hears == "operator"
        assert len(carrier.moved) == 1


async def test_a_carrier_that_refuses_leaves_the_caller_where_they_are_and_the_session_at_its_place() -> None:
    carrier = FakeCarrier()
    carrier.refuses = "the call is over"
    async with World(carriers=alone(carrier), ring=False) as desk:
        ann = await desk.operator("ann")
        call = await elsewhere(desk)
        await ann.accept(call)
        await ann.opens_headset()
        await desk.later(10)
        assert (await call.session()).state is SessionState.QUEUED
        assert (carrier.moved, carrier.ended) == ([], [])


async def test_a_call_whose_audio_we_have_is_not_moved() -> None:
    carrier = FakeCarrier()
    async with World(carriers=alone(carrier)) as desk:
        ann = await desk.operator("ann")
        call = await desk.caller(channel="twilio", external_id=CALL)
        await call.asks_for_a_person("wants a refund")
        await ann.accept(call)
        await desk.settle()
        assert carrier.moved == []
