"""Be the parent of the audio process: start it, tell it, hear it, start it again when it crashes.

Imports no sound library: everything that touches a device, and prints what it likes, is in the child.
"""

import asyncio
import logging
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO, Final

import msgspec

from operator_console.audio.messages import (
    MAX_LINE_BYTES,
    AudioCommand,
    AudioEvent,
    Close,
    Filter,
    Gain,
    LegPhase,
    Levels,
    LevelsOn,
    Mute,
    Open,
    Problem,
    Quit,
    Ready,
    Select,
    State,
    Stats,
)
from operator_console.audio.options import AudioOptions
from operator_console.clock import Clock, SystemClock
from operator_console.tasks import spawn, stop
from server.wire.codec import WireError, decode, encode

MAX_EVENTS: Final = 500
"""Events kept for a reader that is busy; of levels and figures only the last."""
MAX_COMMANDS: Final = 64
"""Commands kept while the child starts; older ones are dropped."""
QUIT_SECONDS: Final = 3.0
"""How long the child may take to end by itself."""
FIRST_PAUSE_SECONDS: Final = 0.2
MOST_PAUSE_SECONDS: Final = 5.0
HUNG_SECONDS: Final = 5.0
"""A child with a live leg tells levels ten times a second; after so long without any it hangs."""
CALM_SECONDS: Final = 30.0
"""A child that lived so long starts the pauses anew."""
MAX_LOG_BYTES: Final = 1_000_000
"""A log larger than this is begun anew at the start."""
_events = msgspec.json.Decoder(AudioEvent)
_log = logging.getLogger(__name__)


class AudioProcess:
    """The console's handle on its audio process; `start` it, read `events`, `send` commands, `stop` it."""

    def __init__(
        self,
        options: AudioOptions | None = None,
        *,
        log_path: Path | None = None,
        clock: Clock | None = None,
        on_event: Callable[[AudioEvent], None] | None = None,
    ) -> None:
        """Prepare.

        Args:
            options: How the child starts.
            log_path: File for what the child and its sound libraries print; None throws it away.
            clock: Times the pauses between restarts.
            on_event: Called with each event as it comes, before it reaches `events`; must not block or raise.
        """
        self._options = options or AudioOptions()
        self._log_path = log_path
        self._clock = clock or SystemClock()
        self._on_event = on_event
        self._inbox = Inbox()
        self._outbox: deque[bytes] = deque(maxlen=MAX_COMMANDS)
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._open_epoch: int | None = None
        self._broken_epoch: int | None = None
        self._live_leg = False
        self._settings: dict[str, AudioCommand] = {}
        self.restarts = 0
        """How often the child was started again."""

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Start the child and return; `Ready` comes as an event, or a `Problem`."""
        if self._task is None:
            self._stopping = False
            self._task = spawn("audio process", self._keep())

    async def stop(self) -> None:
        """Let the child end, a leg being dropped without a goodbye, or end it; `events` ends too."""
        self._stopping = True
        task, self._task = self._task, None
        if task is not None:
            await self.send(Quit())
            _, late = await asyncio.wait({task}, timeout=QUIT_SECONDS)
            if late:
                await self._kill()
                await stop(task)
        self._inbox.close()

    async def send(self, command: AudioCommand) -> None:
        """Give an order; while no child runs it waits for the next one."""
        command = self._still_muted(command)
        self._remember(command)
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            self._outbox.append(encode(command) + b"\n")
            return
        try:
            process.stdin.write(encode(command) + b"\n")
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            _log.info("the audio process is gone; a new one is started")

    async def events(self) -> AsyncIterator[AudioEvent]:
        """Yield what the child tells, until `stop`; for one reader."""
        while (event := await self._inbox.take()) is not None:
            yield event

    def _still_muted(self, command: AudioCommand) -> AudioCommand:
        """Return the order with a mute that was on when the leg of this epoch broke, also by a crash of the child."""
        if isinstance(command, Open) and command.epoch == self._broken_epoch:
            mute = self._settings.get("mute")
            if isinstance(mute, Mute) and mute.on:
                return msgspec.structs.replace(command, muted=True)
        return command

    def _remember(self, command: AudioCommand) -> None:
        """Keep what the next child has to be told too."""
        match command:
            case Open():
                self._open_epoch, self._broken_epoch = command.epoch, None
                self._settings["mute"] = Mute(on=command.muted)
            case Close():
                self._open_epoch = self._broken_epoch = None
                self._settings.pop("mute", None)
            case Mute():
                self._settings["mute"] = command
            case LevelsOn():
                self._settings["levels"] = command
            case Select():
                before = self._settings.get("select")
                self._settings["select"] = merged_select(before if isinstance(before, Select) else Select(), command)
            case Gain():
                before = self._settings.get("gain")
                self._settings["gain"] = merged_gain(before if isinstance(before, Gain) else Gain(), command)
            case Filter():
                before = self._settings.get("filter")
                self._settings["filter"] = merged_filter(before if isinstance(before, Filter) else Filter(), command)
            case _:
                return

    async def _keep(self) -> None:
        """Run children one after another until `stop`."""
        failures = 0
        while True:
            began_at = self._clock.monotonic()
            code = await self._live()
            if self._stopping:
                return
            failures = 1 if self._clock.monotonic() - began_at >= CALM_SECONDS else failures + 1
            self._crashed(code)
            await self._clock.sleep(min(MOST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 8)))
            self.restarts += 1

    def _crashed(self, code: int) -> None:
        """Tell that sound is gone for a moment, and that a leg needs a new grant."""
        self._live_leg = False
        where = f" (see {self._log_path})" if self._log_path is not None else ""
        self._tell(
            Problem(
                code="audio_restarted",
                message=f"The audio process ended with code {code}{where}.",
                remedy="It is started again; if this repeats, run operator-console doctor.",
            )
        )
        epoch, self._open_epoch = self._open_epoch, None
        if epoch is not None:
            self._broken_epoch = epoch
            self._tell(State(phase=LegPhase.RECONNECTING, epoch=epoch, reason="sound is being restarted"))

    async def _live(self) -> int:
        """Run one child to its end and return its exit code."""
        log: IO[bytes] | int = asyncio.subprocess.DEVNULL
        if self._log_path is not None:
            log = open_log(self._log_path)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "operator_console.audio",
                *self._options.arguments(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=MAX_LINE_BYTES,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        finally:
            if not isinstance(log, int):
                log.close()
        self._process = process
        try:
            await self._greet(process)
            await self._read(process)
            if process.stdout is not None and not process.stdout.at_eof():
                process.kill()
            return await process.wait()
        finally:
            self._process = None
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _greet(self, process: asyncio.subprocess.Process) -> None:
        """Tell a new child what holds since before."""
        if process.stdin is None:
            return
        settings = [encode(setting) + b"\n" for setting in self._settings.values()]
        process.stdin.writelines([*settings, *self._outbox])
        self._outbox.clear()
        if self._stopping:
            process.stdin.write(encode(Quit()) + b"\n")
        try:
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Pass events on until the child closes its output."""
        if process.stdout is None:
            return
        while True:
            try:
                async with asyncio.timeout(HUNG_SECONDS if self._live_leg else None):
                    line = await process.stdout.readline()
            except TimeoutError:
                _log.error("the audio process hangs in a call; it is ended")
                return
            except ValueError:  # a line beyond the limit; asyncio has skipped it
                _log.warning("an event of the audio process was too long")
                continue
            if not line:
                return
            try:
                event = decode(line, _events, MAX_LINE_BYTES)
            except WireError as error:
                _log.warning("an event of the audio process was refused: %s", error.body.message)
                continue
            self._note(event)
            self._tell(event)

    def _note(self, event: AudioEvent) -> None:
        """Keep in step with how the leg stands."""
        if isinstance(event, State):
            self._live_leg = event.phase is LegPhase.LIVE
        if isinstance(event, State) and event.phase in {LegPhase.ENDED, LegPhase.RECONNECTING}:
            if event.epoch != self._open_epoch:
                return
            self._open_epoch = None
            if event.phase is LegPhase.ENDED:
                self._settings.pop("mute", None)
            else:
                self._broken_epoch = event.epoch

    def _tell(self, event: AudioEvent) -> None:
        if self._on_event is not None:
            self._on_event(event)
        self._inbox.put(event)

    async def _kill(self) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            process.kill()


