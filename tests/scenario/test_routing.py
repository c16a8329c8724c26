"""Whom a queue rings, by its strategy and skills; what missed rings do; and why a session rings where it rings."""

from dataclasses import replace

import pytest

from server.broker.ports.router import RouterQuestion
from server.core.errors import ProviderError
from server.core.policy import Policy, PolicyStep, Tell
from server.core.session import Rules
from server.core.strategy import Routing, Strategy, Widening
from server.wire import commands as c
from server.wire.routing import WhyView
from server.wire.skills import Skill
from server.wire.terms import OperatorId, Presence, SessionState
from tests.world import RULES, Customer, World

pytestmark = pytest.mark.scenario

BILLING = Skill(name="billing", level=3)


def rules(routing: Routing, **changes: object) -> Rules:
    return replace(RULES, queues={"default": replace(RULES, routing=routing, **changes)})


async def rung(customer: Customer) -> OperatorId | None:
    return (await customer.session()).offered_to


async def why(desk: World, customer: Customer) -> WhyView:
    view = await customer.session()
    return await desk.broker.why.explain(desk.people["ann"].principal, view)


async def test_skills_choose_the_operator_and_ease_with_the_wait() -> None:
    routing = Routing(skills=(BILLING,), widen=(Widening(20.0, 2),))
    async with World(rules=rules(routing)) as desk:
        ann = await desk.operator("ann", skills=(Skill(name="billing", level=1),))
        call = await desk.caller()
        await call.asks_for_a_person()
        assert await rung(call) is None
        told = await why(desk, call)
        assert told.needs == (BILLING,)
        assert [said.words for said in told.candidates[0].rules if not said.passed] == ["lacks billing 3 (has 1)"]
        assert any("the skills needed are then billing 1" in step.what for step in told.steps)
        await desk.later(19.0)
        assert await rung(call) is None
        await desk.later(1.1)
        assert await rung(call) == ann.id, "after 20 s level 1 will do, and nothing else had to happen"


async def test_a_session_brings_skills_of_its_own(desk: World) -> None:
    await desk.operator("ann")
    await desk.later(1)
    ben = await desk.operator("ben", skills=(Skill(name="german"),))
    call = await desk.caller()
    await call.asks_for_a_person(skills=(Skill(name="german"),))
    assert await rung(call) == ben.id
    assert (await call.session()).skills == (Skill(name="german"),)


async def test_round_robin_goes_round() -> None:
    async with World(rules=rules(Routing(Strategy.ROUND_ROBIN))) as desk:
        people = [await desk.operator(name) for name in ("ann", "ben", "cat")]
        order: list[OperatorId | None] = []
        for _ in range(6):
            chat = await desk.chat()
            await chat.asks_for_a_person()
            order.append(await rung(chat))
            await chat.leaves()
            await desk.later(1)
        assert order[:3] == order[3:]
        assert set(order) == {one.id for one in people}


async def test_the_last_operator_gets_the_customer_again() -> None:
    async with World(rules=rules(Routing(Strategy.LAST_OPERATOR), wrap_up_seconds=0.0)) as desk:
        ann = await desk.operator("ann")
        await desk.later(1)
        ben = await desk.operator("ben")
        first = await desk.chat("Joan", customer_handle="joan@example.org")
        await first.asks_for_a_person()
        assert await rung(first) == ann.id, "nobody has had her: the longest idle"
        await ben.takes(first)
        await ben.does(c.Resolve, first)
        await desk.later(60)
        again = await desk.chat("Joan", customer_handle="joan@example.org")
        await again.asks_for_a_person()
        assert await rung(again) == ben.id, "ann has been idle longer"


async def test_lowest_handle_time_rings_the_quick_one() -> None:
    routing = Routing(Strategy.LOWEST_HANDLE_TIME)
    async with World(rules=rules(routing, wrap_up_seconds=0.0)) as desk:
        people = [await desk.operator(name) for name in ("ann", "ben")]
        for person, seconds in zip(people, (50.0, 5.0), strict=True):
            chat = await desk.chat()
            await chat.asks_for_a_person()
            await person.takes(chat)
            await desk.later(seconds)
            await person.does(c.Resolve, chat)
        await desk.clock.leap(61.0)
        chat = await desk.chat()
        await chat.asks_for_a_person()
        assert await rung(chat) == people[1].id, "ann has been idle longer, ben is quicker"


