"""Work on PCM16 mono: how loud it is, louder, quieter, mixed; the arithmetic of everything heard here."""

import audioop
import math
from array import array
from typing import Final

SAMPLE_BYTES: Final = 2
"""Bytes of one sample: signed 16-bit, little-endian."""
LEG_RATE: Final = 16_000
"""Samples per second on the media socket, and inside this process."""
FULL_SCALE: Final = 32768.0
CEILING: Final = 0.89
"""Amplified sound stays below this: -1 dB."""
RECOVERY: Final = 1.02
"""How fast a limiter gives back what it took, a block: 17 dB a second at 10 ms."""
CLIPPED: Final = 32_700
"""A sample this large counts as clipped."""


def bytes_of_ms(milliseconds: int, rate: int = LEG_RATE) -> int:
    """Return how many bytes `milliseconds` of PCM16 mono take."""
    return rate * milliseconds // 1000 * SAMPLE_BYTES


def ms_of_bytes(length: int, rate: int = LEG_RATE) -> float:
    """Return how long `length` bytes of PCM16 mono last."""
    return length * 1000 / (rate * SAMPLE_BYTES)


def rms(pcm: bytes) -> float:
    """Return the root mean square of `pcm`, 0..1."""
    return audioop.rms(pcm, SAMPLE_BYTES) / FULL_SCALE if pcm else 0.0


def peak(pcm: bytes) -> float:
    """Return the largest magnitude in `pcm`, 0..1."""
    return min(1.0, audioop.max(pcm, SAMPLE_BYTES) / FULL_SCALE) if pcm else 0.0


def clipped_share(pcm: bytes) -> float:
    """Return which share of the samples stands at full scale, 0..1."""
    samples = array("h", pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES])
    return sum(1 for sample in samples if abs(sample) >= CLIPPED) / len(samples) if samples else 0.0


def louder(pcm: bytes, factor: float) -> bytes:
    """Return `pcm` times `factor`, cut at full scale."""
    return pcm if factor == 1.0 else audioop.mul(pcm, SAMPLE_BYTES, factor)


def mixed(one: bytes, other: bytes) -> bytes:
    """Return the sum of two blocks of equal length, cut at full scale."""
    return audioop.add(one, other, SAMPLE_BYTES)


def faded(pcm: bytes, start: float, end: float) -> bytes:
    """Return `pcm` with its volume going from factor `start` to `end` in a straight line."""
    samples = array("h", pcm)
    count = len(samples)
    if not count:
        return b""
    step = (end - start) / count
    return array("h", [int(sample * (start + step * index)) for index, sample in enumerate(samples)]).tobytes()


def tone(hertz: float, milliseconds: int, amplitude: float = 0.3, rate: int = LEG_RATE) -> bytes:
    """Return a sine of `hertz` with soft ends, so that it does not click."""
    count = rate * milliseconds // 1000
    soft = max(1, min(count // 4, rate // 100))
    scale = amplitude * (FULL_SCALE - 1)
    turn = 2 * math.pi * hertz / rate
    return array(
        "h",
        [
            int(scale * min(1.0, index / soft, (count - index) / soft) * math.sin(turn * index))
            for index in range(count)
        ],
    ).tobytes()


class Limiter:
    """Make sound louder without ever cutting it: what would go over the ceiling gets less gain, and recovers slowly."""

    def __init__(self) -> None:
        """Begin with full gain."""
        self._gain = 0.0

    def apply(self, pcm: bytes, gain: float) -> bytes:
        """Return one block times `gain`, or as much of it as fits under the ceiling."""
        if gain <= 1.0:
            self._gain = gain
            return louder(pcm, gain)
        top = peak(pcm)
        fits = min(gain, CEILING / top) if top else gain
        start = min(self._gain or gain, fits)
        self._gain = min(fits, start * RECOVERY)
        return faded(pcm, start, self._gain)


class Meter:
    """Tell how loud the sound since the last reading was; RMS over whole blocks, 0..1."""

    def __init__(self) -> None:
        self._squares = 0.0
        self._samples = 0

    def add(self, pcm: bytes) -> float:
        """Count one block in and return its own level."""
        level = rms(pcm)
        samples = len(pcm) // SAMPLE_BYTES
        self._squares += level * level * samples
        self._samples += samples
        return level

    def read(self) -> float:
        """Return the level since the last reading and start anew."""
        level = math.sqrt(self._squares / self._samples) if self._samples else 0.0
        self._squares, self._samples = 0.0, 0
        return level
