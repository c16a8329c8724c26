"""A waiting customer is told their place and how long it may take, and no number where nobody knows one."""

from dataclasses import replace

import pytest

from server.broker.pace import in_minutes
from server.core.policy import Policy, PolicyStep, Tell
from server.core.session import Rules
from server.wire import commands as c
from server.wire.terms import Author
from tests.world import Customer, World

pytestmark = pytest.mark.scenario

LINE = Tell("You are number {position}. It may take {wait}. Thank you!")
RULES = replace(Rules(), policy=Policy((PolicyStep(5, LINE), PolicyStep(6, Tell("{wait}")))), wrap_up_seconds=0.0)


async def told(customer: Customer) -> list[str]:
    return [one.text for one in await customer.messages() if one.author is Author.SYSTEM and "joined" not in one.text]


async def test_the_wait_is_the_place_by_the_pace_of_the_last_half_hour_and_left_out_where_unknown() -> None:
    async with World(rules=RULES, ring=False) as desk:
        ann = await desk.operator("ann")
        unknown = await desk.chat("first")
        await unknown.asks_for_a_person()
        await desk.later(7)
        assert await told(unknown) == ["You are number 1. Thank you!"], "nobody has reached a person yet: no number"
        for number in range(6):
            chat = await desk.chat(f"served {number}")
            await chat.asks_for_a_person()
            await ann.takes(chat)
            await ann.does(c.Resolve, chat)
        second = await desk.chat("second")
        await second.asks_for_a_person()
        await desk.later(7)
        assert await told(second) == ["You are number 2. It may take 10 minutes. Thank you!", "10 minutes"]
        await ann.goes_away()
        third = await desk.chat("third")
        await third.asks_for_a_person()
        await desk.later(7)
        assert await told(third) == ["You are number 3. Thank you!"], "nobody is on duty: no number"


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "a minute"), (60, "a minute"), (61, "2 minutes"), (600, "10 minutes")]
)
def test_a_wait_is_rounded_up(seconds: int, words: str) -> None:
    assert in_minutes(seconds) == words
