"""Hear the tones of a telephone's keys in a caller's audio, so that a recording can leave them out.

Two of the eight frequencies of ITU-T Q.23 at once, one of each group, that together make up nearly all of a frame.
Before: 20 ms of a caller. After: whether a key sounds in it.
"""

from functools import cache
from typing import Final

import numpy as np

LEAST_RMS: Final = 200.0
"""Quieter frames hold no key: -44 dBFS. Q.24 asks receivers to hear keys down to -29 dBm."""
LEAST_SHARE: Final = 0.8
"""So much of a frame's energy lies at the two frequencies: speech spreads its own."""
MOST_TWIST: Final = 16.0
"""One of the two may be so many times stronger than the other (12 dB; Q.24 allows up to 8)."""
LOW_HZ: Final = (697, 770, 852, 941)
HIGH_HZ: Final = (1209, 1336, 1477, 1633)


@cache
def _waves(rate: int, count: int) -> "np.typing.NDArray[np.complex128]":
    """Return a frame of each frequency, for their amplitudes by one product."""
    at = np.arange(count) / rate
    return np.exp(-2j * np.pi * np.array((*LOW_HZ, *HIGH_HZ))[:, None] * at)


def is_key(pcm: bytes, rate: int) -> bool:
    """Tell whether a key sounds in a frame of PCM16 at `rate` Hz."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    energy = float(samples @ samples)
    if not samples.size or energy < LEAST_RMS * LEAST_RMS * samples.size:
        return False
    powers = np.abs(_waves(rate, samples.size) @ samples) ** 2 * 2 / samples.size
    low, high = float(powers[:4].max()), float(powers[4:].max())
    return low + high > LEAST_SHARE * energy and max(low, high) < MOST_TWIST * min(low, high)
