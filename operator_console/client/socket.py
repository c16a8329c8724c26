"""Hold the console's one connection to the broker: events in, orders out, over drops and restarts.

The console says hello with the last number it saw; the broker answers with what was missed or with a snapshot. Both
sides send a beat every second, and 2.5 s of silence is a dead line. A lost connection is made again with growing
pauses; orders without an answer go out again under the same id.

Before: `server/api/console_socket.py` numbers and sends events. After: `operator_console.model.update` applies them.
"""

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import datetime
from typing import Final, assert_never

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from operator_console.client.address import Address
from operator_console.client.errors import (
    INVALID_ANSWER,
    TOO_MANY_ORDERS,
    VIEW_ONLY,
    ClientError,
    not_reached,
    words,
)
from operator_console.client.line import MAX_FRAME_BYTES, open_line
from operator_console.client.orders import Orders, unanswered
from operator_console.client.pace import Pace
from operator_console.client.sync import Sync
from operator_console.clock import Clock, SystemClock
from operator_console.model.inputs import Connected, DeskEvent, Disconnected, Stale
from operator_console.tasks import spawn, stop
from server.wire.codec import WireError, decode, encode
from server.wire.commands import Command, ShowWall
from server.wire.errors import ErrorBody
from server.wire.frames import (
    Alarms,
    Batch,
    Beat,
    CustomerTyping,
    Ghosts,
    Goodbye,
    Look,
    Reply,
    Snapshot,
    ToConsole,
    Wall,
)
from server.wire.version import USER_AGENT

BUFFERED_EVENTS: Final = 1_024
"""Events that wait for the screen; when it takes no more the socket is not read, and the broker cuts us off."""


class _Lost(msgspec.Struct, frozen=True):
    """Why a connection ended; `body` is told, `retry` says whether another one makes sense."""

    body: ErrorBody
    retry: bool = True


