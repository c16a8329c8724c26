"""Be an operator's console on the console socket: keep the queue as events change it, and give orders.

The smallest complete client of docs/protocol.md: hello, snapshot, batches, beats both ways, orders with replies.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from server.clock import Clock
from server.wire.codec import WireError, decode, encode
from server.wire.commands import Command
from server.wire.errors import ErrorBody
from server.wire.events import Event, MessageAdded, SessionEvent
from server.wire.frames import HEARTBEAT_SECONDS, Batch, Beat, Goodbye, Hello, Reply, Snapshot, ToConsole
from server.wire.terms import Author, OperatorId, SessionId
from server.wire.version import PROTOCOL, USER_AGENT
from server.wire.views import MessageView, SessionView

REPLY_SECONDS: Final = 10.0
MAX_SNAPSHOT_BYTES: Final = 16 * 1024 * 1024


class ConsoleError(Exception):
    """The console socket cannot be used; the sentence says why."""


class OrderRefusedError(Exception):
    """The broker refused an order; `body` says why."""

    def __init__(self, body: ErrorBody) -> None:
        """Keep the refusal."""
        super().__init__(f"{body.code}: {body.message}")
        self.body = body


class ConsoleLink:
    """One operator's console: the open sessions as they are now, and a way to give orders.

    Attributes:
        me: Whose console this is.
        sessions: Every session seen, as last heard.
        written: What customers wrote, by conversation, oldest first.
    """

    def __init__(self, socket: ClientConnection, snapshot: Snapshot, clock: Clock) -> None:
        """Begin with a snapshot."""
        self.me: Final[OperatorId] = snapshot.me
        self.sessions: Final[dict[SessionId, SessionView]] = {one.id: one for one in snapshot.sessions}
        self.written: Final[dict[str, list[MessageView]]] = {}
        self._socket: Final = socket
        self._clock: Final = clock
        self._waiting: Final[dict[str, asyncio.Future[Reply]]] = {}
        self._ids: Final = count(1)
        self._boot: Final = snapshot.boot
        self._changed = asyncio.Event()

    @classmethod
    async def open(cls, socket_url: str, token: str, clock: Clock) -> "ConsoleLink":
        """Connect as the operator of `token` and take the snapshot.

        Raises:
            ConsoleError: unreachable, refused, or no snapshot came.
        """
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                socket = await connect(
                    f"{socket_url}/v1/console",
                    additional_headers={"Authorization": f"Bearer {token}"},
                    user_agent_header=USER_AGENT,
                    max_size=MAX_SNAPSHOT_BYTES,
                    proxy=None,
                )
                await socket.send(encode(Hello(protocol=PROTOCOL, client="scripted operator")).decode())
                first = decode(await socket.recv(), _decoder, MAX_SNAPSHOT_BYTES)
                while isinstance(first, Beat):
                    first = decode(await socket.recv(), _decoder, MAX_SNAPSHOT_BYTES)
        except (OSError, TimeoutError, WebSocketException, WireError) as error:
            raise ConsoleError(f"No console connection: {str(error) or type(error).__name__}") from error
        if not isinstance(first, Snapshot):
            await socket.close()
            raise ConsoleError(f"The broker did not send a snapshot but {first}")
        return cls(socket, first, clock)

    async def run(self) -> None:
        """Receive and beat until the socket closes.

        Raises:
            ConsoleError: the broker closed it.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive())
            tasks.create_task(self._beat())

    async def close(self) -> None:
        """Leave."""
        await self._socket.close()

    def new_id(self) -> str:
        """Return an id for the next order."""
        return f"{self._boot[:8]}-{self.me[-8:]}-order-{next(self._ids)}"

    async def order(self, command: Command) -> Reply:
        """Give an order and return its reply.

        Raises:
            OrderRefusedError: the broker said no.
            ConsoleError: no reply came.
        """
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[command.id] = future
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                await self._socket.send(encode(command).decode())
                reply = await future
        except (TimeoutError, ConnectionClosed) as error:
            raise ConsoleError(f"No reply to {type(command).__name__}.") from error
        finally:
            self._waiting.pop(command.id, None)
        if not reply.ok:
            raise OrderRefusedError(reply.error or ErrorBody("refused", "The broker gave no reason."))
        if reply.session is not None:
            self._keep(reply.session)
        return reply

    async def until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Wait until `true()`, looked at after every change; false when `seconds` pass first."""
        try:
            async with asyncio.timeout(seconds):
                while not true():
                    await self._changed.wait()
        except TimeoutError:
            return true()
        return True

    async def _receive(self) -> None:
        try:
            async for frame in self._socket:
                await self._take(decode(frame, _decoder, MAX_SNAPSHOT_BYTES))
        except (ConnectionClosed, WireError) as error:
            raise ConsoleError(f"The console socket broke: {error}") from error
        raise ConsoleError("The broker closed the console socket.")

    async def _beat(self) -> None:
        """Send a beat every second, as the protocol asks."""
        while True:
            await self._send(Beat(at=self._clock.monotonic()))
            await self._clock.sleep(HEARTBEAT_SECONDS)

    async def _send(self, beat: Beat) -> None:
        try:
            await self._socket.send(encode(beat).decode())
        except ConnectionClosed as error:
            raise ConsoleError("The console socket is closed.") from error

    async def _take(self, frame: ToConsole) -> None:
        """Act on one frame of the broker's."""
        match frame:
            case Batch():
                for event in frame.events:
                    self._apply(event)
            case Reply():
                future = self._waiting.get(frame.id)
                if future is not None and not future.done():
                    future.set_result(frame)
            case Beat(echo=None):
                await self._send(Beat(at=self._clock.monotonic(), echo=frame.at))
            case Goodbye():
                raise ConsoleError(f"The broker said goodbye: {frame.error.message}")
            case _:
                pass  # answered beats, typing, and snapshots after the first
        self._wake()

    def _apply(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, SessionEvent):
            self._keep(event.session)
        elif isinstance(event, MessageAdded) and event.message.author is Author.CUSTOMER:
            self.written.setdefault(event.message.conversation_id, []).append(event.message)

    def _keep(self, session: SessionView) -> None:
        """Remember the newer of two views."""
        known = self.sessions.get(session.id)
        if known is None or session.version >= known.version:
            self.sessions[session.id] = session

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


_decoder: Final[msgspec.json.Decoder[ToConsole]] = msgspec.json.Decoder(ToConsole)
