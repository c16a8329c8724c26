"""Take audio frames apart as they come from the media socket, and refuse what is not one of ours."""

from typing import Final

import msgspec

from operator_console.audio.sound import bytes_of_ms
from server.wire.media import CODEC_PCM16, FRAME_MS, HEADER, KIND_AUDIO, MAX_FRAME_BYTES

FRAME_BYTES: Final = bytes_of_ms(FRAME_MS)
"""Bytes of 20 ms of PCM16 at the leg's 16 kHz: 640."""
_HALF: Final = 1 << 31
_WHOLE: Final = 1 << 32


class AudioFrame(msgspec.Struct, frozen=True):
    """20 ms of the caller: PCM16 at 16 kHz, with its place in the stream."""

    sequence: int
    timestamp_ms: int
    pcm: bytes


class FrameError(Exception):
    """A binary frame that is not audio for this leg; the sentence says what is wrong with it."""


def unpack_audio(data: bytes, epoch: int) -> AudioFrame:
    """Return the frame in `data`, which must be of this leg's `epoch`.

    Raises:
        FrameError: too short, too long, another kind, codec or epoch, or not 20 ms of it.
    """
    if not HEADER.size < len(data) <= MAX_FRAME_BYTES:
        raise FrameError(f"{len(data)} bytes are not an audio frame")
    kind, codec, of_epoch, sequence, timestamp_ms = HEADER.unpack_from(data)
    if kind != KIND_AUDIO or codec != CODEC_PCM16:
        raise FrameError(f"kind {kind} in codec {codec} was not agreed on")
    if of_epoch != epoch & 0xFFFF:
        raise FrameError(f"the frame is of epoch {of_epoch}, the leg of {epoch & 0xFFFF}")
    pcm = data[HEADER.size :]
    if len(pcm) != FRAME_BYTES:
        raise FrameError(f"{len(pcm)} bytes of sound are not {FRAME_MS} ms")
    return AudioFrame(sequence, timestamp_ms, pcm)


def steps_between(earlier: int, later: int) -> int:
    """Return how far `later` is after `earlier` on the 32-bit circle of sequence numbers; negative when before."""
    return (later - earlier + _HALF) % _WHOLE - _HALF
