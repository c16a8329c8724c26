"""The arithmetic of sound keeps its promises."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operator_console.audio.resample import converter, giving, taking
from operator_console.audio.sound import Meter, bytes_of_ms, clipped_share, faded, louder, mixed, ms_of_bytes, peak, rms
from operator_console.audio.sound import tone as soft_tone
from tests import sound

pytestmark = pytest.mark.unit


def test_lengths_and_spans_are_each_others_inverse() -> None:
    assert bytes_of_ms(20) == 640
    assert ms_of_bytes(640) == 20


def test_levels_of_a_sine_are_known() -> None:
    pcm = sound.tone(1000, 0.5, amplitude=0.5)
    assert peak(pcm) == pytest.approx(0.5, abs=0.01)
    assert rms(pcm) == pytest.approx(0.5 / 2**0.5, abs=0.01)
    assert rms(b"") == peak(b"") == clipped_share(b"") == 0.0


def test_a_clipped_sine_is_seen_as_clipped() -> None:
    assert clipped_share(louder(sound.tone(1000, 0.5, amplitude=0.5), 4.0)) > 0.3
    assert clipped_share(sound.tone(1000, 0.5, amplitude=0.5)) == 0.0


def test_louder_and_mixed_stop_at_full_scale() -> None:
    loud = array("h", [30_000, -30_000]).tobytes()
    assert array("h", louder(loud, 3.0)).tolist() == [32767, -32768]
    assert array("h", mixed(loud, loud)).tolist() == [32767, -32768]


@given(st.binary(max_size=400).filter(lambda pcm: len(pcm) % 2 == 0))
def test_a_fade_to_nothing_never_gets_louder(pcm: bytes) -> None:
    out = array("h", faded(pcm, 1.0, 0.0))
    assert all(abs(after) <= abs(before) for after, before in zip(out, array("h", pcm), strict=True))


def test_tones_begin_and_end_softly() -> None:
    samples = array("h", soft_tone(440, 100))
    assert abs(samples[0]) < 50
    assert abs(samples[-1]) < 1000
    assert max(samples) > 9000


def test_the_meter_reads_what_came_since_the_last_reading() -> None:
    meter = Meter()
    meter.add(sound.tone(1000, 0.1, amplitude=0.5))
    assert meter.read() == pytest.approx(0.354, abs=0.01)
    assert meter.read() == 0.0


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_a_device_of_another_rate_keeps_the_voice_and_its_pitch(rate: int) -> None:
    heard = bytearray()
    take = taking(heard.extend, rate)
    voice = sound.tone(1000, 1.0, rate=rate)
    for start in range(0, len(voice), rate // 50):
        take(voice[start : start + rate // 50])
    assert sound.share_of(bytes(heard[3200:]), 1000) > 0.99
    assert len(heard) == pytest.approx(32_000, rel=0.03)


def test_what_a_leg_can_not_carry_is_not_folded_into_the_voice() -> None:
    above = converter(48_000, 16_000)(sound.tone(11_000, 1.0, rate=48_000))
    assert rms(above[1600:]) < 0.01


def test_a_speaker_of_another_rate_gets_exactly_what_it_asks_for() -> None:
    voice, at = sound.tone(1000, 3.0), 0

    def give(length: int) -> bytes:
        nonlocal at
        assert length % 2 == 0
        at += length
        return voice[at - length : at]

    give_48 = giving(give, 48_000)
    out = b"".join(give_48(960) for _ in range(100))
    assert len(out) == 96_000
    assert sound.share_of(out[4800:], 1000, rate=48_000) > 0.99
