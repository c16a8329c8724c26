"""Bring what the microphone picks up from the device's thread into the event loop, and never let it pile up."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from operator_console.audio.filters import Filters
from operator_console.audio.sound import Limiter, Meter, bytes_of_ms, rms

MAX_WAITING_BLOCKS: Final = 20
"""Blocks kept while the event loop is busy (200 ms at 10 ms); older ones are dropped."""
SILENCE_LEVEL: Final = 0.00005
"""Below this a microphone delivers nothing: even a quiet room and a bad converter make more (-86 dB)."""


class Microphone:
    """The sink of the recording stream. `take` runs in the device's thread, everything else in the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, blocks: Callable[[bytes], None], filters: Filters) -> None:
        """Hand every block, in order and through `filters`, to `blocks` in the loop."""
        self._loop = loop
        self._filters = filters
        self._blocks = blocks
        self._waiting: deque[bytes] = deque(maxlen=MAX_WAITING_BLOCKS)
        self._woken = False
        self.gain = 1.0
        self._limiter: Final = Limiter()
        self.meter: Final = Meter()
        self.heard_bytes = 0
        """How much came in, ever."""
        self.quiet_bytes = 0
        """How much came in since there was any sound."""

    def take(self, pcm: bytes) -> None:
        """Take a block from the device."""
        self._waiting.append(pcm)
        if not self._woken:
            self._woken = True
            try:
                self._loop.call_soon_threadsafe(self._drain)
            except RuntimeError:  # the loop is closed: the process ends
                self._waiting.clear()

    def forget(self) -> None:
        """Throw away what waits."""
        self._waiting.clear()

    @property
    def quiet_ms(self) -> float:
        """For how long the device has delivered nothing but silence."""
        return self.quiet_bytes * 1000 / bytes_of_ms(1000)

    def _drain(self) -> None:
        self._woken = False
        while self._waiting:
            raw = self._waiting.popleft()
            self.heard_bytes += len(raw)
            # the device's own sound is judged: a filter may make silence of a quiet room
            self.quiet_bytes = 0 if rms(raw) * self.gain > SILENCE_LEVEL else self.quiet_bytes + len(raw)
            block = self._limiter.apply(self._filters.apply(raw), self.gain)
            if block:
                self.meter.add(block)
                self._blocks(block)
