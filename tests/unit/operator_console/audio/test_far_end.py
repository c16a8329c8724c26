"""What was played stays in step with the microphone, whatever comes late or is lost."""

import pytest

from operator_console.audio.far_end import CUSHION_BYTES, MOST_BYTES, FarEnd
from operator_console.audio.sound import bytes_of_ms

pytestmark = pytest.mark.unit

FRAME = bytes_of_ms(10)


def frame(number: int) -> bytes:
    return (number % 30_000).to_bytes(2, "little") * (FRAME // 2)


def test_what_is_not_there_yet_is_silence_and_what_comes_then_is_used() -> None:
    far = FarEnd()
    far.play(frame(1))
    assert far.take(FRAME) == frame(1)
    assert far.take(FRAME) == bytes(FRAME)
    for number in range(2, 100):
        far.play(frame(number))
        assert far.take(FRAME) == frame(number)


def test_sound_the_microphone_lost_is_dropped_here_too() -> None:
    far = FarEnd()
    for number in range(10):
        far.play(frame(number))
    for number in range(10, 400):
        far.play(frame(number))
        far.take(FRAME)
    assert far.held <= CUSHION_BYTES


def test_a_short_lead_of_the_speaker_is_left_alone() -> None:
    far = FarEnd()
    far.play(frame(0) + frame(1))
    for number in range(2, 400):
        far.play(frame(number))
        assert far.take(FRAME) == frame(number - 2)


def test_it_never_holds_much() -> None:
    far = FarEnd()
    for _ in range(1_000):
        far.take(FRAME)
    for number in range(1_000):
        far.play(frame(number))
        assert far.held <= MOST_BYTES
    far.forget()
    assert far.take(FRAME) == bytes(FRAME)
