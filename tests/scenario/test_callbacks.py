"""Who wants to be called back keeps their place: nobody overtakes, the call is tried again, and never at a bad hour."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, time, timedelta
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from server.broker.ports.dialling import Callee
from server.core.errors import HandoffError
from server.core.policy import BookBack, Hours, Opening, Policy, PolicyStep
from server.core.session import Rules
from server.wire import commands as c
from server.wire.requests import NewCallback
from server.wire.terms import Author, Dial, Medium, Outcome, SessionKind, SessionState
from server.wire.views import SessionView
from tests.fakes.carrier import FakeCarrier, alone
from tests.fakes.dial_guard import OpenGuard
from tests.world import ORGANISATION, Customer, Person, World

pytestmark = pytest.mark.scenario

NUMBER = "+493012345678"
RULES = replace(Rules(), callback_gap_seconds=300.0, callback_attempts=3, wrap_up_seconds=0.0)
S = SessionState


def world(carrier: FakeCarrier, rules: Rules = RULES, guard: OpenGuard | None = None) -> World:
    return World(rules=rules, carriers=alone(carrier), guard=guard or OpenGuard(Callee(to=NUMBER, address=NUMBER)))


async def asks(customer: Customer, **body: object) -> SessionView:
    """Let the assistant ask for a call back over REST."""
    desk = customer.world
    wanted = NewCallback(**body)  # type: ignore[arg-type]
    view = await desk.broker.callbacks.book(desk.assistant, customer.id, wanted, "")
    await desk.settle()
    return view


async def now_is(desk: World, view: SessionView) -> SessionView:
    found = await desk.database.read(lambda unit: unit.views.session(ORGANISATION, view.id))
    assert found is not None
    return found


def on_line(desk: World, view: SessionView) -> Customer:
    return Customer(desk, view.conversation_id, Medium.VOICE)


async def picks_up(desk: World, carrier: FakeCarrier, ann: Person, view: SessionView) -> None:
    """Let the customer answer, and the operator's audio come."""
    called = on_line(desk, view)
    called.line = desk.media.connect(carrier.placed[-1].media_token, "twilio", f"CA{len(carrier.placed)}")
    await desk.broker.desk.ring_backs.moved(view.conversation_id, Dial.ANSWERED)
    await ann.opens_headset()
    await desk.settle()


async def reports(desk: World, view: SessionView, dial: Dial) -> None:
    await desk.broker.desk.ring_backs.moved(view.conversation_id, dial)
    await desk.settle()


async def test_a_callback_keeps_its_place_and_the_call_is_placed_at_the_accept() -> None:
    carrier = FakeCarrier()
    async with world(carrier) as desk:
        first, second = await desk.caller("First", customer_handle=NUMBER), await desk.caller("Second")
        await first.asks_for_a_person("wants a refund")
        await desk.later(1)
        await second.asks_for_a_person()
        view = await asks(first)
        old = await first.session()
        assert (old.state, old.outcome) == (S.CLOSED, Outcome.CALLBACK), "the wait on the line ended, typed"
        await first.leaves()
        assert (view.kind, view.state) == (SessionKind.CALLBACK, S.QUEUED)
        assert view.callback is not None
        assert view.callback.place_of == old.number
        assert await desk.queue() == ["First", "Second"], "nobody overtakes"
        assert carrier.placed == [], "nobody is called before an operator has accepted"
        ann = await desk.operator("ann")
        assert (await now_is(desk, view)).offered_to == ann.id
        reply = await ann.accept(on_line(desk, view))
        assert reply.session is not None
        assert reply.session.dial is Dial.PLACING
        await desk.settle()
        assert [call.to for call in carrier.placed] == [NUMBER]
        await picks_up(desk, carrier, ann, view)
        after = await now_is(desk, view)
        assert (after.state, after.operator_id) == (S.ACTIVE, ann.id)
        assert after.callback is not None
        assert [one.outcome for one in after.callback.attempts] == [Dial.ANSWERED]


