"""Rules of the worker process: it answers, it is replaced when it dies, and a crowd is turned away at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.broker.ports.understanding import Turn
from server.clock import SystemClock
from server.understanding.desk import MOST_WAITING, WorkerUnderstanding
from server.understanding.rule_book import RuleBook
from server.understanding.trigger_settings import TriggerSettings
from server.understanding.worker import Begin
from server.wire.requests import HouseRule
from server.wire.terms import Author, MoodLabel, OrganisationId

pytestmark = pytest.mark.integration

ORGANISATION = OrganisationId("o_desk")
ASKS = (Turn(Author.CUSTOMER, "I want to talk to a human, this is outrageous!"),)


@pytest.fixture
async def mind(tmp_path: Path) -> AsyncIterator[WorkerUnderstanding]:
    book = RuleBook(tmp_path / "rules")
    book.replace(ORGANISATION, (HouseRule(name="gold", when='tier == "gold"', reason="gold tier"),))
    mind = WorkerUnderstanding(Begin(TriggerSettings(), model=False), SystemClock(), book)
    await mind.start()
    yield mind
    await mind.stop()


async def answered(mind: WorkerUnderstanding) -> None:
    async with asyncio.timeout(60):
        while await mind.assess(ORGANISATION, ASKS, {}) is None:
            await asyncio.sleep(0.05)


async def test_it_answers_with_mood_guard_and_own_rules(mind: WorkerUnderstanding) -> None:
    await answered(mind)
    found = await mind.assess(ORGANISATION, ASKS, {"tier": "gold"})
    assert found is not None
    assert found.mood is MoodLabel.ANGRY
    assert found.guard.score > 0.8
    assert {one.trigger for one in found.findings} >= {"asks_for_person", "rule:gold"}
    other = await mind.assess(OrganisationId("o_other"), ASKS, {"tier": "gold"})
    assert other is not None
    assert "rule:gold" not in {one.trigger for one in other.findings}


async def test_a_worker_that_dies_is_replaced(mind: WorkerUnderstanding) -> None:
    await answered(mind)
    process = mind._process
    assert process is not None
    process.kill()
    await process.wait()
    assert await mind.assess(ORGANISATION, ASKS, {}) is None
    await answered(mind)
    assert mind._process is not process


async def test_a_crowd_is_turned_away_at_once_and_those_who_wait_are_answered(mind: WorkerUnderstanding) -> None:
    await answered(mind)
    found = await asyncio.gather(*(mind.assess(ORGANISATION, ASKS, {}) for _ in range(MOST_WAITING + 20)))
    assert sum(one is None for one in found) == 20


async def test_a_question_that_is_given_up_does_not_answer_the_next(mind: WorkerUnderstanding) -> None:
    await answered(mind)
    given_up = asyncio.ensure_future(mind.assess(ORGANISATION, ASKS * 200, {}))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    await answered(mind)
    found = await mind.assess(ORGANISATION, (Turn(Author.CUSTOMER, "what are your fees"),), {})
    assert found is not None
    assert found.guard.score < 0.5


async def test_stopping_ends_the_process(mind: WorkerUnderstanding) -> None:
    await answered(mind)
    process = mind._process
    assert process is not None
    await mind.stop()
    assert process.returncode is not None
