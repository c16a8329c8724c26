"""Codecs, resampler, tone and meter, by the numbers."""

import importlib
import math
import struct
import warnings
from itertools import pairwise

import pytest

from server.media import codecs
from server.media.codecs import frame_bytes, mulaw_to_pcm16, pcm16_to_mulaw, rms, silence
from server.media.meter import Meter
from server.media.resample import FrameResampler
from server.media.tone import BEEP_HZ, PERIOD_FRAMES, tone_frame
from tests.media_clients import loudness, share, tone

pytestmark = pytest.mark.unit


def test_mulaw_goes_there_and_back() -> None:
    every = bytes(range(256))
    assert pcm16_to_mulaw(mulaw_to_pcm16(every)) == every.replace(b"\x7f", b"\xff")  # the two zeros are one
    assert pcm16_to_mulaw(silence(8_000)) == b"\xff" * 160


def test_importing_the_codecs_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        importlib.reload(codecs)


def test_levels_are_root_mean_squares() -> None:
    assert rms(silence(16_000)) == 0
    assert rms(tone(1_000, 16_000, 0, peak=10_000)) == pytest.approx(10_000 / math.sqrt(2), rel=0.01)


@pytest.mark.parametrize(("source", "target"), [(8_000, 16_000), (16_000, 8_000)])
def test_resampling_keeps_the_tone_and_gives_a_frame_for_each_frame(source: int, target: int) -> None:
    resampler = FrameResampler(source, target)
    frames = [resampler.frame(tone(1_000, source, number)) for number in range(500)]
    assert {len(frame) for frame in frames} == {frame_bytes(target)}
    assert share(b"".join(frames[2:]), 1_000, target) > 0.999
    assert loudness(frames[-1]) == pytest.approx(8_000 / math.sqrt(2), rel=0.02)


def test_resampling_down_lets_no_alias_through() -> None:
    resampler = FrameResampler(16_000, 8_000)
    out = b"".join(resampler.frame(tone(6_000, 16_000, number)) for number in range(100))
    assert loudness(out[640:]) < 3


def test_resampling_holds_back_under_4_ms() -> None:
    resampler = FrameResampler(8_000, 16_000)
    click = struct.pack("<160h", 20_000, *([0] * 159))
    out = resampler.frame(click)
    loudest = max(range(320), key=lambda index: abs(struct.unpack_from("<h", out, 2 * index)[0]))
    assert loudest < 16 * 4


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_the_hold_tone_is_two_soft_beeps_in_five_seconds(rate: int) -> None:
    frames = [tone_frame(rate, number) for number in range(2 * PERIOD_FRAMES)]
    assert {len(frame) for frame in frames} == {frame_bytes(rate)}
    assert frames[:PERIOD_FRAMES] == frames[PERIOD_FRAMES:]
    loud = [index for index, frame in enumerate(frames[:PERIOD_FRAMES]) if loudness(frame) > 50]
    beeps = 1 + sum(1 for before, after in pairwise(loud) if after > before + 1)
    assert beeps == 2
    assert all(share(frames[index], BEEP_HZ, rate) > 0.7 for index in loud)
    assert max(map(loudness, frames)) < 2_000


def test_a_meter_reads_level_loss_and_silence() -> None:
    meter = Meter(100.0)
    for number, sequence in enumerate([0, 1, 2, 5, 6]):
        now = 100.0 + 0.02 * number
        meter.header(sequence, sequence * 20, now)
        meter.frame(tone(1_000, 8_000, number, peak=16_384), now)
    reading = meter.read()
    assert reading.level == pytest.approx(0.5 / math.sqrt(2), rel=0.02)
    assert reading.loss_percent == pytest.approx(100 * 2 / 7, abs=0.01)
    assert meter.silent_ms(101.08) == 1_000
    assert meter.read().level == 0.0
    assert meter.read().loss_percent == 0.0


def test_a_sequence_that_starts_anew_or_wraps_is_no_loss() -> None:
    meter = Meter(0.0)
    for sequence in (2**32 - 2, 2**32 - 1, 0, 1, 4_000_000, 4_000_001, 7, 8):
        meter.header(sequence, 0, 0.0)
        meter.frame(silence(8_000), 0.0)
    assert meter.read().loss_percent == 0.0


def test_jitter_is_zero_for_a_steady_stream_and_grows_with_the_spread() -> None:
    steady, shaky = Meter(0.0), Meter(0.0)
    for number in range(200):
        steady.header(number, number * 20, number * 0.02)
        shaky.header(number, number * 20, number * 0.02 + (0.01 if number % 2 else 0.0))
    assert steady.read().jitter_ms == 0.0
    assert shaky.read().jitter_ms == pytest.approx(10, rel=0.05)