async def test_who_is_not_reached_is_tried_again_after_a_pause_and_given_up_at_last() -> None:
    carrier = FakeCarrier()
    async with world(carrier) as desk:
        call = await desk.caller("First", customer_handle=NUMBER)
        await call.asks_for_a_person()
        view = await asks(call)
        await call.leaves()
        ann = await desk.operator("ann")
        for number, end in enumerate((Dial.BUSY, Dial.NO_ANSWER), start=1):
            await ann.accept(on_line(desk, view))
            await reports(desk, view, end)
            after = await now_is(desk, view)
            assert (after.state, after.offered_to, after.operator_id) == (S.QUEUED, None, None)
            assert len(carrier.placed) == number
            await desk.later(290)
            assert (await now_is(desk, view)).offered_to is None, "not before the pause is over"
            await desk.later(15)
            assert (await now_is(desk, view)).offered_to == ann.id
        await ann.accept(on_line(desk, view))
        await desk.later(45)
        after = await now_is(desk, view)
        assert (after.state, after.outcome) == (S.CLOSED, Outcome.FAILED)
        assert after.callback is not None
        assert [one.outcome for one in after.callback.attempts] == [Dial.BUSY, Dial.NO_ANSWER, Dial.NO_ANSWER]
        assert {one.operator_id for one in after.callback.attempts} == {ann.id}
        await desk.later(900)
        assert len(carrier.placed) == 3, "called no more"


async def test_nobody_is_called_outside_the_contact_hours_nor_outside_the_customers_own() -> None:
    carrier = FakeCarrier()
    day = Hours(UTC, (Opening(frozenset(range(7)), time(9), time(20)),))
    async with world(carrier, replace(RULES, callback_hours=day)) as desk:
        opens = desk.clock.now().replace(hour=9, minute=0) + timedelta(days=1)
        begin = desk.clock.now().replace(hour=21)
        await desk.clock.leap((begin - desk.clock.now()).total_seconds())
        call = await desk.caller("Late", customer_handle=NUMBER)
        await call.asks_for_a_person()
        view = await asks(call)
        await call.leaves()
        ann = await desk.operator("ann")
        assert (await now_is(desk, view)).offered_to is None, "it is nine in the evening"
        refusal = await ann.refused(c.Accept, on_line(desk, view))
        assert refusal.code == "outside_contact_hours"
        told = await desk.broker.why.explain(ann.principal, await now_is(desk, view))
        assert f"not before {opens:%Y-%m-%d %H:%M} UTC" in told.summary
        await desk.clock.leap((opens - desk.clock.now()).total_seconds() - 5)
        await desk.settle()
        assert (await now_is(desk, view)).offered_to is None
        await desk.later(8)
        assert (await now_is(desk, view)).offered_to == ann.id
        assert carrier.placed == []


async def test_a_window_of_the_customers_own_begins_and_ends() -> None:
    carrier = FakeCarrier()
    async with world(carrier) as desk:
        call = await desk.caller("Own", customer_handle=NUMBER)
        now = desk.clock.now()
        view = await asks(call, not_before=now + timedelta(seconds=60), not_after=now + timedelta(seconds=120))
        ann = await desk.operator("ann")
        assert (await now_is(desk, view)).offered_to is None
        await desk.later(61)
        assert (await now_is(desk, view)).offered_to == ann.id
        await ann.does(c.Decline, on_line(desk, view))
        await desk.later(60)
        assert (await now_is(desk, view)).outcome is Outcome.EXPIRED
        with pytest.raises(HandoffError, match="over before it begins"):
            await asks(call, not_after=now)


async def test_a_step_of_the_policy_books_it_for_a_caller_and_offers_it_in_a_chat() -> None:
    carrier = FakeCarrier()
    rules = replace(RULES, policy=Policy((PolicyStep(20, BookBack()),)))
    async with world(carrier, rules) as desk:
        call, chat = await desk.caller("Caller", customer_handle=NUMBER), await desk.chat("Writer")
        await call.asks_for_a_person()
        await chat.asks_for_a_person()
        await desk.later(21)
        assert (await call.session()).outcome is Outcome.CALLBACK
        lines = [one.text for one in await call.messages() if one.author is Author.SYSTEM]
        assert lines == [BookBack().text]
        assert await chat.state() is S.QUEUED, "whom we can't call waits on"
        assert [one.text for one in await chat.messages() if one.author is Author.SYSTEM] == [BookBack().offer]
        waiting = [one for one in (await desk.snapshot()).sessions if one.callback is not None]
        assert [(one.customer.name, one.callback.place_of) for one in waiting if one.callback] == [("Caller", "H-0001")]
        view = await asks(chat, number=NUMBER)
        assert (await chat.session()).outcome is Outcome.CALLBACK
        assert view.queued_at == (await chat.session()).queued_at


