"""Every recording of the demo is fit to be heard: level, length, no clipping, no long holes."""

import struct

import pytest

from server.demo.hearing import QUIET_FRAMES, SPEECH_LEVEL, loudness, pcm_of
from server.demo.speech import FOLDER, FRAME_BYTES, SpeechError, frames_of, load_clip, load_manifest, mulaw_of_wav

pytestmark = pytest.mark.unit

CLIPS = sorted(load_manifest())


@pytest.mark.parametrize("name", CLIPS)
def test_a_recording_is_loud_enough_and_never_clips(name: str) -> None:
    audio = b"".join(load_clip(name))
    assert 0.06 <= loudness(audio) <= 0.30
    assert max(abs(sample) for sample in pcm_of(audio)) < 0.98 * 32768


@pytest.mark.parametrize("name", CLIPS)
def test_a_recording_lasts_as_long_as_the_manifest_says(name: str) -> None:
    frames = load_clip(name)
    assert 0.3 <= len(frames) / 50 <= 9.0
    assert abs(len(frames) / 50 - load_manifest()[name].seconds) <= 0.04
    assert {len(frame) for frame in frames} == {FRAME_BYTES}


@pytest.mark.parametrize("name", CLIPS)
def test_no_pause_inside_a_recording_sounds_like_its_end(name: str) -> None:
    longest = run = 0
    for frame in load_clip(name):
        run = run + 1 if loudness(frame) < SPEECH_LEVEL else 0
        longest = max(longest, run)
    assert longest < QUIET_FRAMES


def test_all_recordings_together_stay_small() -> None:
    sizes = [len(entry.read_bytes()) for entry in FOLDER.iterdir() if entry.name.endswith(".wav")]
    assert len(sizes) == len(CLIPS)
    assert sum(sizes) <= 3_000_000


def test_an_unknown_clip_is_named() -> None:
    with pytest.raises(SpeechError, match="no-such-clip"):
        load_clip("no-such-clip")


def _wav(kind: int, rate: int, data: bytes, claimed: int | None = None) -> bytes:
    form = struct.pack("<HHIIHH", kind, 1, rate, rate, 1, 8)
    size = len(data) if claimed is None else claimed
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_only_telephone_audio_is_taken() -> None:
    assert mulaw_of_wav(_wav(7, 8000, b"\x01\x02"), "x") == b"\x01\x02"
    for wrong in (_wav(1, 8000, b"\x01"), _wav(7, 16000, b"\x01"), _wav(7, 8000, b"\x01", 99), b"OggS"):
        with pytest.raises(SpeechError, match="'x'"):
            mulaw_of_wav(wrong, "x")


def test_the_last_frame_is_filled_up_with_silence() -> None:
    frames = frames_of(b"\x10" * 161)
    assert frames == (b"\x10" * 160, b"\x10" + b"\xff" * 159)
