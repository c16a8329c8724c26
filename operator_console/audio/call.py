"""Run the operator's leg: open it, keep it muted, tell how it stands. One leg at a time.

Before: `Open` from the console. After: `State` live, `FirstAudio`, `Muted`; in the end `State` ended or reconnecting.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from operator_console.audio.leg import MediaLeg
from operator_console.audio.messages import (
    AudioEvent,
    Digit,
    FirstAudio,
    LegPhase,
    Muted,
    Open,
    State,
    Stats,
)
from operator_console.audio.microphone import Microphone
from operator_console.audio.problems import silent_microphone
from operator_console.audio.sound import bytes_of_ms
from operator_console.audio.speaker import Speaker
from operator_console.audio.stand_in import StandIn
from operator_console.audio.streams import Streams
from operator_console.clock import Clock
from operator_console.tasks import spawn, stop
from server.wire.media import FRAME_MS

SILENT_AFTER_MS: Final = 4000
"""A microphone that delivers nothing for so long in a call is told about, once a call."""
_log = logging.getLogger(__name__)


class Call:
    """The leg that is open, if any, and the mute that outlives it."""

    def __init__(
        self,
        *,
        clock: Clock,
        streams: Streams,
        microphone: Microphone,
        speaker: Speaker,
        tell: Callable[[AudioEvent], None],
        ca_file: str = "",
    ) -> None:
        """Begin without a leg."""
        self._clock = clock
        self._streams = streams
        self._microphone = microphone
        self._speaker = speaker
        self._tell = tell
        self._ca_file = ca_file
        self._leg: MediaLeg | None = None
        self._stand_in: StandIn | None = None
        self._task: asyncio.Task[None] | None = None
        self._muted = False
        self._broken_epoch: int | None = None
        self._first = FirstAudio()
        self._xruns_before = 0
        self._silence_told = False

    @property
    def open(self) -> bool:
        """Whether a leg is connecting or live."""
        return self._leg is not None

    @property
    def live(self) -> bool:
        """Whether audio flows."""
        return self._leg is not None and self._leg.is_live

    async def start(self, order: Open) -> None:
        """Open the leg of a new grant; an older leg is dropped first.

        The microphone of a leg that broke while muted stays off when the same epoch comes back.
        """
        await self.drop("another leg is opened")
        self._muted = order.muted or (self._muted and order.epoch == self._broken_epoch)
        self._broken_epoch = None
        self._first, self._silence_told = FirstAudio(), False
        self._xruns_before = self._streams.xruns
        self._microphone.forget()
        self._microphone.quiet_bytes = 0
        leg = MediaLeg(
            order,
            muted=self._muted,
            clock=self._clock,
            live=lambda: self._on_live(order.epoch),
            mute_echoed=lambda on: self._tell(Muted(on=on, echoed=True)),
            pressed=lambda digit: self._tell(Digit(digit=digit)),
            ca_file=self._ca_file,
        )
        self._leg, self._stand_in = leg, StandIn(self._clock, leg)
        self._speaker.caller = leg.jitter
        self._tell(State(phase=LegPhase.CONNECTING, epoch=order.epoch))
        self._task = spawn("media leg", self._run(leg, self._stand_in))

    def mute(self, *, on: bool) -> None:
        """Switch the microphone off (on), now and for the leg to come."""
        self._muted = on
        if self._leg is not None and self._leg.outgoing.muted != on:
            self._microphone.forget()
            lane = self._streams.microphone.stream
            delay_ms = int(lane.delay_ms) if lane is not None else 0
            self._leg.mute(on=on, skip_bytes=bytes_of_ms(delay_ms))
        self._tell(Muted(on=on))

    async def hang_up(self, reason: str) -> None:
        """Close the leg with a goodbye."""
        self._broken_epoch = None
        if self._leg is not None:
            self._leg.hang_up(reason)
        await self._ended()

    async def drop(self, reason: str) -> None:
        """Close the leg without a goodbye: the broker keeps the call."""
        if self._leg is not None:
            self._leg.drop(reason)
        await self._ended()

    def capture(self, pcm: bytes) -> None:
        """Take a block of the microphone."""
        if self._leg is not None and self._stand_in is not None:
            self._stand_in.heard()
            self._leg.capture(pcm)

    def look(self) -> None:
        """Tell what has changed since the last look: first audio, a silent microphone."""
        leg = self._leg
        if leg is None:
            return
        first = FirstAudio(
            sent_ms=_since(leg.opened_at, leg.first_sent_at), heard_ms=_since(leg.opened_at, leg.jitter.first_played_at)
        )
        if first != self._first:
            self._first = first
            self._tell(first)
        silent = leg.is_live and not self._muted and self._microphone.quiet_ms >= SILENT_AFTER_MS
        if silent and not self._silence_told and not self._streams.backend.file_audio:
            self._silence_told = True
            self._tell(silent_microphone(self._streams.microphone.name))

    def stats(self) -> None:
        """Tell how good the line is."""
        leg = self._leg
        if leg is None or not leg.is_live:
            return
        line = leg.line
        waiting_ms = leg.jitter.held_ms + leg.outgoing.waiting_ms
        self._tell(
            Stats(
                delay_ms=round((line.round_trip_ms or 0.0) / 2 + waiting_ms + FRAME_MS + self._streams.delay_ms, 1),
                round_trip_ms=None if line.round_trip_ms is None else round(line.round_trip_ms, 1),
                loss_percent=round(line.loss_percent, 2),
                jitter_ms=round(line.worst_jitter_ms, 1),
                buffer_ms=round(leg.jitter.held_ms, 1),
                xruns=self._streams.xruns - self._xruns_before,
                late_frames=leg.jitter.late + leg.outgoing.dropped,
                far_silent_ms=line.far_silent_ms,
                far_holds=line.far_holds,
                microphone=self._streams.microphone.name,
                speaker=self._streams.speaker.name,
            )
        )

    async def _run(self, leg: MediaLeg, stand_in: StandIn) -> None:
        standing_in = spawn("tone for a missing microphone", stand_in.run())
        try:
            ended = await leg.run()
        finally:
            await stop(standing_in)
        if self._leg is not leg:
            return
        self._leg = None
        self._speaker.caller = None
        lost = ended.phase is LegPhase.RECONNECTING
        self._broken_epoch = leg.epoch if lost else None
        _log.info("leg of epoch %s: %s, %s", leg.epoch, ended.phase, ended.reason)
        self._tell(State(phase=ended.phase, epoch=leg.epoch, reason=ended.reason))

    async def _ended(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            await asyncio.wait({task})

    def _on_live(self, epoch: int) -> None:
        self._microphone.forget()
        self._tell(State(phase=LegPhase.LIVE, epoch=epoch))
        self._tell(Muted(on=self._muted))


def _since(start: float, at: float | None) -> float | None:
    return None if at is None else round((at - start) * 1000, 1)
