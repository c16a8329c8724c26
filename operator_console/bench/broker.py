"""Be a broker for the console under measurement: the console socket and REST of a made-up desk, on a free port.

It speaks just enough HTTP/1.1 to keep connections open, as the real broker does, and the real wire; any token will
do. What it is asked for is in `asked`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from operator_console.bench.desk_data import BenchDesk
from operator_console.clock import Clock
from operator_console.tasks import spawn, stop
from server.wire.codec import decode, encode
from server.wire.errors import ErrorBody
from server.wire.frames import HEARTBEAT_SECONDS, Batch, Beat, FromConsole, Hello, Look, Reply
from server.wire.terms import ConversationId
from server.wire.views import MeView

_HEAD_BYTES: Final = 64 * 1024
_frames: Final = msgspec.json.Decoder(FromConsole)


class BenchBroker:
    """The listener; `tell` sends a batch to every console, `keep_changing` many."""

    def __init__(self, desk: BenchDesk, clock: Clock) -> None:
        """Take what to show."""
        self.desk: Final = desk
        self.url = ""
        self.asked: Final[Counter[str]] = Counter()
        self.changes = 0
        self.connections = 0
        self._clock: Final = clock
        self._lines: Final[list[_Line]] = []
        self._open: Final[dict[asyncio.StreamWriter, asyncio.Event]] = {}

    def tell(self, batch: Batch) -> None:
        """Send a batch to every console."""
        for line in self._lines:
            line.say(batch)

    async def keep_changing(self, per_second: float, change: Callable[[], Batch]) -> None:
        """Let something happen so many times a second until cancelled; nothing at 0."""
        began, done = self._clock.monotonic(), 0
        while per_second > 0:
            done += 1
            await self._clock.sleep(began + done / per_second - self._clock.monotonic())
            self.changes += 1
            self.tell(change())

    def change(self) -> Batch:
        """Let one thing happen to one session."""
        return self.desk.change(self._clock.now())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        self.connections += 1
        ended = self._open[writer] = asyncio.Event()
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._serve_requests(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            del self._open[writer]
            ended.set()

    async def close(self) -> None:
        """End all connections."""
        for writer, ended in list(self._open.items()):
            writer.transport.abort()
            await ended.wait()

    async def _serve_requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            target = head.split(b" ", 2)[1].decode("ascii", "replace")
            self.asked[urlsplit(target).path] += 1
            if b"upgrade: websocket" in head.lower():
                await self._serve_console(head, reader, writer)
                return
            writer.write(_response(*self._answer(target)))
            await writer.drain()

    def _answer(self, target: str) -> tuple[str, object]:
        parts = urlsplit(target)
        if parts.path == "/v1/sessions":
            return "200 OK", self.desk.sessions
        if parts.path == "/v1/operators":
            return "200 OK", self.desk.team()
        if parts.path == "/v1/me":
            return "200 OK", MeView(
                kind="operator", name="Bench", organisation_id="bench", operator=self.desk.team()[0]
            )
        steps = parts.path.split("/")
        if steps[1:3] == ["v1", "conversations"] and steps[4:] == ["messages"]:
            query = parse_qs(parts.query)
            after, limit = int(query.get("after", ["0"])[0]), int(query.get("limit", ["200"])[0])
            return "200 OK", self.desk.turns(ConversationId(steps[3]), after, limit)
        return "404 Not Found", ErrorBody("no_such_path", "The made-up broker has nothing here.")

    async def _serve_console(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(writer)
        beats = spawn("bench-broker-beats", self._beat(line))
        self._lines.append(line)
        try:
            line.take(head)
            while data := await reader.read(_HEAD_BYTES):
                for raw in line.take(data):
                    self._heard(line, decode(raw, _frames))
                await writer.drain()
        finally:
            self._lines.remove(line)
            await stop(beats)

    async def _beat(self, line: "_Line") -> None:
        while True:
            await self._clock.sleep(HEARTBEAT_SECONDS)
            line.say(Beat(at=self._clock.monotonic()))

    def _heard(self, line: "_Line", frame: FromConsole) -> None:
        if isinstance(frame, Hello):
            line.greeted = True
            line.say(self.desk.snapshot(self._clock.now()))
        elif isinstance(frame, Beat):
            if frame.echo is None:
                line.say(Beat(at=self._clock.monotonic(), echo=frame.at))
        elif not isinstance(frame, Look):
            line.say(Reply(id=frame.id, ok=False, error=ErrorBody("not_possible_now", "This desk is made up.")))


class _Line:
    """One console's socket, on the sans-I/O protocol of `websockets`."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.greeted = False
        self._writer = writer
        self._protocol = ServerProtocol(max_size=None)

    def take(self, data: bytes) -> list[bytes]:
        """Take what came in; return the text frames in it."""
        self._protocol.receive_data(data)
        texts: list[bytes] = []
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._protocol.send_response(self._protocol.accept(event))
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                texts.append(bytes(event.data))
        self._flush()
        return texts

    def say(self, frame: msgspec.Struct) -> None:
        """Send a frame, once the console said hello."""
        if self.greeted and not self._writer.is_closing():
            self._protocol.send_text(encode(frame))
            self._flush()

    def _flush(self) -> None:
        for piece in self._protocol.data_to_send():
            self._writer.write(piece)


@asynccontextmanager
async def bench_broker(desk: BenchDesk, clock: Clock) -> AsyncGenerator[BenchBroker, None]:
    """Run the made-up broker on a free port of loopback for as long as the block lasts."""
    broker = BenchBroker(desk, clock)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0, limit=_HEAD_BYTES)
    broker.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        try:
            yield broker
        finally:
            await broker.close()


def _response(status: str, body: object) -> bytes:
    raw = msgspec.json.encode(body)
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    return head.encode() + raw
