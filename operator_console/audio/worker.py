"""Be the audio process: obey the console's commands, own the devices and the leg, tell what happens.

Constructed by `serve`; one task reads commands in order, one keeps the devices, one ticks the meters.
"""

import asyncio
import logging
import os
import stat
from collections.abc import Callable
from typing import Final

from operator_console.audio.alert_tone import alert_tone
from operator_console.audio.backends.choice import Makers, choose, makers
from operator_console.audio.backends.port import Wish
from operator_console.audio.call import Call
from operator_console.audio.filters import Filters
from operator_console.audio.listing import Listing
from operator_console.audio.messages import (
    Alert,
    AlertChosen,
    AlertSilent,
    AudioCommand,
    AudioEvent,
    Close,
    Filter,
    Gain,
    Levels,
    LevelsOn,
    ListDevices,
    Mute,
    Open,
    PlayTone,
    Quit,
    Select,
    TestMicrophone,
)
from operator_console.audio.microphone import Microphone
from operator_console.audio.options import AudioOptions
from operator_console.audio.recording import Recording
from operator_console.audio.speaker import Speaker
from operator_console.audio.streams import Streams, StuckError
from operator_console.audio.urgency import Urgency
from operator_console.clock import Clock

LEVELS_SECONDS: Final = 0.1
HOME_LOOK_SECONDS: Final = 2.0
"""How often a chosen device that another one stands in for is looked for, at most."""
STATS_TICKS: Final = 10
"""Figures of the line every so many levels."""
MAX_WAITING_COMMANDS: Final = 256
MAX_GAIN: Final = 10.0
"""20 dB."""
MAX_LOG_BYTES: Final = 5_000_000
"""Sound libraries write to the log as they please; it starts over at this size."""
_log = logging.getLogger(__name__)


