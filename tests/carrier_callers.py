"""Be callers whose audio comes through Plivo, Telnyx or jambonz, message for message as the carriers' pages show them.

Written by hand, not with our codecs, so that both cannot be wrong in the same way.
"""

import base64
import json
import secrets
import uuid
import warnings
from typing import Self

from typing_extensions import override
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.media_clients import Peer

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop


class CarrierCaller(Peer):
    """What callers of all of them share."""

    path = ""

    def __init__(self, call_id: str = "") -> None:
        super().__init__()
        self.call_id = call_id or str(uuid.uuid4())
        self.stream_id = str(uuid.uuid4())
        self.events: list[dict[str, object]] = []
        self._sequence = 0

    async def open(self, url: str, token: str) -> Self:
        """Connect and send what comes before audio; nothing answers, so a refusal shows only later."""
        await self._open(url)
        self._start_reading()
        await self.begin(token)
        return self

    async def connect_only(self, url: str) -> None:
        """Open the socket and say nothing."""
        await self._open(url)
        self._start_reading()

    async def begin(self, token: str) -> None:
        """Say what comes before audio."""
        raise NotImplementedError

    async def say(self, pcm: bytes) -> None:
        number = self._spoken + 1
        self._spoken += 1
        await self.media(audioop.lin2ulaw(pcm, 2), number)

    async def media(self, mulaw: bytes, number: int) -> None:
        """Send one frame of audio."""
        raise NotImplementedError

    async def send(self, **body: object) -> None:
        """Send one message."""
        await self.raw(json.dumps(body))

    def told(self, event: str) -> list[dict[str, object]]:
        """Return what we were told of one kind."""
        return [one for one in self.events if one["event"] == event]

    def _hear(self, payload: object) -> None:
        assert isinstance(payload, str)
        self._keep(audioop.ulaw2lin(base64.b64decode(payload, validate=True), 2))


class PlivoCaller(CarrierCaller):
    """A caller on Plivo."""

    path = "plivo"

    @override
    async def begin(self, token: str) -> None:
        self._sequence = 1
        await self.send(
            event="start",
            sequenceNumber=1,
            start={
                "callId": self.call_id,
                "streamId": self.stream_id,
                "accountId": "MA" + "X" * 18,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000},
            },
            extra_headers=f"token={token.encode().hex()};userId=1",
        )

    @override
    async def media(self, mulaw: bytes, number: int) -> None:
        await self.send(
            event="media",
            sequenceNumber=number + 1,
            streamId=self.stream_id,
            media={
                "track": "inbound",
                "timestamp": str(1_705_312_200_000 + number * 20),
                "chunk": number,
                "payload": base64.b64encode(mulaw).decode(),
            },
            extra_headers="userId=1",
        )

    async def press(self, digit: str) -> None:
        """Press a key."""
        await self.send(event="dtmf", streamId=self.stream_id, dtmf={"track": "inbound", "digit": digit})

    @override
    def _take(self, message: str | bytes) -> None:
        assert isinstance(message, str), "Plivo takes text only"
        body = json.loads(message)
        self.events.append(body)
        if body["event"] == "playAudio":
            assert (body["media"]["contentType"], body["media"]["sampleRate"]) == ("audio/x-mulaw", 8000)
            self._hear(body["media"]["payload"])
        elif body["event"] == "clearAudio":
            assert body["streamId"] == self.stream_id
        else:
            assert body["event"] == "sendDTMF", body


class TelnyxCaller(CarrierCaller):
    """A caller on Telnyx."""

    path = "telnyx"

    def __init__(self, call_id: str = "") -> None:
        super().__init__(call_id or "v3:" + secrets.token_urlsafe(30))

    @override
    async def begin(self, token: str) -> None:
        await self.send(event="connected", version="1.0.0", **{"x-telnyx-streaming-auth-token": token})
        await self.send(
            event="start",
            sequence_number="1",
            stream_id=self.stream_id,
            start={
                "user_id": str(uuid.uuid4()),
                "call_control_id": self.call_id,
                "client_state": "aGF2ZSBhIG5pY2UgZGF5ID1d",
                "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
            },
        )

    @override
    async def media(self, mulaw: bytes, number: int) -> None:
        await self.send(
            event="media",
            sequence_number=str(number + 1),
            stream_id=self.stream_id,
            media={
                "track": "inbound",
                "chunk": str(number),
                "timestamp": str(number * 20),
                "payload": base64.b64encode(mulaw).decode(),
            },
        )

    async def press(self, digit: str) -> None:
        """Press a key."""
        await self.send(event="dtmf", stream_id=self.stream_id, sequence_number="5", dtmf={"digit": digit})

    async def hang_up(self) -> None:
        """Say stop and close."""
        await self.send(event="stop", stream_id=self.stream_id, stop={"call_control_id": self.call_id})
        await self.close()

    @override
    def _take(self, message: str | bytes) -> None:
        assert isinstance(message, str), "Telnyx takes text only"
        body = json.loads(message)
        self.events.append(body)
        if body["event"] == "media":
            self._hear(body["media"]["payload"])
        else:
            assert body == {"event": "clear"}


class JambonzCaller(CarrierCaller):
    """A caller on jambonz, whose `listen` verb sends bare PCM16."""

    path = "jambonz"

    def __init__(self, call_id: str = "", rate: int = 8_000) -> None:
        super().__init__(call_id)
        self.rate = rate

    @override
    async def _open(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.socket = await connect(
            url, subprotocols=[Subprotocol("audio.jambonz.org")], compression=None, max_queue=None, ping_interval=None
        )
        assert self.socket.subprotocol == "audio.jambonz.org", "jambonz does not go on without it"

    @override
    async def begin(self, token: str) -> None:
        await self.send(
            sampleRate=self.rate,
            mixType="mono",
            callSid=self.call_id,
            direction="inbound",
            callStatus="in-progress",
            to="15550100",
            token=token,
            **{"from": "34600555042"},
        )

    @override
    async def say(self, pcm: bytes) -> None:
        self._spoken += 1
        await self.raw(pcm)

    async def press(self, digit: str) -> None:
        """Press a key."""
        await self.send(event="dtmf", dtmf=digit, duration="1600")

    @override
    def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self._keep(message)
            return
        body = json.loads(message)
        self.events.append({**body, "event": body["type"]})
        assert body in ({"type": "killAudio"}, {"type": "disconnect"}), body
