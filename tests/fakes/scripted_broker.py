"""A broker that does what a test's script says: real sockets and HTTP on loopback, frames of the real wire."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from server.wire.codec import decode, encode
from server.wire.commands import Command, Order
from server.wire.errors import ErrorBody
from server.wire.events import Event, SessionQueued
from server.wire.frames import Batch, Beat, FromConsole, Hello, Reply, Snapshot
from server.wire.terms import (
    ConversationId,
    Medium,
    OperatorId,
    Presence,
    Role,
    SessionId,
    SessionKind,
    SessionState,
)
from server.wire.views import Context, Customer, OperatorView, SessionView

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ME = OperatorId("op-1")
TOKEN = "desk-token-0123456789"

_from_console = msgspec.json.Decoder(FromConsole)


def session_view(number: int = 42, *, state: SessionState = SessionState.QUEUED, **changes: object) -> SessionView:
    """A session as the broker shows it."""
    view = SessionView(
        id=SessionId(f"ses-{number:04}"),
        number=f"H-{number:04}",
        conversation_id=ConversationId(f"con-{number:04}"),
        medium=Medium.CHAT,
        kind=SessionKind.TAKEOVER,
        state=state,
        epoch=3,
        version=1,
        queue="default",
        priority=5,
        reason="asked for a person",
        customer=Customer(name="Anna Smith", handle="+15550142", channel="widget"),
        context=Context(summary="Charged twice for order 88120."),
        requested_at=AT,
        queued_at=AT,
    )
    return msgspec.structs.replace(view, **changes)


def operator_view(name: str = "Olga", **changes: object) -> OperatorView:
    """A person of the roster."""
    view = OperatorView(id=ME, name=name, role=Role.OPERATOR, presence=Presence.AVAILABLE, since=AT, connected=True)
    return msgspec.structs.replace(view, **changes)


def snapshot(seq: int = 10, *sessions: SessionView, boot: str = "boot-1") -> Snapshot:
    """Everything, as of `seq`."""
    return Snapshot(seq=seq, now=AT, boot=boot, version="0.1.0", me=ME, sessions=sessions, operators=(operator_view(),))


def batch(first: int, last: int, *events: Event) -> Batch:
    """Numbers `first` to `last`; without events given, each number queues a session."""
    made = events or tuple(SessionQueued(seq=seq, at=AT, session=session_view(seq)) for seq in range(first, last + 1))
    return Batch(first=first, last=last, now=AT, events=made)


class Line:
    """One console's connection, as a script sees it."""

    def __init__(self, socket: ServerConnection, hello: Hello) -> None:
        self.socket = socket
        self.hello = hello
        self.answers_beats = True
        self.beats: list[Beat] = []
        self.again: asyncio.Queue[Hello] = asyncio.Queue()
        self.commands: asyncio.Queue[Command] = asyncio.Queue()
        self.given: list[Command] = []
        self.gone = asyncio.Event()

    async def say(self, *frames: msgspec.Struct) -> None:
        """Send frames."""
        for frame in frames:
            await self.socket.send(encode(frame).decode())

    async def reply(self, command: Order, **parts: object) -> None:
        """Answer a command with yes, or with what `parts` say."""
        await self.say(Reply(**{"id": command.id, "ok": True, **parts}))

    def drop(self) -> None:
        """Break the connection without a goodbye."""
        self.socket.transport.abort()

    async def listen(self) -> None:
        """Take what the console sends until it is gone."""
        with suppress(ConnectionClosed):
            async for raw in self.socket:
                await self._take(decode(raw, _from_console))
        self.gone.set()

    async def _take(self, frame: FromConsole) -> None:
        if isinstance(frame, Beat):
            self.beats.append(frame)
            if self.answers_beats and frame.echo is None:
                await self.say(Beat(at=1.0, echo=frame.at))
        elif isinstance(frame, Hello):
            self.again.put_nowait(frame)
        else:
            self.given.append(frame)
            self.commands.put_nowait(frame)


Script = Callable[[Line], Awaitable[None]]
RestAnswer = tuple[int, object] | Callable[[dict[str, str]], tuple[int, object]]


@dataclass
class ScriptedBroker:
    """What the test sets (`scripts`, one per connection, the last one repeated; `rest`; `refuse`) and what happened."""

    url: str = ""
    scripts: list[Script] = field(default_factory=list)
    rest: dict[str, RestAnswer] = field(default_factory=dict)
    refuse: list[tuple[int, object]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], Headers]] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def line(self, number: int) -> Line:
        """The connection of this number (from 0), once it said hello."""
        async with asyncio.timeout(60), self.arrived:
            await self.arrived.wait_for(lambda: len(self.lines) > number)
            return self.lines[number]

    async def serve_line(self, socket: ServerConnection) -> None:
        """Run the script of one connection until the console is gone."""
        try:
            hello = decode(await socket.recv(), _from_console)
        except ConnectionClosed:
            return
        assert isinstance(hello, Hello)
        line = Line(socket, hello)
        script = self.scripts[min(len(self.lines), len(self.scripts) - 1)]
        async with self.arrived:
            self.lines.append(line)
            self.arrived.notify_all()
        async with asyncio.TaskGroup() as group:
            acting = group.create_task(self._act(script, line))
            await asyncio.sleep(0)  # the script acts first, for example to say that beats get no answer
            await line.listen()
            acting.cancel()

    async def _act(self, script: Script, line: Line) -> None:
        with suppress(ConnectionClosed):
            await script(line)

    def answer(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answer REST, refuse a handshake, or let the console in."""
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.requests.append((parts.path, query, request.headers))
        if parts.path.endswith("/v1/console"):
            if self.refuse:
                return self._respond(*self.refuse.pop(0))
            if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._respond(401, ErrorBody("not_authenticated", "Unknown token.", "Log in again."))
            return None
        if parts.path != "/healthz" and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._respond(401, ErrorBody("not_authenticated", "Unknown token.", "Log in again."))
        answer = self.rest.get(parts.path, (404, ErrorBody("no_such_path", "Nothing is here.")))
        return self._respond(*(answer(query) if callable(answer) else answer))

    def _respond(self, status: int, body: object) -> Response:
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = Headers([("Content-Length", str(len(raw))), ("Content-Type", "application/json")])
        if 300 <= status < 400:
            headers["Location"] = "/elsewhere"
        return Response(status, HTTPStatus(status).phrase, headers, raw)


@asynccontextmanager
async def scripted_broker(*scripts: Script) -> AsyncIterator[ScriptedBroker]:
    """A broker on a free port of loopback, for as long as the block lasts."""
    broker = ScriptedBroker(scripts=list(scripts))
    async with serve(broker.serve_line, "127.0.0.1", 0, process_request=broker.answer, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        broker.url = f"http://127.0.0.1:{port}"
        yield broker
        for line in broker.lines:
            line.drop()


async def no_script(_line: object) -> None:
    """No console connects here."""


@dataclass
class Endless:
    """A server whose answer never ends: where it is, and how much of it went out."""

    url: str = ""
    sent: int = 0


@asynccontextmanager
async def endless() -> AsyncIterator[Endless]:
    """Answer everything with a list that has no end."""
    found = Endless()

    async def never_end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
        try:
            while found.sent < 200_000_000:
                writer.write(b" " * 100_000)
                await writer.drain()
                found.sent += 100_000
        except ConnectionError:
            pass
        writer.close()

    server = await asyncio.start_server(never_end, "127.0.0.1", 0)
    async with server:
        found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield found
