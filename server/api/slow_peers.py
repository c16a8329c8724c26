"""Close connections that are slow on purpose: a head that never ends, a body that trickles, hundreds that say nothing.

uvicorn waits for ever for the rest of a request. Here a request's head is there within a deadline, whatever trickles
in; a body brings a few bytes a second; and one address has so many connections open that have not asked for anything
yet. Sockets are timed by their own handlers once they are upgraded.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, Final

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

_LATE: Final = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a listener waits.

    Attributes:
        head_seconds: A request's line and headers are whole so soon after the connection, or their first byte.
        body_seconds: How often a body is looked at.
        body_bytes: A body brings so many bytes, or its end, between two looks.
        most_silent: Connections of one address that have not asked for anything yet; None: any number, because a
            proxy in front has one address for everybody.
    """

    head_seconds: float = 5.0
    body_seconds: float = 10.0
    body_bytes: int = 4_096
    most_silent: int | None = 200


class Impatient(H11Protocol):
    """One connection, no more patient than `patience`; `silent` counts for all connections of a listener."""

    patience: ClassVar[Patience] = Patience()
    silent: ClassVar[Counter[str]] = Counter()

    _timer: asyncio.TimerHandle | None = None
    _silent_at: str | None = None
    _in_body = False
    _upgraded = False
    _received = 0
    _seen = 0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if self.patience.most_silent is not None and self.silent[address] >= self.patience.most_silent:
            transport.abort()
            return
        self.silent[address] += 1
        self._silent_at = address
        self._wait_for_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self._speaks()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self._timer is None and self.conn.their_state is h11.IDLE:
            self._wait_for_head()
        self._received += len(data)
        super().data_received(data)
        state = self.conn.their_state
        if state is h11.IDLE or self._upgraded:
            return
        self._speaks()
        if state is not h11.SEND_BODY:
            self._stop()
        elif not self._in_body:
            self._stop()
            self._wait_for_body()
        self._in_body = state is h11.SEND_BODY

    @override
    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._upgraded = True
        self._stop()
        self._speaks()
        super().handle_websocket_upgrade(event)

    def _wait_for_head(self) -> None:
        self._timer = self.loop.call_later(self.patience.head_seconds, self._late)

    def _wait_for_body(self) -> None:
        self._seen = self._received
        self._timer = self.loop.call_later(self.patience.body_seconds, self._look_at_body)

    def _look_at_body(self) -> None:
        self._timer = None
        if self.conn.their_state is not h11.SEND_BODY:
            return
        if self._received - self._seen < self.patience.body_bytes and not self.flow.read_paused:
            self._late()
        else:
            self._wait_for_body()

    def _late(self) -> None:
        """Give up, with a word where nothing was answered yet."""
        self._timer = None
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.write(_LATE)
        self.transport.close()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _speaks(self) -> None:
        """Count this connection no longer among those that have asked for nothing."""
        if self._silent_at is not None:
            self.silent[self._silent_at] -= 1
            if not self.silent[self._silent_at]:
                del self.silent[self._silent_at]
            self._silent_at = None


def impatient(patience: Patience) -> type[Impatient]:
    """Return the protocol of a listener that waits no longer than this."""

    class Limited(Impatient):
        """One connection of this listener."""

    Limited.patience = patience
    Limited.silent = Counter()
    return Limited
