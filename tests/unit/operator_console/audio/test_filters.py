"""The filters of the microphone take echo and noise away and leave the voice, and without them a call goes on."""

import sys
import time

import pytest

from operator_console.audio.far_end import MOST_BYTES
from operator_console.audio.filters import FRAME_BYTES, Filters
from operator_console.audio.messages import AudioEvent, Filtering, Problem
from operator_console.audio.sound import mixed
from tests import needs, sound

pytestmark = pytest.mark.unit

BLOCK = 640
SECOND = 32_000


class Room:
    """A microphone in a room with a loudspeaker, through the filters, block by block."""

    def __init__(self) -> None:
        self.told: list[AudioEvent] = []
        self.filters = Filters(self.told.append)

    def through(self, near: bytes, far: bytes = b"") -> bytes:
        out = b""
        for at in range(0, len(near), BLOCK):
            self.filters.played(far[at : at + BLOCK])
            out += self.filters.apply(near[at : at + BLOCK])
        return out


def echo_of(far: bytes, delay_ms: int = 80) -> bytes:
    """What of it comes back: half as loud and later."""
    late = bytes(delay_ms * 32) + far[: len(far) - delay_ms * 32]
    return sound.audioop.mul(late, 2, 0.5)


@needs.webrtc
async def test_the_callers_echo_is_taken_out_and_the_operators_own_voice_stays() -> None:
    far = sound.speech("double_charge-1", "double_charge-2", "double_charge-3")[: 12 * SECOND]
    near = sound.speech("breathing_machine-1")[: 4 * SECOND]
    voice = bytes(8 * SECOND) + near + bytes(12 * SECOND - 8 * SECOND - len(near))
    picked_up = mixed(echo_of(far), voice)
    room = Room()
    await room.filters.switch(echo=True, noise=None)
    out = room.through(picked_up, far)
    assert room.told == [Filtering(echo=True)]
    assert len(out) == len(picked_up)
    echo_alone = slice(4 * SECOND, 8 * SECOND)
    assert sound.decibels(picked_up[echo_alone], out[echo_alone]) > 20
    both = slice(8 * SECOND, 12 * SECOND)
    assert sound.level(out[both]) > 0.4 * sound.level(voice[both])
    assert sound.level(out[both]) > 10 * sound.level(out[echo_alone])


@needs.webrtc
async def test_white_noise_is_lowered_and_speech_in_it_stays() -> None:
    voice = bytes(4 * SECOND) + sound.speech("breathing_machine-1")[: 4 * SECOND]
    noisy = mixed(voice, sound.noise(len(voice) / SECOND))
    room = Room()
    await room.filters.switch(echo=None, noise=True)
    out = room.through(noisy)
    noise_alone, speech = slice(2 * SECOND, 4 * SECOND), slice(4 * SECOND, len(voice))
    assert sound.decibels(noisy[noise_alone], out[noise_alone]) > 10
    assert abs(sound.decibels(voice[speech], out[speech])) < 3


@needs.webrtc
async def test_ten_milliseconds_of_sound_take_a_small_part_of_ten_milliseconds() -> None:
    room = Room()
    await room.filters.switch(echo=True, noise=True)
    pcm = sound.speech("double_charge-1")
    began = time.process_time()
    room.through(pcm, pcm)
    assert time.process_time() - began < 0.25 * len(pcm) / SECOND


@needs.webrtc
async def test_blocks_of_any_length_lose_nothing_but_a_rest_below_ten_milliseconds() -> None:
    room = Room()
    await room.filters.switch(echo=True, noise=False)
    lengths = (100, 2, 640, 318, 1000, 0, 4)
    got = [len(room.filters.apply(bytes(length))) for length in lengths]
    assert sum(got) == sum(lengths) // FRAME_BYTES * FRAME_BYTES
    assert not any(length % FRAME_BYTES for length in got)


@needs.webrtc
async def test_what_is_played_while_no_microphone_listens_does_not_pile_up() -> None:
    room = Room()
    await room.filters.switch(echo=True, noise=False)
    for _ in range(1_000):
        room.filters.played(bytes(BLOCK))
        assert room.filters.far.held <= MOST_BYTES


async def test_without_filters_every_byte_passes_as_it_is() -> None:
    room = Room()
    pcm = sound.noise(0.1)
    assert room.through(pcm, pcm) == pcm
    assert room.filters.far.held == 0


async def test_filters_without_their_library_say_how_to_install_it_and_the_microphone_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    room = Room()
    await room.filters.switch(echo=True, noise=True)
    (problem, now) = room.told
    assert isinstance(problem, Problem)
    assert problem.code == "filters_not_installed"
    assert "pip install 'operator-console[webrtc]'" in problem.remedy
    assert now == Filtering()
    pcm = sound.noise(0.1)
    assert room.through(pcm, pcm) == pcm


@needs.webrtc
async def test_a_filter_that_fails_is_off_and_told_and_loses_no_sound() -> None:
    class Broken:
        def process(self, near: object, far: object) -> bytearray:
            raise RuntimeError("out of memory")

    room = Room()
    await room.filters.switch(echo=True, noise=True)
    room.filters._chain = Broken()  # type: ignore[assignment]
    pcm = sound.noise(0.1)
    assert room.through(pcm, pcm) == pcm
    assert [event.code for event in room.told if isinstance(event, Problem)] == ["filters_failed"]
    assert room.told[-1] == Filtering()


@needs.webrtc
async def test_one_filter_is_switched_without_the_other() -> None:
    room = Room()
    for echo, noise in ((True, None), (None, True), (False, None), (None, False)):
        await room.filters.switch(echo=echo, noise=noise)
    assert room.told == [
        Filtering(echo=True),
        Filtering(echo=True, noise=True),
        Filtering(noise=True),
        Filtering(),
    ]
