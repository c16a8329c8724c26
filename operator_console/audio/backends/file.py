"""Speak from a WAV and write what is heard to one, in real time: sound for machines that have none."""

import audioop
import contextlib
import threading
import wave
from pathlib import Path
from typing import Final

from operator_console.audio.backends.pacing import PacedStream
from operator_console.audio.backends.port import Give, Stream, Take, Wish
from operator_console.audio.messages import Device
from operator_console.audio.problems import BackendError
from operator_console.audio.resample import converter
from operator_console.audio.sound import LEG_RATE, bytes_of_ms

MAX_HEARD_SECONDS: Final = 3600
"""What is heard is kept for so long, then the file starts over."""
MAX_SPOKEN_SECONDS: Final = 600
"""The longest recording that may serve as a microphone."""
MICROPHONE_ID: Final = "file/microphone"
SPEAKER_ID: Final = "file/speaker"


class FileBackend:
    """Files as a `Backend`: always there, never better than a sound card."""

    name: str = "file"
    file_audio: bool = True

    def __init__(self, microphone: str = "", speaker: str = "") -> None:
        """Remember the WAV to speak ("" for silence) and the WAV to write ("" for none).

        Raises:
            BackendError: `file_unreadable`, when the WAV to speak is not one.
        """
        self._heard = Path(speaker) if speaker else None
        self._microphone_name = Path(microphone).name if microphone else "silence"
        self._spoken = read_wav(Path(microphone)) if microphone else b""

    def devices(self) -> tuple[Device, ...]:
        """Return the two files."""
        heard = self._heard.name if self._heard else "nowhere"
        return (
            Device(id=MICROPHONE_ID, name=f"file: {self._microphone_name}", microphone=True, default_microphone=True),
            Device(id=SPEAKER_ID, name=f"file: {heard}", speaker=True, default_speaker=True),
        )

    def open_microphone(self, device_id: str, wish: Wish, take: Take) -> Stream:
        """Speak the WAV from its beginning, over and over."""
        _known(device_id, MICROPHONE_ID)
        length = bytes_of_ms(wish.block_ms)
        spoken = self._spoken or bytes(length)
        spoken += bytes(-len(spoken) % length)
        at = 0

        def move() -> None:
            nonlocal at
            take(spoken[at : at + length])
            at = (at + length) % len(spoken)

        return PacedStream(self.devices()[0].name, wish.block_ms, move, _nothing)

    def open_speaker(self, device_id: str, wish: Wish, give: Give) -> Stream:
        """Write what is heard, from the beginning of the file."""
        _known(device_id, SPEAKER_ID)
        length = bytes_of_ms(wish.block_ms)
        if self._heard is None:
            return PacedStream(self.devices()[1].name, wish.block_ms, lambda: _give_away(give, length), _nothing)
        try:
            writer = WavWriter(self._heard)
        except OSError as error:
            raise BackendError("device_failed", f"{self._heard} can't be written ({error})") from error
        return PacedStream(self.devices()[1].name, wish.block_ms, lambda: writer.write(give(length)), writer.close)

    def refresh(self) -> None:
        """Files are always there."""

    def close(self) -> None:
        """Nothing is held between streams."""


class NullBackend:
    """Silence in, nothing out, in real time: for measuring everything but sound."""

    name: str = "null"
    file_audio: bool = True

    def devices(self) -> tuple[Device, ...]:
        """Return the one that swallows."""
        return (
            Device(
                id="null/null",
                name="no sound",
                microphone=True,
                speaker=True,
                default_microphone=True,
                default_speaker=True,
            ),
        )

    def open_microphone(self, device_id: str, wish: Wish, take: Take) -> Stream:
        """Deliver silence."""
        _known(device_id, "null/null")
        silence = bytes(bytes_of_ms(wish.block_ms))
        return PacedStream("no sound", wish.block_ms, lambda: take(silence), _nothing)

    def open_speaker(self, device_id: str, wish: Wish, give: Give) -> Stream:
        """Swallow."""
        _known(device_id, "null/null")
        length = bytes_of_ms(wish.block_ms)
        return PacedStream("no sound", wish.block_ms, lambda: _give_away(give, length), _nothing)

    def refresh(self) -> None:
        """Nothing changes."""

    def close(self) -> None:
        """Nothing is held."""


class WavWriter:
    """A WAV that is readable at every moment: its header is brought up to date once a second."""

    def __init__(self, path: Path) -> None:
        """Begin an empty file.

        Raises:
            OSError: it can't be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.Lock()
        self._file = path.open("wb", buffering=0)
        self._written = 0
        try:
            self._head()
        except OSError:
            self._file.close()
            raise

    def write(self, pcm: bytes) -> None:
        """Add a block.

        Raises:
            OSError: the disk is full, or the file is gone.
        """
        with self._lock:
            if self._written >= bytes_of_ms(MAX_HEARD_SECONDS * 1000):
                self._file.truncate(0)
                self._written = 0
                self._head()
            self._file.write(pcm)
            self._written += len(pcm)
            if self._written % bytes_of_ms(1000) < len(pcm):
                self._head()

    def close(self) -> None:
        """Finish the file, as far as the disk lets us."""
        with self._lock, self._file, contextlib.suppress(OSError):
            self._head()

    def _head(self) -> None:
        size = self._written.to_bytes(4, "little")
        rate = LEG_RATE.to_bytes(4, "little")
        self._file.seek(0)
        self._file.write(
            b"RIFF"
            + (36 + self._written).to_bytes(4, "little")
            + b"WAVEfmt \x10\0\0\0\x01\0\x01\0"
            + rate
            + (LEG_RATE * 2).to_bytes(4, "little")
            + b"\x02\0\x10\0data"
            + size
        )  # fmt: skip - the fields of the header, in its order
        self._file.seek(44 + self._written)


def read_wav(path: Path) -> bytes:
    """Return a WAV (16 bit, any rate, mono or stereo) as PCM16 mono at 16 kHz, at most ten minutes of it.

    Raises:
        BackendError: `file_unreadable`, when it is not such a file.
    """
    try:
        with wave.open(str(path), "rb") as recording:
            width, channels, rate = recording.getsampwidth(), recording.getnchannels(), recording.getframerate()
            pcm = recording.readframes(rate * MAX_SPOKEN_SECONDS)
    except (OSError, EOFError, wave.Error) as error:
        raise BackendError("file_unreadable", f"{path} is not a WAV ({error})") from error
    if width != 2 or not 1 <= channels <= 2:
        raise BackendError("file_unreadable", f"{path} is not 16 bit mono or stereo")
    if channels == 2:
        pcm = audioop.tomono(pcm[: len(pcm) // 4 * 4], 2, 0.5, 0.5)
    return converter(rate, LEG_RATE)(pcm)


def _known(device_id: str, only: str) -> None:
    if device_id not in {"", only}:
        raise BackendError("no_device", f"{device_id} is not plugged in")


def _give_away(give: Give, length: int) -> None:
    give(length)


def _nothing() -> None:
    """Nothing has to be put away."""
