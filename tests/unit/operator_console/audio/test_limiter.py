"""A microphone made louder is louder, and never distorted."""

import math

import pytest

from operator_console.audio.sound import CEILING, FULL_SCALE, Limiter, peak, rms
from tests import sound

pytestmark = pytest.mark.unit

BLOCK = 320


def through(limiter: Limiter, pcm: bytes, gain: float) -> bytes:
    """What comes out, block by block as a device delivers it."""
    return b"".join(limiter.apply(pcm[at : at + BLOCK], gain) for at in range(0, len(pcm), BLOCK))


@pytest.mark.parametrize("decibels", [-20, -6, 6, 12])
def test_a_quiet_voice_gets_all_of_the_gain(decibels: int) -> None:
    quiet = sound.tone(440, 1.0, amplitude=0.05)
    out = through(Limiter(), quiet, 10 ** (decibels / 20))
    assert 20 * math.log10(rms(out) / rms(quiet)) == pytest.approx(decibels, abs=0.3)


@pytest.mark.parametrize("amplitude", [0.05, 0.3, 0.7, 1.0])
def test_a_loud_voice_never_goes_over_the_ceiling(amplitude: float) -> None:
    loud = sound.tone(440, 1.0, amplitude=amplitude)
    out = through(Limiter(), loud, 10.0)
    assert peak(out) <= CEILING + 1 / FULL_SCALE
    assert sound.share_of(out, 440) > 0.99


def test_a_shout_costs_gain_at_once_and_the_gain_comes_back() -> None:
    quiet, shout = sound.tone(440, 2.0, amplitude=0.05), sound.tone(440, 0.2, amplitude=0.9)
    limiter = Limiter()
    before = through(limiter, quiet, 4.0)
    during = through(limiter, shout, 4.0)
    after = through(limiter, quiet, 4.0)
    assert peak(during) <= CEILING + 1 / FULL_SCALE
    assert rms(after[:6400]) < 0.6 * rms(before[:6400])
    assert rms(after[-6400:]) == pytest.approx(rms(before[-6400:]), rel=0.02)


def test_silence_stays_silence() -> None:
    assert through(Limiter(), bytes(BLOCK * 4), 10.0) == bytes(BLOCK * 4)
