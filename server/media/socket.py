"""Guard one media socket: a deadline for its token, bounds on what it sends, and one goodbye.

What the frames mean is for the subclasses: `server.media.framed` (consoles and AI platforms) and
`server.media.twilio_leg`. Nothing of a socket is used before its token let it in.
"""

import asyncio
from typing import Final, cast

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport
from typing_extensions import override

from server.log import get_log
from server.media.allowance import Allowance, Doorway
from server.media.exchange import Exchange
from server.media.leg import Leg
from server.media.wire import Wire

CLOSE_OK: Final = 1000
CLOSE_BUSY: Final = 1013
CLOSE_BAD: Final = 4400
CLOSE_REFUSED: Final = 4401
CLOSE_LATE: Final = 4408
CLOSE_FLOOD: Final = 4429
"""Close codes of our own; docs/protocol.md lists them."""
_CLEAN_CODES: Final = frozenset({WSCloseCode.NO_INFO, WSCloseCode.OK, WSCloseCode.GOING_AWAY})
_MOST_BAD_FRAMES: Final = 50
"""Malformed frames forgiven on a leg; one more closes it."""
_FRAMES_PER_SECOND: Final = 500.0
_FRAME_BURST: Final = 3_000.0
"""Ten times real time, and a minute of speech at once: an AI platform may send as fast as it synthesises."""

_log = get_log(__name__)


class LegSocket(WSListener):
    """One socket on the media listener, until and after its leg is up."""

    audio_kind = WSMsgType.BINARY
    """The kind of frame this format carries audio in."""

    def __init__(self, exchange: Exchange, doorway: Doorway, hello_seconds: float) -> None:
        """Lead to `exchange`; the token is due within `hello_seconds`."""
        super().__init__()
        self.exchange: Final = exchange
        self.leg: Leg | None = None
        self._doorway: Final = doorway
        self._hello_seconds: Final = hello_seconds
        self._loop: Final = asyncio.get_running_loop()
        self._wire: Wire | None = None
        self._address: str | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._allowance: Final = Allowance(_FRAMES_PER_SECOND, _FRAME_BURST, self._loop.time())
        self._bad_frames = 0

    def on_text(self, raw: bytes, now: float) -> None:
        """Take one text frame that arrived at monotonic second `now`."""
        raise NotImplementedError

    def on_binary(self, raw: bytes, now: float) -> None:
        """Take one binary frame that arrived at monotonic second `now`."""
        raise NotImplementedError

    def say_goodbye(self, reason: str) -> None:
        """Send this format's own goodbye, if it has one, before the close frame."""

    @property
    def wire(self) -> Wire:
        """The sending side; only there once connected."""
        if self._wire is None:
            raise RuntimeError("The socket is not connected yet.")
        return self._wire

    @property
    def dropped(self) -> int:
        """Audio frames thrown away because the peer read too slowly."""
        return self.wire.dropped

    @property
    def stalled_seconds(self) -> float:
        """For how long the peer has not read anything."""
        return self.wire.stalled_seconds()

    def let_in(self, leg: Leg) -> None:
        """Take note that the token was good: the leg is up."""
        self.leg = leg
        self._leave_doorway()

    def hang_up(self, reason: str) -> None:
        """Close from our side; the call has already forgotten the leg."""
        self.leg = None
        self._close(CLOSE_OK, reason)

    def bad_frame(self, reason: str) -> None:
        """Count a frame that breaks the format: before the token it closes, after it a few are forgiven."""
        self._bad_frames += 1
        if self.leg is None:
            self.refuse(CLOSE_BAD, reason)
            return
        self.leg.dropped_in += 1
        if self._bad_frames > _MOST_BAD_FRAMES:
            self.refuse(CLOSE_BAD, reason)

    def refuse(self, code: int, reason: str) -> None:
        """Close because of something the peer did."""
        _log.info("media_socket_refused", reason=reason, pii_address=self._address, role=self.leg and self.leg.role)
        self.finish(reason, clean=False, code=code)

    def finish(self, reason: str, *, clean: bool, code: int = CLOSE_OK) -> None:
        """Report that the leg is gone, and close."""
        self._report(reason, clean=clean)
        self._close(code, reason)

    @override
    def on_ws_connected(self, transport: WSTransport) -> None:
        """Start the deadline, unless too many strangers stand in the door already."""
        self._wire = Wire(transport, self.audio_kind)
        peer = cast("tuple[str, int] | None", transport.underlying_transport.get_extra_info("peername"))
        address = peer[0] if peer else ""
        if not self._doorway.enter(address):
            self._close(CLOSE_BUSY, "too_many")
            return
        self._address = address
        self._deadline = self._loop.call_later(self._hello_seconds, self.refuse, CLOSE_LATE, "hello_late")

    @override
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hand a frame on, within bounds."""
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            code = frame.get_close_code()
            self._report("closed" if code in _CLEAN_CODES else "broken", clean=code in _CLEAN_CODES)
            self.wire.closed_by_peer()
            return
        now = self._loop.time()
        if self.wire.closing:
            return
        if not self._allowance.take(now):
            self.refuse(CLOSE_FLOOD, "flood")
        elif not frame.fin or frame.rsv1:
            self.refuse(CLOSE_BAD, "fragmented")
        elif kind == WSMsgType.BINARY:
            self.on_binary(frame.get_payload_as_bytes(), now)
        elif kind == WSMsgType.TEXT:
            self.on_text(frame.get_payload_as_bytes(), now)

    @override
    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Report a line that broke without a goodbye."""
        self._report("broken", clean=False)
        self._leave_doorway()
        if self._wire is not None:
            self._wire.closing = True

    @override
    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        if self._wire is not None:
            self._wire.pause()

    @override
    def resume_writing(self) -> None:
        """The transport's buffer has drained."""
        if self._wire is not None and not self._wire.closing:
            self._wire.resume()

    def _report(self, reason: str, *, clean: bool) -> None:
        leg, self.leg = self.leg, None
        if leg is not None:
            self.exchange.leave(leg, reason, clean=clean)

    def _close(self, code: int, reason: str) -> None:
        if self._wire is not None and not self._wire.closing:
            self.say_goodbye(reason)
            self._wire.close(code, reason)
        self._leave_doorway()

    def _leave_doorway(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._address is not None:
            self._doorway.leave(self._address)
            self._address = None
