"""Be a telephone for a measurement: one SIP call over UDP (RFC 3261), its audio as RTP with G.711 µ-law (RFC 3550).

As little as a call on loopback needs: INVITE, ACK, BYE, no retransmissions, no digest.
"""

import asyncio
import re
import secrets
from struct import Struct
from typing import Final, Self

from typing_extensions import override

from server.demo.legs import Inbox

RING_SECONDS: Final = 15.0
_RTP: Final = Struct("!BBHII")
_PCMU: Final = 0
_AUDIO_PORT: Final = re.compile(rb"^m=audio (\d{1,5}) ", re.MULTILINE)
_STATUS: Final = re.compile(rb"\ASIP/2\.0 (\d{3})")
_TO: Final = re.compile(rb"^To: (.*?)\r$", re.MULTILINE | re.IGNORECASE)
_COPIED: Final = re.compile(rb"^(?:Via|From|To|Call-ID|CSeq): .*?\r\n", re.MULTILINE | re.IGNORECASE)


class CallerError(Exception):
    """The call did not come up; the sentence says why."""


class _Datagrams(asyncio.DatagramProtocol):
    """Hands each packet on."""

    def __init__(self, caller: "SipCaller", *, audio: bool) -> None:
        self._caller, self._audio = caller, audio

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._audio:
            self._caller.heard(data)
        else:
            self._caller.told(data)


class SipCaller:
    """One call to `port` on loopback, a `server.demo.legs.Leg` while it is up."""

    def __init__(self, port: int) -> None:
        """Call nobody yet."""
        self.inbox: Final = Inbox()
        self._there: Final = ("127.0.0.1", port)
        self._id: Final = secrets.token_hex(8)
        self._open = True
        self._to = f"<sip:desk@127.0.0.1:{port}>"
        self._answered: Final[asyncio.Future[int]] = asyncio.get_running_loop().create_future()
        self._over: Final = asyncio.Event()
        self._peer_port = 0
        self._sequence = 0
        self._sip: asyncio.DatagramTransport | None = None
        self._rtp: asyncio.DatagramTransport | None = None

    async def ring(self) -> Self:
        """Ask for a call; `up` waits for the answer."""
        loop = asyncio.get_running_loop()
        here = ("127.0.0.1", 0)
        self._rtp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self, audio=True), local_addr=here)
        self._sip, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self, audio=False), local_addr=here)
        port = self._rtp.get_extra_info("sockname")[1]
        self._send(
            "INVITE",
            1,
            "v=0\r\no=bench 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n",
        )
        return self

    async def up(self) -> None:
        """Return once the call is answered.

        Raises:
            CallerError: it is declined, or not answered in time.
        """
        try:
            status = await asyncio.wait_for(asyncio.shield(self._answered), RING_SECONDS)
        except TimeoutError as error:
            raise CallerError("The SIP call was not answered.") from error
        if status != 200:
            raise CallerError(f"The SIP call was declined with {status}.")

    @property
    def is_open(self) -> bool:
        """Whether audio can still be sent."""
        return self._open

    def take(self) -> tuple[bytes, ...]:
        """Return the frames that arrived since the last time, oldest first, as µ-law."""
        return self.inbox.take()

    async def send(self, mulaw: bytes) -> None:
        """Send 20 ms of µ-law."""
        if self._rtp is not None and self._peer_port and self._open:
            number = self._sequence = self._sequence + 1
            head = _RTP.pack(0x80, _PCMU, number & 0xFFFF, number * 160 & 0xFFFFFFFF, 0x0BE7C4)
            self._rtp.sendto(head + mulaw, ("127.0.0.1", self._peer_port))

    async def listen(self) -> None:
        """Return when the call is over."""
        await self._over.wait()

    async def hang_up(self) -> None:
        """End the call."""
        if self._open:
            self._send("BYE", 2)
        self._close()

    def heard(self, packet: bytes) -> None:
        """Take one RTP packet."""
        if len(packet) > _RTP.size and packet[1] & 0x7F == _PCMU:
            self.inbox.put(packet[_RTP.size :])

    def told(self, message: bytes) -> None:
        """Take one SIP message."""
        status = _STATUS.match(message)
        if status is None:
            self._answer(message)
            return
        code = int(status[1])
        if code < 200 or self._answered.done() or b"INVITE" not in message:
            return
        to, audio = _TO.search(message), _AUDIO_PORT.search(message)
        self._to = to[1].decode() if to is not None else self._to
        self._peer_port = int(audio[1]) if audio is not None else 0
        self._send("ACK", 1)
        self._answered.set_result(code)

    def _answer(self, request: bytes) -> None:
        """Say yes to whatever is asked; a BYE ends the call."""
        if self._sip is not None and not request.startswith(b"ACK"):
            copied = b"".join(_COPIED.findall(request))
            self._sip.sendto(b"SIP/2.0 200 OK\r\n" + copied + b"Content-Length: 0\r\n\r\n", self._there)
        if request.startswith(b"BYE"):
            self._close()

    def _send(self, method: str, number: int, body: str = "") -> None:
        if self._sip is None:
            return
        here = f"127.0.0.1:{self._sip.get_extra_info('sockname')[1]}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"{method} sip:desk@127.0.0.1:{self._there[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{secrets.token_hex(6)}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:bench@{here}>;tag={self._id}\r\nTo: {self._to}\r\nCall-ID: {self._id}@bench\r\n"
            f"CSeq: {number} {method}\r\nContact: <sip:bench@{here}>\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._sip.sendto(text.encode(), self._there)

    def _close(self) -> None:
        self._open = False
        self._over.set()
        for one in (self._rtp, self._sip):
            if one is not None:
                one.close()
