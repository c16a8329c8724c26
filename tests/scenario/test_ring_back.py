"""Ring back: the carrier dials, the session is the operator's from the first ring, and nobody is called twice."""

from pathlib import Path

import pytest

from server.broker.ports.carrier import Carriers
from server.core.session import Rules
from server.wire import commands as c
from server.wire.frames import Reply
from server.wire.terms import Dial, Medium, Outcome, Party, SessionKind, SessionState
from server.wire.views import SessionView
from tests.fakes.carrier import FakeCarrier, alone
from tests.world import ORGANISATION, Customer, Person, World

pytestmark = pytest.mark.scenario

NUMBER = "+1 555 0142 00"


async def missed(desk: World, handle: str = NUMBER) -> Customer:
    """Return a customer who called and left."""
    call = await desk.caller(customer_handle=handle, channel="twilio")
    await call.asks_for_a_person("wants a refund")
    await call.leaves()
    return call


async def rings(ann: Person, customer: Customer, id_: str = "") -> tuple[Reply, Customer]:
    """Ring back; return the reply and the customer on the new line."""
    reply = await ann.does(c.RingBack, customer, id_=id_)
    assert reply.session is not None
    ann.grant = reply.media
    return reply, Customer(customer.world, reply.session.conversation_id, Medium.VOICE)


async def channel(desk: World, callee: Customer) -> str:
    found = await desk.database.read(lambda unit: unit.conversations.load(ORGANISATION, callee.id))
    assert found is not None
    return found.channel


async def state(desk: World, reply: Reply) -> SessionView:
    assert reply.session is not None
    id_ = reply.session.id
    view = await desk.database.read(lambda unit: unit.views.session(ORGANISATION, id_))
    assert view is not None
    return view


async def test_without_a_carrier_that_can_dial_the_refusal_says_what_to_configure() -> None:
    async with World() as desk:
        ann = await desk.operator("ann")
        refused = await ann.refused(c.RingBack, await missed(desk))
        assert refused.code == "no_carrier"
        assert "caller_number" in refused.hint


async def test_a_customer_who_answers_talks_with_the_operator_who_called() -> None:
    carrier = FakeCarrier()
    async with World(carriers=alone(carrier)) as desk:
        ann = await desk.operator("ann")
        reply, callee = await rings(ann, await missed(desk))
        view = await state(desk, reply)
        assert (view.state, view.operator_id, view.kind) == (SessionState.CONNECTING, ann.id, SessionKind.CALLBACK)
        assert (view.dial, view.reason, view.customer.handle) == (Dial.QUEUED, "Ring back of H-0001", "+1555014200")
        (call,) = carrier.placed
        assert (call.to, call.conversation_id) == ("+1555014200", callee.id)
        assert call.ring_seconds < Rules().dial_seconds
        await ann.opens_headset()
        assert (await state(desk, reply)).state is SessionState.CONNECTING
        for dial in (Dial.RINGING, Dial.ANSWERED):
            await desk.broker.desk.ring_backs.moved(callee.id, dial)
            assert (await state(desk, reply)).dial is dial
        callee.line = desk.media.connect(call.media_token, "twilio", "CA1")
        await desk.settle()
        assert (await state(desk, reply)).state is SessionState.ACTIVE
        assert callee.hears == "operator"
        await callee.leaves()
        await desk.later(120)
        done = await state(desk, reply)
        assert (done.outcome, done.ended_by) == (Outcome.RESOLVED, Party.CUSTOMER)
        assert (done.contact_id, carrier.ended) == ((await callee.conversation()).contact_id, [])


async def test_statuses_may_come_late_twice_or_out_of_order() -> None:
    carrier = FakeCarrier()
    async with World(carriers=alone(carrier)) as desk:
        ann = await desk.operator("ann")
        reply, callee = await rings(ann, await missed(desk))
        moved = desk.broker.desk.ring_backs.moved
        for dial in (Dial.ANSWERED, Dial.RINGING, Dial.QUEUED):
            await moved(callee.id, dial)
        view = await state(desk, reply)
        assert view.dial is Dial.ANSWERED
        for _ in range(2):
            await moved(callee.id, Dial.BUSY)
        await moved(callee.id, Dial.ANSWERED)
        done = await state(desk, reply)
        assert (done.state, done.outcome, done.dial) == (SessionState.CLOSED, Outcome.FAILED, Dial.BUSY)
        assert (await callee.conversation()).ended_at is not None


async def test_whoever_does_not_answer_never_gets_into_a_queue_and_the_ringing_stops() -> None:
    carrier = FakeCarrier()
    async with World(carriers=alone(carrier)) as desk:
        ann = await desk.operator("ann")
        reply, _ = await rings(ann, await missed(desk))
        await ann.opens_headset()
        await desk.later(60)
        done = await state(desk, reply)
        assert (done.state, done.outcome, done.dial) == (SessionState.CLOSED, Outcome.FAILED, Dial.NO_ANSWER)
        assert await desk.queue() == []
        assert carrier.ended == ["CA" + f"{1:032x}"]
        assert (await ann.view()).sessions == ()
        assert ann.leg is not None
        assert ann.leg.ended == "ended"


