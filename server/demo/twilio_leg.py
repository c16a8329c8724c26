"""Be Twilio for a caller of the demo: open the media stream, send the caller's audio, play what comes back.

The other end is `server.telephony.twilio`; this one is written from the same public page
(https://www.twilio.com/docs/voice/media-streams/websocket-messages), as the carrier speaks it: numbers as
strings, base64 µ-law, the token as a `<Parameter>`, the upgrade signed when an auth token is known.
"""

import asyncio
import base64
import contextlib
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from server.demo.legs import OPEN_SECONDS, Inbox, LegError
from server.telephony.twilio_signature import HEADER, sign
from server.wire.media import FRAME_MS
from server.wire.views import MediaGrant


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """The carrier's account: whose calls these are, and the secret that signs its requests (empty: unsigned)."""

    account_sid: str
    auth_token: str = ""


class Played(msgspec.Struct, frozen=True):
    """The part of a `media` message for Twilio."""

    payload: bytes


class Mark(msgspec.Struct, frozen=True):
    """The part of a `mark` message."""

    name: str


class ForTwilio(msgspec.Struct, frozen=True):
    """Any message that Twilio takes: media, mark or clear."""

    event: str
    media: Played | None = None
    mark: Mark | None = None


class TwilioLeg:
    """A caller whose call is connected to the desk by Twilio Media Streams."""

    def __init__(self, socket: ClientConnection, account_sid: str, call_sid: str) -> None:
        """Speak on a fresh socket; `open` says connected and start."""
        self.inbox: Final = Inbox()
        self._socket: Final = socket
        self._account_sid: Final = account_sid
        self._call_sid: Final = call_sid
        self._stream_sid: Final = "MZ" + call_sid[2:]
        self._sequence = 0
        self._chunk = 0
        self._open = True

    @classmethod
    async def open(cls, grant: MediaGrant, carrier: Carrier, call_sid: str) -> "TwilioLeg":
        """Connect as Twilio does for `<Connect><Stream>`.

        Raises:
            LegError: unreachable, or the upgrade was refused.
        """
        signature = {HEADER: sign(grant.url, {}, carrier.auth_token)} if carrier.auth_token else {}
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                socket = await connect(
                    grant.url,
                    additional_headers=signature,
                    user_agent_header="Twilio.TmeWs/1.0",
                    proxy=None,
                    compression=None,
                )
        except (OSError, TimeoutError, WebSocketException) as error:
            raise LegError(f"The call could not be connected: {str(error) or type(error).__name__}") from error
        leg = cls(socket, carrier.account_sid, call_sid)
        await leg._begin(grant.token)
        return leg

    @property
    def is_open(self) -> bool:
        """Whether audio can still be sent."""
        return self._open

    def take(self) -> tuple[bytes, ...]:
        """Return the frames that arrived since the last time, oldest first, as µ-law."""
        return self.inbox.take()

    async def send(self, mulaw: bytes) -> None:
        """Send 20 ms of µ-law; a closed leg swallows it."""
        media = {
            "track": "inbound",
            "chunk": str(self._chunk + 1),
            "timestamp": str(self._chunk * FRAME_MS),
            "payload": base64.b64encode(mulaw).decode("ascii"),
        }
        self._chunk += 1
        await self._say({"event": "media", **self._numbered(), "media": media})

    async def listen(self) -> None:
        """Play what comes until either side closes the stream."""
        try:
            async for frame in self._socket:
                await self._act(_decoder.decode(frame))
        except (ConnectionClosed, msgspec.DecodeError):
            return
        finally:
            self._open = False

    async def hang_up(self) -> None:
        """Say stop, as Twilio does when the caller hangs up, and close."""
        stop = {"accountSid": self._account_sid, "callSid": self._call_sid}
        await self._say({"event": "stop", **self._numbered(), "stop": stop})
        self._open = False
        await self._socket.close()

    async def _begin(self, token: str) -> None:
        start = {
            "accountSid": self._account_sid,
            "streamSid": self._stream_sid,
            "callSid": self._call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"token": token},
        }
        await self._say({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self._say({"event": "start", **self._numbered(), "start": start})

    async def _act(self, message: ForTwilio) -> None:
        """Play, answer a mark, or throw away what was not played."""
        if message.media is not None:
            self.inbox.put(message.media.payload)
        elif message.mark is not None:
            await self._say({"event": "mark", **self._numbered(), "mark": {"name": message.mark.name}})
        elif message.event == "clear":
            self.inbox.clear()

    def _numbered(self) -> dict[str, str]:
        """Return the fields that every message after `connected` carries."""
        self._sequence += 1
        return {"sequenceNumber": str(self._sequence), "streamSid": self._stream_sid}

    async def _say(self, message: dict[str, object]) -> None:
        if not self._open:
            return
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(msgspec.json.encode(message).decode())


_decoder: Final = msgspec.json.Decoder(ForTwilio)
