"""Carry JSON lines between the audio process and its parent without ever making sound wait for a pipe.

Threads do the blocking, since pipes of a standard stream can't be awaited on every system.
"""

import asyncio
import functools
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import BinaryIO, Final

import msgspec

from operator_console.audio.messages import MAX_LINE_BYTES, AudioCommand, AudioEvent, Levels, Stats
from server.wire.codec import WireError, decode, encode

MAX_WAITING_EVENTS: Final = 1000
"""Events kept for a parent that does not read; then the oldest go."""
MAX_WAITING_METERS: Final = 50
"""With so many events waiting, levels and figures are not added."""
_log = logging.getLogger(__name__)
_commands = msgspec.json.Decoder(AudioCommand)


class EventWriter:
    """The child's mouth: `tell` never blocks, a thread writes."""

    def __init__(self, out: BinaryIO) -> None:
        """Begin to write to `out`."""
        self._out = out
        self._waiting: deque[bytes] = deque(maxlen=MAX_WAITING_EVENTS)
        self._ready = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="events out", daemon=True)
        self._thread.start()

    def tell(self, event: AudioEvent) -> None:
        """Send an event when the parent reads; meters are left out while it does not."""
        with self._ready:
            if isinstance(event, Levels | Stats) and len(self._waiting) >= MAX_WAITING_METERS:
                return
            self._waiting.append(encode(event) + b"\n")
            self._ready.notify()

    def close(self, seconds: float = 1.0) -> None:
        """Write what waits, for at most `seconds`."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                lines = b"".join(self._waiting)
                self._waiting.clear()
            try:
                self._out.write(lines)
                self._out.flush()
            except (OSError, ValueError):  # the parent is gone; the reader of commands ends the process
                return


class CommandReader:
    """The child's ear: a thread reads lines and hands commands to the loop."""

    def __init__(
        self,
        source: BinaryIO,
        loop: asyncio.AbstractEventLoop,
        obey: Callable[[AudioCommand], None],
        ended: Callable[[], None],
    ) -> None:
        """Begin to read; `obey` and `ended` (the parent is gone) are called in `loop`."""
        self._source = source
        self._loop = loop
        self._obey = obey
        self._ended = ended
        threading.Thread(target=self._run, name="commands in", daemon=True).start()

    def _run(self) -> None:
        while line := self._source.readline(MAX_LINE_BYTES):
            try:
                command = decode(line, _commands, MAX_LINE_BYTES)
            except WireError as error:
                _log.warning("a command was refused: %s", error.body.message)
                continue
            self._in_loop(functools.partial(self._obey, command))
        self._in_loop(self._ended)

    def _in_loop(self, work: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:  # the loop is closed: the process ends
            _log.info("the audio process ends")
