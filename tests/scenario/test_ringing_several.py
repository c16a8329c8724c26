"""One session rings at several operators: all at once, or more and more; whoever accepts first has it."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from server.broker.ports.store import Unit
from server.core.presence import Operator
from server.core.session import Rules
from server.core.strategy import Routing, Strategy
from server.wire import commands as c
from server.wire.events import SessionConnecting
from server.wire.routing import WhyView
from server.wire.terms import Presence, SessionState
from tests.world import ORGANISATION, Customer, Person, World

pytestmark = pytest.mark.scenario

ALL = replace(Rules(), routing=Routing(Strategy.RING_ALL), away_after_missed=2, ring_again_seconds=5.0)
MORE = replace(ALL, routing=Routing(Strategy.RING_PROGRESSIVELY, ring_more_seconds=5.0))


async def rung(desk: World, customer: Customer) -> set[str]:
    """Return the names of those at whom it rings."""
    return {who.removeprefix("op_") for who in (await customer.session()).rung()}


async def why(person: Person, customer: Customer) -> WhyView:
    """Return how a session stands, as this person's console says it."""
    return await person.world.broker.why.explain(person.principal, await customer.session())


async def roster(desk: World) -> dict[str, Operator]:
    """Return everybody's row, by name."""
    rows = {}
    for name, person in desk.people.items():
        rows[name] = await desk.database.read(partial(_row, person))
    return rows


def _row(person: Person, unit: Unit) -> Operator:
    operator = unit.roster.load(ORGANISATION, person.id)
    assert operator is not None
    return operator


async def test_ring_all_rings_at_everybody_at_once_and_the_first_accept_has_it() -> None:
    async with World(rules=ALL) as desk:
        ann, ben, cat = [await desk.operator(name) for name in ("ann", "ben", "cat")]
        call = await desk.caller()
        await call.asks_for_a_person()
        session = await call.session()
        assert session.rung() == (ann.id, ben.id, cat.id), "the longest idle is named first"
        assert (await why(ben, call)).summary.endswith("rings at Ann, Ben and Cat.")
        await cat.takes(call)
        assert (await ann.refused(c.Accept, call)).code == "already_taken"
        after = await call.session()
        assert (after.operator_id, after.rung(), after.state) == (cat.id, (), SessionState.ACTIVE)
        await desk.later(60)
        missed = {name: one.missed for name, one in (await roster(desk)).items()}
        assert missed == {"ann": 0, "ben": 0, "cat": 0}, "a ring that another one answered is no miss"


async def test_the_others_stop_ringing_with_the_very_change_that_gives_it_to_one() -> None:
    async with World(rules=ALL) as desk:
        ann, ben = await desk.operator("ann"), await desk.operator("ben")
        call = await desk.caller()
        await call.asks_for_a_person()
        began = desk.clock.now()
        await ben.takes(call)
        first = next(one.session for one in desk.told(SessionConnecting))
        assert (first.operator_id, first.rings_at(ann.id)) == (ben.id, False), "every console hears of it"
        assert desk.clock.now() == began, "at once"


async def test_somebody_who_becomes_free_is_rung_too_and_has_their_own_time() -> None:
    async with World(rules=ALL) as desk:
        ann = await desk.operator("ann")
        call = await desk.caller()
        await call.asks_for_a_person()
        await desk.later(10)
        ben = await desk.operator("ben")
        session = await call.session()
        first, second = session.ring_ends(ann.id), session.ring_ends(ben.id)
        assert first is not None
        assert second is not None
        assert round((second - first).total_seconds()) == 10
        await desk.later(6)
        assert await rung(desk, call) == {"ben"}, "ann's time is over, ben's is not"
        assert {name: one.missed for name, one in (await roster(desk)).items()} == {"ann": 1, "ben": 0}


