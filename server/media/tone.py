"""Tell a caller on hold that the line is alive: two soft beeps every five seconds."""

import math
import struct
from functools import cache
from typing import Final

BEEP_HZ: Final = 425
"""The frequency of the beeps."""
PERIOD_FRAMES: Final = 250
"""Frames after which the tone repeats: 5 s."""
_BEEP_FRAMES: Final = 8
_BEEP_STARTS: Final = (5, 18)
_PEAK: Final = 2_000
"""Of 32767: about -24 dBFS."""
_FADE_SECONDS: Final = 0.010


def tone_frame(rate: int, number: int) -> bytes:
    """Return frame `number` of the tone: 20 ms of PCM16 at `rate` Hz."""
    return _period(rate)[number % PERIOD_FRAMES]


@cache
def _period(rate: int) -> tuple[bytes, ...]:
    """Return one whole period; made once per rate."""
    size = rate // 50
    frames = [bytes(size * 2)] * PERIOD_FRAMES
    beep = _beep(rate)
    for start in _BEEP_STARTS:
        for index in range(_BEEP_FRAMES):
            frames[start + index] = beep[index * size * 2 : (index + 1) * size * 2]
    return tuple(frames)


def _beep(rate: int) -> bytes:
    """Return one beep with soft edges."""
    count = rate // 50 * _BEEP_FRAMES
    fade = rate * _FADE_SECONDS
    samples = (
        round(_PEAK * min(1.0, index / fade, (count - index) / fade) * math.sin(2 * math.pi * BEEP_HZ * index / rate))
        for index in range(count)
    )
    return struct.pack(f"<{count}h", *samples)
