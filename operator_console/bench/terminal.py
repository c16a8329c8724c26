"""Run the console in a real terminal (a pty), type keys into it, and know when what they do is on the screen."""

import asyncio
import codecs
import fcntl
import os
import re
import struct
import sys
import tempfile
import termios
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from operator_console.bench.failure import BenchError
from operator_console.clock import Clock

COLUMNS: Final = 160
LINES: Final = 45
LEAVE_SECONDS: Final = 5.0
KEPT_CHARS: Final = 400_000
"""Of what was painted since the last mark, so much is looked at."""
QUIT: Final = b"\x11"
TOKEN: Final = "bench-token"  # noqa: S105 - the made-up broker takes any
CONFIG: Final = '[audio]\nbackend = "file"\n'
"""Sound without devices, so that a measurement opens no microphone."""

_ESCAPES: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])"
)


class BenchTerminal:
    """One console in one pty. What it painted since `mark` is searched at each read, and the read's time is kept."""

    def __init__(self, master: int, process: asyncio.subprocess.Process, started_at: float, clock: Clock) -> None:
        """Read the screen from `master`."""
        self.pid: Final = process.pid
        self.started_at: Final = started_at
        self._master: Final = master
        self._process: Final = process
        self._clock: Final = clock
        self._decoder: Final = codecs.getincrementaldecoder("utf-8")("replace")
        self.bytes_painted = 0
        """How many bytes the console has written to its terminal: what a slow line would carry."""
        self._painted = ""
        self._shown: Callable[[str], bool] | None = None
        self._found: asyncio.Future[float] | None = None
        asyncio.get_running_loop().add_reader(master, self._read)

    def type(self, keys: bytes) -> float:
        """Forget what was painted so far, write keys, and return when."""
        self.mark()
        at = self._clock.monotonic()
        os.write(self._master, keys)
        return at

    def mark(self) -> None:
        """Forget what was painted so far."""
        self._painted = ""

    async def shows(self, shown: Callable[[str], bool], what: str, seconds: float) -> float:
        """Return when `shown` became true of the text painted since the mark, escape sequences left out.

        Raises:
            BenchError: it did not in time, or the console ended.
        """
        if shown(plain(self._painted)):
            return self._clock.monotonic()
        self._shown, self._found = shown, asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                return await self._found
        except TimeoutError as error:
            tail = plain(self._painted)[-300:].strip()
            raise BenchError(f"The console did not show {what} in {seconds:g} s. It showed: {tail}") from error
        finally:
            self._shown = self._found = None

    def _read(self) -> None:
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:
            data = b""
        at = self._clock.monotonic()
        self.bytes_painted += len(data)
        if not data:
            asyncio.get_running_loop().remove_reader(self._master)
            self._ended()
            return
        self._painted = (self._painted + self._decoder.decode(data))[-KEPT_CHARS:]
        found = self._found
        if found is not None and not found.done() and self._shown is not None and self._shown(plain(self._painted)):
            found.set_result(at)

    def _ended(self) -> None:
        if self._found is not None and not self._found.done():
            tail = plain(self._painted)[-300:].strip()
            self._found.set_exception(
                BenchError(f"The console ended by itself. {tail}", "Run operator-console by hand.")
            )

    async def leave(self) -> None:
        """Leave as an operator does; kill what stays."""
        with suppress(OSError):
            os.write(self._master, QUIT)
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        asyncio.get_running_loop().remove_reader(self._master)


@asynccontextmanager
async def bench_terminal(url: str, clock: Clock) -> AsyncGenerator[BenchTerminal, None]:
    """Start the console at the broker of `url` in a terminal of 160x45, and have it leave in the end."""
    with tempfile.TemporaryDirectory(prefix="operator-bench-") as folder:
        environment = console_environment(url, Path(folder))
        master, slave = os.openpty()
        try:
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
            started_at = clock.monotonic()
            try:
                process = await asyncio.create_subprocess_exec(
                    *program(), stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
                )
            finally:
                os.close(slave)
            terminal = BenchTerminal(master, process, started_at, clock)
            try:
                yield terminal
            finally:
                await terminal.leave()
        finally:
            os.close(master)


def program(*words: str) -> tuple[str, ...]:
    """Return the command that starts this very console."""
    return (sys.executable, "-m", "operator_console", *words)


def console_environment(url: str, folder: Path) -> dict[str, str]:
    """Return the environment of a console that knows the broker of `url`, nothing of its user, and a good terminal."""
    config = folder / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    foreign = ("COLUMNS", "LINES", "NO_COLOR", "PYTHONDONTWRITEBYTECODE", "TMUX")  # installed programs are compiled
    kept = {name: value for name, value in os.environ.items() if name not in foreign and not name.startswith("TEXTUAL")}
    return {
        **kept,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "OPERATOR_SERVER": url,
        "OPERATOR_TOKEN": TOKEN,
        "OPERATOR_CONSOLE_CONFIG": str(config),
        "XDG_CONFIG_HOME": str(folder),
        "XDG_STATE_HOME": str(folder),
    }


def plain(painted: str) -> str:
    """Return painted text without its escape sequences."""
    return _ESCAPES.sub("", painted)
