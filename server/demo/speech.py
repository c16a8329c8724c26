"""Give the demo its recorded speech: 8 kHz µ-law WAV files made for this project, cut into 20 ms frames.

`scripts/make_demo_speech.py` made them with espeak-ng and sox; neither is needed to play them.
`speech/manifest.json` names the text and the speaker of every file.
"""

from importlib.resources import files
from typing import Final

import msgspec

FOLDER: Final = files("server.demo") / "speech"
MANIFEST_FILE: Final = "manifest.json"
RATE: Final = 8_000
FRAME_BYTES: Final = RATE // 50
"""20 ms of µ-law."""
SILENCE: Final = b"\xff" * FRAME_BYTES
"""20 ms of µ-law digital silence."""
_WAVE_FORMAT_MULAW: Final = 7


class SpeechError(Exception):
    """A recording is missing or not what it should be; the sentence names the clip."""


class Recording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the manifest says of one file: what is said, by whom, and how long it takes."""

    text: str
    speaker: str
    seconds: float


def load_manifest() -> dict[str, Recording]:
    """Return the recordings by clip name."""
    raw = (FOLDER / MANIFEST_FILE).read_bytes()
    return msgspec.json.decode(raw, type=dict[str, Recording])


def load_clip(name: str) -> tuple[bytes, ...]:
    """Return the clip as 20 ms µ-law frames, the last one filled up with silence.

    Raises:
        SpeechError: there is no such clip, or it is no 8 kHz mono µ-law WAV.
    """
    path = FOLDER / f"{name}.wav"
    if not path.is_file():
        raise SpeechError(f"The demo has no recording named {name!r}.")
    return frames_of(mulaw_of_wav(path.read_bytes(), name))


def frames_of(mulaw: bytes) -> tuple[bytes, ...]:
    """Cut µ-law audio into 20 ms frames, the last one filled up with silence."""
    padded = mulaw + SILENCE[: -len(mulaw) % FRAME_BYTES]
    return tuple(padded[start : start + FRAME_BYTES] for start in range(0, len(padded), FRAME_BYTES))


def mulaw_of_wav(raw: bytes, name: str) -> bytes:
    """Return the samples of a RIFF file (format 7, mono, 8 kHz); Python's `wave` does not read µ-law.

    Raises:
        SpeechError: it is another kind of file, or cut off.
    """
    if raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":
        raise SpeechError(f"The recording {name!r} is not a WAV file.")
    position, right_format = 12, False
    while position + 8 <= len(raw):
        kind, size = raw[position : position + 4], int.from_bytes(raw[position + 4 : position + 8], "little")
        body = raw[position + 8 : position + 8 + size]
        if kind == b"fmt ":
            right_format = _is_telephone_format(body)
        if kind == b"data" and right_format and len(body) == size:
            return body
        position += 8 + size + size % 2
    raise SpeechError(f"The recording {name!r} is cut off or not 8 kHz mono µ-law.")


def _is_telephone_format(chunk: bytes) -> bool:
    """Tell whether a `fmt ` chunk says µ-law, one channel, 8 kHz."""
    kind = int.from_bytes(chunk[0:2], "little")
    channels = int.from_bytes(chunk[2:4], "little")
    rate = int.from_bytes(chunk[4:8], "little")
    return (kind, channels, rate) == (_WAVE_FORMAT_MULAW, 1, RATE)
