"""Say to the target of a policy's call what it is about: "A caller is waiting for you. Press 1 to take the call …".

`announcement.wav` was made for this project with espeak-ng: 8 kHz, mono, PCM16, with a pause at its end.
"""

import wave
from functools import cache
from importlib.resources import files
from typing import Final

from server.media.codecs import resampled

FILE: Final = "announcement.wav"
RATE: Final = 8_000


def announcement_frame(rate: int, number: int) -> bytes:
    """Return frame `number` of the announcement, which begins anew after its end: 20 ms of PCM16 at `rate` Hz."""
    frames = _frames(rate)
    return frames[number % len(frames)]


@cache
def _frames(rate: int) -> tuple[bytes, ...]:
    with (files("server.media") / FILE).open("rb") as file, wave.open(file) as sound:
        pcm = sound.readframes(sound.getnframes())
    size = rate // 50 * 2
    whole = resampled(pcm, RATE, rate)
    whole += bytes(-len(whole) % size)
    return tuple(whole[start : start + size] for start in range(0, len(whole), size))
