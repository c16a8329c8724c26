"""Reports: what they say is a recount of the raw events, and the same as the wall counts."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from server.broker.reporting import report_of
from server.core.errors import CallerError
from server.wire import commands as c
from server.wire.report import ReportView
from server.wire.terms import OrganisationId
from server.wire.views import Context, Sign
from tests.world import ORGANISATION, RULES, World

pytestmark = pytest.mark.scenario

DAY_RULES = replace(
    RULES, promise_seconds=20.0, wait_expires_seconds=60.0, wrap_up_seconds=10.0, short_abandon_seconds=6
)


async def a_day(desk: World) -> None:
    """Play one of each: answered in time and late, left early and late, expired, never handed over, still talking."""
    ann = await desk.operator("ann")
    await desk.chat("alone and there")
    done = await desk.chat("the AI could do it")
    await done.leaves()
    quick = await desk.chat("quick")
    signs = (Sign(name="mood", reason="angry"),)
    await quick.asks_for_a_person("angry", context=Context(summary="an angry customer", signs=signs))
    await desk.later(4)
    await ann.accept(quick)
    await desk.later(30)
    await ann.does(c.Resolve, quick)
    await desk.later(11)
    await ann.goes_away()
    for seconds in (3, 15, 40):
        leaver = await desk.chat(f"leaves after {seconds}")
        await leaver.asks_for_a_person()
        await desk.later(seconds)
        await leaver.leaves()
    waiter = await desk.chat("expires", customer_handle="+1")
    await waiter.asks_for_a_person(queue="billing")
    await desk.later(61)
    late = await desk.chat("late")
    await late.asks_for_a_person(queue="billing")
    await desk.later(25)
    await ann.goes_on_duty()
    await ann.accept(late)
    await desk.later(5)


async def reported(desk: World, queue: str = "", *, handoffs: bool = False) -> ReportView:
    now = desk.clock.now()
    since, until = now - timedelta(hours=5), now + timedelta(hours=1)
    return await report_of(desk.broker.parts, ORGANISATION, since, until, queue, handoffs=handoffs)


async def test_the_figures_are_those_of_the_day() -> None:
    async with World(rules=DAY_RULES) as desk:
        await a_day(desk)
        found = await reported(desk)
        total = found.total
        assert (total.requested, total.answered, total.answered_in_time) == (6, 2, 1)
        assert (total.abandoned, total.abandoned_in_time, total.abandoned_short, total.expired) == (2, 1, 1, 1)
        assert total.service_level == 1 / 2
        assert total.service_level_2 == (1 + 1) / (2 + 2 + 1)
        assert total.abandonment == 2 / 4
        assert total.average_answer_seconds == pytest.approx((4 + 25) / 2, abs=0.5)
        assert total.average_handle_seconds == pytest.approx(40, abs=0.5)
        assert total.longest_to_human_seconds == pytest.approx(25, abs=0.5)
        assert total.outcomes == {"abandoned": 3, "expired": 1, "open": 1, "resolved": 1}
        assert total.triggers["assistant"] == total.requested
        assert total.with_context == 1 / 6
        assert [one.name for one in found.queues] == ["billing", "default"]
        assert (await reported(desk, "billing")).total.requested == 2
        assert sum(hour.requested for hour in found.hours) == 6
        assert len(found.hours) == 6


async def test_the_shares_of_the_ai_and_of_people_are_a_recount_of_the_raw_events() -> None:
    async with World(rules=DAY_RULES) as desk:
        await a_day(desk)
        names = [(fed.conversation_id, fed.event.__struct_config__.tag) for fed in desk.events]
        handed = {where for where, name in names if name == "session.queued"}
        talks = (await reported(desk)).talks
        views = [event.conversation for event in desk.told() if hasattr(event, "conversation")]
        ended = {view.id for view in views if view.ended_at is not None}
        assert talks.handed_over == len(handed) == 6
        assert talks.ended_with_assistant == len(ended - handed) == 1
        assert (talks.begun, talks.still_open) == (8, 1)
        assert talks.share_handed_over == 6 / 7
        assert talks.share_with_assistant == 1 / 7


async def test_rings_and_the_timeline_of_each_handoff_are_those_that_were_told() -> None:
    async with World(rules=DAY_RULES) as desk:
        await a_day(desk)
        found = await reported(desk, handoffs=True)
        rings = Counter(
            int(fed.event.session.number[2:])
            for fed in desk.events
            if fed.event.__struct_config__.tag == "session.offered"
        )
        assert {one.number: one.attempts for one in found.handoffs} == {n: rings[n] for n in range(1, 7)}
        first = found.handoffs[0]
        assert [what for what, _ in first.timeline] == [
            "screening", "queued", "offered", "active", "wrap_up", "closed",
        ]  # fmt: skip
        assert dict(first.timeline)["active"] == first.seconds_to_human == pytest.approx(4, abs=0.5)
        assert (first.outcome, found.handoffs[4].outcome) == ("resolved", "expired")


async def test_it_counts_what_the_wall_counts() -> None:
    async with World(rules=DAY_RULES) as desk:
        await a_day(desk)
        since = desk.clock.now() - timedelta(hours=5)
        wall = await desk.database.read(lambda unit: unit.figures.counts(ORGANISATION, since, DAY_RULES))
        for queue in (await reported(desk)).queues:
            same = wall[queue.name]
            assert (queue.answered, queue.answered_in_time, queue.abandoned, queue.abandoned_in_time) == (
                same.answered, same.answered_in_time, same.abandoned, same.abandoned_in_time,
            )  # fmt: skip
            assert (queue.abandoned_short, queue.expired) == (same.abandoned_short, same.expired)
            assert queue.average_answer_seconds == same.average_answer_seconds


@pytest.mark.parametrize("days", [0, -1, 401], ids=["nothing", "backwards", "too long"])
async def test_a_stretch_that_is_none_is_refused(days: int) -> None:
    async with World() as desk:
        now = desk.clock.now()
        with pytest.raises(CallerError, match="at most 400 days"):
            await report_of(desk.broker.parts, ORGANISATION, now, now + timedelta(days=days))
        with pytest.raises(CallerError, match="zone"):
            await report_of(desk.broker.parts, ORGANISATION, now.replace(tzinfo=None), now)
        empty = await report_of(desk.broker.parts, OrganisationId("o_other"), now, now + timedelta(days=1))
        assert (empty.total.requested, empty.talks.begun, empty.total.service_level) == (0, 0, None)
        assert empty.since.tzinfo == UTC
