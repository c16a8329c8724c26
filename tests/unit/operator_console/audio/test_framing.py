"""Only frames of this leg, in the agreed form, are played."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operator_console.audio.framing import FRAME_BYTES, AudioFrame, FrameError, steps_between, unpack_audio
from server.wire.media import CODEC_MULAW, CODEC_PCM16, HEADER, pack_audio

pytestmark = pytest.mark.unit

SOUND = bytes(range(256)) * 3
PCM = SOUND[:FRAME_BYTES]


def test_a_frame_comes_out_as_it_was_packed() -> None:
    assert unpack_audio(pack_audio(CODEC_PCM16, 65_540, 9, 180, PCM), 65_540) == AudioFrame(9, 180, PCM)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEADER.pack(1, CODEC_PCM16, 1, 0, 0),
        pack_audio(CODEC_PCM16, 2, 0, 0, PCM),
        pack_audio(CODEC_MULAW, 1, 0, 0, PCM),
        HEADER.pack(2, CODEC_PCM16, 1, 0, 0) + PCM,
        pack_audio(CODEC_PCM16, 1, 0, 0, PCM[:-2]),
        pack_audio(CODEC_PCM16, 1, 0, 0, PCM * 2),
        pack_audio(CODEC_PCM16, 1, 0, 0, bytes(70_000)),
    ],
    ids=["empty", "header", "other epoch", "other codec", "other kind", "short", "long", "far too long"],
)
def test_a_frame_that_is_not_ours_is_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        unpack_audio(data, 1)


@given(st.binary(max_size=2000), st.integers(0, 1 << 40))
def test_arbitrary_bytes_are_a_frame_or_refused_and_nothing_else(data: bytes, epoch: int) -> None:
    with contextlib.suppress(FrameError):
        assert len(unpack_audio(data, epoch).pcm) == FRAME_BYTES


@given(st.integers(0, 0xFFFFFFFF), st.integers(-(1 << 30), 1 << 30))
def test_steps_are_counted_over_the_end_of_the_numbers(start: int, steps: int) -> None:
    assert steps_between(start, (start + steps) & 0xFFFFFFFF) == steps
