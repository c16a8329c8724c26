"""Keep every order until its answer, so that a press is neither lost nor doubled when the connection drops.

Before: `ConsoleSocket.send` takes an order. After: the same order, with the same id, goes out once on every connection
until its reply came; the broker gives one id one effect.
"""

import asyncio
from typing import Final

import msgspec

from operator_console.client.errors import CONNECTION_LOST
from server.wire.commands import Command
from server.wire.errors import ErrorBody
from server.wire.frames import Reply


class Waiting(msgspec.Struct):
    """An order without an answer; `sent_on` numbers the connection it went out on last, 0 for none."""

    command: Command
    answer: asyncio.Future[Reply]
    sent_on: int = 0


class Orders:
    """The orders on their way, oldest first, a bounded number of them."""

    MOST: Final = 64

    def __init__(self) -> None:
        self._waiting: Final[dict[str, Waiting]] = {}

    @property
    def full(self) -> bool:
        """Whether no further order is taken now."""
        return len(self._waiting) >= self.MOST

    def find(self, command_id: str) -> Waiting | None:
        """Return the waiting order of this id."""
        return self._waiting.get(command_id)

    def add(self, command: Command) -> Waiting:
        """Keep a new order."""
        waiting = Waiting(command, asyncio.get_running_loop().create_future())
        self._waiting[command.id] = waiting
        return waiting

    def unsent_on(self, connection: int) -> Waiting | None:
        """Return the oldest order that has not gone out on this connection."""
        return next((waiting for waiting in self._waiting.values() if waiting.sent_on != connection), None)

    def settle(self, reply: Reply) -> None:
        """Give a reply to who waits for it; a second reply, or one nobody waits for, changes nothing."""
        waiting = self._waiting.pop(reply.id, None)
        if waiting is not None and not waiting.answer.done():
            waiting.answer.set_result(reply)

    def drop(self, command_id: str) -> None:
        """Stop waiting for an answer."""
        self._waiting.pop(command_id, None)

    def fail_all(self, error: ErrorBody) -> None:
        """Answer all orders with a refusal: there will be no further connection."""
        for command_id in tuple(self._waiting):
            self.settle(Reply(id=command_id, ok=False, error=error))


def unanswered(command: Command) -> Reply:
    """Return the answer that stands for none: the order may or may not have been carried out."""
    return Reply(
        id=command.id,
        ok=False,
        error=ErrorBody(
            CONNECTION_LOST,
            "The broker did not answer in time; it may or may not have done this.",
            "Wait for the connection and look at the session before you try again.",
        ),
    )
