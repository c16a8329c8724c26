"""Be the peers of the media worker in tests: a caller at Twilio, an AI platform's stream, an operator's console.

The Twilio side is written by hand from Twilio's page, not with our codec, so that both cannot be wrong in the same way.
"""

import asyncio
import base64
import contextlib
import hashlib
import json
import math
import secrets
import struct
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import websockets
from websockets.asyncio.client import ClientConnection, connect

from server.broker.ports.media import Admission, CallPlan, MediaFact, VoicemailOrder
from server.media.config import WorkerConfig
from server.media.control import WorkerControl
from server.wire.terms import CallPhase, ConversationId, LegId, LegRole, Supervision

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

DEADLINE_SECONDS = 60.0
HEADER = struct.Struct("!BBHII")


# --- sound ----------------------------------------------------------------------------------------------------------


def tone(hertz: float, rate: int, first: int, *, peak: int = 8_000) -> bytes:
    """Return frame number `first` (20 ms, PCM16) of an endless sine."""
    size = rate // 50
    start = first * size
    return struct.pack(
        f"<{size}h", *(round(peak * math.sin(2 * math.pi * hertz * (start + i) / rate)) for i in range(size))
    )


def share(pcm: bytes, hertz: float, rate: int) -> float:
    """Return how much of the energy of `pcm` is at `hertz`, 0 to 1 (Goertzel)."""
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    energy = sum(sample * sample for sample in samples)
    if not energy:
        return 0.0
    coefficient = 2 * math.cos(2 * math.pi * hertz / rate)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    power = before * before + last * last - coefficient * before * last
    return min(1.0, 2 * power / (len(samples) * energy))


def tones(pcm: bytes, rate: int, *hertz: int) -> set[int]:
    """Return which of these tones `pcm` contains; it must contain nothing else that can be heard."""
    if loudness(pcm) < 20:
        return set()
    shares = {one: share(pcm, one, rate) for one in hertz}
    assert sum(shares.values()) > 0.9, f"something else is heard: {shares}"
    return {one for one, part in shares.items() if part > 0.02}


def loudness(pcm: bytes) -> int:
    """Return the RMS of PCM16."""
    return audioop.rms(pcm, 2) if pcm else 0


# --- polling --------------------------------------------------------------------------------------------------------


