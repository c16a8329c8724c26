"""Keep what the speaker plays in step with what the microphone picks up, for the canceller of echo.

WebRTC finds the delay between both by itself, as long as it is positive and mostly steady: so nothing may pile up here.
The device's thread plays, the event loop takes.
"""

import threading
from typing import Final

from operator_console.audio.sound import bytes_of_ms

MOST_BYTES: Final = bytes_of_ms(200)
"""So much may wait for its microphone block; beyond it nobody listens."""
SPARE_BYTES: Final = bytes_of_ms(30)
"""When more than this was always there, some of the microphone was lost or the speaker late: as much is dropped."""
CUSHION_BYTES: Final = bytes_of_ms(10)
"""What is left then, for the next late block."""
WATCHED_BYTES: Final = bytes_of_ms(2_000)
"""The stretch over which "always" counts."""


class FarEnd:
    """What was played lately and has not been matched yet."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._least = MOST_BYTES
        self._watched = 0

    @property
    def held(self) -> int:
        """How many bytes wait."""
        return len(self._waiting)

    def play(self, pcm: bytes) -> None:
        """Take what the device was given."""
        with self._lock:
            self._waiting += pcm
            if len(self._waiting) > MOST_BYTES:
                del self._waiting[:-CUSHION_BYTES]

    def take(self, length: int) -> bytes:
        """Return what was played in step with so much of the microphone; silence for what is not there yet."""
        with self._lock:
            out = bytes(self._waiting[:length])
            del self._waiting[:length]
            self._trim(length)
        return out + bytes(length - len(out))

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._waiting.clear()
            self._least, self._watched = MOST_BYTES, 0

    def _trim(self, length: int) -> None:
        self._least = min(self._least, len(self._waiting))
        self._watched += length
        if self._watched < WATCHED_BYTES:
            return
        if self._least > SPARE_BYTES:
            del self._waiting[: self._least - CUSHION_BYTES]
        self._least, self._watched = MOST_BYTES, 0