async def test_the_operator_may_stop_the_ringing_and_nothing_else() -> None:
    carrier = FakeCarrier()
    async with World(carriers=alone(carrier)) as desk:
        ann = await desk.operator("ann")
        reply, _ = await rings(ann, await missed(desk))
        view = await state(desk, reply)
        for kind in (c.Requeue, c.BackToAssistant):
            with pytest.raises(Exception, match="still rings"):
                await ann.order(kind(id=ann.new_id(), session_id=view.id, epoch=view.epoch))
        await ann.order(c.End(id=ann.new_id(), session_id=view.id, epoch=view.epoch))
        done = await state(desk, reply)
        assert (done.state, done.outcome, done.ended_by) == (SessionState.CLOSED, Outcome.ENDED, Party.OPERATOR)
        assert (done.dial, len(carrier.ended)) == (Dial.CANCELLED, 1)


async def test_the_same_order_again_places_no_second_call() -> None:
    carrier = FakeCarrier()
    async with World(carriers=alone(carrier)) as desk:
        ann = await desk.operator("ann")
        customer = await missed(desk)
        first, _ = await rings(ann, customer, "order-0001")
        again, _ = await rings(ann, customer, "order-0001")
        assert first.session is not None
        assert again.session is not None
        assert (again.session.id, len(carrier.placed)) == (first.session.id, 1)
        assert again.media is not None
        other = await ann.refused(c.RingBack, await missed(desk, "+1 555 999 000"), id_="order-0001")
        assert other.code == "idempotency_key_reused"


async def test_a_carrier_that_refuses_closes_the_session_and_says_why() -> None:
    carrier = FakeCarrier()
    carrier.refuses = "Twilio refused: not a valid number (21211)"
    async with World(carriers=alone(carrier)) as desk:
        ann = await desk.operator("ann")
        reply, _ = await rings(ann, await missed(desk))
        done = await state(desk, reply)
        assert (done.state, done.outcome, done.dial) == (SessionState.CLOSED, Outcome.FAILED, Dial.FAILED)
        assert done.note == "Twilio refused: not a valid number (21211)"


async def test_nobody_is_called_without_a_number_or_during_another_call() -> None:
    carrier = FakeCarrier()
    async with World(carriers=alone(carrier)) as desk:
        ann = await desk.operator("ann")
        assert (await ann.refused(c.RingBack, await missed(desk, "guest"))).code == "no_number"
        customer = await missed(desk)
        live = await desk.caller(customer_handle="+1 555 7777 77")
        await live.asks_for_a_person()
        await ann.takes(live)
        assert (await ann.refused(c.RingBack, customer)).code == "in_a_call"
        assert (await ann.refused(c.RingBack, live)).code == "not_possible_now"
        assert carrier.placed == []


async def test_a_chat_is_called_at_the_number_that_its_contact_is_known_by() -> None:
    carrier = FakeCarrier()
    async with World(carriers=alone(carrier)) as desk:
        ann = await desk.operator("ann")
        await desk.chat(customer_handle=NUMBER, channel="sms", customer_id="A-7")
        chat = await desk.chat(customer_handle="z@example.com", channel="web", customer_id="A-7")
        await chat.asks_for_a_person()
        await ann.takes(chat)
        await rings(ann, chat)
        assert [one.to for one in carrier.placed] == ["+1555014200"]
        assert (await chat.session()).state is SessionState.ACTIVE


async def test_a_restart_between_order_and_answer_calls_nobody_again(tmp_path: Path) -> None:
    carrier = FakeCarrier()
    async with World(f"sqlite:///{tmp_path / 'desk.sqlite3'}", carriers=alone(carrier)) as desk:
        ann = await desk.operator("ann")
        reply, callee = await rings(ann, await missed(desk))
        await desk.restart()
        assert len(carrier.placed) == 1
        callee.line = desk.media.connect(carrier.placed[0].media_token, "twilio", "CA1")
        await desk.settle()
        view = await state(desk, reply)
        assert view.state in {SessionState.CONNECTING, SessionState.ACTIVE}
        assert len(carrier.placed) == 1


async def test_a_call_is_returned_over_its_own_carrier_and_others_over_the_one_that_dials_for_all() -> None:
    first, second = FakeCarrier("twilio"), FakeCarrier("plivo")
    async with World(carriers=Carriers({"twilio": first, "plivo": second}, dial_with="plivo")) as desk:
        ann = await desk.operator("ann")
        reply, callee = await rings(ann, await missed(desk))
        assert (await channel(desk, callee), len(first.placed), len(second.placed)) == ("twilio", 1, 0)
        view = await state(desk, reply)
        await ann.order(c.End(id=ann.new_id(), session_id=view.id, epoch=view.epoch))
        await desk.settle()
        assert (first.ended, second.ended) == (["CA" + f"{1:032x}"], [])
        assert (await state(desk, reply)).state is SessionState.CLOSED
        elsewhere = await desk.caller(customer_handle=NUMBER, channel="widget")
        await elsewhere.asks_for_a_person("wants a refund")
        await elsewhere.leaves()
        _, callee = await rings(ann, elsewhere)
        assert (await channel(desk, callee), len(second.placed)) == ("plivo", 1)


def test_without_a_choice_the_only_carrier_dials_and_of_several_none() -> None:
    one, other = FakeCarrier("twilio"), FakeCarrier("plivo")
    assert alone(one).to_dial("widget") is one
    assert Carriers({"twilio": one, "plivo": other}).to_dial("widget") is None
    assert Carriers().to_dial("twilio") is None
