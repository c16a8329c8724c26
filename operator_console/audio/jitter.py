"""Even out the caller's frames: hold a little, hide what is missing, drop what is too much.

Pure but for a lock: the socket pushes from the event loop, the device pulls from its own thread.
"""

import threading
import time
from collections import deque
from typing import Final

from operator_console.audio.framing import FRAME_BYTES, AudioFrame, steps_between
from operator_console.audio.sound import bytes_of_ms, faded, ms_of_bytes, rms

START_MS: Final = 40
"""The target to begin with: two frames, so that the first late one is not heard."""
LEAST_MS: Final = 20
"""The target never goes below one frame."""
MOST_MS: Final = 60
"""Never more than this waits, and the target never goes above it."""
RAISE_MS: Final = 10
CALM_MS: Final = 10_000
"""After so much played without a late frame the target goes down again."""
CONCEAL_MS: Final = 60
"""A hole is filled for so long with the last frame, fading."""
LATE_MS: Final = 300
"""A pause longer than this is the far side's silence, not a late frame."""
_QUIET: Final = 0.01
_FRESH: Final = 4
"""Missing frames up to this many are filled in place; more is a new start."""


class JitterBuffer:
    """What the operator is about to hear: at most 60 ms of it.

    `push` takes frames in any state of disorder; `pull` always returns exactly what was asked for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: deque[bytes] = deque()
        self._offset = 0
        self._target_ms = START_MS
        self._filling = True
        self._last = b""
        self._concealed_ms = float(CONCEAL_MS)
        self._dry_ms = float(LATE_MS)
        self._calm_ms = 0.0
        self._least_held_ms = float(MOST_MS)
        self._watched_ms = 0.0
        self._sequence: int | None = None
        self._timestamp_ms = 0
        self.received = 0
        """Frames taken in."""
        self.missing = 0
        """Frames that never came, by their numbers."""
        self.late = 0
        """Frames dropped: too late, twice, or too many at once."""
        self.first_played_at: float | None = None
        """When the first of the caller's sound went to the device, on the monotonic clock."""

    @property
    def held_ms(self) -> float:
        """How much waits to be played."""
        with self._lock:
            return self._held_ms()

    @property
    def target_ms(self) -> int:
        """How much it wants to hold before it starts to play."""
        return self._target_ms

    def push(self, frame: AudioFrame) -> None:
        """Take a frame; numbers decide its place, repeated and overtaken frames are dropped."""
        with self._lock:
            if not self._in_order(frame):
                self.late += 1
                return
            self._adapt()
            self.received += 1
            self._sequence, self._timestamp_ms = frame.sequence, frame.timestamp_ms
            self._frames.append(frame.pcm)
            self._shorten(MOST_MS)

    def pull(self, length: int) -> bytes:
        """Return `length` bytes: the caller, or a fading repetition of them, or silence."""
        with self._lock:
            self._trim()
            self._filling = self._filling and self._held_ms() < self._target_ms
            out = b"" if self._filling else self._take(length)
            if out:
                self.first_played_at = self.first_played_at or time.monotonic()
                self._dry_ms, self._concealed_ms = 0.0, 0.0
                self._calm(ms_of_bytes(len(out)))
            if len(out) < length:
                self._filling = True
                out += self._conceal(length - len(out))
            return out

    def _held_ms(self) -> float:
        return ms_of_bytes(len(self._frames) * FRAME_BYTES - self._offset)

    def _in_order(self, frame: AudioFrame) -> bool:
        """Count and fill what is missing before `frame`; false when its place is over."""
        if self._sequence is None:
            return True
        steps = steps_between(self._sequence, frame.sequence)
        if steps <= 0:
            return steps < -_FRESH * 50  # so far back is another stream that begins
        if 1 < steps <= _FRESH:
            self.missing += steps - 1
            last = self._frames[-1] if self._frames else self._last
            if last and not self._filling:
                self._frames.extend(_repeat(last, step) for step in range(steps - 1))
        elif steps > _FRESH:
            self.missing += min(steps - 1, 50)
        return True

    def _adapt(self) -> None:
        """Hold more from now on when this frame came after its time."""
        if self._filling and 0.0 < self._dry_ms < LATE_MS and not self._frames:
            self._target_ms = min(MOST_MS, self._target_ms + RAISE_MS)
            self._calm_ms = 0.0

    def _shorten(self, most_ms: float) -> None:
        """Drop the oldest until no more than `most_ms` waits."""
        while self._held_ms() > most_ms:
            self._frames.popleft()
            self._offset = 0
            self.late += 1

    def _take(self, length: int) -> bytes:
        """Return up to `length` bytes of what waits."""
        out = bytearray()
        while self._frames and len(out) < length:
            frame = self._frames[0]
            piece = frame[self._offset : self._offset + length - len(out)]
            out += piece
            self._offset += len(piece)
            if self._offset >= FRAME_BYTES:
                self._last = self._frames.popleft()
                self._offset = 0
        return bytes(out)

    def _conceal(self, length: int) -> bytes:
        """Return a fading repetition of the last frame, then silence."""
        span_ms = ms_of_bytes(length)
        start = 1.0 - self._concealed_ms / CONCEAL_MS
        self._dry_ms += span_ms
        self._concealed_ms += span_ms
        if not self._last or start <= 0.0:
            return bytes(length)
        again = (self._last * (length // FRAME_BYTES + 1))[:length]
        return faded(again, start, max(0.0, 1.0 - self._concealed_ms / CONCEAL_MS))

    def _calm(self, span_ms: float) -> None:
        self._calm_ms += span_ms
        if self._calm_ms >= CALM_MS:
            self._calm_ms = 0.0
            self._target_ms = max(LEAST_MS, self._target_ms - RAISE_MS)

    def _trim(self) -> None:
        """Drop a quiet frame when for two seconds more than needed waited: the device's clock is slower."""
        held_ms = self._held_ms()
        self._least_held_ms = min(self._least_held_ms, held_ms)
        self._watched_ms += 10
        if self._watched_ms < 2_000:
            return
        spare = self._least_held_ms > self._target_ms
        if spare and len(self._frames) > 1 and not self._offset and rms(self._frames[0]) < _QUIET:
            self._frames.popleft()
            self.late += 1
        if not spare or self._watched_ms >= 4_000:
            self._watched_ms, self._least_held_ms = 0.0, float(MOST_MS)


def _repeat(last: bytes, step: int) -> bytes:
    """Return the `step`-th stand-in for a missing frame, quieter each time."""
    return faded(last, max(0.0, 1.0 - step / 3), max(0.0, 1.0 - (step + 1) / 3))


def silence(milliseconds: int) -> bytes:
    """Return so much silence."""
    return bytes(bytes_of_ms(milliseconds))
