"""Rules of time: the manual clock wakes sleepers in order, at their instants, and never goes back."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from server.clock import START_OF_MANUAL_TIME, Clock, ManualClock, SystemClock, settle

pytestmark = pytest.mark.unit


async def test_a_manual_clock_stands_still_until_it_is_advanced() -> None:
    clock = ManualClock()
    before = clock.now()
    await settle()
    assert clock.now() == before == START_OF_MANUAL_TIME
    await clock.advance(90)
    assert clock.now() == before + timedelta(seconds=90)
    assert clock.monotonic() == 90


async def test_sleepers_wake_in_the_order_of_their_deadlines_each_at_its_own_instant() -> None:
    clock = ManualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("late", 20), ("early", 5), ("middle", 10), ("middle too", 10)):
            group.create_task(sleeper(name, seconds))
        await clock.advance(60)
    assert woken == [("early", 5), ("middle", 10), ("middle too", 10), ("late", 20)]


async def test_a_sleep_begun_on_the_way_ends_on_the_way() -> None:
    clock = ManualClock()
    beats: list[float] = []

    async def heart() -> None:
        while True:
            await clock.sleep(1)
            beats.append(clock.monotonic())

    task = asyncio.ensure_future(heart())
    await clock.advance(3.5)
    assert beats == [1, 2, 3]
    task.cancel()


async def test_a_sleeper_is_not_woken_before_its_time() -> None:
    clock = ManualClock()
    task = asyncio.ensure_future(clock.sleep(10))
    await clock.advance(9.999)
    assert not task.done()
    assert clock.sleeping == 1
    await clock.advance(0.001)
    assert task.done()
    assert clock.sleeping == 0


async def test_a_cancelled_sleeper_does_not_stop_the_clock() -> None:
    clock = ManualClock()
    task = asyncio.ensure_future(clock.sleep(1))
    await settle()
    task.cancel()
    await clock.advance(5)
    assert clock.monotonic() == 5


async def test_sleeping_for_nothing_returns_without_time_passing() -> None:
    clock = ManualClock()
    await clock.sleep(0)
    await clock.sleep(-1)
    assert clock.monotonic() == 0


async def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        await ManualClock().advance(-1)


def test_a_manual_clock_refuses_a_start_without_a_time_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        ManualClock(datetime(2026, 1, 1))  # noqa: DTZ001 - a naive start is what is refused


def test_a_start_in_another_zone_is_told_in_utc() -> None:
    clock = ManualClock(datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    assert clock.now().utcoffset() == timedelta(0)


async def test_the_system_clock_is_aware_and_does_not_run_backwards() -> None:
    clock: Clock = SystemClock()
    first, started = clock.now(), clock.monotonic()
    await clock.sleep(-5)
    assert first.tzinfo is UTC
    assert clock.monotonic() >= started
