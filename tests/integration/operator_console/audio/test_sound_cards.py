"""On real devices the operator hears the caller and is heard, is silent while muted, and survives a pulled plug."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from operator_console.audio.checks import check_audio
from operator_console.audio.messages import (
    Close,
    DeviceBack,
    DeviceInUse,
    DeviceLost,
    Devices,
    Direction,
    LegPhase,
    Levels,
    LevelsOn,
    ListDevices,
    Mute,
    Muted,
    Problem,
    Ready,
    Select,
    State,
    Stats,
    TestMicrophone,
    TestResult,
    Verdict,
)
from operator_console.audio.options import AudioOptions
from operator_console.audio.stand_in import BEEP_HZ
from server.wire.media import MediaMute, MediaPing
from tests import needs, sound
from tests.fakes.audio_console import AudioConsole, audio_console
from tests.fakes.media_worker import FakeMediaWorker

pytestmark = pytest.mark.integration

CARDS = ["sounddevice", "pyaudio", "miniaudio"]
PARTS = {"sounddevice": [needs.PORTAUDIO], "pyaudio": [needs.PYAUDIO], "miniaudio": []}


@pytest.fixture(scope="module")
def running() -> Iterator[sound.SoundServer]:
    with sound.server() as it:
        yield it


@pytest.fixture
def server(running: sound.SoundServer, monkeypatch: pytest.MonkeyPatch) -> sound.SoundServer:
    for variable, value in running.environment.items():
        monkeypatch.setenv(variable, value)
    return running


@pytest.fixture
def voice(server: sound.SoundServer) -> Path:
    path = server.folder / "voice.wav"
    return path if path.exists() else sound.write_wav(path, sound.tone(880, 60.0))


@asynccontextmanager
async def desk(backend: str, tmp_path: Path, **how: int) -> AsyncIterator[tuple[AudioConsole, FakeMediaWorker]]:
    """A console on this library and a media worker that says 1 kHz."""
    needs.require(*PARTS.get(backend, []))
    async with (
        FakeMediaWorker() as worker,
        audio_console(AudioOptions(backend=backend, **how), tmp_path / "audio.log") as console,
    ):
        yield console, worker


def fresh(path: Path, start: int) -> bytes:
    """What was recorded after `start` bytes."""
    return path.read_bytes()[start:]


def hung(console: AudioConsole) -> bool:
    """Whether a library call did not return when its server died, so that the process was replaced."""
    return console.process.restarts > 0


def deaf(console: AudioConsole) -> bool:
    """Whether both devices are known to be gone, or nothing is known because the process is a new one."""
    return hung(console) or len(console.of(DeviceLost)) == 2


async def only_a_tone_leaves(console: AudioConsole, worker: FakeMediaWorker) -> None:
    """See that a leg without a microphone goes on living, and that its caller hears the tone for that."""
    before = list(worker.seen)
    start = len(worker.last.audio)
    await console.until(lambda: worker.seen != before or len(worker.last.audio) > start + 4 * 32_000)
    await console.until(
        lambda: worker.seen != before or sound.share_of(worker.last.audio[-3 * 32_000 :], BEEP_HZ) > 0.9
    )


@pytest.mark.parametrize(
    ("backend", "how"),
    [*((card, {}) for card in CARDS), ("sounddevice", {"device_rate": 48_000}), ("sounddevice", {"block_ms": 20})],
    ids=[*CARDS, "sounddevice at 48 kHz", "sounddevice in 20 ms"],
)
async def test_caller_and_operator_hear_each_other_and_nothing_leaves_while_muted(
    backend: str, how: dict[str, int], server: sound.SoundServer, voice: Path, tmp_path: Path
) -> None:
    async with desk(backend, tmp_path, **how) as (console, worker):
        with server.speaking(voice), server.hearing() as heard:
            await console.call(worker)
            await console.until(lambda: sound.share_of(worker.last.audio[-32_000:], 880) > 0.9)
            start = heard.stat().st_size
            await console.until(lambda: heard.stat().st_size > start + 64_000)
            await console.until(lambda: sound.share_of(fresh(heard, start)[-32_000:], 1000) > 0.95)
            await console.process.send(Mute(on=True))
            await console.told_of(Muted, lambda muted: muted.echoed)
            pings = len(worker.last.controls(MediaPing))
            await console.until(lambda: len(worker.last.controls(MediaPing)) >= pings + 2)
            position = worker.last.frames.index(MediaMute(on=True))
            assert [frame for frame in worker.last.frames[position:] if isinstance(frame, tuple)] == []
            await console.told_of(Levels, lambda levels: levels.microphone > 0.05, after=len(console.told))
            await console.process.send(Mute(on=False))
            await console.until(lambda: isinstance(worker.last.frames[-1], tuple))
            await console.process.send(Close())
            await console.phase(LegPhase.ENDED)
        assert console.of(Problem) == []


@pytest.mark.parametrize("backend", CARDS)
async def test_a_pulled_plug_leaves_the_leg_connected_and_sound_comes_back_by_itself(
    backend: str, server: sound.SoundServer, voice: Path, tmp_path: Path
) -> None:
    async with desk(backend, tmp_path) as (console, worker):
        with server.speaking(voice):
            await console.call(worker)
            await console.until(lambda: sound.share_of(worker.last.audio[-32_000:], 880) > 0.9)
            server.stop()
        async with console.reopening(worker):
            try:
                await console.until(lambda: deaf(console))
                await only_a_tone_leaves(console, worker)
                assert {problem.code for problem in console.of(Problem)} <= {
                    *("no_device", "device_failed"),
                    *({"audio_restarted"} if hung(console) else ()),
                }
            finally:
                server.start()
            with server.speaking(voice), server.hearing() as heard:
                await console.until(lambda: hung(console) or len(console.of(DeviceBack)) == 2)
                await console.until(lambda: sound.share_of(worker.last.audio[-32_000:], 880) > 0.9)
                await console.until(lambda: sound.share_of(heard.read_bytes()[-32_000:], 1000) > 0.9)
        if not hung(console):
            assert [state.phase for state in console.of(State)] == [LegPhase.CONNECTING, LegPhase.LIVE]
            assert len(worker.seen) == 1


async def test_muted_before_the_plug_is_pulled_is_muted_after_it_is_back(
    server: sound.SoundServer, voice: Path, tmp_path: Path
) -> None:
    async with desk("sounddevice", tmp_path) as (console, worker):
        await console.call(worker, muted=True)
        await console.told_of(DeviceInUse)
        async with console.reopening(worker):
            server.stop()
            try:
                await console.until(lambda: hung(console) or console.of(DeviceLost))
            finally:
                server.start()
            with server.speaking(voice):
                await console.until(lambda: hung(console) or len(console.of(DeviceBack)) == 2)
                await console.told_of(Levels, lambda levels: levels.microphone > 0.05)
                pings = len(worker.last.controls(MediaPing))
                await console.until(lambda: len(worker.last.controls(MediaPing)) >= pings + 2)
        assert [seen.audio_frames for seen in worker.seen] == [[] for _ in worker.seen]


@pytest.mark.parametrize("backend", ["sounddevice", "pyaudio"])
async def test_sound_that_a_device_lost_is_counted(backend: str, server: sound.SoundServer, tmp_path: Path) -> None:
    async with desk(backend, tmp_path) as (console, worker):
        await console.call(worker)
        await console.until(lambda: worker.last.audio_frames)
        assert console.process.pid is not None
        os.kill(console.process.pid, signal.SIGSTOP)
        await asyncio.sleep(1.0)
        os.kill(console.process.pid, signal.SIGCONT)
        await console.told_of(Stats, lambda stats: stats.xruns > 0)
        assert console.process.restarts == 0


@pytest.mark.parametrize("backend", CARDS)
async def test_another_speaker_can_be_chosen_in_a_live_call(
    backend: str, server: sound.SoundServer, tmp_path: Path
) -> None:
    async with desk(backend, tmp_path) as (console, worker):
        await console.call(worker)
        await console.told_of(DeviceInUse, lambda used: used.direction is Direction.SPEAKER)
        await console.process.send(ListDevices())
        listed = await console.told_of(Devices)
        spare = next(device for device in listed.devices if device.name.lower() == "spare")
        with server.hearing() as heard:
            await console.until(lambda: sound.share_of(heard.read_bytes()[-32_000:], 1000) > 0.9)
            await console.process.send(Select(speaker=spare.id))
            await console.told_of(DeviceInUse, lambda used: used.name == spare.name)
            await console.until(
                lambda: heard.stat().st_size > 32_000 and not sound.loudest(heard.read_bytes()[-16_000:])
            )
        assert console.of(DeviceLost) == []
        count = len(worker.last.audio_frames)
        await console.until(lambda: len(worker.last.audio_frames) > count + 10)


async def test_the_order_of_libraries_is_the_documented_one(server: sound.SoundServer, tmp_path: Path) -> None:
    needs.require(needs.PORTAUDIO)
    async with audio_console(AudioOptions(), tmp_path / "log") as console:
        ready = await console.told_of(Ready)
        assert ready.backend == "sounddevice"
        assert ready.remedy == ""


async def test_a_microphone_that_hears_nothing_is_told_in_the_call_and_in_the_test(
    server: sound.SoundServer, tmp_path: Path
) -> None:
    async with desk("miniaudio", tmp_path) as (console, worker):
        await console.process.send(TestMicrophone(seconds=0.5, playback=False))
        result = await console.told_of(TestResult)
        assert result.verdict is Verdict.SILENT
        assert result.remedy
        await console.call(worker)
        problem = await console.told_of(Problem)
        assert problem.code == "microphone_silent"
        assert problem.remedy


async def test_without_a_sound_server_files_take_over_and_a_card_that_comes_up_is_taken(
    server: sound.SoundServer, voice: Path, tmp_path: Path
) -> None:
    needs.require(needs.PORTAUDIO)
    server.stop()
    try:
        async with audio_console(AudioOptions(), tmp_path / "log") as console:
            ready = await console.told_of(Ready)
            assert ready.backend == "file"
            assert ready.file_audio
            assert ready.remedy
            assert [link.name for link in ready.tried] == ["sounddevice", "pyaudio", "miniaudio", "file"]
            assert all(link.reason for link in ready.tried[:3])
            server.start()
            await console.process.send(ListDevices())
            await console.told_of(Ready, lambda ready: ready.backend == "sounddevice")
            listed = await console.told_of(Devices)
            assert not listed.file_audio
            with server.speaking(voice):
                await console.process.send(LevelsOn(on=True))
                await console.told_of(Levels, lambda levels: levels.microphone > 0.05)
    finally:
        server.stop()
        server.start()


async def test_a_named_library_without_devices_gives_the_reason_and_the_remedy(
    server: sound.SoundServer, tmp_path: Path
) -> None:
    needs.require(needs.PORTAUDIO)
    server.stop()
    try:
        async with desk("sounddevice", tmp_path) as (console, worker):
            await console.call(worker)
            problem = await console.told_of(Problem)
            assert problem.code == "no_device"
            assert problem.remedy
            after = len(console.told)
            await console.process.send(TestMicrophone(seconds=0.3))
            assert (await console.told_of(TestResult, after=after)).verdict is Verdict.NO_DEVICE
    finally:
        server.start()


async def test_the_doctor_finds_working_sound_well_and_says_what_is_wrong_with_silence(
    server: sound.SoundServer, voice: Path
) -> None:
    with server.speaking(voice):
        checks = {check.name: check for check in await check_audio(AudioOptions(backend="miniaudio"))}
    assert all(check.ok for check in checks.values()), checks
    silent = {check.name: check for check in await check_audio(AudioOptions(backend="miniaudio"))}
    assert not silent["microphone"].ok
    assert silent["microphone"].remedy
    assert set(checks) == {"audio library", "sound priority", "audio devices", "microphone"}


async def test_the_doctor_calls_files_no_sound_card_and_a_library_that_will_not_start_by_its_name() -> None:
    checks = {check.name: check for check in await check_audio(AudioOptions(backend="file"))}
    assert not checks["audio library"].ok
    assert "microphone" not in checks
    (failed,) = await check_audio(AudioOptions(backend="file", file_microphone="/nowhere.wav"))
    assert not failed.ok
    assert "nowhere.wav" in failed.detail
