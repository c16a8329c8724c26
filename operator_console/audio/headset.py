"""Be the headset for the screen: translate its orders into the audio process's commands, and events back.

Adapter of the port `operator_console.tui.ports.Headset` on `AudioProcess`.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from typing import Final, TypeVar

from operator_console.audio.client import AudioProcess
from operator_console.audio.messages import (
    Alert,
    AlertChosen,
    AlertSilent,
    AudioCommand,
    AudioEvent,
    Close,
    DeviceBack,
    DeviceInUse,
    DeviceLost,
    Devices,
    Digit,
    Direction,
    Filter,
    Filtering,
    Gain,
    LegPhase,
    Levels,
    LevelsOn,
    ListDevices,
    Mute,
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
from operator_console.audio.microphone_test import MOST_SECONDS
from operator_console.model.inputs import (
    ALERT_SILENT,
    AlertSpeaker,
    AudioProblem,
    CallerPressed,
    HeadsetEvent,
    HeadsetPhase,
    HeadsetState,
    LineStats,
    MicFilters,
)
from operator_console.model.inputs import Levels as MeterLevels
from operator_console.tui.ports import AudioDevice, AudioSetup, MicVerdict
from server.wire.views import MediaGrant

ANSWER_SECONDS: Final = 20.0
"""How long a list of devices may take."""
METER_FLOOR_DB: Final = -60.0
"""What a meter shows as nothing."""
_PHASES: Final = {
    LegPhase.IDLE: HeadsetPhase.CLOSED,
    LegPhase.CONNECTING: HeadsetPhase.CONNECTING,
    LegPhase.LIVE: HeadsetPhase.LIVE,
    LegPhase.RECONNECTING: HeadsetPhase.RECONNECTING,
    LegPhase.ENDED: HeadsetPhase.CLOSED,
}
E = TypeVar("E", Devices, TestResult, Filtering)


class ProcessHeadset:
    """The operator's sound, in a process of its own; `start` before use, `stop` in the end."""

    def __init__(self, process: AudioProcess) -> None:
        """Speak through `process`, whose events nobody else may read."""
        self._process = process
        self._waiting: list[tuple[type[Devices | TestResult | Filtering], asyncio.Future[AudioEvent]]] = []
        self._backend = ""
        self._file_audio = False
        self._names: dict[Direction, str] = {}
        self._gone: set[Direction] = set()
        self._state = State(phase=LegPhase.IDLE)

    async def start(self) -> None:
        """Start the audio process."""
        await self._process.start()

    async def stop(self) -> None:
        """End it."""
        await self._process.stop()

    async def events(self) -> AsyncIterator[HeadsetEvent]:
        """Yield states, levels, line quality and problems until `stop`."""
        async for event in self._process.events():
            self._answer(event)
            for told in self._translated(event):
                yield told

    async def open(self, grant: MediaGrant, *, muted: bool) -> None:
        """Open the leg of a grant, dropping an older leg first."""
        await self._process.send(Open(url=grant.url, token=grant.token, epoch=grant.epoch, muted=muted))

    async def mute(self, *, on: bool) -> None:
        """Stop (or start) sending the microphone."""
        await self._process.send(Mute(on=on))

    async def close(self) -> None:
        """Close the leg with a goodbye."""
        await self._process.send(Close())

    async def setup(self) -> AudioSetup:
        """Return the devices as they are now; `events` must be read meanwhile."""
        return self._setup(await self._ask(ListDevices(), Devices, ANSWER_SECONDS))

    async def choose(self, *, microphone: str = "", speaker: str = "", alert: str | None = None) -> AudioSetup:
        """Use other devices from now on; `events` must be read meanwhile."""
        order = Select(microphone=microphone or None, speaker=speaker or None, alert=alert)
        return self._setup(await self._ask(order, Devices, ANSWER_SECONDS))

    async def gain(self, decibels: float) -> None:
        """Make the microphone louder (quieter) from now on."""
        await self._process.send(Gain(microphone=10 ** (decibels / 20)))

    async def filter(self, *, echo: bool | None = None, noise: bool | None = None) -> MicFilters:
        """Switch filters of the microphone on or off; return which are on then. `events` must be read meanwhile."""
        now = await self._ask(Filter(echo=echo, noise=noise), Filtering, ANSWER_SECONDS)
        return MicFilters() if now is None else MicFilters(now.echo, now.noise)

    async def meter(self, *, on: bool) -> None:
        """Send levels of the microphone outside calls too, or stop that."""
        await self._process.send(LevelsOn(on=on))

    async def tone(self, name: ToneName, *, on: bool = True) -> None:
        """Make a sound in the operator's ear, or stop a ring."""
        await self._process.send(PlayTone(tone=name, on=on))

    async def alert(self, *, urgent: bool, loud: bool, on: bool = True) -> None:
        """Call the operator on the alert speaker, or end that."""
        tone = ToneName.RING if urgent else ToneName.NOTIFICATION
        await self._process.send(Alert(tone=tone, loud=loud, on=on))

    async def test_microphone(self, seconds: float) -> MicVerdict:
        """Record for `seconds`, play it back, and judge it; `events` must be read meanwhile."""
        result = await self._ask(TestMicrophone(seconds=seconds), TestResult, min(seconds, MOST_SECONDS) * 2 + 15)
        if result is None:
            return MicVerdict(
                ok=False,
                level=0.0,
                peak=0.0,
                message="The audio process did not answer.",
                remedy="Run operator-console doctor.",
            )
        return MicVerdict(
            ok=result.verdict is Verdict.OK,
            level=result.rms,
            peak=result.peak,
            message=result.message,
            remedy=result.remedy,
        )

    async def _ask(self, order: AudioCommand, kind: type[E], seconds: float) -> E | None:
        """Give an order and return the answer of this kind; None when none comes."""
        future: asyncio.Future[AudioEvent] = asyncio.get_running_loop().create_future()
        question = (kind, future)
        self._waiting.append(question)
        try:
            await self._process.send(order)
            async with asyncio.timeout(seconds):
                event = await future
        except TimeoutError:
            return None
        finally:
            self._waiting = [waiting for waiting in self._waiting if waiting is not question]
        return event if isinstance(event, kind) else None

    def _answer(self, event: AudioEvent) -> None:
        """Give every question that this answers its answer."""
        for kind, future in self._waiting:
            if isinstance(event, kind) and not future.done():
                future.set_result(event)

    def _setup(self, devices: Devices | None) -> AudioSetup:
        if devices is None:
            return AudioSetup(backend=self._backend or "none", note="The audio process did not answer.")
        microphone = devices.microphone or next((d.id for d in devices.devices if d.default_microphone), "")
        speaker = devices.speaker or next((d.id for d in devices.devices if d.default_speaker), "")
        return AudioSetup(
            backend=devices.backend,
            devices=tuple(
                AudioDevice(
                    id=device.id,
                    name=device.name,
                    microphone=device.microphone,
                    speaker=device.speaker,
                    chosen_microphone=device.microphone and device.id == microphone,
                    chosen_speaker=device.speaker and device.id == speaker,
                    chosen_alert=device.speaker and device.id == devices.alert,
                )
                for device in devices.devices
            ),
            note=devices.remedy,
        )

    def _translated(self, event: AudioEvent) -> tuple[HeadsetEvent, ...]:
        match event:
            case Ready():
                self._backend, self._file_audio = event.backend, event.file_audio
                return ()
            case DeviceInUse():
                self._names[event.direction] = event.name
                self._gone.discard(event.direction)
                return self._live_state()
            case DeviceLost() | Problem() if event.direction is not None:
                self._gone.add(event.direction)
                return (*self._live_state(), *_told(event))
            case State():
                self._state = event
                if event.phase not in {LegPhase.CONNECTING, LegPhase.LIVE}:
                    self._gone.clear()
                return (self._headset_state(),)
            case _:
                return _told(event)

    def _live_state(self) -> tuple[HeadsetEvent, ...]:
        """Return the state of a live leg anew; of another one it is told when it changes."""
        return (self._headset_state(),) if self._state.phase is LegPhase.LIVE else ()

    def _headset_state(self) -> HeadsetState:
        names = dict.fromkeys([self._names.get(Direction.SPEAKER, ""), self._names.get(Direction.MICROPHONE, "")])
        return HeadsetState(
            phase=_PHASES[self._state.phase],
            device=" / ".join(name for name in names if name),
            file_audio=self._file_audio,
            reason=self._state.reason,
            gone=" and ".join(one.value for one in Direction if one in self._gone),
        )


