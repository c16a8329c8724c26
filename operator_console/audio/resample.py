"""Fit a device that can't run at the leg's 16 kHz, without aliasing; numpy is loaded only then."""

import importlib
from collections.abc import Callable
from typing import Final, Protocol, cast

from operator_console.audio.sound import LEG_RATE, SAMPLE_BYTES

Convert = Callable[[bytes], bytes]
"""PCM16 mono of one rate in, of another out, with memory of what came before."""


class _Resampler(Protocol):
    def process(self, input_data: object, ratio: float) -> "_Floats": ...


class _Library(Protocol):
    def Resampler(self, converter_type: str, channels: int) -> _Resampler: ...  # noqa: N802 - the library's name


class _Floats(Protocol):
    def __mul__(self, factor: float) -> "_Floats": ...
    def clip(self, low: float, high: float) -> "_Floats": ...
    def astype(self, kind: str) -> "_Floats": ...
    def tobytes(self) -> bytes: ...


_SCALE: Final = 32768.0


def converter(from_rate: int, to_rate: int) -> Convert:
    """Return what turns PCM16 mono of one rate into another; the identity when they are equal."""
    if from_rate == to_rate:
        return _same
    import numpy as np  # noqa: PLC0415 - 20 MB that only odd devices need

    library = cast("_Library", importlib.import_module("samplerate"))
    resampler = library.Resampler("sinc_fastest", channels=1)
    ratio = to_rate / from_rate

    def convert(pcm: bytes) -> bytes:
        samples = np.frombuffer(pcm, dtype="<i2").astype("float32") / _SCALE
        return (resampler.process(samples, ratio) * _SCALE).clip(-_SCALE, _SCALE - 1).astype("<i2").tobytes()

    return convert


def taking(take: Callable[[bytes], None], device_rate: int) -> Callable[[bytes], None]:
    """Return `take` for a microphone that runs at `device_rate`."""
    if device_rate == LEG_RATE:
        return take
    convert = converter(device_rate, LEG_RATE)

    def adapted(pcm: bytes) -> None:
        out = convert(pcm)
        if out:
            take(out)

    return adapted


def giving(give: Callable[[int], bytes], device_rate: int) -> Callable[[int], bytes]:
    """Return `give` for a speaker that runs at `device_rate`."""
    if device_rate == LEG_RATE:
        return give
    convert = converter(LEG_RATE, device_rate)
    spare = bytearray()

    def adapted(length: int) -> bytes:
        while len(spare) < length:
            wanted = -(-(length - len(spare)) * LEG_RATE // device_rate)
            spare.extend(convert(give(max(SAMPLE_BYTES, wanted + wanted % SAMPLE_BYTES))))
        out = bytes(spare[:length])
        del spare[:length]
        return out

    return adapted


def _same(pcm: bytes) -> bytes:
    return pcm
