"""The stream format: what is a frame, and what is not."""

from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.telephony.stream import (
    AudioFormat,
    StreamFormatError,
    agreed_format,
    decode_audio,
    decode_control,
)
from server.wire.codec import encode
from server.wire.media import CODEC_MULAW, CODEC_PCM16, MediaHello, MediaMute, MediaReady, pack_audio
from server.wire.terms import LegRole

pytestmark = pytest.mark.unit

WIDE = AudioFormat(rate=16_000, codec=CODEC_PCM16)


@pytest.mark.parametrize(
    ("rate", "codec", "size"), [(8_000, CODEC_PCM16, 320), (16_000, CODEC_PCM16, 640), (8_000, CODEC_MULAW, 160)]
)
def test_a_frame_is_exactly_20_ms(rate: int, codec: int, size: int) -> None:
    audio = AudioFormat(rate=rate, codec=codec)
    assert audio.payload_bytes == size
    frame = decode_audio(pack_audio(codec, 65_537, 9, 180, b"a" * size), audio)
    assert (frame.epoch, frame.sequence, frame.timestamp_ms, frame.payload) == (1, 9, 180, b"a" * size)
    for wrong in (size - 1, size + 1, 0):
        with pytest.raises(StreamFormatError):
            decode_audio(pack_audio(codec, 1, 9, 180, b"a" * wrong), audio)


def test_a_frame_of_another_kind_or_codec_is_refused() -> None:
    good = pack_audio(CODEC_PCM16, 1, 1, 1, bytes(640))
    for bad in (b"\x02" + good[1:], good[:1] + b"\x02" + good[2:]):
        with pytest.raises(StreamFormatError):
            decode_audio(bad, WIDE)


@given(st.binary(max_size=700))
def test_any_bytes_are_a_frame_or_a_named_error(raw: bytes) -> None:
    with pytest.raises(StreamFormatError) if len(raw) != 652 or raw[:2] != b"\x01\x01" else nullcontext():
        decode_audio(raw, WIDE)
    with pytest.raises(StreamFormatError):
        decode_control(raw)


def test_control_frames_come_back_as_sent() -> None:
    assert decode_control(encode(MediaMute(on=True))) == MediaMute(on=True)


def test_what_only_the_worker_says_is_refused_from_a_leg() -> None:
    with pytest.raises(StreamFormatError):
        decode_control(encode(MediaReady(role=LegRole.CALLER, epoch=0, rate=8_000, codec="pcm16")))


def test_a_control_frame_has_a_longest_length() -> None:
    with pytest.raises(StreamFormatError) as refused:
        decode_control(encode(MediaHello(token="x" * 5_000)))
    assert refused.value.reason == "frame_too_large"


@pytest.mark.parametrize(("rate", "codec"), [(8_000, "pcm16"), (16_000, "pcm16"), (8_000, "mulaw")])
def test_known_formats_are_agreed(rate: int, codec: str) -> None:
    assert agreed_format(MediaHello(token="t", rate=rate, codec=codec)).rate == rate


@pytest.mark.parametrize(("rate", "codec"), [(44_100, "pcm16"), (16_000, "mulaw"), (8_000, "opus"), (-8_000, "pcm16")])
def test_unknown_formats_are_refused(rate: int, codec: str) -> None:
    with pytest.raises(StreamFormatError):
        agreed_format(MediaHello(token="t", rate=rate, codec=codec))
