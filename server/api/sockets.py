"""Do what both kinds of event sockets need: refuse with an HTTP status, and send from many places, one at a time."""

import asyncio
from typing import Any

from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect

from server.api.errors import body_of, status_of
from server.core.errors import HandoffError
from server.tasks import spawn
from server.wire import codec

Socket = WebSocket[Any, Any, Any]  # type: ignore[explicit-any]  # the framework's own three parameters, unused here

GOING_AWAY = 1001
POLICY = 1008
TOO_SLOW = 1013

MOST_LATER = 100
"""How many late frames may wait for one socket."""


async def deny(socket: Socket, error: HandoffError) -> None:
    """Answer the handshake with the error's HTTP status and body instead of opening the socket."""
    extensions: object = socket.scope.get("extensions", None)  # pyright: ignore[reportUnknownMemberType] # half typed
    if not isinstance(extensions, dict) or "websocket.http.response" not in extensions:
        await socket.close(code=POLICY, reason=error.code)
        return
    send: Any = socket.send  # type: ignore[explicit-any]  # ASGI messages are untyped dicts
    headers = [(b"content-type", b"application/json")]
    await send({"type": "websocket.http.response.start", "status": status_of(error), "headers": headers})
    await send({"type": "websocket.http.response.body", "body": codec.encode(body_of(error)), "more_body": False})


class Outlet:
    """The sending side of one socket: frames of several tasks leave one at a time, and late ones go nowhere."""

    def __init__(self, socket: Socket) -> None:
        """Send on `socket`, which is open."""
        self._socket = socket
        self._turn = asyncio.Lock()
        self._closed = False
        self._later = 0

    async def send(self, frame: bytes) -> bool:
        """Send one text frame; False when the socket is closed."""
        async with self._turn:
            if self._closed:
                return False
            try:
                await self._socket.send_data(frame.decode(), mode="text")
            except (WebSocketDisconnect, RuntimeError, OSError):
                self._closed = True
            return not self._closed

    def send_later(self, frame: bytes) -> None:
        """Send one text frame without waiting; for what is kept nowhere, so a frame too many is dropped."""
        if self._later < MOST_LATER:
            self._later += 1
            spawn("outlet_send", self.send(frame)).add_done_callback(self._sent_later)

    def _sent_later(self, _task: object) -> None:
        """Make room for another late frame."""
        self._later -= 1

    async def close(self, code: int, reason: str) -> None:
        """Close once, without waiting behind a frame that a stalled peer never takes."""
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(1.0):
                await self._socket.close(code=code, reason=reason[:120])
        except (TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            return
