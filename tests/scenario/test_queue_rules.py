"""A queue with rules of its own: its promise, its patience and its time to write up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from server.wire import commands as c
from server.wire.terms import Outcome, SessionState
from tests.world import RULES, World

pytestmark = pytest.mark.scenario

BILLING = replace(RULES, promise_seconds=7.0, wait_expires_seconds=30.0, wrap_up_seconds=11.0)
OWN = replace(RULES, queues={"billing": BILLING})


async def test_the_promise_and_the_end_of_the_wait_are_those_of_the_queue() -> None:
    async with World(rules=OWN) as desk:
        billing, other = await desk.chat("Bill"), await desk.chat("Otto")
        asked = await billing.asks_for_a_person(queue="billing")
        await other.asks_for_a_person()
        assert asked.promise_at == asked.queued_at + timedelta(seconds=7)
        assert (await other.session()).promise_at == (await other.session()).queued_at + timedelta(
            seconds=RULES.promise_seconds
        )
        await desk.later(31)
        assert (await billing.session()).outcome is Outcome.EXPIRED
        assert await other.state() is SessionState.QUEUED


async def test_the_time_to_write_up_is_that_of_the_queue_also_after_a_restart(tmp_path: object) -> None:
    async with World(f"sqlite:///{tmp_path}/desk.db", rules=OWN) as desk:
        ann, call = await desk.operator("ann"), await desk.caller()
        await call.asks_for_a_person(queue="billing")
        await ann.takes(call)
        await ann.does(c.BackToAssistant, call)
        assert (await call.session()).wrap_up_until == desk.clock.now() + timedelta(seconds=11)
        await desk.restart()
        await desk.later(12)
        assert await call.state() is SessionState.CLOSED
