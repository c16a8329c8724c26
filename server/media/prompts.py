"""Read what the worker says itself from WAV files: greetings that ship, and those that the configuration names.

`scripts/make_prompts.py` made the ones that ship.
"""

import wave
from collections import OrderedDict
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, cast

import numpy as np
import samplerate  # type: ignore[import-not-found] # ships no types
from numpy.typing import NDArray

from server.media.codecs import frame_bytes

FOLDER: Final = files("server.media") / "prompts"
LONGEST_SECONDS: Final = 60
"""A prompt that is longer is refused."""
RATES: Final = (8_000, 48_000)
"""The lowest and the highest rate of a prompt's file."""
BEEP_HZ: Final = 1_000
_BEEP_FRAMES: Final = 20
_BEEP_PEAK: Final = 6_000
_MOST_KEPT: Final = 64
_kept: Final[OrderedDict[tuple[str, int], tuple[bytes, ...]]] = OrderedDict()


class PromptError(Exception):
    """The file cannot be played; the sentence says what is wrong with it."""


def shipped(name: str, rate: int) -> tuple[bytes, ...]:
    """Return a prompt that ships as frames of 20 ms: PCM16 at `rate` Hz."""
    return _frames(str(FOLDER / f"{name}.wav"), rate)


def prompt(path: str, otherwise: str, rate: int) -> tuple[bytes, ...]:
    """Return the prompt in the file at `path`; where there is none, or it cannot be played, the one that ships."""
    if not path:
        return shipped(otherwise, rate)
    try:
        return _frames(path, rate)
    except PromptError:
        return shipped(otherwise, rate)


def check_prompt(path: Path) -> None:
    """Refuse a file that cannot be played.

    Raises:
        PromptError: It is no WAV of PCM16, mono or stereo, 8 to 48 kHz, of at most a minute; or cannot be read.
    """
    _samples(path)


def _frames(path: str, rate: int) -> tuple[bytes, ...]:
    """Return the frames of a file; the last ones used are kept, and a file that changed is read anew at a restart."""
    found = _kept.get((path, rate))
    if found is None:
        samples, own_rate = _samples(Path(path))
        if own_rate != rate:
            resampled = samplerate.resample(samples, rate / own_rate, "sinc_medium")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # ships no types
            samples = cast("NDArray[np.float32]", resampled)
        pcm = np.clip(np.rint(samples), -32_768, 32_767).astype("<i2").tobytes()
        size = frame_bytes(rate)
        pcm += bytes(-len(pcm) % size)
        found = tuple(pcm[start : start + size] for start in range(0, len(pcm), size))
        _kept[path, rate] = found
        if len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return found


def _samples(path: Path) -> tuple[NDArray[np.float32], int]:
    """Return the samples of one channel, and their rate."""
    try:
        with wave.open(str(path), "rb") as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            if width != 2 or channels not in {1, 2} or not RATES[0] <= rate <= RATES[1]:
                raise PromptError(f"{path} is not PCM of 16 bits, one or two channels, 8 to 48 kHz. Convert it first.")
            if file.getnframes() > LONGEST_SECONDS * rate:
                raise PromptError(f"{path} is longer than {LONGEST_SECONDS} s. Cut it.")
            samples = np.frombuffer(file.readframes(LONGEST_SECONDS * rate), dtype="<i2").astype(np.float32)
    except OSError as error:
        raise PromptError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (wave.Error, EOFError) as error:
        raise PromptError(f"{path} is not a WAV file of PCM: {str(error) or 'it is empty'}.") from error
    if channels == 2:
        samples = samples[: samples.size // 2 * 2].reshape(-1, 2).mean(axis=1)
    if not samples.size:
        raise PromptError(f"{path} holds no sound.")
    return samples.astype(np.float32), rate


@cache
def beep(rate: int) -> tuple[bytes, ...]:
    """Return the tone after which the caller speaks: 400 ms with soft edges, and 60 ms of silence."""
    size = rate // 50
    count = size * _BEEP_FRAMES
    at = np.arange(count)
    edge = np.minimum(1.0, np.minimum(at, count - at) / (rate * 0.01))
    pcm = np.rint(_BEEP_PEAK * edge * np.sin(2 * np.pi * BEEP_HZ * at / rate)).astype("<i2").tobytes()
    return (*(pcm[start : start + size * 2] for start in range(0, len(pcm), size * 2)), *(bytes(size * 2),) * 3)