class ConsoleSocket:
    """The console's connection to the broker; `events` runs it, `send` gives orders over it."""

    def __init__(
        self,
        address: Address,
        token: str,
        *,
        tls: ssl.SSLContext | None = None,
        view_only: bool = False,
        brief: bool = False,
        clock: Clock | None = None,
        pace: Pace | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """Keep what is needed to connect; nothing is opened yet.

        `view_only` gives no orders; `brief` is a command line, not the operator's console (`Hello`).
        """
        self._address: Final = address
        self._token: Final = token
        self._tls: Final = tls
        self._view_only: Final = view_only
        self._brief: Final = brief
        self._clock: Final[Clock] = clock or SystemClock()
        self._pace: Final = pace or Pace()
        self._chance: Final = chance or random.Random()  # noqa: S311 - spreads reconnects, guards nothing
        self._sync: Final = Sync()
        self._orders: Final = Orders()
        self._writing: Final = asyncio.Lock()
        self._buffer: Final[asyncio.Queue[DeskEvent | None]] = asyncio.Queue(BUFFERED_EVENTS)
        self._open: ClientConnection | None = None
        self._connections = 0
        self._asked_again_at: float | None = None
        self.failure: ErrorBody | None = None
        """Why the last connection ended."""

    async def events(self) -> AsyncGenerator[DeskEvent, None]:
        """Connect, reconnect by itself, and yield what happens until cancelled or `Disconnected(retry=False)`.

        One reader at a time; close the iterator (`contextlib.aclosing`) to hang up.
        """
        self._sync.forget()
        while not self._buffer.empty():
            self._buffer.get_nowait()
        runner = spawn("console-socket", self._run())
        runner.add_done_callback(self._wake)
        try:
            while not (runner.done() and self._buffer.empty()):
                event = await self._buffer.get()
                if event is not None:
                    yield event
            runner.result()
        finally:
            await stop(runner)

    async def send(self, command: Command) -> Reply:
        """Give an order and return its answer; never raises.

        The same id twice waits for the one answer. Without an answer in `answer_seconds` the reply has `ok=False` and
        code `connection_lost`.
        """
        if self._view_only and not isinstance(command, ShowWall):
            return _refusal(command, VIEW_ONLY, "This console only looks on.", "Open one that may act.")
        waiting = self._orders.find(command.id)
        if waiting is None:
            if self._orders.full:
                message = f"{Orders.MOST} orders wait for their answers already."
                return _refusal(command, TOO_MANY_ORDERS, message, "Wait for the connection.")
            waiting = self._orders.add(command)
        try:
            async with asyncio.timeout(self._pace.answer_seconds):
                await self._send_waiting()
                return await asyncio.shield(waiting.answer)
        except TimeoutError:
            return unanswered(command)
        finally:
            self._orders.drop(command.id)

    async def look(self, look: Look) -> None:
        """Tell what the operator looks at; without a connection it is told to nobody."""
        if self._open is not None:
            with suppress(ConnectionClosed, TimeoutError):
                await self._write(self._open, look)

    async def resync(self) -> None:
        """Ask for a fresh snapshot; without a connection the next one brings it."""
        self._sync.forget()
        await self._ask_again()

    def _wake(self, _runner: asyncio.Task[None]) -> None:
        if not self._buffer.full():
            self._buffer.put_nowait(None)

    async def _run(self) -> None:
        """Connect again and again; return when that makes no sense any more."""
        failures = 0
        while True:
            began = self._clock.monotonic()
            lost = await self._one_connection()
            failures = 0 if self._clock.monotonic() - began >= self._pace.calm_seconds else failures + 1
            self.failure = lost.body
            reason = f"{lost.body.message} {lost.body.hint}".strip()
            if not lost.retry:
                self._orders.fail_all(lost.body)
            await self._buffer.put(Disconnected(reason=reason, retry=lost.retry))
            if not lost.retry:
                return
            await self._clock.sleep(self._pace.pause_seconds(failures, self._chance))

    async def _one_connection(self) -> _Lost:
        try:
            connection = await open_line(self._address, self._token, self._tls, self._pace.open_seconds)
        except ClientError as error:
            return _Lost(error.body, retry=error.status not in {401, 403})
        try:
            return await self._serve(connection)
        finally:
            self._open = None
            with suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await connection.close()

    async def _serve(self, connection: ClientConnection) -> _Lost:
        """Say hello, send what waits, and read until the connection ends."""
        self._asked_again_at = None
        self._connections += 1
        beats: asyncio.Task[None] | None = None
        try:
            await self._write(connection, self._sync.hello(USER_AGENT, view_only=self._view_only, brief=self._brief))
            self._open = connection
            beats = spawn("console-beats", self._beat(connection))
            await self._send_waiting()
            return await self._read(connection)
        except (ConnectionClosed, TimeoutError) as error:
            return _Lost(not_reached(self._address.rest, words(error)))
        finally:
            if beats is not None:
                await stop(beats)

    async def _beat(self, connection: ClientConnection) -> None:
        with suppress(ConnectionClosed, TimeoutError):
            while True:
                await self._write(connection, Beat(at=self._clock.monotonic()))
                await self._clock.sleep(self._pace.beat_seconds)

    async def _read(self, connection: ClientConnection) -> _Lost:
        heard_at, greeted = self._clock.now(), False
        while True:
            try:
                async with asyncio.timeout(self._pace.dead_after_seconds):
                    raw = await connection.recv(decode=False)
            except TimeoutError:
                return await self._dead(connection, heard_at)
            try:
                frame = decode(raw, _frames, MAX_FRAME_BYTES)
            except WireError as error:
                return _Lost(_unreadable(error.body))
            heard_at = self._clock.now()
            if not greeted and not isinstance(frame, Goodbye):
                greeted = True
                await self._buffer.put(Connected(view_only=self._view_only))
            lost = await self._take(connection, frame)
            if lost is not None:
                return lost

    async def _dead(self, connection: ClientConnection, heard_at: datetime) -> _Lost:
        """Tell that the line is silent and tear it down without waiting for a goodbye."""
        await self._buffer.put(Stale(since=heard_at))
        connection.transport.abort()
        seconds = self._pace.dead_after_seconds
        return _Lost(not_reached(self._address.rest, f"nothing was heard for {seconds:g} s"))

    async def _take(self, connection: ClientConnection, frame: ToConsole) -> _Lost | None:
        match frame:
            case Beat():
                await self._take_beat(connection, frame)
            case Snapshot():
                self._sync.restart(frame)
                self._asked_again_at = None
                await self._buffer.put(frame)
            case Batch():
                return await self._take_batch(frame)
            case Reply():
                self._orders.settle(frame)
            case CustomerTyping() | Ghosts() | Alarms() | Wall():
                await self._buffer.put(frame)
            case Goodbye():
                await self._buffer.put(frame)
                return _Lost(frame.error, frame.retry)
            case _:
                assert_never(frame)
        return None

    async def _take_beat(self, connection: ClientConnection, beat: Beat) -> None:
        now = self._clock.monotonic()
        if beat.echo is None:
            await self._write(connection, Beat(at=now, echo=beat.at))
            return
        rtt_ms = (now - beat.echo) * 1000
        if 0 <= rtt_ms <= 60_000 and self._buffer.qsize() < BUFFERED_EVENTS // 2:
            self._buffer.put_nowait(Connected(rtt_ms=rtt_ms, view_only=self._view_only))

    async def _take_batch(self, batch: Batch) -> _Lost | None:
        """Pass on what is new; over a hole, ask again, and start over when that does not help."""
        if not self._sync.misses(batch):
            self._asked_again_at = None
            fresh = self._sync.advance(batch)
            if fresh is not None:
                await self._buffer.put(fresh)
            return None
        if self._asked_again_at is None:
            await self._ask_again()
        elif self._clock.monotonic() - self._asked_again_at > self._pace.dead_after_seconds:
            self._sync.forget()
            return _Lost(ErrorBody("gap", "Events of the broker are missing.", "Starting over with a snapshot."))
        return None

    async def _ask_again(self) -> None:
        self._asked_again_at = self._clock.monotonic()
        if self._open is not None:
            with suppress(ConnectionClosed, TimeoutError):
                hello = self._sync.hello(USER_AGENT, view_only=self._view_only, brief=self._brief)
                await self._write(self._open, hello)

    async def _send_waiting(self) -> None:
        """Send, in order, the orders that have not gone out on the present connection."""
        async with self._writing:
            while self._open is not None and (waiting := self._orders.unsent_on(self._connections)):
                waiting.sent_on = self._connections
                with suppress(ConnectionClosed, TimeoutError):
                    await self._write(self._open, waiting.command)

    async def _write(self, connection: ClientConnection, frame: msgspec.Struct) -> None:
        """Send one frame.

        Raises:
            ConnectionClosed: the connection is gone.
            TimeoutError: the other side takes nothing.
        """
        async with asyncio.timeout(self._pace.dead_after_seconds):
            await connection.send(encode(frame).decode())


_frames: Final = msgspec.json.Decoder(ToConsole)


def _unreadable(body: ErrorBody) -> ErrorBody:
    return ErrorBody(
        INVALID_ANSWER,
        f"The broker sent a frame this console can't read. {body.message}",
        "Install the console's newest version.",
    )


def _refusal(command: Command, code: str, message: str, hint: str) -> Reply:
    return Reply(id=command.id, ok=False, error=ErrorBody(code, message, hint))
