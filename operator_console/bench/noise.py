"""Listen to the machine while something is measured: load, and how late its timers ring."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from operator_console.bench.figures import Noise, spread
from operator_console.clock import Clock
from operator_console.tasks import spawn, stop

TICK_SECONDS: Final = 0.01


class Listener:
    """Collects what disturbs; `noise` says it."""

    def __init__(self, clock: Clock) -> None:
        """Note the load of now."""
        self._clock = clock
        self._load = _load()
        self._late_ms: list[float] = []

    async def run(self) -> None:
        """Let a timer ring until cancelled."""
        while True:
            due = self._clock.monotonic() + TICK_SECONDS
            await self._clock.sleep(TICK_SECONDS)
            self._late_ms.append(max(self._clock.monotonic() - due, 0.0) * 1000)

    def noise(self) -> Noise:
        """Return what was heard so far."""
        return Noise(
            load_before=round(self._load, 2),
            load_after=round(_load(), 2),
            cores=os.cpu_count() or 1,
            timer_late_p95_ms=round(spread(self._late_ms or [0.0]).p95, 2),
        )


@asynccontextmanager
async def listening(clock: Clock) -> AsyncGenerator[Listener, None]:
    """Listen for as long as the block lasts."""
    listener = Listener(clock)
    task = spawn("bench-noise", listener.run())
    try:
        yield listener
    finally:
        await stop(task)


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
