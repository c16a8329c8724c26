"""Be the operator's leg on the media worker: one WebSocket, from hello to goodbye.

Before: the broker's grant, in an `Open`. After: frames both ways through `Outgoing` and `JitterBuffer`, until the leg
ends; whoever runs the leg decides what comes next. Protocol: `server/wire/media.py`.
"""

import asyncio
import contextlib
import ipaddress
import logging
import ssl
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from operator_console.audio.framing import FrameError, unpack_audio
from operator_console.audio.jitter import JitterBuffer
from operator_console.audio.line import Line
from operator_console.audio.messages import LegPhase, Open
from operator_console.audio.outgoing import Outgoing
from operator_console.audio.sound import LEG_RATE
from operator_console.clock import Clock
from operator_console.tasks import spawn
from server.wire.codec import WireError, decode, encode
from server.wire.media import (
    MAX_CONTROL_BYTES,
    MAX_FRAME_BYTES,
    MediaBye,
    MediaControlFrame,
    MediaDtmf,
    MediaHello,
    MediaMute,
    MediaPing,
    MediaPong,
    MediaReady,
    MediaStats,
)

READY_SECONDS: Final = 5.0
"""How long connecting, and then the worker's `ready`, may each take."""
PING_SECONDS: Final = 1.0
DEAD_SECONDS: Final = 3.0
"""A worker that sent nothing for so long (it owes stats and pongs each second) is gone."""
CLOSE_SECONDS: Final = 1.0
WRITE_LIMIT_BYTES: Final = 4096
"""What the socket may hold back: about an eighth of a second of sound."""
_NORMAL: Final = 1000
_LOST: Final = 4000
"""Our close code without a goodbye: 1000 and 1001 would tell the worker that the operator hung up."""
_log = logging.getLogger(__name__)
_decoder = msgspec.json.Decoder(MediaControlFrame)


class LegEnded(Exception):  # noqa: N818 - how a leg ends is not always an error
    """The leg is over: RECONNECTING when a new grant may bring it back, else ENDED; `bye` when we hang up."""

    def __init__(self, phase: LegPhase, reason: str, *, bye: bool = False) -> None:
        super().__init__(reason)
        self.phase = phase
        self.reason = reason
        self.bye = bye


