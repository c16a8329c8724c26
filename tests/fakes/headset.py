"""A headset in memory for tests of the screen: it opens nothing and remembers what it was asked."""

import asyncio
from collections.abc import AsyncIterator

from msgspec.structs import replace

from operator_console.model.inputs import (
    AlertSpeaker,
    AudioProblem,
    HeadsetEvent,
    HeadsetPhase,
    HeadsetState,
    MicFilters,
)
from operator_console.tui.ports import AudioDevice, AudioSetup, MicVerdict
from server.wire.views import MediaGrant

DEVICES = (
    AudioDevice(
        "usb", "USB Headset Stereo", microphone=True, speaker=True, chosen_microphone=True, chosen_speaker=True
    ),
    AudioDevice("mic", "Built-in Microphone", microphone=True, speaker=False),
    AudioDevice("out", "HDMI Output", microphone=False, speaker=True),
)


class FakeHeadset:
    """Fulfils `Headset`; a leg is live as soon as it is opened, unless `live` is False."""

    def __init__(self, *, live: bool = True) -> None:
        self.log: list[tuple[str, object]] = []
        self.verdict = MicVerdict(ok=True, level=0.12, peak=0.41, message="You are heard well.")
        self.devices: tuple[AudioDevice, ...] = DEVICES
        self.has_filters = True
        self._filters = MicFilters()
        self._live = live
        self._events: asyncio.Queue[HeadsetEvent] = asyncio.Queue()

    def play(self, *events: HeadsetEvent) -> None:
        for event in events:
            self._events.put_nowait(event)

    async def events(self) -> AsyncIterator[HeadsetEvent]:
        while True:
            yield await self._events.get()

    async def open(self, grant: MediaGrant, *, muted: bool) -> None:
        self.log.append(("open", (grant.token, muted)))
        if self._live:
            self.play(HeadsetState(HeadsetPhase.LIVE, device="USB Headset"))

    async def mute(self, *, on: bool) -> None:
        self.log.append(("mute", on))

    async def close(self) -> None:
        self.log.append(("close", None))
        self.play(HeadsetState(HeadsetPhase.CLOSED))

    async def setup(self) -> AudioSetup:
        return AudioSetup("sounddevice", self.devices)

    async def choose(self, *, microphone: str = "", speaker: str = "", alert: str | None = None) -> AudioSetup:
        if alert is None:
            self.log.append(("choose", (microphone, speaker)))
        else:
            self.log.append(("alert_speaker", alert))
            self.play(AlertSpeaker(chosen=bool(alert)))
            self.devices = tuple(replace(one, chosen_alert=one.id == alert) for one in self.devices)
        return AudioSetup("sounddevice", self.devices)

    async def alert(self, *, urgent: bool, loud: bool, on: bool = True) -> None:
        self.log.append(("alert", (urgent, loud) if on else None))

    async def gain(self, decibels: float) -> None:
        self.log.append(("gain", decibels))

    async def filter(self, *, echo: bool | None = None, noise: bool | None = None) -> MicFilters:
        self.log.append(("filter", (echo, noise)))
        if not self.has_filters:
            self.play(AudioProblem("filters_not_installed", "The filters are not installed.", "Install them."))
            return self._filters
        before = self._filters
        self._filters = MicFilters(
            echo=before.echo if echo is None else echo, noise=before.noise if noise is None else noise
        )
        self.play(self._filters)
        return self._filters

    async def meter(self, *, on: bool) -> None:
        self.log.append(("meter", on))

    async def test_microphone(self, seconds: float) -> MicVerdict:
        self.log.append(("test", seconds))
        return self.verdict
