"""Measure one leg's incoming audio: level, loss, jitter, and for how long it has been missing."""

from dataclasses import dataclass
from typing import Final

from server.media.codecs import FULL_SCALE, rms

_SEQUENCES: Final = 1 << 32
_LONGEST_GAP: Final = 1_500
"""A larger step of the sequence is a restart, not a loss: 30 s of frames."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter saw since the reading before; `level` is RMS 0..1, `loss_percent` by gaps in the sequence."""

    level: float
    loss_percent: float
    jitter_ms: float
    received: int = 0
    lost: int = 0
    numbered: bool = False
    """The transport numbers its frames, so that loss and jitter are known."""


class Meter:
    """Watches the frames of one leg as they arrive."""

    __slots__ = ("_energy", "_jitter_ms", "_last_sequence", "_lost", "_received", "_transit_ms", "last_frame_at")

    def __init__(self, now: float) -> None:
        """Start at monotonic second `now`."""
        self.last_frame_at = now
        self._energy = 0.0
        self._received = 0
        self._lost = 0
        self._jitter_ms = 0.0
        self._last_sequence: int | None = None
        self._transit_ms: float | None = None

    def frame(self, pcm: bytes, now: float) -> None:
        """Count one frame of PCM16 that arrived at monotonic second `now`."""
        level = rms(pcm)
        self._energy += level * level
        self._received += 1
        self.last_frame_at = now

    def header(self, sequence: int, timestamp_ms: int, now: float) -> None:
        """Count the frame's place in its stream; jitter as in RFC 3550 section 6.4.1."""
        if self._last_sequence is not None:
            step = (sequence - self._last_sequence) % _SEQUENCES
            if 1 < step <= _LONGEST_GAP:
                self._lost += step - 1
        self._last_sequence = sequence
        transit_ms = now * 1000.0 - timestamp_ms
        if self._transit_ms is not None:
            change = abs(transit_ms - self._transit_ms)
            if change < _LONGEST_GAP * 20:
                self._jitter_ms += (change - self._jitter_ms) / 16.0
        self._transit_ms = transit_ms

    def silent_ms(self, now: float) -> int:
        """Return for how long no frame came."""
        return max(0, round((now - self.last_frame_at) * 1000.0))

    def read(self) -> Reading:
        """Return what was seen since the last reading, and start anew."""
        expected = self._received + self._lost
        reading = Reading(
            level=min(1.0, (self._energy / self._received) ** 0.5 / FULL_SCALE) if self._received else 0.0,
            loss_percent=round(100.0 * self._lost / expected, 2) if expected else 0.0,
            jitter_ms=round(self._jitter_ms, 2),
            received=self._received,
            lost=self._lost,
            numbered=self._last_sequence is not None,
        )
        self._energy, self._received, self._lost = 0.0, 0, 0
        return reading
