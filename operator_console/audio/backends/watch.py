"""Notice when a device's blocks stop or stumble, for libraries that do not say so."""

import time
from typing import Final

STILL_SECONDS: Final = 2.0
"""A running stream that moved no block for so long has lost its device."""


class Watch:
    """Keep what one stream's thread tells about itself; written there, read elsewhere."""

    def __init__(self, block_ms: int, *, counts_gaps: bool = False) -> None:
        """Start watching now; with `counts_gaps` a block far too late counts as an xrun."""
        self._late_seconds = 0.06 + block_ms / 1000
        self._counts_gaps = counts_gaps
        self._beat_at = time.monotonic()
        self._beaten = False
        self._ended = ""
        self.xruns = 0

    def beat(self, *, xrun: bool = False) -> None:
        """A block was moved; `xrun` when the library said that some was lost."""
        now = time.monotonic()
        late = self._counts_gaps and self._beaten and now - self._beat_at > self._late_seconds
        self.xruns += xrun or late
        self._beat_at, self._beaten = now, True

    def end(self, reason: str) -> None:
        """The library says that the stream ended."""
        self._ended = self._ended or reason

    def finished(self) -> None:
        """The library says that the stream ended, and not why."""
        self.end("its stream ended")

    def lost(self) -> str:
        """Return why the device is gone, or ""."""
        if self._ended:
            return self._ended
        if time.monotonic() - self._beat_at > STILL_SECONDS:
            return f"it moved no sound for {STILL_SECONDS:.0f} s"
        return ""