def meter_level(rms: float) -> float:
    """Return a level 0..1 as a meter shows it: decibels, so that a quiet voice is seen."""
    if rms <= 0.0:
        return 0.0
    return min(1.0, max(0.0, 1.0 - 20 * math.log10(min(rms, 1.0)) / METER_FLOOR_DB))


def _told(event: AudioEvent) -> tuple[HeadsetEvent, ...]:
    """Return what an event means to the screen that says nothing about how the leg stands."""
    told: HeadsetEvent | None = None
    match event:
        case Levels():
            told = MeterLevels(own=meter_level(event.microphone), far=meter_level(event.caller))
        case Stats():
            told = LineStats(
                delay_ms=event.delay_ms,
                loss_percent=event.loss_percent,
                far_silent_ms=event.far_silent_ms,
                far_holds=event.far_holds,
            )
        case Digit():
            told = CallerPressed(event.digit)
        case AlertChosen():
            told = AlertSpeaker(chosen=bool(event.speaker))
        case Filtering():
            told = MicFilters(event.echo, event.noise)
        case _:
            told = _problem(event)
    return () if told is None else (told,)


def _problem(event: AudioEvent) -> AudioProblem | None:
    """Return what is to be told as a problem, or that one is over."""
    match event:
        case AlertSilent():
            return AudioProblem(ALERT_SILENT, event.message, event.remedy)
        case Problem():
            return AudioProblem(event.code, event.message, event.remedy)
        case DeviceLost():
            text = f"The {event.direction.value} {event.name} is gone; looking for it."
            return AudioProblem("device_lost", text, "Plug it in again, or choose another one.")
        case DeviceBack():
            return AudioProblem("device_back", f"Sound is back on the {event.direction.value} {event.name}.")
        case _:
            return None
