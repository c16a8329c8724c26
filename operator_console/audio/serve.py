"""Put the audio process together: pipes, worker, signals; or list the devices once."""

import asyncio
import logging
import os
import signal
import sys
import threading
from typing import BinaryIO, Final

from operator_console.audio.backends.choice import choose
from operator_console.audio.messages import Devices, Problem
from operator_console.audio.options import AudioOptions
from operator_console.audio.pipes import CommandReader, EventWriter
from operator_console.audio.problems import BackendError
from operator_console.audio.streams import StuckError
from operator_console.audio.urgency import Urgency
from operator_console.audio.worker import AudioWorker
from operator_console.clock import SystemClock
from server.wire.codec import encode

EXIT_NO_BACKEND: Final = 3
EXIT_STUCK: Final = 4
LAST_SECONDS: Final = 8.0
"""A process whose parent is gone ends after this, whatever hangs."""
_log = logging.getLogger(__name__)


async def serve(options: AudioOptions, out: BinaryIO, urgency: Urgency) -> int:
    """Obey commands on standard input until its end; return the exit code. `urgency` is told as it is."""
    loop = asyncio.get_running_loop()
    writer = EventWriter(out)
    try:
        worker = AudioWorker(options, writer.tell, SystemClock(), urgency=urgency)
    except BackendError as error:
        writer.tell(
            Problem(
                code=error.code,
                message=f"No sound: {error.detail}.",
                remedy="Choose another backend in the console's configuration (audio.backend).",
            )
        )
        writer.close()
        return EXIT_NO_BACKEND

    def parent_gone() -> None:
        end_anyway()
        worker.parent_gone()

    signal.signal(signal.SIGTERM, lambda _number, _frame: loop.call_soon_threadsafe(parent_gone))
    CommandReader(sys.stdin.buffer, loop, worker.obey, parent_gone)
    try:
        await worker.run()
    except StuckError as error:
        _log.critical("%s: the process ends so that a new one can start", error)
        writer.tell(
            Problem(code="sound_stuck", message=f"The sound library hangs: {error}.", remedy="It is restarted.")
        )
        writer.close()
        return EXIT_STUCK
    writer.close()
    return 0


def list_devices(options: AudioOptions, out: BinaryIO) -> int:
    """Print the devices as one line; return the exit code."""
    try:
        choice = choose(options)
        listed = Devices(
            backend=choice.backend.name,
            devices=choice.backend.devices(),
            remedy=choice.remedy,
            file_audio=choice.backend.file_audio,
        )
    except BackendError as error:
        _log.error("%s: %s", error.code, error.detail)
        return EXIT_NO_BACKEND
    out.write(encode(listed) + b"\n")
    out.flush()
    return 0


def end_anyway() -> None:
    """End this process a little later even when everything hangs."""
    timer = threading.Timer(LAST_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()
