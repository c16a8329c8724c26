"""Give the headphone what the operator is to hear: the caller, and the console's own sounds on top."""

import threading
from collections.abc import Callable
from typing import Final

from operator_console.audio.jitter import JitterBuffer, silence
from operator_console.audio.messages import ToneName
from operator_console.audio.sound import Meter, louder, mixed, tone

RING_SECONDS: Final = 60
"""A ring ends by itself after so long."""
_RING: Final = ((440.0, 400), (0.0, 200), (440.0, 400), (0.0, 2000))
_NOTIFICATION: Final = ((660.0, 120), (880.0, 160))


class Speaker:
    """The source of the playing stream. `give` runs in the device's thread, everything else in the loop."""

    def __init__(self, played: Callable[[bytes], None] = lambda _pcm: None) -> None:
        """Show everything that is given to the device to `played` as well."""
        self._played = played
        self._lock = threading.Lock()
        self._own = b""
        self._at = 0
        self._turns = 0
        self.caller: JitterBuffer | None = None
        """Where the caller's sound comes from; None while there is no leg."""
        self.gain = 1.0
        self.meter: Final = Meter()

    @property
    def busy(self) -> bool:
        """Whether a sound of the console's own is being played."""
        return self._turns > 0

    def give(self, length: int) -> bytes:
        """Return the next `length` bytes for the device."""
        source = self.caller
        heard = source.pull(length) if source is not None else bytes(length)
        with self._lock:
            self.meter.add(heard)
            own = self._next_own(length) if self._turns else b""
        heard = louder(heard, self.gain)
        out = mixed(heard, own) if own else heard
        self._played(out)
        return out

    def level(self) -> float:
        """Return how loud the caller was since the last reading."""
        with self._lock:
            return self.meter.read()

    def play(self, pcm: bytes, turns: int = 1) -> None:
        """Play `pcm` so often, instead of what was being played."""
        with self._lock:
            self._own, self._at, self._turns = pcm, 0, turns if pcm else 0

    def play_tone(self, name: ToneName) -> None:
        """Play one of the console's tones; a ring goes on until `stop`, at most a minute."""
        ring = name is ToneName.RING
        pattern = _RING if ring else _NOTIFICATION
        pcm = b"".join(tone(hertz, span_ms) if hertz else silence(span_ms) for hertz, span_ms in pattern)
        self.play(pcm, RING_SECONDS * 1000 // sum(span_ms for _, span_ms in pattern) if ring else 1)

    def stop(self) -> None:
        """Stop the console's own sound."""
        self.play(b"")

    def _next_own(self, length: int) -> bytes:
        out = self._own[self._at : self._at + length]
        self._at += length
        if self._at >= len(self._own):
            self._at = 0
            self._turns -= 1
        return out + bytes(length - len(out))
