"""Play one WAV on the speaker, from beginning to end, outside any call."""

import threading
from pathlib import Path
from typing import Final

from operator_console.audio.backends.choice import choose
from operator_console.audio.backends.file import read_wav
from operator_console.audio.backends.port import Wish
from operator_console.audio.options import AudioOptions
from operator_console.audio.problems import BackendError
from operator_console.audio.sound import LEG_RATE, SAMPLE_BYTES

TAIL_SECONDS: Final = 0.5
"""How long the speaker stays open after the last word, so that it is heard."""
LOOK_SECONDS: Final = 0.2


class Reel:
    """What is still to be played; the speaker takes it from a thread of its own."""

    def __init__(self, pcm: bytes) -> None:
        """Begin at the beginning."""
        self._pcm: Final = pcm
        self._at = 0
        self.over: Final = threading.Event()

    def give(self, length: int) -> bytes:
        """Return so many bytes, silence after the end."""
        part = self._pcm[self._at : self._at + length]
        self._at += len(part)
        if self._at >= len(self._pcm):
            self.over.set()
        return part + bytes(length - len(part))


def play(path: Path, options: AudioOptions) -> tuple[float, str]:
    """Play it on the chosen speaker; return how many seconds it took, and the speaker's name.

    Raises:
        BackendError: it is no WAV, there is no speaker, or it went away meanwhile.
    """
    pcm = read_wav(path)
    backend = choose(options).backend
    try:
        reel = Reel(pcm)
        stream = backend.open_speaker(options.speaker, Wish(block_ms=max(options.block_ms, 20)), reel.give)
        try:
            while not reel.over.wait(LOOK_SECONDS):
                lost = stream.lost()
                if lost:
                    raise BackendError("device_lost", lost)
            threading.Event().wait(TAIL_SECONDS)
            return len(pcm) / (LEG_RATE * SAMPLE_BYTES), stream.name
        finally:
            stream.close()
    finally:
        backend.close()
