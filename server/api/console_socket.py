"""Serve one console: snapshot, then numbered events; commands in order; a heartbeat both ways.

A console that cannot keep up is cut off, not waited for; one that is silent for 2.5 s is treated as gone.

Before: a console connects with its operator's token. After: `server.broker.desk` carries out what it orders.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from litestar.exceptions import WebSocketDisconnect

from server.api.auth import Gate, require
from server.api.errors import body_of
from server.api.sockets import GOING_AWAY, POLICY, TOO_SLOW, Outlet, Socket, deny
from server.broker.broker import Broker
from server.broker.digest import begins_at, mentions_since
from server.broker.discretion import all_shown_to, may_supervise
from server.broker.feed import Subscription
from server.broker.passing import Listener
from server.broker.ports.records import Principal
from server.broker.ports.store import Unit
from server.core.errors import HandoffError, NotAllowedError, ProviderError
from server.core.permissions import Action
from server.log import get_log
from server.tasks import spawn
from server.wire import codec
from server.wire.commands import Command, ShowWall, Supervise
from server.wire.errors import ErrorBody
from server.wire.frames import (
    DEAD_AFTER_SECONDS,
    HEARTBEAT_SECONDS,
    Beat,
    FromConsole,
    Goodbye,
    Hello,
    Look,
    Reply,
    Snapshot,
)
from server.wire.terms import OperatorId
from server.wire.version import OLDEST_PROTOCOL, PROTOCOL, VERSION
from server.wire.views import MessageView, OperatorView, SessionView

HELLO_SECONDS: Final = 5.0
"""How soon the first frame must come."""
MOST_COMMANDS: Final = 64
"""How many commands may wait on one socket."""
MOST_MISSED: Final = 5_000
"""A console that missed more events than this gets a snapshot."""

_log = get_log(__name__)
_frames: Final[msgspec.json.Decoder[FromConsole]] = msgspec.json.Decoder(FromConsole)


async def serve_console(socket: Socket, broker: Broker, gate: Gate) -> None:
    """Authenticate, greet and serve one console until it is gone."""
    try:
        principal = await gate.principal(socket.headers.get("authorization"))
        require(principal, Action.VIEW)
        if principal.operator is None:
            raise NotAllowedError("operators_only", "A console needs an operator's token.", "Add an operator first.")
    except HandoffError as error:
        await deny(socket, error)
        return
    await socket.accept()
    console = _Console(socket, broker, principal)
    try:
        await console.run()
    finally:
        await console.leave()


class _Console:
    """One open console socket."""

    def __init__(self, socket: Socket, broker: Broker, principal: Principal) -> None:
        """Serve `principal`, who is an operator."""
        self._socket = socket
        self._broker = broker
        self._principal = principal
        self._outlet = Outlet(socket)
        self._clock = broker.parts.clock
        self._commands: asyncio.Queue[Command] = asyncio.Queue(MOST_COMMANDS)
        self._subscription: Subscription | None = None
        self._heard_at = self._clock.monotonic()
        self._hello: Hello | None = None
        self._counted = False
        self._supervises = False
        self._ended = asyncio.Event()
        self._listener = Listener(
            principal.organisation_id, principal.id, console=True, tell=self._outlet.send_later, close=self._revoked
        )
        self._sender: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Greet, then read, send, beat and carry out until one of them ends."""
        try:
            hello = await self._first_frame()
            await self._greet(hello)
        except codec.WireError as error:
            await self._goodbye(error.body, retry=False)
            return
        except HandoffError as error:
            await self._goodbye(body_of(error), retry=isinstance(error, ProviderError))
            return
        except (WebSocketDisconnect, TimeoutError):
            await self._outlet.close(POLICY, "no hello")
            return
        self._broker.passing.add(self._listener)
        tasks = [
            spawn("console_read", self._read()),
            spawn("console_beat", self._beat()),
            spawn("console_commands", self._carry_out()),
            spawn("console_end", self._wait_ended()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, self._sender):
                if task is not None:
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.leave()  # before the close, which a stalled console may hold up
            await self._outlet.close(GOING_AWAY, "bye")

    async def leave(self) -> None:
        """Count this console out."""
        self._broker.walls.leave(self._principal.organisation_id, self._outlet.send_later)
        self._broker.passing.remove(self._listener)
        self._broker.seats.rise(self._listener)
        if self._subscription is not None:
            self._broker.feed.unsubscribe(self._principal.organisation_id, self._subscription)
        try:
            if self._supervises:
                await self._broker.supervising.release(self._principal.organisation_id, self._operator_id)
            if self._counted:
                self._counted = False
                await self._broker.attendance.disconnect(self._principal.organisation_id, self._operator_id)
        except ProviderError as error:
            _log.warning("console_left_unrecorded", code=error.code)

    @property
    def _operator_id(self) -> OperatorId:
        """Whose console it is."""
        operator = self._principal.operator
        assert operator is not None  # noqa: S101 - serve_console let only operators in
        return operator.id

    @property
    def _seat(self) -> Listener | None:
        """This console as the place of an operator; a command line's is none."""
        return None if self._hello is None or self._hello.brief else self._listener

    async def _first_frame(self) -> Hello:
        """Return the console's hello.

        Raises:
            TimeoutError: none came in time.
            WireError: it is not a hello, or of a protocol we do not speak.
        """
        async with asyncio.timeout(HELLO_SECONDS):
            frame = codec.decode(await self._socket.receive_text(), _frames)
        if not isinstance(frame, Hello):
            raise codec.WireError(ErrorBody("hello_expected", "The first frame must be a hello.", "Send hello first."))
        if not OLDEST_PROTOCOL <= frame.protocol <= PROTOCOL:
            raise codec.WireError(
                ErrorBody(
                    "protocol_not_spoken",
                    f"This broker speaks protocol {OLDEST_PROTOCOL} to {PROTOCOL}, the console {frame.protocol}.",
                    "Install the console of the broker's version.",
                    {"broker_version": VERSION},
                )
            )
        return frame

    async def _greet(self, hello: Hello) -> None:
        """Send the snapshot, or nothing when the console can resume, and start the stream behind it."""
        if self._sender is not None:
            self._sender.cancel()
        if self._subscription is not None:
            self._broker.feed.unsubscribe(self._principal.organisation_id, self._subscription)
        self._hello = hello
        if not hello.brief:
            self._broker.seats.sit(self._listener)
        if not self._counted and not hello.view_only and not hello.brief:
            self._counted = True
            await self._broker.attendance.connect(self._principal.organisation_id, self._operator_id)
        snapshot = await self._broker.parts.database.read(lambda unit: self._look(unit, hello))
        after = hello.after
        if snapshot is not None:
            after = snapshot.seq
            await self._outlet.send(codec.encode(snapshot))
        await self._outlet.send(codec.encode(self._broker.seats.everybody(self._principal.organisation_id)))
        if (alarms := self._broker.channels.alarms.known(self._principal.organisation_id)) is not None:
            await self._outlet.send(codec.encode(alarms))
        self._subscription = await self._broker.feed.subscribe(self._principal.organisation_id, after)
        self._sender = spawn("console_send", self._send(self._subscription))

    def _look(self, unit: Unit, hello: Hello) -> Snapshot | None:
        """Return what the console must draw, or None when the events it missed will do."""
        organisation_id = self._principal.organisation_id
        last = unit.views.last_seq(organisation_id)
        kept_from = unit.views.oldest_seq(organisation_id)
        same_history = hello.boot == self._broker.boot  # another broker may have been restored from a backup
        kept = kept_from - 1 <= hello.after <= last
        if same_history and hello.after > 0 and kept and last - hello.after <= MOST_MISSED:
            return None
        people = tuple(unit.views.operators(organisation_id))
        sessions = unit.views.open_sessions(organisation_id)
        return Snapshot(
            seq=last,
            now=self._clock.now(),
            boot=self._broker.boot,
            version=VERSION,
            me=self._operator_id,
            sessions=all_shown_to(self._principal, sessions, self._broker.parts.rules),
            operators=people,
            policy=self._broker.parts.policy,
            queues=tuple(queue for _, queue in sorted(self._broker.parts.queues.items())),
            mentions=self._mentions(unit, sessions, people),
        )

    def _mentions(
        self, unit: Unit, sessions: Sequence[SessionView], people: Sequence[OperatorView]
    ) -> tuple[MessageView, ...]:
        """Return the notes on open sessions that name the operator, since they were last on."""
        operator = unit.roster.load(self._principal.organisation_id, self._operator_id)
        if operator is None:
            return ()
        since = begins_at(operator, self._clock.now())
        named = mentions_since(unit, self._principal.organisation_id, operator.id, people, since)
        conversations = {session.conversation_id for session in sessions}
        return tuple(note for note in named if note.conversation_id in conversations)

    async def _send(self, subscription: Subscription) -> None:
        """Pass events on as they come."""
        supervisor = may_supervise(self._principal)
        while (batch := await subscription.next()) is not None:
            if not await self._outlet.send(batch.supervisor_frame if supervisor else batch.console_frame):
                self._ended.set()
                return
        _log.warning("console_cut_off", operator=self._operator_id)
        await self._outlet.close(TOO_SLOW, "too slow: reconnect and resume")
        self._ended.set()

    async def _read(self) -> None:
        """Take in frames until the console is gone."""
        while True:
            try:
                text = await self._socket.receive_text()
            except (WebSocketDisconnect, RuntimeError):
                return
            self._heard_at = self._clock.monotonic()
            try:
                await self._take(codec.decode(text, _frames))
            except codec.WireError as error:
                await self._goodbye(error.body, retry=False)
                return

    async def _take(self, frame: FromConsole) -> None:
        """Do what one frame asks."""
        match frame:
            case Beat(echo=None, at=at):
                await self._outlet.send(codec.encode(Beat(at=self._clock.monotonic(), echo=at)))
            case Beat():
                return
            case Hello():
                await self._greet(frame)
            case Look():
                self._broker.seats.look(self._listener, frame)
            case _ if self._commands.full():
                error = ErrorBody("too_many_commands", f"{MOST_COMMANDS} commands wait already.", "Wait for answers.")
                await self._outlet.send(codec.encode(Reply(id=frame.id, ok=False, error=error)))
            case _:
                self._commands.put_nowait(frame)

    async def _beat(self) -> None:
        """Send a beat every second, and end as soon as the console has been silent for too long."""
        while (left := self._heard_at + DEAD_AFTER_SECONDS - self._clock.monotonic()) > 0:
            self._outlet.send_later(codec.encode(Beat(at=self._clock.monotonic())))
            await self._clock.sleep(min(HEARTBEAT_SECONDS, left))
        _log.info("console_silent", operator=self._operator_id)

    async def _carry_out(self) -> None:
        """Carry out commands, in order."""
        while True:
            command = await self._commands.get()
            reply = await self._answer(command)
            await self._outlet.send(codec.encode(reply))

    async def _answer(self, command: Command) -> Reply:
        """Return the reply to one command; a refusal is a reply too."""
        if isinstance(command, ShowWall):
            return await self._show_wall(command)
        if self._hello is not None and self._hello.view_only:
            error = ErrorBody("view_only", "This console only looks.", "Start one without --readonly.")
            return Reply(id=command.id, ok=False, error=error)
        self._supervises = self._supervises or isinstance(command, Supervise)
        try:
            return await self._broker.desk.execute(self._principal, command, self._seat)
        except HandoffError as error:
            return Reply(id=command.id, ok=False, error=body_of(error))

    async def _show_wall(self, command: ShowWall) -> Reply:
        """Begin or end to send the figures of the queues; whoever only looks may have them too."""
        organisation_id = self._principal.organisation_id
        try:
            require(self._principal, Action.SUPERVISE)
            if command.on:
                await self._broker.walls.watch(organisation_id, self._outlet.send_later)
            else:
                self._broker.walls.leave(organisation_id, self._outlet.send_later)
        except HandoffError as error:
            return Reply(id=command.id, ok=False, error=body_of(error))
        return Reply(id=command.id, ok=True)

    async def _goodbye(self, body: ErrorBody, *, retry: bool) -> None:
        """Say why, and close."""
        await self._outlet.send(codec.encode(Goodbye(error=body, retry=retry)))
        await self._outlet.close(POLICY, body.code)

    async def _wait_ended(self) -> None:
        """Return when another task wants this console to end."""
        await self._ended.wait()

    def _revoked(self) -> None:
        """Close: the credential was revoked."""
        body = ErrorBody("token_revoked", "Your access was revoked.", "Ask an administrator.")
        self._outlet.send_later(codec.encode(Goodbye(error=body, retry=False)))
        self._ended.set()
