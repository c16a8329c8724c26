"""On real devices the caller does not hear himself through an operator without a headset, nor the operator's fan."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from operator_console.audio.messages import Filter, Filtering, Levels, Problem
from operator_console.audio.options import AudioOptions
from tests import needs, sound
from tests.fakes.audio_console import AudioConsole, audio_console
from tests.fakes.media_worker import FakeMediaWorker

pytestmark = [pytest.mark.integration, pytest.mark.alone, needs.webrtc, needs.portaudio]

SECOND = 32_000


@pytest.fixture(scope="module")
def running() -> Iterator[sound.SoundServer]:
    with sound.server() as it:
        yield it


@pytest.fixture
def server(running: sound.SoundServer, monkeypatch: pytest.MonkeyPatch) -> sound.SoundServer:
    for variable, value in running.environment.items():
        monkeypatch.setenv(variable, value)
    return running


async def said(console: AudioConsole, worker: FakeMediaWorker, seconds: float, *, after: float = 0.0) -> bytes:
    """Return so many seconds of what the caller hears, from `after` seconds from now on."""
    start = len(worker.last.audio) + int(after * SECOND)
    end = start + int(seconds * SECOND)
    await console.until(lambda: len(worker.last.audio) >= end)
    return worker.last.audio[start:end]


def usual(pcm: bytes) -> float:
    """Return the level in the middle of all half seconds: a lost block costs the canceller some of them."""
    return median(sound.level(pcm[at : at + SECOND // 2]) for at in range(0, len(pcm) - SECOND // 2, SECOND // 2))


async def test_what_leaks_from_the_speaker_into_the_microphone_does_not_come_back_to_the_caller(
    server: sound.SoundServer, tmp_path: Path
) -> None:
    far = sound.speech("double_charge-1", "double_charge-2")
    near = sound.speech("breathing_machine-1")
    voice = sound.write_wav(tmp_path / "near.wav", near * 3)
    async with (
        FakeMediaWorker(says=far) as worker,
        audio_console(AudioOptions(backend="sounddevice"), tmp_path / "log") as console,
    ):
        with server.leaking():
            await console.call(worker)
            leaking = await said(console, worker, 5, after=2)
            assert sound.level(leaking) > 0.01
            await console.process.send(Filter(echo=True))
            await console.told_of(Filtering, lambda now: now.echo)
            cleaned = await said(console, worker, 6, after=4)
            with server.speaking(voice):
                await console.told_of(Levels, lambda levels: levels.microphone > 0.02, after=len(console.told))
                talking = await said(console, worker, 4)
        assert usual(cleaned) < 0.1 * usual(leaking), "20 dB"
        assert usual(talking) > 0.3 * usual(near)
        assert console.of(Problem) == []


async def test_a_noisy_room_is_quieter_for_the_caller_and_the_operator_as_loud_as_before(
    server: sound.SoundServer, tmp_path: Path
) -> None:
    fan = sound.write_wav(tmp_path / "fan.wav", sound.noise(60.0))
    near = sound.speech("breathing_machine-1")
    voice = sound.write_wav(tmp_path / "near.wav", near * 3)
    async with (
        FakeMediaWorker(0) as worker,
        audio_console(AudioOptions(backend="sounddevice", noise=True), tmp_path / "log") as console,
    ):
        await console.told_of(Filtering, lambda now: now.noise and not now.echo)
        with server.speaking(fan):
            await console.call(worker)
            filtered = await said(console, worker, 3, after=4)
            with server.speaking(voice):
                await asyncio.sleep(1.0)
                talking = await said(console, worker, 4)
            await console.process.send(Filter(noise=False))
            await console.told_of(Filtering, lambda now: not now.noise)
            raw = await said(console, worker, 3, after=1)
        assert usual(filtered) < 0.3 * usual(raw), "10 dB"
        assert usual(talking) > 0.5 * usual(near)