class HouseRule:
    def __init__(self) -> None:
        self.asked: list[RouterQuestion] = []
        self.answer: tuple[OperatorId, ...] | None = ()

    async def name(self, question: RouterQuestion) -> tuple[OperatorId, ...]:
        self.asked.append(question)
        if self.answer is None:
            raise ProviderError("router_failed", "No answer in 0.8 s.")
        return self.answer


async def test_a_rule_of_the_house_names_whom_to_ring_and_a_dead_one_stops_nothing() -> None:
    house = HouseRule()
    async with World(rules=rules(Routing(Strategy.HTTP)), routers={"default": house}) as desk:
        ann = await desk.operator("ann")
        await desk.later(1)
        ben = await desk.operator("ben")
        house.answer = (ben.id, OperatorId("op_nobody"))
        named = await desk.caller("Named")
        await named.asks_for_a_person()
        assert await rung(named) == ben.id
        question = house.asked[0]
        assert {one.id for one in question.candidates} == {ann.id, ben.id}
        assert (question.queue, question.number) == ("default", (await named.session()).number)
        house.answer = None
        other = await desk.caller("Other")
        await other.asks_for_a_person()
        assert await rung(other) == ann.id, "the longest idle, as if there were no rule"


async def test_missed_rings_set_an_operator_away_and_an_answer_counts_anew() -> None:
    async with World(rules=replace(RULES, away_after_missed=2, ring_again_seconds=5.0)) as desk:
        ann = await desk.operator("ann")
        call = await desk.caller()
        await call.asks_for_a_person()
        await desk.later(15)
        assert (await ann.view()).presence is Presence.AVAILABLE
        assert await rung(call) is None
        await desk.later(5.1)
        assert await rung(call) == ann.id, "it rings again at who let it pass"
        await desk.later(15)
        view = await ann.view()
        assert (view.presence, view.reason) == (Presence.AWAY, "missed 2 rings")


async def test_a_declined_ring_gives_rest_and_comes_back() -> None:
    async with World(rules=replace(RULES, rest_declined_seconds=30.0)) as desk:
        ann = await desk.operator("ann")
        first, second = await desk.caller("First"), await desk.caller("Second")
        await first.asks_for_a_person()
        await ann.does(c.Decline, first)
        await second.asks_for_a_person()
        assert await rung(second) is None
        assert any("rests after a ring" in said.words for said in (await why(desk, second)).candidates[0].rules)
        await desk.later(30.1)
        assert await rung(second) == ann.id


async def test_why_says_who_is_next_what_stands_in_the_way_and_what_comes() -> None:
    steps = (PolicyStep(40.0, Tell("Still looking for somebody.")),)
    async with World(rules=rules(Routing(), policy=Policy(steps))) as desk:
        await desk.operator("ann", duty=False)
        ben = await desk.operator("ben")
        busy, waits = await desk.caller("Busy"), await desk.caller("Waits")
        await busy.asks_for_a_person()
        await ben.takes(busy)
        await waits.asks_for_a_person()
        told = await why(desk, waits)
        assert (told.position, told.state) == (1, SessionState.QUEUED)
        assert "Nobody may be rung for it now" in told.summary
        ways = {one.name: [said.rule for said in one.rules if not said.passed] for one in told.candidates}
        assert ways == {"Ann": ["on_duty"], "Ben": ["room"]}
        assert [step.what for step in told.steps] == [
            "the customer is told: Still looking for somebody.",
            "the wait ends: the customer goes back to the assistant",
        ]
        assert told.steps == tuple(sorted(told.steps, key=lambda step: step.at))
        held = await why(desk, busy)
        assert (held.summary, held.candidates) == ((await busy.session()).number + " is in the hands of Ben.", ())


async def test_whoever_waits_behind_many_that_nobody_can_take_is_still_rung() -> None:
    night = Routing(skills=(Skill(name="night", level=1),))
    async with World(rules=replace(RULES, queues={"night": replace(RULES, routing=night)})) as desk:
        for number in range(20):
            await (await desk.chat(f"Night {number}")).asks_for_a_person(queue="night")
        last = await desk.chat("Day")
        await last.asks_for_a_person()
        ann = await desk.operator("ann")
        assert (await last.session()).offered_to == ann.id
        assert len(await desk.queue()) == 20
