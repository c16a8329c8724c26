"""Events told one to five times, shuffled, to two brokers on one database, are each taken once.

The long form goes in slices, with brokers of their own; `OPERATOR_FAULTS` names the folder in which finished ones are
kept, as for `test_faults`.
"""

import asyncio
import os
import random
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from server.broker.ports.channel_store import RequestState
from server.channels.memory import incoming
from tests.channel_world import ACCOUNT, ChannelWorld
from tests.long_form import KEPT, times
from tests.world import ORGANISATION

pytestmark = pytest.mark.integration

CHATS = 20


async def test_replayed_and_shuffled_over_two_brokers_nothing_is_taken_twice_or_lost(postgres_url: str) -> None:
    events, slices = times(300, 5_000), times(1, 20)
    folder = Path(os.environ[KEPT]) if os.environ.get(KEPT) else None
    for number in range(1, slices + 1):
        done = folder / f"events-{events}-{number}.txt" if folder is not None else None
        if done is None or not done.exists():
            told = await one_slice(postgres_url, number, events)
            if done is not None:
                done.write_text(f"{events} events told {told} times, each taken once")


async def one_slice(url: str, number: int, events: int) -> int:
    """Tell so many events, shuffled, to two brokers; return how often they were told."""
    chance = random.Random(number)
    async with ChannelWorld(url) as one, ChannelWorld(url) as other:
        one._ids, other._ids = count(number * 10_000_000), count(number * 10_000_000 + 5_000_000)
        worlds = (one, other)
        told = [an_event(number, event) for event in range(events)]
        copies = [event for event in told for _ in range(chance.randint(1, 5))]
        chance.shuffle(copies)

        async def post(start: int) -> None:
            door = worlds[start // 10 % 2].broker.channels.door
            await door.come_in(ACCOUNT, incoming(*copies[start : start + 10]))

        for begin in range(0, len(copies), 200):
            await asyncio.gather(*(post(start) for start in range(begin, min(begin + 200, len(copies)), 10)))
        await drained(worlds)
        found: list[str] = []
        for chat in range(CHATS):
            conversation = await one.conversation_of(f"c{number}-{chat}")
            assert conversation is not None
            found += await one.database.read(
                lambda unit, conversation=conversation: [
                    view.text for view in unit.views.messages(ORGANISATION, conversation.id, 0, events)
                ]
            )
        assert len(copies) > events * 2
        assert sorted(found, key=int) == [f"{event}" for event in range(events)]
        return len(copies)


def an_event(number: int, event: int) -> dict[str, Any]:
    """Return one event of a slice."""
    chat = f"{number}-{event % CHATS}"
    return {
        "type": "message",
        "id": f"e{number}-{event}",
        "chat": f"c{chat}",
        "message_id": f"m{number}-{event}",
        "sender": {"ids": [f"u{chat}"]},
        "text": f"{event}",
    }


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