async def test_a_decline_stops_one_ring_and_the_last_one_puts_it_back() -> None:
    async with World(rules=ALL) as desk:
        ann, ben = await desk.operator("ann"), await desk.operator("ben")
        call = await desk.caller()
        await call.asks_for_a_person()
        await ann.does(c.Decline, call)
        assert await rung(desk, call) == {"ben"}
        assert (await ann.refused(c.Decline, call)).code == "not_offered_to_you"
        await ben.does(c.Decline, call)
        assert await call.state() is SessionState.QUEUED
        await desk.later(6)
        assert await rung(desk, call) == {"ann", "ben"}, "after a while it rings at them again"


async def test_whoever_is_rung_counts_one_ring_and_gets_no_other_call_meanwhile() -> None:
    async with World(rules=ALL) as desk:
        ann, _ = await desk.operator("ann"), await desk.operator("ben")
        first, second = await desk.caller("first"), await desk.caller("second")
        await first.asks_for_a_person()
        await second.asks_for_a_person()
        assert await rung(desk, first) == {"ann", "ben"}
        assert await rung(desk, second) == set()
        await ann.takes(first)
        assert await rung(desk, second) == {"ben"}, "free of the first ring"


async def test_who_lets_every_ring_pass_is_away_after_so_many() -> None:
    async with World(rules=ALL) as desk:
        await desk.operator("ann")
        call = await desk.caller()
        await call.asks_for_a_person()
        await desk.later(15 + 5 + 15)
        assert (await roster(desk))["ann"].presence is Presence.AWAY


async def test_who_goes_off_duty_stops_being_rung_and_the_others_ring_on() -> None:
    async with World(rules=ALL) as desk:
        ann, _ = await desk.operator("ann"), await desk.operator("ben")
        call = await desk.caller()
        await call.asks_for_a_person()
        await ann.goes()
        assert await rung(desk, call) == {"ben"}
        await ann.comes()
        assert await rung(desk, call) == {"ann", "ben"}, "a lost connection is not a refusal"


async def test_progressive_rings_one_more_each_time_and_goes_on_at_the_others() -> None:
    async with World(rules=MORE) as desk:
        await desk.operator("ann")
        await desk.later(1)
        ben = await desk.operator("ben")
        await desk.later(1)
        await desk.operator("cat")
        call = await desk.caller()
        await call.asks_for_a_person()
        assert await rung(desk, call) == {"ann"}
        steps = [step.what for step in (await why(ben, call)).steps]
        assert "it rings at one more, if somebody else may be rung" in steps
        await desk.later(4.5)
        assert await rung(desk, call) == {"ann"}
        await desk.later(1)
        assert await rung(desk, call) == {"ann", "ben"}
        await desk.later(5)
        assert await rung(desk, call) == {"ann", "ben", "cat"}
        await desk.later(5)
        assert await rung(desk, call) == {"ben", "cat"}, "each has their own 15 s"
        await ben.takes(call)
        assert (await call.session()).rung() == ()


@pytest.mark.parametrize("strategy", [Strategy.LONGEST_IDLE, Strategy.RING_ALL, Strategy.RING_PROGRESSIVELY])
async def test_the_strategy_alone_decides_how_many_are_rung(strategy: Strategy) -> None:
    async with World(rules=replace(MORE, routing=replace(MORE.routing, strategy=strategy))) as desk:
        for name in ("ann", "ben", "cat"):
            await desk.operator(name)
        call = await desk.caller()
        await call.asks_for_a_person()
        at_once = len(await rung(desk, call))
        await desk.later(11)
        later = len(await rung(desk, call))
        assert (at_once, later) == {"longest_idle": (1, 1), "ring_all": (3, 3), "ring_progressively": (1, 3)}[strategy]


async def test_rings_at_several_outlive_a_restart_of_the_broker(tmp_path: Path) -> None:
    async with World(f"sqlite:///{tmp_path}/desk.db", rules=ALL) as desk:
        for name in ("ann", "ben"):
            await desk.operator(name)
        call = await desk.caller()
        await call.asks_for_a_person()
        await desk.restart(after_seconds=3)
        assert await rung(desk, call) == {"ann", "ben"}
        await desk.later(16)
        assert {one.missed for one in (await roster(desk)).values()} == {1}
