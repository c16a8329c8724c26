"""Every sound library keeps the same promises: real time, right lengths, right pitch, clean closing, honest refusals.

The libraries run on the null sinks of a sound server of this file's own; files and silence need nothing.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from operator_console.audio.backends.choice import makers
from operator_console.audio.backends.port import Backend, Wish
from operator_console.audio.options import AudioOptions
from operator_console.audio.problems import BackendError
from tests import needs, sound

pytestmark = pytest.mark.contract

CARDS = ("sounddevice", "pyaudio", "miniaudio")
SECONDS = 1.0


@pytest.fixture(scope="module")
def server() -> Iterator[sound.SoundServer]:
    with sound.server() as running:
        yield running


@pytest.fixture(params=[*CARDS, "file", "null"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    name = str(request.param)
    spoken, heard = tmp_path / "spoken.wav", tmp_path / "heard.wav"
    sound.write_wav(spoken, sound.tone(880, 1.0))
    if name in CARDS:
        needs.require(*{"sounddevice": [needs.PORTAUDIO], "pyaudio": [needs.PYAUDIO]}.get(name, []))
        for variable, value in request.getfixturevalue("server").environment.items():
            monkeypatch.setenv(variable, value)
    made = makers()[name](AudioOptions(backend=name, file_microphone=str(spoken), file_speaker=str(heard)))
    made.refresh()
    yield made
    made.close()


def wait_for(true: Callable[[], object], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)


def runs_in_real_time(moved: Callable[[], int]) -> bool:
    """Tell whether a second moves a second's worth of sound; a busy machine may need several to be fair."""
    start, before = time.monotonic(), moved()
    time.sleep(SECONDS)
    return abs((moved() - before) / ((time.monotonic() - start) * 32_000) - 1.0) < 0.2


class Mouth:
    """Asks for sound come here; gives a tone."""

    def __init__(self, hertz: float) -> None:
        self._tone = sound.tone(hertz, 1.0)
        self._at = 0
        self.given = 0
        self.odd: list[int] = []

    def give(self, length: int) -> bytes:
        if length <= 0 or length % 2:
            self.odd.append(length)
        self.given += length
        out = bytearray()
        while len(out) < length:
            out += self._tone[self._at : self._at + length - len(out)]
            self._at = (self._at + length) % len(self._tone) if len(out) == length else 0
        return bytes(out)


def test_it_has_a_microphone_and_a_speaker_and_every_id_is_its_own(backend: Backend) -> None:
    devices = backend.devices()
    assert any(device.microphone for device in devices)
    assert any(device.speaker for device in devices)
    assert len({device.id for device in devices}) == len(devices)
    assert all(device.name for device in devices)


def test_ids_are_the_same_after_a_fresh_look(backend: Backend) -> None:
    before = [device.id for device in backend.devices()]
    backend.refresh()
    assert [device.id for device in backend.devices()] == before


def test_the_microphone_delivers_whole_samples_in_real_time(backend: Backend) -> None:
    blocks: list[bytes] = []
    stream = backend.open_microphone("", Wish(), blocks.append)
    try:
        wait_for(lambda: runs_in_real_time(lambda: sum(map(len, blocks))))
    finally:
        stream.close()
    assert all(len(block) % 2 == 0 for block in blocks)


def test_the_speaker_asks_for_sound_in_real_time(backend: Backend) -> None:
    mouth = Mouth(1000)
    stream = backend.open_speaker("", Wish(), mouth.give)
    try:
        wait_for(lambda: runs_in_real_time(lambda: mouth.given))
    finally:
        stream.close()
    assert mouth.odd == []


def test_an_open_stream_names_its_device_and_is_not_lost(backend: Backend) -> None:
    stream = backend.open_microphone("", Wish(), lambda _pcm: None)
    assert stream.name
    assert stream.lost() == ""
    assert stream.delay_ms >= 0
    assert stream.xruns >= 0
    stream.close()


def test_after_closing_no_block_moves_and_no_thread_of_ours_stays(backend: Backend) -> None:
    blocks: list[bytes] = []
    threads = threading.active_count()
    stream = backend.open_microphone("", Wish(), blocks.append)
    wait_for(lambda: blocks)
    stream.close()
    count = len(blocks)
    time.sleep(0.2)
    assert len(blocks) == count
    wait_for(lambda: threading.active_count() <= threads)


