"""An assistant in memory: it answers what it is told to, waits when it is told to, and remembers what it was asked."""

import asyncio
from collections.abc import Callable

from server.broker.ports.assistants import AssistantAnswer, AssistantError, AssistantPolicy, AssistantTurn

Way = AssistantAnswer | Exception | Callable[[AssistantTurn], AssistantAnswer]


class OwnAssistant:
    """Fulfils `Assistant`. `ways` are used up one by one; the last one stays."""

    def __init__(self, *ways: Way, policy: AssistantPolicy | None = None) -> None:
        self.policy = policy or AssistantPolicy()
        self.ways = list(ways) or [AssistantAnswer(text="I see.")]
        self.asked: list[AssistantTurn] = []
        self.open = asyncio.Event()
        self.open.set()
        self.closed = 0

    async def answer(self, turn: AssistantTurn) -> AssistantAnswer:
        self.asked.append(turn)
        way = self.ways.pop(0) if len(self.ways) > 1 else self.ways[0]
        await self.open.wait()
        if isinstance(way, Exception):
            raise way
        return way if isinstance(way, AssistantAnswer) else way(turn)

    async def close(self) -> None:
        self.closed += 1


def failing(code: str = "model_failed", **how: object) -> AssistantError:
    return AssistantError(code, "It failed.", **how)  # type: ignore[arg-type]  # as the test writes it
