"""Keep how good the line is: round trip, jitter, loss, as this end sees it and as the worker tells."""

from collections import deque
from typing import Final

from operator_console.audio.framing import AudioFrame, steps_between
from server.wire.media import FRAME_MS, MediaStats

LOSS_FRAMES: Final = 250
"""Loss is over so many frames: five seconds."""
_RESTART_STEPS: Final = 50


class Line:
    """What is known about one leg's line."""

    def __init__(self) -> None:
        self.round_trip_ms: float | None = None
        self.jitter_ms = 0.0
        """Of the frames arriving here, as RFC 3550 section 6.4.1 estimates it."""
        self.far_silent_ms = 0
        self.far_holds = False
        self.far_level = 0.0
        self.refused = 0
        """Frames that were not for this leg."""
        self._worker_loss = 0.0
        self._worker_jitter_ms = 0.0
        self._arrivals: deque[int] = deque(maxlen=LOSS_FRAMES)
        self._sequence: int | None = None
        self._transit_ms = 0.0

    @property
    def loss_percent(self) -> float:
        """Frames missing, the worse of both directions."""
        wanted = sum(self._arrivals)
        here = 100.0 * (wanted - len(self._arrivals)) / wanted if wanted else 0.0
        return max(here, self._worker_loss)

    @property
    def worst_jitter_ms(self) -> float:
        """The worse of both directions."""
        return max(self.jitter_ms, self._worker_jitter_ms)

    def arrived(self, frame: AudioFrame, now: float) -> None:
        """Count a frame that arrived at `now` (monotonic seconds)."""
        transit_ms = now * 1000 - frame.timestamp_ms
        steps = 1 if self._sequence is None else steps_between(self._sequence, frame.sequence)
        if steps <= 0:
            return
        if self._sequence is not None and steps < _RESTART_STEPS:
            change = abs(transit_ms - self._transit_ms)
            self.jitter_ms += (min(change, 50 * FRAME_MS) - self.jitter_ms) / 16
            self._arrivals.append(steps)
        self._sequence, self._transit_ms = frame.sequence, transit_ms

    def told(self, stats: MediaStats) -> None:
        """Take the worker's own figures."""
        self._worker_loss = stats.loss_percent
        self._worker_jitter_ms = stats.jitter_ms
        self.far_silent_ms = stats.far_silent_ms
        self.far_holds = stats.far_holds
        self.far_level = stats.far_level