def test_it_can_be_opened_again_and_both_directions_at_once(backend: Backend) -> None:
    for _ in range(2):
        blocks: list[bytes] = []
        mouth = Mouth(500)
        speaker = backend.open_speaker("", Wish(), mouth.give)
        microphone = backend.open_microphone("", Wish(), blocks.append)
        wait_for(lambda blocks=blocks, mouth=mouth: blocks and mouth.given)
        microphone.close()
        speaker.close()


def test_a_speaker_can_be_chosen_by_its_id(backend: Backend) -> None:
    """ALSA's pulse plugin does not tell directions, so the microphone is listed as a speaker too: not that one."""
    speakers = [device for device in backend.devices() if device.speaker]
    chosen = next((device for device in speakers if device.name.lower() == "headset"), speakers[0])
    stream = backend.open_speaker(chosen.id, Wish(), bytes)
    assert stream.name == chosen.name
    stream.close()


def test_a_device_that_is_not_there_is_refused_as_such(backend: Backend) -> None:
    with pytest.raises(BackendError) as refusal:
        backend.open_microphone("ALSA/nobody", Wish(), lambda _pcm: None)
    assert refusal.value.code == "no_device"
    with pytest.raises(BackendError) as refusal:
        backend.open_speaker("ALSA/nobody", Wish(), bytes)
    assert refusal.value.code == "no_device"


@pytest.mark.parametrize(
    "wish", [Wish(), Wish(block_ms=20), Wish(device_rate=48_000)], ids=["10 ms", "20 ms", "48 kHz"]
)
@pytest.mark.parametrize("name", CARDS)
def test_a_tone_passes_the_sound_card_both_ways_at_its_pitch(
    name: str, wish: Wish, server: sound.SoundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs.require(*{"sounddevice": [needs.PORTAUDIO], "pyaudio": [needs.PYAUDIO]}.get(name, []))
    for variable, value in server.environment.items():
        monkeypatch.setenv(variable, value)
    backend = makers()[name](AudioOptions(backend=name))
    backend.refresh()
    blocks: list[bytes] = []
    wav = sound.write_wav(server.folder / "voice.wav", sound.tone(880, 30.0))
    with server.speaking(wav), server.hearing() as heard:
        speaker = backend.open_speaker("", wish, Mouth(1000).give)
        microphone = backend.open_microphone("", wish, blocks.append)
        wait_for(lambda: sound.share_of(b"".join(blocks)[-24_000:], 880) > 0.95)
        wait_for(lambda: sound.share_of(heard.read_bytes()[-24_000:], 1000) > 0.95)
        microphone.close()
        speaker.close()
    backend.close()


def test_the_file_backend_speaks_over_and_over_and_writes_a_wav_that_is_whole_at_any_moment(tmp_path: Path) -> None:
    spoken, heard = tmp_path / "spoken.wav", tmp_path / "folder" / "heard.wav"
    sound.write_wav(spoken, sound.tone(880, 0.5, rate=44_100), rate=44_100)
    backend = makers()["file"](AudioOptions(file_microphone=str(spoken), file_speaker=str(heard)))
    blocks: list[bytes] = []
    microphone = backend.open_microphone("", Wish(), blocks.append)
    speaker = backend.open_speaker("", Wish(), Mouth(1000).give)
    wait_for(lambda: sum(map(len, blocks)) > 40_000)
    wait_for(lambda: heard.stat().st_size > 40_000)
    halfway = sound.read_wav(heard)
    microphone.close()
    speaker.close()
    assert sound.share_of(b"".join(blocks), 880) > 0.9
    assert sound.share_of(halfway, 1000) > 0.95
    assert len(sound.read_wav(heard)) == heard.stat().st_size - 44


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a wav at all" * 10])
def test_a_file_that_is_no_recording_is_refused_with_its_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    path.write_bytes(content)
    with pytest.raises(BackendError) as refusal:
        makers()["file"](AudioOptions(file_microphone=str(path)))
    assert refusal.value.code == "file_unreadable"
    assert "voice.wav" in refusal.value.detail


def test_a_full_disk_is_a_lost_speaker_and_not_a_crash() -> None:
    backend = makers()["file"](AudioOptions(file_speaker="/dev/full"))
    with pytest.raises(BackendError):
        backend.open_speaker("", Wish(), bytes)
