"""Carry one call's audio to the media worker: a plain stream leg, as any AI platform's (server/wire/media.py).

Before: a call that is to be answered, or was. After: its audio is a caller's leg; either side's goodbye ends both.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

import msgspec
from picows import (
    WSError,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,  # pyright: ignore[reportUnknownVariableType] # its parameters have no types
)
from typing_extensions import override

from server.broker.ports.sip import MediaDoor
from server.wire.codec import encode
from server.wire.media import (
    CODEC_PCM16,
    FRAME_MS,
    HEADER,
    KIND_AUDIO,
    MAX_FRAME_BYTES,
    MediaBye,
    MediaControlFrame,
    MediaDtmf,
    MediaHello,
    MediaHold,
    MediaPhase,
    MediaPing,
    MediaPong,
    MediaReady,
)

OPEN_SECONDS: Final = 5.0
_controls: Final = msgspec.json.Decoder(MediaControlFrame)


class LegError(Exception):
    """The media worker can't be reached, or let nobody in."""


class Ear(Protocol):
    """Who takes what comes from the worker: one side of a telephone call."""

    def hear(self, pcm: bytes) -> None:
        """Take 20 ms of PCM16 at the leg's rate."""
        ...

    def press(self, digit: str) -> None:
        """Press a key on the line."""
        ...

    def phase(self, phase: str) -> None:
        """Take note of who the caller talks with now."""
        ...

    def leg_gone(self, reason: str) -> None:
        """The leg has ended, by the worker or because the line to it broke."""
        ...


class MediaLeg(WSListener):
    """The engine's end of one leg."""

    def __init__(self, ear: Ear, rate: int) -> None:
        """Lead to `ear`, at `rate` Hz."""
        super().__init__()
        self.rate: Final = rate
        self.frame_bytes: Final = rate // 50 * 2
        self._ear: Final = ear
        self._transport: WSTransport | None = None
        self._ready: Final[asyncio.Future[None]] = asyncio.get_running_loop().create_future()
        self._epoch = 0
        self._sequence = 0
        self._over = False

    @override
    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the line."""
        self._transport = transport

    @override
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take audio, or one control frame."""
        if frame.msg_type == WSMsgType.BINARY:
            raw = frame.get_payload_as_bytes()
            if len(raw) == HEADER.size + self.frame_bytes and not self._over:
                self._ear.hear(raw[HEADER.size :])
        elif frame.msg_type == WSMsgType.TEXT:
            with suppress(msgspec.DecodeError):  # a word of a newer worker
                self._obey(_controls.decode(frame.get_payload_as_bytes()))
        elif frame.msg_type == WSMsgType.CLOSE:
            self._end("closed")
            transport.disconnect()

    @override
    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The line is gone."""
        self._end("broken")

    def say(self, pcm: bytes) -> None:
        """Send 20 ms of the caller's voice."""
        if self._transport is None or self._over or not self._ready.done():
            return
        sequence = self._sequence
        self._sequence = (sequence + 1) & 0xFFFFFFFF
        header = HEADER.pack(KIND_AUDIO, CODEC_PCM16, self._epoch, sequence, sequence * FRAME_MS & 0xFFFFFFFF)
        self._transport.send(WSMsgType.BINARY, header + pcm)

    def digit(self, digit: str) -> None:
        """Tell that the caller pressed a key."""
        self._tell(MediaDtmf(digit=digit))

    def hold(self, *, on: bool) -> None:
        """Tell that the caller's telephone holds us, or has taken us back."""
        self._tell(MediaHold(on=on))

    def close(self) -> None:
        """Hang up: the caller is gone."""
        if self._over:
            return
        self._over = True
        self._tell(MediaBye(reason="hung up"))
        if self._transport is not None:
            self._transport.send_close()
            asyncio.get_running_loop().call_later(1.0, self._transport.disconnect)

    async def enter(self, token: str) -> None:
        """Say hello, and return when the worker let us in.

        Raises:
            LegError: it did not.
        """
        self._tell(MediaHello(token=token, rate=self.rate, codec="pcm16", dtmf=True))
        try:
            await asyncio.wait_for(self._ready, OPEN_SECONDS)
        except TimeoutError as error:
            raise LegError("The media worker does not answer.") from error

    def _tell(self, frame: MediaHello | MediaDtmf | MediaHold | MediaBye | MediaPong) -> None:
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, encode(frame))

    def _obey(self, frame: MediaControlFrame) -> None:
        match frame:
            case MediaReady(epoch=epoch):
                self._epoch = epoch & 0xFFFF
                if not self._ready.done():
                    self._ready.set_result(None)
            case MediaDtmf(digit=digit):
                self._ear.press(digit)
            case MediaPhase(phase=phase):
                self._ear.phase(phase)
            case MediaPing(at=at):
                self._tell(MediaPong(at=at))
            case MediaBye(reason=reason):
                self._end(reason or "bye")
            case _:
                pass

    def _end(self, reason: str) -> None:
        if not self._ready.done():
            self._ready.set_exception(LegError(f"The media worker let us not in: {reason}."))
            self._ready.exception()  # whoever waits gets it; nobody may
        if not self._over:
            self._over = True
            self._ear.leg_gone(reason)


async def open_leg(door: MediaDoor, ear: Ear, rate: int, on_made: Callable[[MediaLeg], None]) -> MediaLeg:
    """Return a leg that is up.

    Raises:
        LegError: the worker can't be reached, or let nobody in.
    """
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            _, listener = await ws_connect(
                lambda: MediaLeg(ear, rate), door.url, enable_auto_pong=True, max_frame_size=MAX_FRAME_BYTES * 4
            )
    except (OSError, WSError, TimeoutError) as error:
        raise LegError(f"The media listener can't be reached at {door.url}: {error}.") from error
    leg = listener
    if not isinstance(leg, MediaLeg):
        raise LegError("The socket is of another kind.")
    on_made(leg)
    await leg.enter(door.token)
    return leg
