"""Write to one socket without ever waiting for it: a bounded output that drops the oldest audio.

A peer that stops reading costs a bounded number of frames, and nobody else waits. The transport tells when its own
buffer is full (`pause`) and drained (`resume`); what comes between is kept here, the newest half second of audio.
"""

import asyncio
import contextlib
import socket
from collections import deque
from typing import Final, cast

from picows import WSCloseCode, WSMsgType, WSTransport

MOST_WAITING_AUDIO: Final = 25
"""Audio frames kept for a peer that reads slowly: 500 ms."""
MOST_WAITING_CONTROL: Final = 64
"""Control frames kept; a peer that lets more pile up is cut off."""
HIGH_WATER_BYTES: Final = 16 * 1024
LOW_WATER_BYTES: Final = 4 * 1024
KERNEL_BUFFER_BYTES: Final = 32 * 1024
"""What the kernel may hold for a peer that stops reading: about a second of audio, not minutes."""
CLOSE_SECONDS: Final = 1.0
"""How long a peer has to answer our close frame."""


class Wire:
    """The sending side of one WebSocket."""

    __slots__ = ("_audio", "_control", "_kind", "_loop", "_paused_at", "_transport", "closing", "dropped")

    def __init__(self, transport: WSTransport, kind: WSMsgType) -> None:
        """Write audio to `transport` as frames of `kind` (binary, or text for Twilio)."""
        self.dropped = 0
        """Audio frames thrown away because the peer read too slowly."""
        self.closing = False
        self._transport: Final = transport
        self._kind: Final = kind
        self._loop: Final = asyncio.get_running_loop()
        self._audio: Final[deque[bytes]] = deque()
        self._control: Final[deque[bytes]] = deque()
        self._paused_at: float | None = None
        beneath = transport.underlying_transport
        beneath.set_write_buffer_limits(high=HIGH_WATER_BYTES, low=LOW_WATER_BYTES)
        own_end = cast("socket.socket | None", beneath.get_extra_info("socket"))
        if own_end is not None:
            own_end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)

    def audio(self, message: bytes) -> None:
        """Send one audio message, or keep it and drop the oldest kept one."""
        if self.closing:
            return
        if self._paused_at is None:
            self._transport.send(self._kind, message)
            return
        if len(self._audio) >= MOST_WAITING_AUDIO:
            self._audio.popleft()
            self.dropped += 1
        self._audio.append(message)

    def control(self, message: bytes) -> None:
        """Send one text message in order with the other ones; a peer that reads none of them is cut off."""
        if self.closing:
            return
        if self._paused_at is None:
            self._transport.send(WSMsgType.TEXT, message)
            return
        self._control.append(message)
        if len(self._control) > MOST_WAITING_CONTROL:
            self.abort()

    def forget_audio(self) -> None:
        """Throw away the audio that waits: its speaker is not heard any more."""
        self._audio.clear()

    def pause(self) -> None:
        """Keep what comes from now on: the transport's buffer is full."""
        if self._paused_at is None:
            self._paused_at = self._loop.time()

    def resume(self) -> None:
        """Send what was kept, until the transport's buffer is full again."""
        self._paused_at = None
        while self._control and self._paused_at is None:
            self._transport.send(WSMsgType.TEXT, self._control.popleft())
        while self._audio and self._paused_at is None:
            self._transport.send(self._kind, self._audio.popleft())

    def stalled_seconds(self) -> float:
        """Return for how long the peer has not read anything."""
        return 0.0 if self._paused_at is None else self._loop.time() - self._paused_at

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, and cut the line if the peer does not answer."""
        if self.closing:
            return
        self.closing = True
        self._audio.clear()
        for message in self._control:
            self._transport.send(WSMsgType.TEXT, message)
        self._control.clear()
        self._transport.send_close(_close_code(code), reason[:100].encode("ascii", "replace"))
        self._loop.call_later(CLOSE_SECONDS, self._cut)

    def closed_by_peer(self) -> None:
        """Answer the peer's close frame (unless it answered ours) and let the socket go."""
        if not self.closing:
            self.closing = True
            self._transport.send_close(WSCloseCode.OK)
        self._transport.disconnect()

    def abort(self) -> None:
        """Cut the line without a word."""
        self.closing = True
        self._audio.clear()
        self._control.clear()
        self._cut()

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self._transport.disconnect(graceful=False)


def _close_code(code: int) -> WSCloseCode:
    return WSCloseCode(code)
