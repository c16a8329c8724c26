"""On real devices an alert sounds on the chosen speaker and not in the headset, and ends when it is told to."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from operator_console.audio.client import AudioProcess
from operator_console.audio.headset import ProcessHeadset
from operator_console.audio.messages import Alert, AlertChosen, AlertSilent, Devices, ListDevices, Problem, Select
from operator_console.audio.options import AudioOptions
from operator_console.model.inputs import Tick
from operator_console.tui.app import DeskApp
from operator_console.tui.settings import ScreenSettings
from server.wire.terms import SessionState
from tests import needs, sound
from tests.fakes.audio_console import AudioConsole, audio_console
from tests.fakes.console_data import ME, MIA, ago, session, snapshot
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import granting, opened
from tests.fakes.media_worker import FakeMediaWorker
from tests.fakes.still_clock import StillClock

pytestmark = [pytest.mark.integration, pytest.mark.alone]

CHIME = 784
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


async def choose_spare(console: AudioConsole) -> str:
    """Let alerts sound on the sink `spare` and return its id."""
    await console.process.send(ListDevices())
    listed = await console.told_of(Devices)
    spare = next(device.id for device in listed.devices if device.name.lower() == "spare")
    await console.process.send(Select(alert=spare))
    await console.told_of(AlertChosen, lambda chosen: chosen.speaker == spare)
    return spare


def loud_pieces(path: Path, start: int = 0) -> list[float]:
    """Return the level of each tenth of a second recorded since."""
    pcm = path.read_bytes()[start:]
    return [sound.level(pcm[at : at + 3200]) for at in range(0, len(pcm) - 3200, 3200)]


@pytest.mark.parametrize("backend", ["sounddevice", "miniaudio"])
async def test_an_alert_rings_on_its_own_speaker_in_a_call_louder_when_repeated_and_stops_when_told(
    backend: str, server: sound.SoundServer, tmp_path: Path
) -> None:
    if backend == "sounddevice":
        needs.require(needs.PORTAUDIO)
    async with (
        FakeMediaWorker() as worker,
        audio_console(AudioOptions(backend=backend), tmp_path / "log") as console,
    ):
        await choose_spare(console)
        await console.call(worker)
        with server.hearing("spare") as rung, server.hearing() as headset:
            await console.until(lambda: headset.stat().st_size > SECOND and rung.stat().st_size > SECOND)
            await console.process.send(Alert())
            await console.until(lambda: max(loud_pieces(rung), default=0) > 0.02)
            await console.until(lambda: loud_pieces(rung)[-8:] == [0.0] * 8)
            soft = max(loud_pieces(rung))
            assert sound.share_of(rung.read_bytes(), CHIME) > 0.1
            start = rung.stat().st_size
            await console.process.send(Alert(loud=True))
            await console.until(lambda: max(loud_pieces(rung, start), default=0) > 2 * soft)
            stopped = rung.stat().st_size
            await console.process.send(Alert(on=False))
            await console.until(lambda: rung.stat().st_size > stopped + 4 * SECOND)
            assert loud_pieces(rung, stopped + SECOND)[:25] == [0.0] * 25, "silent within a second"
            await console.until(lambda: sound.share_of(headset.read_bytes()[-2 * SECOND :], 1000) > 0.95)
        assert console.of(AlertSilent) == []
        assert console.of(Problem) == [] or {problem.code for problem in console.of(Problem)} == {"microphone_silent"}


async def test_an_alert_without_its_speaker_says_so_and_the_next_one_is_heard_when_it_is_back(
    server: sound.SoundServer, tmp_path: Path
) -> None:
    needs.require(needs.PORTAUDIO)
    async with audio_console(AudioOptions(backend="sounddevice", alert="ALSA/nowhere"), tmp_path / "log") as console:
        assert (await console.told_of(AlertChosen)).speaker == "ALSA/nowhere"
        await console.process.send(Alert())
        silent = await console.told_of(AlertSilent)
        assert "bell" in silent.message
        assert silent.remedy
        await asyncio.sleep(0.5)
        assert len(console.of(AlertSilent)) == 1, "it is not tried again by itself"
        await choose_spare(console)
        with server.hearing("spare") as rung:
            await console.until(lambda: rung.stat().st_size > 4 * SECOND)
            assert max(loud_pieces(rung)) == 0.0, "an alert that was not heard does not sound later"
            await console.process.send(Alert())
            await console.until(lambda: max(loud_pieces(rung), default=0) > 0.02)


async def test_on_the_desk_an_offer_rings_louder_when_nobody_comes_and_is_silent_a_second_after_a_colleague_took_it(
    server: sound.SoundServer, tmp_path: Path
) -> None:
    """The whole way: the broker's frames, the rules of attention, the audio process, a real speaker."""
    clock = StillClock()
    async with audio_console(AudioOptions(backend="miniaudio"), tmp_path / "log") as console:
        spare = await choose_spare(console)
    headset = ProcessHeadset(AudioProcess(AudioOptions(backend="miniaudio", alert=spare)))
    desk = FakeDesk(granting)
    app = DeskApp(desk, headset, ScreenSettings(clock=clock))
    offer = session(1, state=SessionState.OFFERED, offered_to=ME, offer_expires_at=ago(-600))
    await headset.start()
    try:
        async with app.run_test(size=(100, 34)) as pilot:
            await opened(pilot, desk, snapshot())
            with server.hearing("spare") as rung:
                while not app.model.headset.has_alert_speaker or rung.stat().st_size < SECOND:
                    await pilot.pause(0.05)
                desk.play(snapshot(offer, seq=12))
                while max(loud_pieces(rung), default=0) < 0.02:
                    await pilot.pause(0.05)
                soft = max(loud_pieces(rung))
                clock.forward(16)
                app.dispatch(Tick(clock.now()))
                while max(loud_pieces(rung)) < 2 * soft:
                    await pilot.pause(0.05)
                desk.play(snapshot(session(1, state=SessionState.ACTIVE, operator_id=MIA), seq=13))
                claimed = rung.stat().st_size
                while rung.stat().st_size < claimed + 4 * SECOND:
                    await pilot.pause(0.05)
        assert max(loud_pieces(rung, claimed + SECOND)) == 0.0, "silent within a second of sound"
    finally:
        await headset.stop()
