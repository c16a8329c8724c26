"""The wall of a day: what is counted where, and that every open wall is told once for all of them."""

from datetime import datetime, timedelta

import msgspec
import pytest

from server.broker.walls import start_of_day
from server.core.session import Rules
from server.wire import commands as c
from server.wire.frames import Wall
from server.wire.terms import Role
from server.wire.wall import QueueFigures, WallView
from tests.world import ORGANISATION, Customer, World

pytestmark = pytest.mark.scenario

PROMISE = 30.0


async def wall(desk: World) -> WallView:
    """Return the wall, a second later so that it is worked out anew."""
    await desk.later(1.0)
    return await desk.broker.walls.view(ORGANISATION)


async def waits(desk: World, seconds: float) -> Customer:
    customer = await desk.chat()
    await customer.asks_for_a_person()
    await desk.later(seconds)
    return customer


@pytest.fixture
def rules() -> Rules:
    return Rules(promise_seconds=PROMISE, wait_expires_seconds=90.0, short_abandon_seconds=6.0, wrap_up_seconds=0.0)


async def test_a_day_is_counted_as_the_formulas_say(rules: Rules) -> None:
    async with World(rules=rules, ring=False) as desk:
        ann = await desk.operator("ann")
        for seconds in (10.0, 20.0, 60.0):
            await ann.takes(await waits(desk, seconds))
        for seconds in (2.0, 12.0, 50.0):
            await (await waits(desk, seconds)).leaves()
        await waits(desk, 95.0)  # nobody comes: expired
        still = await waits(desk, 5.0)
        view = await wall(desk)
        (queue,) = view.queues
        assert (queue.name, queue.waiting, queue.in_hand) == ("default", 1, 3)
        assert queue.waiting_since == (await still.session()).queued_at
        assert (queue.answered, queue.abandoned, queue.abandoned_short, queue.expired) == (3, 2, 1, 1)
        assert queue.service_level == pytest.approx(2 / 3)
        assert queue.service_level_2 == pytest.approx((2 + 1) / (3 + 2 + 1))
        assert queue.average_answer_seconds == pytest.approx(30.0)
        assert queue.abandonment == pytest.approx(2 / 5)
        assert view.total == msgspec.structs.replace(queue, name="")


async def test_who_was_put_back_counts_as_answered_once_by_the_first_answer(rules: Rules) -> None:
    async with World(rules=rules, ring=False) as desk:
        ann = await desk.operator("ann")
        ben = await desk.operator("ben")
        chat = await waits(desk, 10.0)
        await ann.takes(chat)
        await ann.does(c.Requeue, chat)
        await desk.later(40.0)
        await ben.takes(chat)
        (queue,) = (await wall(desk)).queues
        assert (queue.answered, queue.service_level, queue.average_answer_seconds) == (1, 1.0, pytest.approx(10.0))


async def test_another_queues_own_rules_hold_for_it_and_yesterday_does_not_count() -> None:
    rules = Rules(queues={"default": Rules(short_abandon_seconds=60.0), "empty": Rules()})
    async with World(rules=rules, ring=False) as desk:
        await (await waits(desk, 30.0)).leaves()
        view = await wall(desk)
        shown = {queue.name: queue for queue in view.queues}
        assert shown["empty"] == QueueFigures(name="empty"), "a queue of the configuration is there from the start"
        assert (shown["default"].abandoned, shown["default"].abandoned_short) == (0, 1)
        await desk.clock.leap(86_400.0)
        assert (await wall(desk)).total.abandoned_short == 0


def test_the_day_begins_at_midnight_where_the_broker_stands() -> None:
    now = datetime.fromisoformat("2026-11-21T15:30:00+00:00")
    begins = start_of_day(now)
    assert timedelta() <= now - begins < timedelta(hours=25)
    assert begins.astimezone().strftime("%H:%M:%S") == "00:00:00"


async def test_open_walls_are_told_of_changes_at_most_once_a_second_by_one_frame(rules: Rules) -> None:
    async with World(rules=rules, ring=False) as desk:
        await desk.operator("sue", role=Role.SUPERVISOR)
        first: list[bytes] = []
        second: list[bytes] = []
        await desk.broker.walls.watch(ORGANISATION, first.append)
        await desk.broker.walls.watch(ORGANISATION, second.append)
        await desk.later(2.0)
        first.clear()
        second.clear()
        for _ in range(5):
            await (await desk.chat()).asks_for_a_person()
        await desk.later(3.0)
        assert first
        assert len(first) <= 3, "five handoffs at once are not five frames"
        assert all(mine is theirs for mine, theirs in zip(first, second, strict=True)), "encoded once for all"
        assert msgspec.json.decode(first[-1], type=Wall).wall.total.waiting == 5
        desk.broker.walls.leave(ORGANISATION, first.append)
        await desk.later(61.0)
        told = len(second)
        assert told > len(first) or desk.broker.walls._watchers


async def test_nobody_looks_nothing_is_worked_out(rules: Rules) -> None:
    async with World(rules=rules, ring=False) as desk:
        tell = [].append
        await desk.broker.walls.watch(ORGANISATION, tell)
        desk.broker.walls.leave(ORGANISATION, tell)
        known = dict(desk.broker.walls._known)
        await waits(desk, 5.0)
        assert desk.broker.walls._known == known