async def test_a_number_that_may_not_be_called_is_refused_at_once_and_the_wait_goes_on() -> None:
    carrier = FakeCarrier()
    async with World(rules=RULES, carriers=alone(carrier), guard=_Closed()) as desk:
        chat = await desk.chat("Writer")
        await chat.asks_for_a_person()
        with pytest.raises(HandoffError) as refusal:
            await asks(chat, number="+1900123456")
        assert refusal.value.code == "destination_not_allowed"
        with pytest.raises(HandoffError) as refusal:
            await asks(chat)
        assert refusal.value.code == "no_number"
        assert await chat.state() is S.QUEUED


class _Closed(OpenGuard):
    @override
    def callee(self, words: str) -> Callee:
        from server.broker.ports.dialling import NOWHERE  # noqa: PLC0415

        return NOWHERE.callee(words)


async def test_a_call_is_placed_once_however_often_its_order_comes() -> None:
    carrier = FakeCarrier()
    async with world(carrier) as desk:
        call = await desk.caller("First", customer_handle=NUMBER)
        await call.asks_for_a_person()
        view = await asks(call)
        ann = await desk.operator("ann")
        await ann.accept(on_line(desk, view))
        row = await on_line(desk, view).row()
        for _ in range(3):
            await desk.broker.callbacks.place(row, None)  # type: ignore[arg-type]
        await desk.settle()
        assert len(carrier.placed) == 1


async def test_who_hung_up_and_calls_again_within_a_minute_has_their_place_back() -> None:
    async with World(rules=RULES) as desk:
        first = await desk.caller("First", customer_handle=NUMBER, channel="twilio")
        await first.asks_for_a_person()
        await desk.later(1)
        second = await desk.caller("Second", customer_handle="+4930999", channel="twilio")
        await second.asks_for_a_person()
        await first.leaves()
        assert await desk.queue() == ["Second"]
        await desk.later(50)
        again = await desk.caller("First", customer_handle=NUMBER, channel="twilio")
        await again.asks_for_a_person()
        assert await desk.queue() == ["First", "Second"]
        await again.leaves()
        await desk.later(61)
        late = await desk.caller("First", customer_handle=NUMBER, channel="twilio")
        await late.asks_for_a_person()
        assert await desk.queue() == ["Second", "First"], "a minute is over"


class Deed(NamedTuple):
    """What happens next: somebody asks, asks for a call back, is not reached, or an operator takes the next one."""

    kind: str
    which: int


DEEDS = st.lists(
    st.builds(Deed, st.sampled_from(["asks", "asks", "back", "takes", "takes"]), st.integers(0, 7)), max_size=14
)


@given(deeds=DEEDS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
async def test_no_callback_is_overtaken_and_none_overtakes(deeds: Sequence[Deed]) -> None:
    """Whoever asked first is rung for first, on the line or not; each has the place of their first request."""
    carrier = FakeCarrier()
    async with world(carrier, replace(RULES, callback_gap_seconds=0.0, callback_attempts=9)) as desk:
        asked: list[Customer] = []
        first_asked: dict[str, int] = {}
        waiting: dict[str, Customer] = {}
        ann = await desk.operator("ann")
        for deed in deeds:
            await desk.later(1)
            if deed.kind == "asks":
                name = f"customer {len(asked)}"
                one = await desk.caller(name, customer_handle=f"{NUMBER}{len(asked)}")
                await one.asks_for_a_person()
                first_asked[name] = len(asked)
                asked.append(one)
                waiting[name] = one
            names = sorted(waiting, key=first_asked.__getitem__)
            if deed.kind == "back" and names:
                name = names[deed.which % len(names)]
                if (await waiting[name].session()).callback is None:
                    waiting[name] = on_line(desk, await asks(waiting[name]))
            shown = [one for one in (await desk.snapshot()).sessions if one.state in {S.QUEUED, S.OFFERED}]
            order = [
                one.customer.name for one in sorted(shown, key=lambda one: (one.priority, one.queued_at, one.number))
            ]
            assert order == names
            rung = [one.customer.name for one in shown if one.offered_to == ann.id]
            assert rung in ([], names[:1]), "the one who asked first is rung for first"
            if deed.kind == "takes" and rung:
                customer = waiting[rung[0]]
                await ann.accept(customer)
                if (await customer.session()).callback is not None:
                    await reports(desk, await customer.session(), Dial.BUSY)  # not reached: back to its place
                else:
                    await customer.leaves()
                    del waiting[rung[0]]
