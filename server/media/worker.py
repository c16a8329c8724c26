"""Run the media worker: a process of its own that bridges audio and outlives the broker.

Started by `server.media.control` as `python -m server.media.worker` with its settings as JSON on standard input. A
lock beside the control socket makes it the only one of its data directory. Before: nothing. After: calls bridge, also
while the broker is away; without a broker and without calls it ends itself.
"""

import asyncio
import fcntl
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from server.log import Level, configure, get_log
from server.media.config import WorkerConfig, WorkerConfigError
from server.media.control_socket import ControlSocket
from server.media.exchange import Exchange
from server.media.exits import EXIT_ALREADY_RUNNING, EXIT_BAD_CONFIG, EXIT_CANNOT_LISTEN, EXIT_OK
from server.media.fact_log import FactLog
from server.media.listen import listen
from server.media.recorder import Recorder
from server.media.transcribing import SpeechProcess
from server.recorded.keys import parse_keys

_LEVELS: Final[dict[str, Level]] = {"debug": "debug", "info": "info", "warning": "warning", "error": "error"}
_WATCH_SECONDS: Final = 0.25

_log = get_log(__name__)


def lock_path(control_path: str) -> Path:
    """Return the file whose lock a living worker holds."""
    return Path(control_path + ".lock")


async def run(config: WorkerConfig) -> int:
    """Serve until told to end or until nobody needs it; returns the exit code."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    facts = FactLog()
    keys = parse_keys(config.recording_keys) if config.recording_keys else None
    recorder = Recorder(config.recordings_dir, config.least_free_mb, keys) if config.recordings_dir else None
    speech = SpeechProcess(config.speech)
    exchange = Exchange(facts.tell, recorder, beeps=config.hold_sound == "tone", speech=speech)
    try:
        server, port = await listen(exchange, config)
    except OSError as error:
        _log.error("media_listener_failed", host=config.host, port=config.port, error=str(error))
        return EXIT_CANNOT_LISTEN
    control = ControlSocket(exchange, facts, over.set)
    await control.open(config.control_path, port)
    exchange.start()
    speech.start()
    _log.info("media_worker_up", port=port)
    while not over.is_set():
        try:
            await asyncio.wait_for(over.wait(), _WATCH_SECONDS)
        except TimeoutError:
            if _is_orphan(config, exchange, control, loop.time()):
                _log.info("media_worker_orphaned", live_calls=exchange.live_calls)
                break
    control.withdraw()
    server.close()
    exchange.stop()
    await speech.stop()
    if recorder is not None:
        recorder.close()
    await asyncio.sleep(0.1)  # lets the goodbyes reach the peers
    await control.close()
    return EXIT_OK


def _is_orphan(config: WorkerConfig, exchange: Exchange, control: ControlSocket, now: float) -> bool:
    if control.alone_since is None:
        return False
    alone_seconds = now - control.alone_since
    limit = config.orphan_calls_seconds if exchange.live_calls else config.orphan_seconds
    return alone_seconds >= limit


def main() -> int:
    """Read the settings, take the lock, serve."""
    try:
        config = msgspec.json.decode(sys.stdin.buffer.read(), type=WorkerConfig)
        config.check()
    except (msgspec.DecodeError, UnicodeDecodeError, WorkerConfigError) as error:
        print(f"media worker: {error}", file=sys.stderr)  # noqa: T201 - before there is a log
        return EXIT_BAD_CONFIG
    configure(level=_LEVELS.get(config.log_level, "warning"))
    lock = os.open(lock_path(config.control_path), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return EXIT_ALREADY_RUNNING
    _allow_many_sockets()
    return uvloop.run(run(config))


def _allow_many_sockets() -> None:
    """Raise the soft limit of open files to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())