async def until(true: Callable[[], object], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Return when `true()` is; fail with `what` after `seconds`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not true():
        if loop.time() > deadline:
            raise AssertionError(f"never happened: {what}")
        await asyncio.sleep(0.01)


# --- legs -----------------------------------------------------------------------------------------------------------


class RefusedError(Exception):
    """The worker closed the socket instead of letting the leg in."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class Peer:
    """What both kinds of client share: a socket, a reader, and an endless tone to speak."""

    rate = 8_000

    def __init__(self) -> None:
        self.socket: ClientConnection | None = None
        self.heard = bytearray()
        """All audio received, as PCM16 at `rate`."""
        self.frames: list[bytes] = []
        """The same, message by message."""
        self.gone = asyncio.Event()
        self.close_code: int | None = None
        self.close_reason = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._spoken = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _open(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.socket = await connect(
            url, additional_headers=headers, compression=None, max_queue=None, ping_interval=None
        )

    def _start_reading(self) -> None:
        self._tasks.append(asyncio.create_task(self._read()))

    async def _read(self) -> None:
        assert self.socket is not None
        try:
            async for message in self.socket:
                self._take(message)
        except websockets.ConnectionClosed:
            pass
        finally:
            self.close_code, self.close_reason = self.socket.close_code, self.socket.close_reason or ""
            self.gone.set()

    def _take(self, message: str | bytes) -> None:
        raise NotImplementedError

    def _keep(self, pcm: bytes) -> None:
        self.frames.append(pcm)
        self.heard += pcm

    async def raw(self, message: str | bytes) -> None:
        """Send anything."""
        assert self.socket is not None
        await self.socket.send(message)

    async def say(self, pcm: bytes) -> None:
        """Send 20 ms of PCM16 at `rate`."""
        raise NotImplementedError

    def speak(self, hertz: float, *, peak: int = 8_000) -> None:
        """Speak an endless sine in real time until closed."""
        self._tasks.append(asyncio.create_task(self._speak(hertz, peak)))

    async def _speak(self, hertz: float, peak: int) -> None:
        loop = asyncio.get_running_loop()
        second = [tone(hertz, self.rate, frame, peak=peak) for frame in range(50)]  # whole periods of whole Hertz
        start, number = loop.time(), 0
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await self.say(second[number % 50])
                number += 1
                await asyncio.sleep(max(0.0, start + number * 0.02 - loop.time()))

    def forget(self) -> None:
        """Start listening anew."""
        self.heard.clear()
        self.frames.clear()

    async def hears(self, hertz: float, *, frames: int = 25) -> None:
        """Return once the last `frames` frames are that tone and nothing else."""
        size = self.rate // 50 * 2 * frames
        await until(
            lambda: len(self.heard) >= size and share(bytes(self.heard[-size:]), hertz, self.rate) > 0.95,
            f"{type(self).__name__} hears {hertz} Hz",
        )

    async def closed(self) -> None:
        """Return once the other side has closed."""
        await until(self.gone.is_set, f"{type(self).__name__} is closed")

    async def drop(self) -> None:
        """Break the line without a goodbye."""
        assert self.socket is not None
        self.socket.transport.abort()
        await self.close()

    async def close(self) -> None:
        """Close and stop all that this peer does."""
        for task in self._tasks[1:]:
            task.cancel()
        if self.socket is not None:
            await self.socket.close()
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for end in ends:
            if isinstance(end, AssertionError):
                raise end


class StreamLeg(Peer):
    """A leg in our own format: a console, or an AI platform's stream (docs/protocol.md)."""

    def __init__(self, rate: int = 16_000, codec: str = "pcm16") -> None:
        super().__init__()
        self.rate, self.codec = rate, codec
        self.epoch = 0
        self.control: list[dict[str, object]] = []
        self._codec_byte = {"pcm16": 1, "mulaw": 2}[codec]

    async def open(self, url: str, token: str) -> Self:
        """Connect and say hello; returns when ready, raises `RefusedError` when not."""
        await self._open(url)
        await self.raw(json.dumps({"type": "hello", "token": token, "rate": self.rate, "codec": self.codec}))
        self._start_reading()
        await until(lambda: self.gone.is_set() or self.told("ready"), "ready or refused")
        if self.gone.is_set():
            raise RefusedError(self.close_code or 0, self.close_reason)
        return self

    def told(self, kind: str) -> list[dict[str, object]]:
        """Return the control frames of one type so far."""
        return [frame for frame in self.control if frame["type"] == kind]

    async def tell(self, **frame: object) -> None:
        """Send a control frame."""
        await self.raw(json.dumps(frame))

    async def say(self, pcm: bytes, *, epoch: int | None = None) -> None:
        payload = pcm if self.codec == "pcm16" else audioop.lin2ulaw(pcm, 2)
        number = self._spoken
        self._spoken += 1
        header = HEADER.pack(
            1, self._codec_byte, (self.epoch if epoch is None else epoch) & 0xFFFF, number, number * 20
        )
        await self.raw(header + payload)

    async def hang_up(self) -> None:
        """Say bye."""
        await self.tell(type="bye")
        await self.closed()
        await self.close()

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, str):
            frame = json.loads(message)
            self.control.append(frame)
            if frame["type"] == "ready":
                self.epoch = frame["epoch"]
            return
        kind, codec, epoch, _, _ = HEADER.unpack_from(message)
        assert (kind, codec, epoch) == (1, self._codec_byte, self.epoch & 0xFFFF)
        payload = message[HEADER.size :]
        self._keep(payload if self.codec == "pcm16" else audioop.ulaw2lin(payload, 2))


class TwilioCaller(Peer):
    """A caller whose audio comes through Twilio Media Streams, message for message as Twilio's page shows."""

    def __init__(self, call_sid: str = "") -> None:
        super().__init__()
        self.call_sid = call_sid or "CA" + secrets.token_hex(16)
        self.stream_sid = "MZ" + secrets.token_hex(16)
        self.events: list[dict[str, object]] = []
        self._sequence = 1

    async def open(self, url: str, token: str, headers: dict[str, str] | None = None) -> Self:
        """Connect and send connected and start; nothing answers, so a refusal shows only later."""
        await self.connect_only(url, headers)
        await self.send_start(token)
        return self

    async def connect_only(self, url: str, headers: dict[str, str] | None = None) -> None:
        """Open the socket and say connected."""
        await self._open(url, headers)
        self._start_reading()
        await self.raw('{"event":"connected","protocol":"Call","version":"1.0.0"}')

    async def send_start(self, token: str) -> None:
        """Send start with the token as its parameter."""
        await self._send(
            "start",
            start={
                "accountSid": "AC" + "0" * 32,
                "streamSid": self.stream_sid,
                "callSid": self.call_sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"token": token},
            },
        )

    async def say(self, pcm: bytes) -> None:
        number = self._spoken
        self._spoken += 1
        await self._send(
            "media",
            media={
                "track": "inbound",
                "chunk": str(number + 1),
                "timestamp": str(number * 20),
                "payload": base64.b64encode(audioop.lin2ulaw(pcm, 2)).decode(),
            },
        )

    async def press(self, digit: str) -> None:
        """Press a key."""
        await self._send("dtmf", dtmf={"track": "inbound_track", "digit": digit})

    async def hang_up(self) -> None:
        """Send stop and close, as Twilio does when the caller hangs up."""
        await self._send("stop", stop={"accountSid": "AC" + "0" * 32, "callSid": self.call_sid})
        await self.close()

    async def _send(self, event: str, **parts: object) -> None:
        body = {"event": event, "sequenceNumber": str(self._sequence), **parts, "streamSid": self.stream_sid}
        self._sequence += 1
        await self.raw(json.dumps(body))

    def _take(self, message: str | bytes) -> None:
        assert isinstance(message, str), "Twilio takes text only"
        body = json.loads(message)
        assert body["event"] in {"media", "mark", "clear"}, body
        assert body["streamSid"] == self.stream_sid
        self.events.append(body)
        if body["event"] == "media":
            self._keep(audioop.ulaw2lin(base64.b64decode(body["media"]["payload"], validate=True), 2))

    @property
    def clears(self) -> int:
        """How often we were told to throw away what was not played."""
        return sum(1 for event in self.events if event["event"] == "clear")


