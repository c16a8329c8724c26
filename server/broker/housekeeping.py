"""Drop what is kept for a stated time only: remembered answers, told events, recordings, a little at a time.

Before: both were written long ago. After: a console that was away for longer gets a snapshot, an assistant is told to
read again.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from server.broker.files import Files
from server.broker.parts import Parts

KEPT_DAYS: Final = 7
"""How long an idempotency key is remembered, and how far back an event stream can resume."""
ROUND_SECONDS: Final = 600.0
"""How often it looks."""
RAW_DAYS: Final = 1
"""How long a platform's request is kept as it came, once it is taken."""
EVENT_DAYS: Final = 30
"""How long an event's key is kept, by which it is taken once; and a request that could not be taken."""
MOST_AT_ONCE: Final = 1_000
"""How many rows one transaction drops, so that nobody waits for it."""


class Housekeeping:
    """The broker's broom."""

    def __init__(self, parts: Parts, files: Files) -> None:
        """Work on these parts; `loop` runs for ever, `sweep` once."""
        self._parts = parts
        self._files = files
        self._others: list[Callable[[], Awaitable[int]]] = []

    def also(self, sweep: Callable[[], Awaitable[int]]) -> None:
        """Sweep this too: it drops what is too old, and returns how many rows that was."""
        self._others.append(sweep)

    async def loop(self) -> None:
        """Sweep every ten minutes, for ever."""
        while True:
            await self.sweep()
            await self._parts.clock.sleep(ROUND_SECONDS)

    async def sweep(self) -> int:
        """Drop everything that is too old, and return how many rows that was."""
        before = self._parts.clock.now() - timedelta(days=KEPT_DAYS)
        dropped = 0
        while count := await self._parts.database.run(lambda unit: unit.ledger.forget_before(before, MOST_AT_ONCE)):
            dropped += count
        dropped += await self._forget_channels()
        dropped += await self._forget_alerts()
        if self._parts.recordings is not None:
            dropped += self._parts.recordings.forget_old(self._parts.clock.now(), MOST_AT_ONCE)
        for sweep in self._others:
            dropped += await sweep()
        return dropped + await self._files.sweep()

    async def _forget_alerts(self) -> int:
        """Drop what is kept of notices, in its time."""
        before = self._parts.clock.now() - timedelta(days=KEPT_DAYS)
        dropped = 0
        while count := await self._parts.database.run(lambda unit: unit.alerts.forget_before(before, MOST_AT_ONCE)):
            dropped += count
        return dropped

    async def _forget_channels(self) -> int:
        """Drop what platforms sent, in its time."""
        now = self._parts.clock.now()
        requests, events = now - timedelta(days=RAW_DAYS), now - timedelta(days=EVENT_DAYS)
        dropped = 0
        while count := await self._parts.database.run(
            lambda unit: unit.channels.forget_before(requests, events, MOST_AT_ONCE)
        ):
            dropped += count
        return dropped
