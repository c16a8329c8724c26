"""Connect one party's audio to the desk, as a real client would; whatever the wire carries, players see µ-law frames.

`Leg` is what `server.demo.line` needs. `StreamLeg` speaks the plain stream format (AI platforms, widgets, and the
operator's own console leg); `server.demo.twilio_leg` speaks Twilio's.
"""

import asyncio
import contextlib
from collections import deque
from typing import Final, Protocol

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from server.demo.speech import FRAME_BYTES, RATE
from server.media.codecs import mulaw_to_pcm16, pcm16_to_mulaw
from server.wire.codec import WireError, decode, encode
from server.wire.media import (
    CODEC_PCM16,
    FRAME_MS,
    HEADER,
    MAX_CONTROL_BYTES,
    MediaBye,
    MediaControlFrame,
    MediaHello,
    MediaMute,
    MediaPhase,
    MediaPing,
    MediaPong,
    MediaReady,
    pack_audio,
)
from server.wire.version import USER_AGENT
from server.wire.views import MediaGrant

OPEN_SECONDS: Final = 5.0
"""A leg that is not up by then is given up."""
MOST_KEPT_FRAMES: Final = 50
"""One second of audio nobody took; older audio is dropped."""


class LegError(Exception):
    """A leg could not be opened; the sentence says why."""


class Leg(Protocol):
    """One party's media path, from that party's side."""

    @property
    def is_open(self) -> bool:
        """Whether audio can still be sent."""
        ...

    def take(self) -> tuple[bytes, ...]:
        """Return the frames that arrived since the last time, oldest first, as µ-law."""
        ...

    async def send(self, mulaw: bytes) -> None:
        """Send 20 ms of µ-law; a closed leg swallows it."""
        ...

    async def listen(self) -> None:
        """Receive until either side closes the leg."""
        ...

    async def hang_up(self) -> None:
        """Say goodbye in order with the audio, and close."""
        ...


class Inbox:
    """Audio that arrived and waits to be heard: 20 ms frames, bounded, oldest dropped first."""

    def __init__(self) -> None:
        """Start empty."""
        self._frames: Final[deque[bytes]] = deque(maxlen=MOST_KEPT_FRAMES)
        self._rest = b""
        self.bytes_received = 0

    def put(self, mulaw: bytes) -> None:
        """Add audio of any length."""
        self.bytes_received += len(mulaw)
        audio = self._rest + mulaw
        whole = len(audio) - len(audio) % FRAME_BYTES
        self._frames.extend(audio[start : start + FRAME_BYTES] for start in range(0, whole, FRAME_BYTES))
        self._rest = audio[whole:]

    def take(self) -> tuple[bytes, ...]:
        """Return what arrived since the last time, oldest frame first."""
        frames = tuple(self._frames)
        self._frames.clear()
        return frames

    def clear(self) -> None:
        """Forget what was not heard yet."""
        self._frames.clear()
        self._rest = b""


class StreamLeg:
    """A leg in the plain stream format: binary PCM16 frames with a header, JSON control frames."""

    def __init__(self, socket: ClientConnection, epoch: int) -> None:
        """Speak on a socket whose hello was answered."""
        self.phase = ""
        """Who the caller talks with, as the worker last said; empty until it said so."""
        self.muted = False
        self.goodbye = ""
        self.inbox: Final = Inbox()
        self._socket: Final = socket
        self._epoch: Final = epoch
        self._sequence = 0
        self._open = True

    @classmethod
    async def open(cls, grant: MediaGrant) -> "StreamLeg":
        """Connect with a one-time grant and wait until the worker says that the leg is up.

        Raises:
            LegError: refused, unreachable, or not up within five seconds.
        """
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                socket = await connect(grant.url, user_agent_header=USER_AGENT, proxy=None, compression=None)
                await socket.send(encode(MediaHello(token=grant.token, rate=RATE)).decode())
                answer = decode(await socket.recv(), _decoder, MAX_CONTROL_BYTES)
        except (OSError, TimeoutError, WebSocketException, WireError) as error:
            raise LegError(f"The leg could not be opened: {str(error) or type(error).__name__}") from error
        if not isinstance(answer, MediaReady):
            await socket.close()
            raise LegError(f"The leg was refused: {answer}")
        return cls(socket, grant.epoch)

    @property
    def is_open(self) -> bool:
        """Whether audio can still be sent."""
        return self._open

    def take(self) -> tuple[bytes, ...]:
        """Return the frames that arrived since the last time, oldest first, as µ-law."""
        return self.inbox.take()

    async def send(self, mulaw: bytes) -> None:
        """Send 20 ms of µ-law as PCM16; a closed leg swallows it."""
        await self._send(
            pack_audio(CODEC_PCM16, self._epoch, self._sequence, self._sequence * FRAME_MS, mulaw_to_pcm16(mulaw))
        )
        self._sequence += 1

    async def mute(self, *, on: bool) -> None:
        """Tell the worker, in order with the audio, that nothing after this is to be heard (or again)."""
        await self._send(encode(MediaMute(on=on)).decode())

    async def listen(self) -> None:
        """Receive until either side closes the leg."""
        try:
            async for frame in self._socket:
                if isinstance(frame, bytes):
                    self.inbox.put(pcm16_to_mulaw(frame[HEADER.size :]))
                else:
                    await self._control(decode(frame, _decoder, MAX_CONTROL_BYTES))
        except (ConnectionClosed, WireError):
            return
        finally:
            self._open = False

    async def hang_up(self) -> None:
        """Say goodbye in order with the audio, and close."""
        await self._send(encode(MediaBye(reason="hung up")).decode())
        self._open = False
        await self._socket.close()

    async def _control(self, frame: MediaControlFrame) -> None:
        """Act on what the worker says."""
        match frame:
            case MediaPhase():
                self.phase = frame.phase
            case MediaMute():
                self.muted = frame.on
            case MediaPing():
                await self._send(encode(MediaPong(at=frame.at)).decode())
            case MediaBye():
                self.goodbye = frame.reason
                self._open = False
            case _:
                pass  # statistics, and frames that only the worker reads

    async def _send(self, frame: bytes | str) -> None:
        if not self._open:
            return
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(frame)


_decoder: Final[msgspec.json.Decoder[MediaControlFrame]] = msgspec.json.Decoder(MediaControlFrame)