# --- the broker's side ----------------------------------------------------------------------------------------------


class Desk:
    """A media worker with its control, and short words for what the broker does with it."""

    def __init__(self, control: WorkerControl) -> None:
        self.control = control
        self.facts: list[MediaFact] = []

    async def keep(self, fact: MediaFact) -> None:
        """Be the handler of facts."""
        self.facts.append(fact)

    def of(self, kind: type[MediaFact], call: str = "") -> list[MediaFact]:
        """Return the facts of one type so far, of one call if named."""
        return [fact for fact in self.facts if isinstance(fact, kind) and call in {"", fact.call_id}]

    async def admit(
        self,
        call: str,
        role: LegRole,
        transport: str,
        *,
        epoch: int = 0,
        external_id: str = "",
        muted: bool = False,
        seconds: float = 30.0,
        leg_id: str = "",
    ) -> str:
        """Register a fresh token and return it."""
        token = secrets.token_urlsafe(24)
        await self.control.admit(
            Admission(
                call_id=ConversationId(call),
                leg_id=LegId(leg_id or "leg-" + secrets.token_hex(6)),
                role=role,
                token_sha256=hashlib.sha256(token.encode()).hexdigest(),
                epoch=epoch,
                transport=transport,
                expires_in_seconds=seconds,
                external_id=external_id,
                muted=muted,
            )
        )
        return token

    async def plan(
        self,
        call: str,
        phase: CallPhase,
        *,
        epoch: int = 0,
        muted: bool = False,
        version: int = 0,
        supervision: Supervision = Supervision.NONE,
        supervisor_leg: str = "",
        answered: bool = False,
        voicemail: VoicemailOrder | None = None,
    ) -> None:
        """Say what a call should be."""
        await self.control.plan(
            CallPlan(
                call_id=ConversationId(call),
                phase=phase,
                epoch=epoch,
                muted=muted,
                version=version,
                supervision=supervision,
                supervisor_leg=LegId(supervisor_leg),
                answered=answered,
                voicemail=voicemail,
            )
        )

    async def twilio_caller(self, call: str) -> TwilioCaller:
        """Connect a caller through Twilio's format."""
        token = await self.admit(call, LegRole.CALLER, "twilio")
        return await TwilioCaller().open(self.control.media_url("twilio"), token)

    async def stream(
        self, call: str, role: LegRole = LegRole.CALLER, rate: int = 16_000, codec: str = "pcm16"
    ) -> StreamLeg:
        """Connect a caller or an assistant through the stream format."""
        token = await self.admit(call, role, "stream")
        return await StreamLeg(rate, codec).open(self.control.media_url("stream"), token)

    async def console(
        self, call: str, *, epoch: int = 1, rate: int = 16_000, codec: str = "pcm16", muted: bool = False
    ) -> StreamLeg:
        """Connect an operator's console."""
        token = await self.admit(call, LegRole.OPERATOR, "console", epoch=epoch, muted=muted)
        return await StreamLeg(rate, codec).open(self.control.media_url("console"), token)

    async def supervisor(self, call: str, leg_id: str, *, epoch: int = 1, muted: bool = False) -> StreamLeg:
        """Connect a supervisor's console by a leg of this id."""
        token = await self.admit(call, LegRole.SUPERVISOR, "console", epoch=epoch, muted=muted, leg_id=leg_id)
        return await StreamLeg().open(self.control.media_url("console"), token)


def worker_config(folder: Path, **settings: object) -> WorkerConfig:
    """Return settings for a worker of this test's own."""
    return WorkerConfig(**({"control_path": str(folder / "m.sock"), "orphan_seconds": 30.0} | settings))


@contextlib.asynccontextmanager
async def desk(folder: Path, **settings: object) -> AsyncIterator[Desk]:
    """Run a worker of this test's own; all its calls end with the test."""
    control = WorkerControl(worker_config(folder, **settings))
    running = Desk(control)
    await control.start(running.keep)
    try:
        yield running
    finally:
        await control.stop(end_calls=True)
