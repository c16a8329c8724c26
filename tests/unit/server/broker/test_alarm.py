"""A loop's bell: woken at once, or after its time, and never deaf to a ring."""

import asyncio

import pytest

from server.broker.alarm import Alarm
from server.clock import ManualClock, settle
from server.tasks import spawn

pytestmark = pytest.mark.unit


async def test_it_returns_after_its_time() -> None:
    clock = ManualClock()
    waiting = spawn("wait", Alarm(clock).wait(2.0))
    await clock.advance(1.9)
    assert not waiting.done()
    await clock.advance(0.1)
    await settle()
    assert waiting.done()


async def test_it_returns_at_once_when_rung() -> None:
    clock = ManualClock()
    alarm = Alarm(clock)
    waiting = spawn("wait", alarm.wait(60.0))
    await settle()
    alarm.ring()
    await settle()
    assert waiting.done()
    assert clock.sleeping == 0, "the sleep it no longer needs is given up"


async def test_a_ring_while_nobody_waits_is_kept_and_used_once() -> None:
    clock = ManualClock()
    alarm = Alarm(clock)
    alarm.ring()
    alarm.ring()
    await alarm.wait(60.0)
    waiting = spawn("wait", alarm.wait(60.0))
    await settle()
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_giving_up_the_wait_leaves_nothing_running() -> None:
    clock = ManualClock()
    waiting = spawn("wait", Alarm(clock).wait(60.0))
    await settle()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert clock.sleeping == 0
