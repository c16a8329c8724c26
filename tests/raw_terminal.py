"""Be a terminal that keeps every byte and draws only when asked: what a program sends beside its picture is found here.

It can be of any size, be resized, and stand at the end of a slow line.
"""

import asyncio
import fcntl
import os
import re
import struct
import termios
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pyte

OSC = re.compile(r"\x1b\]([^\x07\x1b]*)(?:\x07|\x1b\\)")
"""One operating system command; its text is the group."""
READ_BYTES = 1 << 16


@dataclass(frozen=True)
class Line:
    """What lies between program and terminal: everything is read so late, and at most so many bytes each time."""

    late_seconds: float = 0.0
    piece_bytes: int = READ_BYTES


AT_ONCE = Line()


class RawTerminal:
    """One program in one pty."""

    def __init__(self, master: int, process: asyncio.subprocess.Process, size: tuple[int, int], line: Line) -> None:
        self.process = process
        self.received = ""
        self.bytes_read = 0
        self._master = master
        self._line = line
        self._arrived = asyncio.Event()
        self._screen = pyte.Screen(*size)
        self._drawing = pyte.ByteStream(self._screen)
        self._undrawn = bytearray()
        self._open = True
        self._listen()

    def _listen(self) -> None:
        if self._open:
            asyncio.get_running_loop().add_reader(self._master, self._readable)

    def _readable(self) -> None:
        if self._line.late_seconds:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._master)
            loop.call_later(self._line.late_seconds, self._read)
        else:
            self._read()

    def _read(self) -> None:
        if not self._open:
            return
        data = b""
        with suppress(OSError):
            data = os.read(self._master, self._line.piece_bytes)
        if not data:
            self.close()
        self.bytes_read += len(data)
        self._undrawn += data
        self.received += data.decode("utf-8", "replace")
        self._arrived.set()
        self._listen()

    def close(self) -> None:
        """Read no more."""
        self._open = False
        asyncio.get_running_loop().remove_reader(self._master)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size; the program is told as by any terminal."""
        self._draw()
        self._screen.resize(rows, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _draw(self) -> None:
        data, self._undrawn = bytes(self._undrawn), bytearray()
        self._drawing.feed(data)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, line by line."""
        self._draw()
        rows, columns = range(self._screen.lines), range(self._screen.columns)
        return ["".join(self._screen.buffer[y][x].data for x in columns).rstrip() for y in rows]

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self.lines)

    async def shows(self, *words: str, seconds: float = 20.0) -> str:
        """Wait until all these words stand on the screen, and return it."""
        try:
            await self.until(lambda it: all(word in it.text for word in words), f"{words}", seconds)
        except AssertionError as error:
            raise AssertionError(f"Waited in vain for {words}. The screen:\n{self.text}") from error
        return self.text

    def type(self, keys: str) -> None:
        """Send keys, or what a terminal tells by itself."""
        os.write(self._master, keys.encode())

    def mark(self) -> None:
        """Forget what was received so far."""
        self.received = ""

    @property
    def bells(self) -> int:
        """How many bells rang; one that ends an operating system command is none."""
        return OSC.sub("", self.received).count("\x07")

    def commands(self, kind: str) -> list[str]:
        """Return the operating system commands of a kind ("9", "777", "2"), oldest first."""
        found = (text.partition(";") for text in OSC.findall(self.received))
        return [rest for number, _, rest in found if number == kind]

    async def until(self, true: Callable[["RawTerminal"], bool], what: str, seconds: float = 20.0) -> None:
        """Wait until `true`; say `what` was missing if it does not become so."""
        try:
            async with asyncio.timeout(seconds):
                while not true(self):
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError as error:
            said = {kind: self.commands(kind) for kind in ("2", "9", "777")}
            raise AssertionError(f"Waited in vain: {what}. Bells {self.bells}, said {said}") from error


@asynccontextmanager
async def raw_terminal(
    command: list[str], environment: Mapping[str, str], *, size: tuple[int, int] = (120, 40), line: Line = AT_ONCE
) -> AsyncGenerator[RawTerminal, None]:
    """Run `command` with exactly this environment in a terminal of its own, and kill what is left in the end."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    try:
        process = await asyncio.create_subprocess_exec(
            *("setsid", "--ctty", "--wait", *command), stdin=slave, stdout=slave, stderr=slave, env=dict(environment)
        )
    finally:
        os.close(slave)
    terminal = RawTerminal(master, process, size, line)
    try:
        yield terminal
    finally:
        terminal.close()
        os.close(master)
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
