"""Make the tones of a telephone's keys: two sines for each, as ITU-T Q.23 has them.

100 ms of tone and 100 ms of silence for each key: Q.24 asks receivers for 40 ms of both, and lines lose some.
"""

import math
import struct
from functools import cache
from typing import Final

TONE_FRAMES: Final = 5
PAUSE_FRAMES: Final = 5
_LOW_HZ: Final = (697, 770, 852, 941)
_HIGH_HZ: Final = (1209, 1336, 1477, 1633)
_ROWS: Final = ("123A", "456B", "789C", "*0#D")
_LOW_PEAK: Final = 7_000
_HIGH_PEAK: Final = 8_500
"""Of 32767; the upper tone is louder by 1.7 dB, since lines carry it worse."""
_FADE_SECONDS: Final = 0.003


def frequencies(digit: str) -> tuple[int, int]:
    """Return the two frequencies of a key in Hz, the lower one first; `digit` is one of 0-9 * # A-D."""
    row = next(n for n, keys in enumerate(_ROWS) if digit in keys)
    return _LOW_HZ[row], _HIGH_HZ[_ROWS[row].index(digit)]


@cache
def key_frames(digit: str, rate: int) -> tuple[bytes, ...]:
    """Return a key press as frames of 20 ms: PCM16 at `rate` Hz, tone and then silence."""
    count = rate // 50 * TONE_FRAMES
    fade = rate * _FADE_SECONDS
    low, high = (2 * math.pi * hertz / rate for hertz in frequencies(digit))
    samples = (
        round(
            min(1.0, index / fade, (count - index) / fade)
            * (_LOW_PEAK * math.sin(low * index) + _HIGH_PEAK * math.sin(high * index))
        )
        for index in range(count)
    )
    pcm = struct.pack(f"<{count}h", *samples)
    size = rate // 50 * 2
    tone = tuple(pcm[start : start + size] for start in range(0, len(pcm), size))
    return tone + (bytes(size),) * PAUSE_FRAMES
