"""The screen sees sound in its own words: phases, meters, problems; and gets an answer to each question."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import cast

import pytest

from operator_console.audio import headset as headset_module
from operator_console.audio.checks import devices_check, filters_check, library_check, microphone_check
from operator_console.audio.client import AudioProcess, Inbox
from operator_console.audio.headset import ProcessHeadset, meter_level
from operator_console.audio.messages import (
    AudioCommand,
    AudioEvent,
    Close,
    Device,
    DeviceBack,
    DeviceInUse,
    DeviceLost,
    Devices,
    Direction,
    Filter,
    Filtering,
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
    Tried,
    Verdict,
)
from operator_console.model.inputs import AudioProblem, HeadsetEvent, HeadsetPhase, HeadsetState, LineStats, MicFilters
from operator_console.model.inputs import Levels as MeterLevels
from operator_console.tasks import spawn, stop
from operator_console.tui.ports import Headset, MicVerdict
from server.wire.terms import ConversationId
from server.wire.views import MediaGrant

pytestmark = pytest.mark.unit

DEVICES = Devices(
    backend="sounddevice",
    devices=(
        Device(id="a", name="Laptop", microphone=True, speaker=True, default_microphone=True, default_speaker=True),
        Device(id="b", name="USB", microphone=True),
    ),
    microphone="b",
    remedy="do this",
)
RESULT = TestResult(verdict=Verdict.CLIPPING, peak=1.0, rms=0.5, message="too loud", remedy="turn it down")


class FakeProcess:
    """Takes commands, tells what a test says."""

    def __init__(self) -> None:
        self.sent: list[AudioCommand] = []
        self.inbox = Inbox()
        self.answers: dict[type[AudioCommand], AudioEvent] = {}

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        self.inbox.close()

    async def send(self, command: AudioCommand) -> None:
        self.sent.append(command)
        if type(command) in self.answers:
            self.inbox.put(self.answers[type(command)])

    async def events(self) -> AsyncIterator[AudioEvent]:
        while (event := await self.inbox.take()) is not None:
            yield event


async def seen_after(*told: AudioEvent) -> list[HeadsetEvent]:
    """What the screen sees when the process tells this."""
    process = FakeProcess()
    headset = ProcessHeadset(cast("AudioProcess", process))
    for event in told:
        process.inbox.put(event)
    await headset.stop()
    return [event async for event in headset.events()]


async def test_it_is_a_headset_to_the_screen_and_orders_become_commands() -> None:
    process = FakeProcess()
    headset: Headset = ProcessHeadset(cast("AudioProcess", process))
    grant = MediaGrant(
        url="wss://desk.example/console", token="t", epoch=7, expires_at=datetime.now(UTC), call_id=ConversationId("c")
    )
    await headset.open(grant, muted=True)
    await headset.mute(on=False)
    await headset.meter(on=True)
    await headset.close()
    assert process.sent == [
        Open(url=grant.url, token="t", epoch=7, muted=True),
        Mute(on=False),
        LevelsOn(on=True),
        Close(),
    ]
    await cast("ProcessHeadset", headset).tone(ToneName.RING)
    assert process.sent[-1] == PlayTone(tone=ToneName.RING)


@pytest.mark.parametrize(
    ("phase", "shown"),
    [
        (LegPhase.CONNECTING, HeadsetPhase.CONNECTING),
        (LegPhase.LIVE, HeadsetPhase.LIVE),
        (LegPhase.RECONNECTING, HeadsetPhase.RECONNECTING),
        (LegPhase.ENDED, HeadsetPhase.CLOSED),
    ],
)
async def test_every_phase_of_the_leg_is_shown_with_its_reason(phase: LegPhase, shown: HeadsetPhase) -> None:
    (state,) = await seen_after(State(phase=phase, epoch=1, reason="because"))
    assert state == HeadsetState(phase=shown, reason="because")


async def test_the_device_and_file_audio_are_named_while_live() -> None:
    seen = await seen_after(
        Ready(backend="file", file_audio=True),
        State(phase=LegPhase.LIVE, epoch=1),
        DeviceInUse(direction=Direction.MICROPHONE, name="USB"),
        DeviceInUse(direction=Direction.SPEAKER, name="Laptop"),
        Muted(on=True),
    )
    assert seen[-1] == HeadsetState(phase=HeadsetPhase.LIVE, device="Laptop / USB", file_audio=True)


async def test_meters_figures_and_problems_reach_the_screen() -> None:
    seen = await seen_after(
        Levels(microphone=1.0, caller=0.0),
        Stats(delay_ms=41.0, loss_percent=2.0, far_silent_ms=30, far_holds=True),
        Problem(code="no_device", message="There is no microphone.", remedy="Plug one in."),
        DeviceLost(direction=Direction.SPEAKER, name="USB", reason="gone"),
        DeviceBack(direction=Direction.SPEAKER, name="USB"),
    )
    assert seen[:3] == [
        MeterLevels(own=1.0, far=0.0),
        LineStats(delay_ms=41.0, loss_percent=2.0, far_silent_ms=30, far_holds=True),
        AudioProblem("no_device", "There is no microphone.", "Plug one in."),
    ]
    assert [event.code for event in seen[3:] if isinstance(event, AudioProblem)] == ["device_lost", "device_back"]


async def test_filters_are_switched_and_which_are_on_is_both_the_answer_and_news() -> None:
    process = FakeProcess()
    process.answers = {Filter: Filtering(noise=True)}
    headset = ProcessHeadset(cast("AudioProcess", process))
    seen: list[HeadsetEvent] = []

    async def read() -> None:
        seen.extend([event async for event in headset.events()])

    reading = spawn("reading", read())
    assert await headset.filter(noise=True) == MicFilters(noise=True)
    assert process.sent == [Filter(noise=True)]
    await headset.stop()
    await reading
    assert seen == [MicFilters(noise=True)]


def test_the_doctor_says_when_filters_that_are_wanted_do_not_work() -> None:
    missing = Problem(code="filters_not_installed", message="They are not installed.", remedy="pip install them")
    check = filters_check(Filtering(echo=True), Filtering(), [missing])
    assert (check.ok, check.detail, check.remedy) == (False, missing.message, missing.remedy)
    assert filters_check(Filtering(echo=True), Filtering(echo=True), []).ok
    assert filters_check(Filtering(echo=True), None, []).remedy


def test_a_meter_shows_a_quiet_voice_and_stays_within_its_scale() -> None:
    assert meter_level(0.0) == 0.0
    assert meter_level(0.0001) == 0.0
    assert meter_level(0.0316) == pytest.approx(0.5, abs=0.01)
    assert meter_level(1.0) == meter_level(2.0) == 1.0


async def test_questions_are_answered_while_events_are_read() -> None:
    process = FakeProcess()
    process.answers = {ListDevices: DEVICES, Select: DEVICES, TestMicrophone: RESULT}
    headset = ProcessHeadset(cast("AudioProcess", process))

    async def read() -> None:
        async for _ in headset.events():
            pass

    reading = spawn("reading", read())
    try:
        setup, verdict = await asyncio.gather(headset.setup(), headset.test_microphone(0.5))
        assert (setup.backend, setup.note) == ("sounddevice", "do this")
        assert [(d.id, d.chosen_microphone, d.chosen_speaker) for d in setup.devices] == [
            ("a", False, True),
            ("b", True, False),
        ]
        assert verdict == MicVerdict(ok=False, level=0.5, peak=1.0, message="too loud", remedy="turn it down")
        await headset.choose(microphone="b")
        assert process.sent[-1] == Select(microphone="b")
    finally:
        await stop(reading)


async def test_a_process_that_does_not_answer_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headset_module, "ANSWER_SECONDS", 0.01)
    setup = await ProcessHeadset(cast("AudioProcess", FakeProcess())).setup()
    assert setup.devices == ()
    assert setup.note


def test_the_doctor_tells_the_whole_chain_and_the_line_that_improves_it() -> None:
    ready = Ready(
        backend="miniaudio",
        tried=(Tried("sounddevice", used=False, reason="no_portaudio: x"), Tried("miniaudio", used=True)),
        remedy="sudo apt-get install -y libportaudio2",
    )
    check = library_check(ready)
    assert check.ok
    assert "no_portaudio" in check.detail
    assert check.remedy == ready.remedy


def test_the_doctor_needs_a_device_each_way_that_is_no_file() -> None:
    assert devices_check(DEVICES).ok
    assert not devices_check(Devices(backend="x", devices=DEVICES.devices[1:])).ok
    assert not devices_check(Devices(backend="file", devices=DEVICES.devices, file_audio=True)).ok
    assert not devices_check(None).ok


def test_the_doctor_gives_the_reason_why_a_microphone_did_not_open() -> None:
    denied = Problem(code="no_permission", message="The system does not let us.", remedy="usermod")
    check = microphone_check(TestResult(verdict=Verdict.NO_DEVICE), [denied])
    assert (check.ok, check.detail, check.remedy) == (False, denied.message, denied.remedy)
    assert not microphone_check(None, []).ok
    assert microphone_check(TestResult(verdict=Verdict.OK, message="well"), []).ok


async def test_which_device_is_gone_is_said_until_each_is_back() -> None:
    lost = [DeviceLost(direction=one, name="USB", reason="gone") for one in (Direction.MICROPHONE, Direction.SPEAKER)]
    seen = await seen_after(
        State(phase=LegPhase.LIVE, epoch=1),
        *lost,
        DeviceInUse(direction=Direction.SPEAKER, name="USB"),
        Problem(code="no_device", message="There is no speaker.", direction=Direction.SPEAKER),
        DeviceInUse(direction=Direction.SPEAKER, name="USB"),
        DeviceInUse(direction=Direction.MICROPHONE, name="USB"),
        lost[0],
        State(phase=LegPhase.ENDED, epoch=1),
    )
    gone = [event.gone for event in seen if isinstance(event, HeadsetState)]
    assert gone == [
        "",
        "microphone",
        "microphone and speaker",
        "microphone",
        "microphone and speaker",
        "microphone",
        "",
        "microphone",
        "",
    ]
