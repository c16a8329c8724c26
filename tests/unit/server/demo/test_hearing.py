"""An ear tells speech from silence and our tone from everything else."""

import pytest

from server.demo.hearing import QUIET_FRAMES, Ear, is_tone, loudness, tone_frame
from server.demo.speech import SILENCE, load_clip

pytestmark = pytest.mark.unit


def test_silence_is_silent_and_a_tone_has_the_loudness_of_a_sine() -> None:
    assert loudness(SILENCE) == 0.0
    assert loudness(b"") == 0.0
    assert loudness(tone_frame(880, 0, 0.5)) == pytest.approx(0.5 / 2**0.5, rel=0.05)


@pytest.mark.parametrize("hertz", [440.0, 880.0, 1000.0])
def test_a_tone_is_recognised_by_its_frequency_alone(hertz: float) -> None:
    frame = tone_frame(hertz, 3)
    assert is_tone(frame, hertz)
    assert not any(is_tone(frame, other) for other in (440.0, 880.0, 1000.0) if other != hertz)


def test_speech_and_silence_are_no_tone() -> None:
    speech = [frame for name in ("double_charge-3", "third_outage-1", "ai-fetching") for frame in load_clip(name)]
    assert sum(is_tone(frame, 880.0) for frame in speech) <= len(speech) * 0.01
    assert not is_tone(SILENCE, 880.0)
    assert not is_tone(b"", 880.0)


def test_the_other_side_has_finished_after_a_pause_and_not_before() -> None:
    ear = Ear()
    assert not ear.other_speaks
    ear.hear(tone_frame(300, 0))
    assert ear.other_speaks
    for _ in range(QUIET_FRAMES - 1):
        ear.hear(SILENCE)
    assert ear.other_speaks
    ear.hear(b"")  # nothing arrived counts as silence
    assert not ear.other_speaks


def test_a_tone_is_counted_only_while_it_is_listened_for() -> None:
    ear = Ear()
    ear.hear(tone_frame(880, 0))
    ear.listen_for(880.0)
    ear.hear(tone_frame(880, 1))
    ear.hear(tone_frame(440, 1))
    assert ear.tone_frames == 1
    ear.listen_for(None)
    ear.hear(tone_frame(880, 2))
    assert ear.tone_frames == 0
    assert ear.speech_frames == 4