class MediaLeg:
    """One activation of one grant."""

    def __init__(
        self,
        order: Open,
        *,
        muted: bool,
        clock: Clock,
        live: Callable[[], None],
        mute_echoed: Callable[[bool], None],
        pressed: Callable[[str], None],
        ca_file: str = "",
    ) -> None:
        """Prepare; `run` connects.

        `live` is called when audio may flow, `mute_echoed` when the worker echoes, `pressed` for the caller's keys.
        """
        self._pressed = pressed
        self.epoch: Final = order.epoch
        self.outgoing: Final = Outgoing(order.epoch, muted=muted)
        self.jitter: Final = JitterBuffer()
        self.line: Final = Line()
        self.opened_at: Final = clock.monotonic()
        self.first_sent_at: float | None = None
        self._order = order
        self._clock = clock
        self._live = live
        self._mute_echoed = mute_echoed
        self._ca_file = ca_file
        self._wake = asyncio.Event()
        self._over: asyncio.Future[LegEnded] = asyncio.get_running_loop().create_future()
        self._heard_at = self.opened_at
        self._farewell: str | None = None
        self.is_live = False

    def capture(self, pcm: bytes) -> None:
        """Send what the microphone picked up, unless muted or not yet live."""
        if self.is_live:
            self.outgoing.capture(pcm)
            self._wake.set()

    def mute(self, *, on: bool, skip_bytes: int = 0) -> None:
        """Switch the microphone off (on) for the very next frame."""
        self.outgoing.mute(on=on, skip_bytes=skip_bytes)
        self._wake.set()

    def hang_up(self, reason: str) -> None:
        """End the leg with a goodbye."""
        self._end(LegEnded(LegPhase.ENDED, reason, bye=True))

    def drop(self, reason: str) -> None:
        """End the leg without a goodbye: for the broker the operator is lost, the caller is kept."""
        self._end(LegEnded(LegPhase.ENDED, reason))

    async def run(self) -> LegEnded:
        """Live the leg and return how it ended; never raises but when cancelled."""
        refusal = insecure(self._order.url)
        if refusal:
            return LegEnded(LegPhase.ENDED, refusal)
        try:
            socket = await self._connect()
        except LegEnded as ended:
            return ended
        except (OSError, TimeoutError, WebSocketException, ValueError) as error:
            return LegEnded(LegPhase.RECONNECTING, f"the media worker can't be reached: {_said(error)}")
        try:
            return await self._talk(socket)
        finally:
            await self._close(socket, _LOST)

    def _end(self, ended: LegEnded) -> None:
        if not self._over.done():
            self._over.set_result(ended)

    async def _connect(self) -> ClientConnection:
        """Return the socket, or raise as soon as the leg is to end."""
        settled = asyncio.Event()
        opening = spawn("dial the media worker", self._dial())
        try:
            opening.add_done_callback(lambda _task: settled.set())
            self._over.add_done_callback(lambda _ended: settled.set())
            await settled.wait()
            if not opening.done():
                raise self._over.result()
            return opening.result()
        finally:
            opening.cancel()

    async def _dial(self) -> ClientConnection:
        url = self._order.url
        parts = urlsplit(url)
        trust = ssl.create_default_context(cafile=self._ca_file or None) if parts.scheme == "wss" else None
        return await connect(
            url,
            ssl=trust,
            proxy=None if is_loopback(parts.hostname or "") else True,
            compression=None,
            ping_interval=None,
            open_timeout=READY_SECONDS,
            close_timeout=CLOSE_SECONDS,
            max_size=MAX_CONTROL_BYTES + MAX_FRAME_BYTES,
            write_limit=WRITE_LIMIT_BYTES,
        )

    async def _talk(self, socket: ClientConnection) -> LegEnded:
        ended = LegEnded(LegPhase.RECONNECTING, "the media socket broke")
        try:
            async with asyncio.TaskGroup() as group:
                ready = asyncio.Event()
                group.create_task(self._receive(socket, ready))
                group.create_task(self._watch(ready))
                group.create_task(self._obey())
                await socket.send(encode(MediaHello(token=self._order.token, rate=LEG_RATE)).decode())
                await ready.wait()
                group.create_task(self._send(socket))
                group.create_task(self._ping())
        except* LegEnded as endings:
            ended = _first(endings)
        except* (ConnectionClosed, OSError) as errors:
            ended = LegEnded(LegPhase.RECONNECTING, f"the media socket broke: {errors.exceptions[0]}")
        self.is_live = False
        if ended.bye:
            await self._goodbye(socket, ended.reason)
        return ended

    async def _goodbye(self, socket: ClientConnection, reason: str) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await socket.send(encode(MediaBye(reason=reason)).decode())
        except (ConnectionClosed, OSError, TimeoutError):
            _log.info("the goodbye did not reach the media worker")
        await self._close(socket, _NORMAL)

    async def _close(self, socket: ClientConnection, code: int) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS * 2):
                await socket.close(code)
        except (OSError, TimeoutError):
            socket.transport.abort()

    async def _receive(self, socket: ClientConnection, ready: asyncio.Event) -> None:
        try:
            async for message in socket:
                self._heard_at = self._clock.monotonic()
                if isinstance(message, bytes):
                    self._hear(message)
                else:
                    self._control(message, ready)
                if self._farewell is not None:
                    break
        except ConnectionClosed:
            _log.info("the media socket closed with code %s", socket.close_code)
        if self._farewell is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await socket.wait_closed()
        raise self._closed(socket, ready)

    def _closed(self, socket: ClientConnection, ready: asyncio.Event) -> LegEnded:
        """Return what the worker's close means: its code says whether its goodbye was one, or a complaint."""
        code = socket.close_code
        said = self._farewell or socket.close_reason or f"code {code}"
        if not ready.is_set():
            return LegEnded(LegPhase.RECONNECTING, f"the media worker refused the leg: {said}")
        if code == _NORMAL or (code is None and self._farewell is not None):
            return LegEnded(LegPhase.ENDED, self._farewell or socket.close_reason or "the media worker closed the leg")
        return LegEnded(LegPhase.RECONNECTING, f"the media socket broke: {said}")

    def _hear(self, data: bytes) -> None:
        try:
            frame = unpack_audio(data, self.epoch)
        except FrameError as error:
            self.line.refused += 1
            if self.line.refused == 1:
                _log.warning("a frame was refused: %s", error)
            return
        if self.is_live:
            self.line.arrived(frame, self._clock.monotonic())
            self.jitter.push(frame)

    def _control(self, text: str, ready: asyncio.Event) -> None:
        match _decoded(text):
            case MediaReady() as frame:
                self._on_ready(frame, ready)
            case MediaMute(on=on):
                self._mute_echoed(on)
            case MediaStats() as frame:
                self.line.told(frame)
            case MediaDtmf(digit=digit):
                self._pressed(digit)
            case MediaPing(at=at):
                self._say(MediaPong(at=at))
            case MediaPong(at=at):
                self.line.round_trip_ms = max(0.0, (self._clock.monotonic() - at) * 1000)
            case MediaBye(reason=reason):
                self._farewell = reason or "the call ended"
            case _:
                _log.debug("a control frame not meant for a console")

    def _on_ready(self, frame: MediaReady, ready: asyncio.Event) -> None:
        if frame.epoch != self.epoch or frame.rate != LEG_RATE or frame.codec != "pcm16":
            raise LegEnded(
                LegPhase.ENDED,
                f"the media worker offers epoch {frame.epoch}, {frame.codec} at {frame.rate} Hz; "
                f"asked for were epoch {self.epoch}, pcm16 at {LEG_RATE} Hz",
            )
        if not ready.is_set():
            if self.outgoing.muted:
                self.outgoing.mute(on=True)
            self.is_live = True
            ready.set()
            self._live()

    def _say(self, frame: MediaControlFrame) -> None:
        try:
            self.outgoing.control(frame)
        except OverflowError as error:
            raise LegEnded(LegPhase.RECONNECTING, str(error)) from error
        self._wake.set()

    async def _send(self, socket: ClientConnection) -> None:
        while True:
            self._wake.clear()
            while (item := self.outgoing.next()) is not None:
                # websockets writes before it waits, so nothing taken from the queue is sent after a later mute
                await socket.send(item)
                if self.first_sent_at is None and isinstance(item, bytes):
                    self.first_sent_at = self._clock.monotonic()
            await self._wake.wait()

    async def _ping(self) -> None:
        while True:
            self._say(MediaPing(at=self._clock.monotonic()))
            await self._clock.sleep(PING_SECONDS)

    async def _watch(self, ready: asyncio.Event) -> None:
        """End the leg when the worker says nothing."""
        await self._clock.sleep(READY_SECONDS)
        if not ready.is_set():
            raise LegEnded(LegPhase.RECONNECTING, "the media worker did not answer")
        while True:
            still = self._clock.monotonic() - self._heard_at
            if still > DEAD_SECONDS:
                raise LegEnded(LegPhase.RECONNECTING, f"the media worker has been silent for {still:.0f} s")
            await self._clock.sleep(DEAD_SECONDS / 4)

    async def _obey(self) -> None:
        raise await asyncio.shield(self._over)


def _decoded(text: str) -> MediaControlFrame | None:
    """Return a control frame; None, and a line in the log, for anything else."""
    try:
        frame: MediaControlFrame = decode(text, _decoder, MAX_CONTROL_BYTES)
    except WireError as error:
        _log.warning("a control frame was refused: %s", error.body.message)
        return None
    return frame


def insecure(url: str) -> str:
    """Return why no token may be sent to `url`, or "": plain ws is for this machine only."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "the media address is not a URL"
    if parts.scheme == "wss" and host:
        return ""
    if parts.scheme == "ws" and is_loopback(host):
        return ""
    return "the media address must be wss:// (plain ws:// is for this machine only)"


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine by name or number."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _first(endings: "BaseExceptionGroup[LegEnded]") -> LegEnded:
    """Return the ending to tell: ours first, since the socket breaks because of it."""
    flat = [ended for ended in endings.exceptions if isinstance(ended, LegEnded)]
    return next((ended for ended in flat if ended.bye), flat[0])


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
