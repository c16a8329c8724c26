"""Look twice a second how late the event loop is: by so much everything else in this process is late too."""

import asyncio
from collections.abc import Callable
from typing import Final

PERIOD_SECONDS: Final = 0.5


class LoopLag:
    """A watch on the running loop."""

    def __init__(self, late: Callable[[float], None]) -> None:
        """Tell `late` by how many seconds."""
        self._late: Final = late
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look from now on, inside the loop."""
        loop = asyncio.get_running_loop()
        self._next(loop, loop.time() + PERIOD_SECONDS)

    def stop(self) -> None:
        """Look no more."""
        if self._handle is not None:
            self._handle.cancel()

    def _next(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._handle = loop.call_at(due, self._look, loop, due)

    def _look(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        now = loop.time()
        self._late(now - due)
        self._next(loop, now + PERIOD_SECONDS)