class Inbox:
    """Events for one reader: bounded, and of levels and figures only the newest."""

    def __init__(self) -> None:
        """Begin empty."""
        self._waiting: deque[AudioEvent] = deque()
        self._ready = asyncio.Event()
        self._closed = False

    def put(self, event: AudioEvent) -> None:
        """Add an event; in place of an older one when it is of a kind that only counts now, or when it is full."""
        if isinstance(event, Levels | Stats | Ready):
            self._waiting = deque(waiting for waiting in self._waiting if type(waiting) is not type(event))
        elif len(self._waiting) >= MAX_EVENTS:
            self._waiting.popleft()
        self._waiting.append(event)
        self._ready.set()

    async def take(self) -> AudioEvent | None:
        """Return the next event, or None after `close`."""
        while not self._waiting and not self._closed:
            self._ready.clear()
            await self._ready.wait()
        return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """Let the reader end after what waits."""
        self._closed = True
        self._ready.set()


def merged_select(before: Select, after: Select) -> Select:
    """Return both choices as one."""
    return Select(
        microphone=before.microphone if after.microphone is None else after.microphone,
        speaker=before.speaker if after.speaker is None else after.speaker,
        alert=before.alert if after.alert is None else after.alert,
    )


def merged_gain(before: Gain, after: Gain) -> Gain:
    """Return both gains as one."""
    return Gain(
        microphone=before.microphone if after.microphone is None else after.microphone,
        speaker=before.speaker if after.speaker is None else after.speaker,
    )


def merged_filter(before: Filter, after: Filter) -> Filter:
    """Return both choices as one."""
    return Filter(
        echo=before.echo if after.echo is None else after.echo,
        noise=before.noise if after.noise is None else after.noise,
    )


def open_log(path: Path) -> IO[bytes]:
    """Return the log opened for appending, for its owner alone; begun anew when it has grown too long.

    Raises:
        OSError: it can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.unlink()
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
