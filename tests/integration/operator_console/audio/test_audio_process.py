"""The audio process keeps its protocol through mutes, breaks, crashes and goodbyes; on files, without a sound card."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from operator_console.audio.messages import (
    Close,
    DeviceInUse,
    Devices,
    Direction,
    FirstAudio,
    Gain,
    LegPhase,
    Levels,
    LevelsOn,
    ListDevices,
    Mute,
    Muted,
    Open,
    PlayTone,
    Problem,
    Ready,
    Select,
    State,
    Stats,
    TestMicrophone,
    TestResult,
    ToneName,
    Verdict,
)
from operator_console.audio.options import AudioOptions
from server.wire.media import MediaBye, MediaMute, MediaPing, MediaPong, MediaStats, pack_audio
from tests import sound
from tests.fakes.audio_console import AudioConsole, audio_console
from tests.fakes.media_worker import FakeMediaWorker

pytestmark = pytest.mark.integration


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    return tmp_path / "heard.wav"


@pytest.fixture
async def console(tmp_path: Path, heard: Path) -> AsyncIterator[AudioConsole]:
    """A console whose microphone says 880 Hz and whose headphone is a file."""
    spoken = sound.write_wav(tmp_path / "spoken.wav", sound.tone(880, 2.0))
    options = AudioOptions(backend="file", file_microphone=str(spoken), file_speaker=str(heard))
    async with audio_console(options, tmp_path / "audio.log") as it:
        yield it


@pytest.fixture
async def worker() -> AsyncIterator[FakeMediaWorker]:
    async with FakeMediaWorker() as it:
        yield it


async def test_both_sides_hear_each_other_at_the_right_pitch(
    console: AudioConsole, worker: FakeMediaWorker, heard: Path
) -> None:
    await console.call(worker)
    await console.until(lambda: len(worker.last.audio_frames) > 100)
    await console.process.send(Close(reason="done"))
    await console.phase(LegPhase.ENDED)
    assert sound.share_of(worker.last.audio, 880) > 0.95
    await console.until(lambda: worker.last.close_code is not None)
    await console.until(lambda: len(sound.read_wav(heard)) > 32_000)
    assert sound.share_of(sound.read_wav(heard)[6400:32_000], 1000) > 0.95


async def test_frames_are_20_ms_of_this_epoch_numbered_without_holes(
    console: AudioConsole, worker: FakeMediaWorker
) -> None:
    worker.epoch = 70_001
    await console.call(worker)
    await console.until(lambda: len(worker.last.audio_frames) > 20)
    frames = worker.last.audio_frames[:20]
    assert {epoch for epoch, *_ in frames} == {70_001 & 0xFFFF}
    assert [sequence for _, sequence, *_ in frames] == list(range(20))
    assert [stamp for _, _, stamp, _ in frames] == list(range(0, 400, 20))
    assert {len(pcm) for *_, pcm in frames} == {640}
    assert (worker.last.hello.rate, worker.last.hello.codec) == (16_000, "pcm16")


async def test_while_muted_no_audio_frame_reaches_the_worker(console: AudioConsole, worker: FakeMediaWorker) -> None:
    await console.call(worker)
    await console.until(lambda: worker.last.audio_frames)
    await console.process.send(Mute(on=True))
    await console.told_of(Muted, lambda muted: muted.on and muted.echoed)
    pings = len(worker.last.controls(MediaPing))
    await console.until(lambda: len(worker.last.controls(MediaPing)) >= pings + 2)
    position = worker.last.frames.index(MediaMute(on=True))
    assert [frame for frame in worker.last.frames[position:] if isinstance(frame, tuple)] == []
    await console.process.send(Mute(on=False))
    await console.told_of(Muted, lambda muted: not muted.on and muted.echoed)
    await console.until(lambda: isinstance(worker.last.frames[-1], tuple))
    position = worker.last.frames.index(MediaMute(on=False))
    assert not any(
        isinstance(frame, tuple)
        for frame in worker.last.frames[worker.last.frames.index(MediaMute(on=True)) : position]
    )


async def test_a_leg_that_starts_muted_says_so_first_and_sends_nothing(
    console: AudioConsole, worker: FakeMediaWorker
) -> None:
    await console.call(worker, muted=True)
    await console.told_of(Muted, lambda muted: muted.on and muted.echoed)
    await console.until(lambda: len(worker.last.controls(MediaPing)) >= 2)
    assert worker.last.frames[0] == MediaMute(on=True)
    assert worker.last.audio_frames == []


async def test_a_mute_stays_on_over_a_break_even_when_the_new_order_forgot_it(
    console: AudioConsole, worker: FakeMediaWorker
) -> None:
    worker.tokens.add("second")
    await console.call(worker)
    await console.process.send(Mute(on=True))
    await console.told_of(Muted, lambda muted: muted.echoed)
    worker.cut()
    await console.phase(LegPhase.RECONNECTING)
    await console.call(worker, token="second", muted=False)
    await console.until(lambda: len(worker.last.controls(MediaPing)) >= 2)
    assert len(worker.seen) == 2
    assert worker.last.audio_frames == []


async def test_the_child_keeps_the_mute_over_a_break_without_its_parents_memory(
    console: AudioConsole, worker: FakeMediaWorker
) -> None:
    worker.tokens.add("second")
    await console.call(worker, muted=True)
    worker.cut()
    await console.phase(LegPhase.RECONNECTING)
    console.process._broken_epoch = None
    await console.call(worker, token="second", muted=False)
    await console.until(lambda: len(worker.last.controls(MediaPing)) >= 2)
    assert worker.last.audio_frames == []


async def test_a_mute_of_one_call_is_not_carried_into_the_next(console: AudioConsole, worker: FakeMediaWorker) -> None:
    worker.tokens.add("second")
    await console.call(worker, muted=True)
    await worker.bye("caller hung up")
    ended = await console.phase(LegPhase.ENDED)
    assert ended.reason == "caller hung up"
    await console.call(worker, token="second", muted=False)
    await console.until(lambda: worker.last.audio_frames)


async def test_a_broken_socket_asks_for_a_new_grant_and_the_next_leg_works(
    console: AudioConsole, worker: FakeMediaWorker
) -> None:
    worker.tokens.add("second")
    await console.call(worker)
    worker.cut()
    broken = await console.phase(LegPhase.RECONNECTING)
    assert broken.epoch == worker.epoch
    assert broken.reason
    await console.call(worker, token="second")
    await console.until(lambda: worker.last.audio_frames)


async def test_a_used_token_is_refused_and_told_as_such(console: AudioConsole, worker: FakeMediaWorker) -> None:
    await console.process.send(Open(url=worker.url, token="used", epoch=worker.epoch))
    state = await console.phase(LegPhase.RECONNECTING)
    assert "refused" in state.reason


async def test_a_leg_that_is_thrown_out_has_not_ended_but_needs_a_new_grant(
    console: AudioConsole, worker: FakeMediaWorker
) -> None:
    await console.call(worker)
    await worker.bye("flood", code=4429)
    assert "flood" in (await console.phase(LegPhase.RECONNECTING)).reason


async def test_a_worker_that_can_not_be_reached_is_told_as_such(console: AudioConsole) -> None:
    await console.process.send(Open(url="ws://127.0.0.1:9/console", token="token", epoch=1))
    state = await console.phase(LegPhase.RECONNECTING)
    assert "reached" in state.reason


async def test_a_worker_that_falls_silent_is_given_up(console: AudioConsole, worker: FakeMediaWorker) -> None:
    worker.answers = False
    await console.process.send(Open(url=worker.url, token="token", epoch=worker.epoch))
    state = await console.phase(LegPhase.RECONNECTING)
    assert "did not answer" in state.reason


@pytest.mark.parametrize("url", ["ws://192.0.2.1:1/console", "http://127.0.0.1:1/", "nonsense", "wss://"])
async def test_no_token_leaves_for_another_machine_in_the_clear(console: AudioConsole, url: str) -> None:
    await console.process.send(Open(url=url, token="token", epoch=1))
    state = await console.phase(LegPhase.ENDED)
    assert "wss" in state.reason


async def test_a_leg_of_another_epoch_than_granted_is_not_used(console: AudioConsole, worker: FakeMediaWorker) -> None:
    await console.process.send(Open(url=worker.url, token="token", epoch=worker.epoch + 1))
    state = await console.phase(LegPhase.ENDED)
    assert "epoch" in state.reason
    assert not worker.last.audio_frames


async def test_frames_of_another_epoch_and_rubbish_are_not_played_and_do_not_end_the_leg(
    console: AudioConsole, worker: FakeMediaWorker
) -> None:
    worker.tone_hertz = 0
    await console.call(worker)
    stranger = pack_audio(1, worker.epoch + 1, 0, 0, sound.tone(1000, 0.02))
    for junk in (stranger, b"", bytes(5000), stranger[:40]):
        await worker.socket.send(junk)
    for text in ("{", '{"type":"fly"}', "[" * 3000, '{"type":"mute","on":"yes"}'):
        await worker.socket.send(text)
    await worker.tell(MediaPing(at=4.5))
    await console.until(lambda: MediaPong(at=4.5) in worker.last.frames)
    assert console.of(State)[-1].phase is LegPhase.LIVE
    assert all(levels.caller == 0.0 for levels in console.of(Levels))


async def test_a_goodbye_is_sent_before_the_socket_closes(console: AudioConsole, worker: FakeMediaWorker) -> None:
    await console.call(worker)
    await console.process.send(Close(reason="resolved"))
    await console.phase(LegPhase.ENDED)
    await console.until(lambda: worker.last.close_code is not None)
    assert worker.last.frames[-1] == MediaBye(reason="resolved")
    assert worker.last.close_code == 1000


@pytest.mark.parametrize("way", ["stop", "parent dies", "terminate"])
async def test_a_console_that_goes_away_says_no_goodbye_so_that_the_caller_is_kept(
    way: str, console: AudioConsole, worker: FakeMediaWorker
) -> None:
    await console.call(worker)
    await console.until(lambda: worker.last.audio_frames)
    process = console.process._process
    assert process is not None
    assert process.stdin is not None
    if way == "stop":
        await console.process.stop()
    elif way == "terminate":
        process.send_signal(signal.SIGTERM)
    else:
        process.stdin.close()
    await console.until(lambda: worker.seen[0].close_code is not None)
    assert worker.seen[0].controls(MediaBye) == []
    assert worker.seen[0].close_code not in {1000, 1001}
    async with asyncio.timeout(60):
        assert await process.wait() == 0


async def test_a_new_order_drops_the_older_leg_without_a_goodbye(
    console: AudioConsole, worker: FakeMediaWorker
) -> None:
    worker.tokens.add("second")
    await console.call(worker)
    await console.call(worker, token="second")
    await console.until(lambda: worker.seen[0].close_code is not None)
    assert worker.seen[0].controls(MediaBye) == []
    await console.until(lambda: worker.seen[1].audio_frames)
    assert console.of(State)[-1].phase is LegPhase.LIVE


async def test_a_crash_is_told_a_new_process_starts_and_the_mute_survives_it(
    console: AudioConsole, worker: FakeMediaWorker
) -> None:
    worker.tokens.add("second")
    await console.call(worker)
    await console.process.send(Mute(on=True))
    await console.told_of(Muted, lambda muted: muted.echoed)
    assert console.process.pid is not None
    os.kill(console.process.pid, signal.SIGKILL)
    assert (await console.told_of(Problem)).code == "audio_restarted"
    await console.phase(LegPhase.RECONNECTING)
    await console.call(worker, token="second", muted=False)
    assert console.process.restarts == 1
    await console.until(lambda: len(worker.last.controls(MediaPing)) >= 2)
    assert worker.last.audio_frames == []


async def test_a_process_that_hangs_in_a_call_is_replaced(console: AudioConsole, worker: FakeMediaWorker) -> None:
    worker.tokens.add("second")
    await console.call(worker)
    await console.told_of(Levels)
    assert console.process.pid is not None
    os.kill(console.process.pid, signal.SIGSTOP)
    assert (await console.told_of(Problem)).code == "audio_restarted"
    await console.phase(LegPhase.RECONNECTING)
    await console.call(worker, token="second")


async def test_time_to_first_audio_both_ways_is_told(console: AudioConsole, worker: FakeMediaWorker) -> None:
    await console.call(worker)
    first = await console.told_of(FirstAudio, lambda first: first.sent_ms is not None and first.heard_ms is not None)
    assert first.sent_ms is not None
    assert first.sent_ms > 0


async def test_levels_and_figures_of_the_line_are_told_while_live_and_not_after(
    console: AudioConsole, worker: FakeMediaWorker
) -> None:
    await console.call(worker)
    levels = await console.told_of(Levels, lambda levels: levels.caller > 0.1 and levels.microphone > 0.1)
    assert levels.microphone == pytest.approx(0.3 / 2**0.5, abs=0.05)
    stats = await console.told_of(Stats, lambda stats: stats.round_trip_ms is not None)
    assert stats.loss_percent == 0.0
    assert stats.delay_ms > 0
    assert "file" in stats.microphone
    worker.stats = MediaStats(far_level=0.0, own_level=0.0, loss_percent=12.5, far_silent_ms=900, far_holds=True)
    await console.told_of(
        Stats, lambda stats: (stats.loss_percent, stats.far_silent_ms, stats.far_holds) == (12.5, 900, True)
    )
    await console.process.send(Close())
    await console.phase(LegPhase.ENDED)
    count = len(console.of(Levels)) + len(console.of(Stats))
    await asyncio.sleep(0.5)
    assert len(console.of(Levels)) + len(console.of(Stats)) <= count + 1


async def test_a_process_that_stands_still_reports_lost_sound(console: AudioConsole, worker: FakeMediaWorker) -> None:
    await console.call(worker)
    await console.told_of(Stats)
    assert console.process.pid is not None
    os.kill(console.process.pid, signal.SIGSTOP)
    await asyncio.sleep(0.4)
    os.kill(console.process.pid, signal.SIGCONT)
    await console.told_of(Stats, lambda stats: stats.xruns > 0)


async def test_devices_are_listed_and_can_be_chosen_by_their_id(console: AudioConsole) -> None:
    await console.process.send(ListDevices())
    listed = await console.told_of(Devices)
    assert listed.file_audio
    assert [device.name for device in listed.devices] == ["file: spoken.wav", "file: heard.wav"]
    after = len(console.told)
    await console.process.send(Select(microphone=listed.devices[0].id))
    chosen = await console.told_of(Devices, after=after)
    assert chosen.microphone == listed.devices[0].id


async def test_the_picker_meter_opens_the_microphone_alone_and_closes_it_again(console: AudioConsole) -> None:
    await console.process.send(LevelsOn(on=True))
    await console.told_of(Levels, lambda levels: levels.microphone > 0.1)
    assert {event.direction for event in console.of(DeviceInUse)} == {Direction.MICROPHONE}
    await console.process.send(Gain(microphone=0.0))
    await console.told_of(Levels, lambda levels: levels.microphone == 0.0, after=len(console.told))
    await console.process.send(LevelsOn(on=False))
    await console.process.send(ListDevices())  # orders are carried out one after the other
    await console.told_of(Devices)
    count = len(console.of(Levels))
    await asyncio.sleep(0.3)
    assert len(console.of(Levels)) == count


async def test_a_microphone_test_records_judges_and_plays_back(console: AudioConsole, heard: Path) -> None:
    await console.process.send(TestMicrophone(seconds=0.5))
    await console.process.send(TestMicrophone(seconds=0.5))
    result = await console.told_of(TestResult)
    assert result.verdict is Verdict.OK
    assert result.peak == pytest.approx(0.3, abs=0.02)
    assert [event.code for event in console.of(Problem)] == ["test_running"]
    await console.until(lambda: heard.exists() and sound.share_of(sound.read_wav(heard)[:9600], 880) > 0.5)


async def test_a_silent_microphone_fails_its_test_with_a_remedy(tmp_path: Path) -> None:
    async with audio_console(AudioOptions(backend="null"), tmp_path / "log") as console:
        await console.process.send(TestMicrophone(seconds=0.3, playback=False))
        result = await console.told_of(TestResult)
        assert result.verdict is Verdict.SILENT
        assert result.remedy


async def test_tones_are_heard_without_a_call(console: AudioConsole, heard: Path) -> None:
    await console.process.send(PlayTone(tone=ToneName.NOTIFICATION))
    await console.until(lambda: heard.exists() and sound.loudest(sound.read_wav(heard)) > 5000)


async def test_a_test_that_plays_back_gives_way_to_the_next_one(console: AudioConsole) -> None:
    await console.process.send(TestMicrophone(seconds=1.0))
    await console.told_of(TestResult)
    await console.process.send(TestMicrophone(seconds=1.0))  # the first one is still being heard
    await console.until(lambda: len(console.of(TestResult)) == 2 or console.of(Problem))
    assert not console.of(Problem)


async def test_orders_given_before_the_process_runs_are_not_lost(tmp_path: Path, worker: FakeMediaWorker) -> None:
    console = AudioConsole(AudioOptions(backend="null"), tmp_path / "log")
    await console.process.send(Open(url=worker.url, token="token", epoch=worker.epoch, muted=True))
    await console.process.start()
    try:
        await console.phase(LegPhase.LIVE)
        await console.told_of(Muted, lambda muted: muted.on and muted.echoed)
    finally:
        await console.process.stop()


async def test_a_file_that_is_no_recording_is_a_problem_with_a_remedy_and_no_crash_loop(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no")
    options = AudioOptions(backend="file", file_microphone=str(tmp_path / "bad.wav"))
    async with audio_console(options, tmp_path / "log") as console:
        problem = await console.told_of(Problem)
        assert problem.code == "file_unreadable"
        assert problem.remedy
        await console.told_of(Problem, lambda problem: problem.code == "audio_restarted")


async def test_what_sound_libraries_print_goes_to_the_log_and_never_among_the_events(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "import operator_console.audio.backends.file as file\n"
        "import operator_console.audio.__main__ as main\n"
        "plain = file.FileBackend.__init__\n"
        "def loud(self, *args):\n"
        "    os.write(1, b'ALSA lib on fd 1\\n'); os.write(2, b'ALSA lib on fd 2\\n'); print('printed', flush=True)\n"
        "    plain(self, *args)\n"
        "file.FileBackend.__init__ = loud\n"
        "main.main(['--backend=file'])\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0
    assert out.startswith(b'{"type":"ready"')
    assert out.count(b"\n") == 1
    assert b"fd 1" in err
    assert b"fd 2" in err
    assert b"printed" in err


async def test_neither_token_nor_sound_reaches_the_log(
    console: AudioConsole, worker: FakeMediaWorker, tmp_path: Path
) -> None:
    worker.tokens.add("very-secret-token")
    await console.call(worker, token="very-secret-token")
    await console.process.send(Close())
    await console.phase(LegPhase.ENDED)
    assert console.of(Ready)
    assert b"very-secret" not in (tmp_path / "audio.log").read_bytes()
