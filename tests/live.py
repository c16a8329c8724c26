"""Give tests a whole broker as a process, and small clients of its public interfaces."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar
from uuid import uuid4

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from server.bench.process import Running
from server.wire import codec
from server.wire.commands import Command
from server.wire.events import Event
from server.wire.frames import Batch, Beat, Hello, Reply, Snapshot, ToConsole
from server.wire.version import PROTOCOL

T = TypeVar("T")
_frames: msgspec.json.Decoder[ToConsole] = msgspec.json.Decoder(ToConsole)


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def rest(broker: Running, token: str | None = None) -> httpx.AsyncClient:
    """Return a client of the REST API; without a token of one's own, as the assistant."""
    headers = {} if token == "" else bearer(token or broker.key)
    return httpx.AsyncClient(base_url=broker.url, headers=headers, timeout=10)


async def chat(broker: Running, name: str = "Ada") -> dict[str, object]:
    """Start a chat and ask for a person; return the session."""
    async with rest(broker) as client:
        started = await client.post("/v1/conversations", json={"medium": "chat", "customer_name": name})
        path = f"/v1/conversations/{started.json()['id']}/handoffs"
        made = await client.post(path, json={"reason": "asked for a person"})
        made.raise_for_status()
        return made.json()


async def operator(broker: Running, name: str, role: str = "operator") -> str:
    """Add an operator and return their token."""
    admin = (broker.data_dir / "admin.token").read_text().strip()
    async with rest(broker, admin) as client:
        made = await client.post("/v1/operators", json={"name": name, "role": role})
        made.raise_for_status()
        return made.json()["token"]


class Console:
    """A console socket: frames as they come, beats answered by itself."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[ToConsole] = []
        self.events: list[Event] = []
        self._looked_at = 0

    async def next(self, kind: type | None = None, seconds: float = 30.0) -> ToConsole:
        """Return the next frame (of `kind`), beats aside."""
        async with asyncio.timeout(seconds):
            while True:
                frame = codec.decode(await self.socket.recv(), _frames, 16 << 20)
                if isinstance(frame, Beat):
                    if frame.echo is None:
                        await self.send(Beat(at=0.0, echo=frame.at))
                    continue
                self.seen.append(frame)
                if isinstance(frame, Batch):
                    self.events.extend(frame.events)
                if kind is None or isinstance(frame, kind):
                    return frame

    async def meanwhile(self, work: Awaitable[T]) -> T:
        """Wait for something else, and stay connected until it is there: beats are answered."""
        answering = asyncio.ensure_future(self._answer())
        try:
            return await work
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async def _answer(self) -> None:
        while True:
            await self.next(seconds=3_600.0)

    async def send(self, frame: object) -> None:
        """Send a frame."""
        await self.socket.send(codec.encode(frame).decode())

    async def order(self, command: Command) -> Reply:
        """Send a command and return its reply."""
        await self.send(command)
        while True:
            reply = await self.next(Reply)
            assert isinstance(reply, Reply)
            if reply.id == command.id:
                return reply

    async def until(self, wanted: type, seconds: float = 30.0) -> Event:
        """Return the next event of a kind, also one that came while a reply was waited for."""
        while True:
            while self._looked_at < len(self.events):
                event = self.events[self._looked_at]
                self._looked_at += 1
                if isinstance(event, wanted):
                    return event
            await self.next(Batch, seconds)


@asynccontextmanager
async def console(broker: Running, token: str | None = None, **hello: object) -> AsyncIterator[Console]:
    """Open a console socket; says hello (with these fields) unless `hello` is {"silent": True}."""
    async with connect(
        f"{broker.socket_url}/v1/console",
        additional_headers=bearer(token or broker.operator),
        max_size=16 << 20,
        proxy=None,
    ) as socket:
        opened = Console(socket)
        if not hello.pop("silent", False):
            await opened.send(Hello(**{"protocol": PROTOCOL, **hello}))
        yield opened


@asynccontextmanager
async def greeted(broker: Running, token: str | None = None) -> AsyncIterator[tuple[Console, Snapshot]]:
    """Open a console and take its snapshot."""
    async with console(broker, token) as opened:
        snapshot = await opened.next(Snapshot)
        assert isinstance(snapshot, Snapshot)
        yield opened, snapshot


def fresh() -> str:
    """Return an id for a command."""
    return uuid4().hex


async def closing_code(socket: ClientConnection, seconds: float) -> int:
    """Read on without answering until the broker closes the socket; return its code."""
    async with asyncio.timeout(seconds):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


def free_port() -> int:
    """Return a port that nothing listens on just now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
