"""Events told one to five times, shuffled, to two brokers on one database, are each taken once."""

import asyncio
import random
from itertools import count

import pytest

from server.broker.ports.channel_store import RequestState
from server.channels.memory import incoming
from tests.channel_world import ACCOUNT, ChannelWorld
from tests.long_form import times
from tests.world import ORGANISATION

pytestmark = pytest.mark.integration

CHATS = 20


async def test_replayed_and_shuffled_over_two_brokers_nothing_is_taken_twice_or_lost(postgres_url: str) -> None:
    events = times(300, 100_000)
    chance = random.Random(5)
    async with ChannelWorld(postgres_url) as one, ChannelWorld(postgres_url) as other:
        other._ids = count(10_000_000)
        worlds = (one, other)
        told = [
            {
                "type": "message",
                "id": f"e{number}",
                "chat": f"c{number % CHATS}",
                "message_id": f"m{number}",
                "sender": {"ids": [f"u{number % CHATS}"]},
                "text": f"{number}",
            }
            for number in range(events)
        ]
        copies = [event for event in told for _ in range(chance.randint(1, 5))]
        chance.shuffle(copies)

        async def post(start: int) -> None:
            door = worlds[start // 10 % 2].broker.channels.door
            await door.come_in(ACCOUNT, incoming(*copies[start : start + 10]))

        for begin in range(0, len(copies), 200):
            await asyncio.gather(*(post(start) for start in range(begin, min(begin + 200, len(copies)), 10)))
        await drained(worlds)
        found: list[str] = []
        for number in range(CHATS):
            conversation = await one.conversation_of(f"c{number}")
            assert conversation is not None
            found += await one.database.read(
                lambda unit, conversation=conversation: [
                    view.text for view in unit.views.messages(ORGANISATION, conversation.id, 0, events)
                ]
            )
        assert len(copies) > events * 2
        assert sorted(found, key=int) == [f"{number}" for number in range(events)]


async def drained(worlds: tuple[ChannelWorld, ...]) -> None:
    """Let both brokers take until nothing waits."""
    for _ in range(2_000):
        for world in worlds:
            await world.clock.advance(2.0)
            await world.settle()
        left = await worlds[0].database.read(
            lambda unit: unit.channels.count(ORGANISATION, ACCOUNT, RequestState.WAITING)
        )
        if not left:
            return
    raise AssertionError(f"{left} requests still wait")