class AudioWorker:
    """Everything of one audio process; must be made inside the event loop."""

    def __init__(
        self,
        options: AudioOptions,
        tell: Callable[[AudioEvent], None],
        clock: Clock,
        known: Makers | None = None,
        urgency: Urgency = Urgency.NORMAL,
    ) -> None:
        """Pick the backend.

        Raises:
            BackendError: none can be used.
        """
        known = makers() if known is None else known
        choice = choose(options, known)
        self._tell = tell
        self._clock = clock
        self._commands: asyncio.Queue[AudioCommand] = asyncio.Queue(MAX_WAITING_COMMANDS)
        self._busy = False
        self._levels_on = False
        self._filters = Filters(tell)
        self._first_filters = Filter(echo=options.echo, noise=options.noise)
        self._speaker = Speaker(self._filters.played)
        self._alert = Speaker()
        self._microphone = Microphone(asyncio.get_running_loop(), self._captured, self._filters)
        self._streams = Streams(
            backend=choice.backend,
            wish=Wish(options.block_ms, options.device_rate),
            clock=clock,
            take=self._microphone.take,
            give=self._speaker.give,
            call=self._alert.give,
            tell=self._streams_tell,
        )
        self._streams.alert.device_id = options.alert
        self._streams.microphone.device_id = options.microphone
        self._streams.speaker.device_id = options.speaker
        self._microphone.gain = limited(10 ** (options.gain_db / 20), 1.0)
        self._listing = Listing(
            options=options, known=known, choice=choice, streams=self._streams, tell=tell, urgency=urgency
        )
        self._recording = Recording(streams=self._streams, speaker=self._speaker, clock=clock, tell=tell)
        self._call = Call(
            clock=clock,
            streams=self._streams,
            microphone=self._microphone,
            speaker=self._speaker,
            tell=tell,
            ca_file=options.ca_file,
        )

    def obey(self, command: AudioCommand) -> None:
        """Take a command; they are carried out in order, but the microphone goes off at once too."""
        if isinstance(command, Mute) and command.on:
            self._call.mute(on=True)  # never behind a device that takes its time
            if not self._busy:
                return
        try:
            self._commands.put_nowait(command)
        except asyncio.QueueFull:
            _log.error("%s was dropped: too many commands wait", type(command).__name__)

    def parent_gone(self) -> None:
        """End as on `Quit`."""
        self.obey(Quit())

    async def run(self) -> None:
        """Serve until `Quit`, then let go of everything.

        Raises:
            StuckError: the sound library hangs.
        """
        self._tell(self._listing.ready())
        if self._streams.alert.device_id:
            self._tell(AlertChosen(speaker=self._streams.alert.device_id))
        if self._first_filters != Filter(echo=False, noise=False):
            self.obey(self._first_filters)
        stuck: StuckError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                keeping = group.create_task(self._streams.run())
                ticking = group.create_task(self._tick())
                homing = group.create_task(self._bring_home())
                await self._serve()
                ticking.cancel()
                homing.cancel()
                await self._recording.stop()
                await self._call.drop("the console is gone")
                await self._streams.close()
                keeping.cancel()
        except* StuckError as errors:
            stuck = StuckError(str(errors.exceptions[0]))
        if stuck is not None:
            raise stuck

    async def _serve(self) -> None:
        while not isinstance(command := await self._commands.get(), Quit):
            self._busy = True
            await self._do(command)
            self._want()
            self._busy = not self._commands.empty()

    async def _do(self, command: AudioCommand) -> None:
        match command:
            case Open():
                self._streams.want(microphone=True, speaker=True)  # devices and socket open at the same time
                await self._call.start(command)
            case Close():
                await self._call.hang_up(command.reason)
            case Select():
                await self._streams.select(command.microphone, command.speaker, command.alert)
                if command.alert is not None:
                    self._tell(AlertChosen(speaker=command.alert))
                await self._listing.list(may_change=not self._call.open)
            case ListDevices():
                await self._listing.list(may_change=not self._call.open)
            case TestMicrophone():
                await self._test(command)
            case Filter():
                await self._filters.switch(echo=command.echo, noise=command.noise)
            case _:
                self._set(command)

    async def _test(self, order: TestMicrophone) -> None:
        missing = await self._listing.no_microphone(may_change=not self._call.open)
        if missing is None:
            self._recording.start(order)
        else:
            self._tell(missing)

    def _set(self, command: AudioCommand) -> None:
        """Carry out a command that takes no time."""
        match command:
            case Mute():
                self._call.mute(on=command.on)
            case PlayTone():
                if command.on:
                    self._speaker.play_tone(command.tone)
                else:
                    self._speaker.stop()
            case Alert():
                self._alert.play(alert_tone(command.tone, loud=command.loud) if command.on else b"")
            case LevelsOn():
                self._levels_on = command.on
            case Gain():
                self._microphone.gain = limited(command.microphone, self._microphone.gain)
                self._speaker.gain = limited(command.speaker, self._speaker.gain)
            case _:
                _log.error("%s has no place here", type(command).__name__)

    def _want(self) -> None:
        """Say which devices the present state needs."""
        called = self._call.open
        self._streams.want(
            microphone=called or self._recording.running or self._levels_on,
            speaker=called or self._speaker.busy,
            alert=self._alert.busy and bool(self._streams.alert.device_id),
        )

    def _streams_tell(self, event: AudioEvent) -> None:
        """Pass on what the streams tell; an alert that can't be heard now is not to sound later."""
        if isinstance(event, AlertSilent):
            self._alert.stop()
        self._tell(event)

    async def _tick(self) -> None:
        """Tell levels, figures and changes, ten times a second."""
        ticks = 0
        while True:
            await self._clock.sleep(LEVELS_SECONDS)
            ticks += 1
            own, caller = self._microphone.meter.read(), self._speaker.level()
            if self._call.live or self._levels_on or self._recording.running:
                self._tell(Levels(microphone=round(own, 4), caller=round(caller, 4)))
            self._call.look()
            self._want()
            if ticks % STATS_TICKS == 0:
                self._call.stats()
                shorten_log()

    async def _bring_home(self) -> None:
        """See to it that a chosen device that is plugged in again is used again."""
        while True:
            await self._clock.sleep(HOME_LOOK_SECONDS)
            await self._listing.bring_home()

    def _captured(self, pcm: bytes) -> None:
        self._call.capture(pcm)
        self._recording.capture(pcm)


def limited(wished: float | None, present: float) -> float:
    """Return the gain to use: the wished one within limits, or the present one."""
    return present if wished is None else min(MAX_GAIN, max(0.0, wished))


def shorten_log(descriptor: int = 2) -> None:
    """Empty the log when it has grown too long; it is a file opened for appending, or else left alone."""
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_size > MAX_LOG_BYTES:
            os.ftruncate(descriptor, 0)
    except OSError:
        return
