"""Speak the plain stream format, of consoles and AI platforms alike: hello, audio frames, control frames.

Pure: bytes in, values out (server/wire/media.py has the header and the control frames). The sockets are in
server/media/framed.py.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from server.wire.media import (
    CODEC_MULAW,
    CODEC_PCM16,
    HEADER,
    KIND_AUDIO,
    MAX_CONTROL_BYTES,
    SAMPLE_RATES,
    MediaBye,
    MediaDtmf,
    MediaHello,
    MediaHold,
    MediaMute,
    MediaPing,
    MediaPong,
)

FromLeg = MediaHello | MediaMute | MediaPing | MediaPong | MediaDtmf | MediaHold | MediaBye
"""The control frames a leg may send."""

CODECS: Final = {"pcm16": CODEC_PCM16, "mulaw": CODEC_MULAW}
"""Codec names of a hello, and their byte in the header."""


class StreamFormatError(Exception):
    """A frame that breaks the format; `reason` is a stable word for the bye frame."""

    def __init__(self, reason: str, message: str) -> None:
        """Keep the word; the sentence is for the log."""
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What a leg's audio is: rate in Hz, the codec's byte, and the exact bytes of a 20 ms payload."""

    rate: int
    codec: int

    @property
    def payload_bytes(self) -> int:
        """Bytes of one frame's audio."""
        return self.rate // 50 * (2 if self.codec == CODEC_PCM16 else 1)


class AudioFrame(msgspec.Struct, frozen=True, gc=False):
    """One received frame: header fields and 20 ms of audio in the leg's codec."""

    epoch: int
    sequence: int
    timestamp_ms: int
    payload: bytes


def decode_control(raw: bytes) -> FromLeg:
    """Return one control frame of a leg.

    Raises:
        StreamFormatError: `frame_too_large` or `bad_frame`.
    """
    if len(raw) > MAX_CONTROL_BYTES:
        raise StreamFormatError("frame_too_large", f"A control frame of {len(raw)} bytes.")
    try:
        frame: FromLeg = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StreamFormatError("bad_frame", f"Not a control frame: {error}.") from error
    return frame


def agreed_format(hello: MediaHello) -> AudioFormat:
    """Return the audio format that a hello asks for.

    Raises:
        StreamFormatError: `bad_format`: unknown codec or rate, or µ-law at another rate than 8 kHz.
    """
    codec = CODECS.get(hello.codec)
    if codec is None or hello.rate not in SAMPLE_RATES or (codec == CODEC_MULAW and hello.rate != 8_000):
        raise StreamFormatError("bad_format", f"Cannot speak {hello.codec!r} at {hello.rate} Hz.")
    return AudioFormat(rate=hello.rate, codec=codec)


def decode_audio(raw: bytes, audio: AudioFormat) -> AudioFrame:
    """Return one audio frame.

    Raises:
        StreamFormatError: `bad_audio`: too short, of another kind or codec, or not exactly 20 ms.
    """
    if len(raw) != HEADER.size + audio.payload_bytes:
        raise StreamFormatError("bad_audio", f"A frame of {len(raw)} bytes.")
    kind, codec, epoch, sequence, timestamp_ms = HEADER.unpack_from(raw)
    if kind != KIND_AUDIO or codec != audio.codec:
        raise StreamFormatError("bad_audio", f"A frame of kind {kind} and codec {codec}.")
    return AudioFrame(epoch, sequence, timestamp_ms, raw[HEADER.size :])


_decoder: Final = msgspec.json.Decoder(FromLeg)
