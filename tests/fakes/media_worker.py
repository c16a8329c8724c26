"""Be a media worker for the console's leg: admit it, send it a tone, keep what it says, and misbehave on request."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from server.wire.media import (
    CODEC_PCM16,
    HEADER,
    MediaBye,
    MediaControlFrame,
    MediaHello,
    MediaMute,
    MediaPing,
    MediaPong,
    MediaReady,
    MediaStats,
    pack_audio,
)
from server.wire.terms import LegRole
from tests import sound

_decoder = msgspec.json.Decoder(MediaControlFrame)
_encode = msgspec.json.Encoder().encode
FRAME_BYTES = 640


@dataclass
class Seen:
    """What one connection of the console did, in order; audio as its header's fields and the sound."""

    hello: MediaHello
    frames: list[MediaControlFrame | tuple[int, int, int, bytes]] = field(default_factory=list)
    close_code: int | None = None

    @property
    def audio(self) -> bytes:
        """All sound of it."""
        return b"".join(frame[3] for frame in self.frames if isinstance(frame, tuple))

    @property
    def audio_frames(self) -> list[tuple[int, int, int, bytes]]:
        """Its audio frames: epoch, sequence, timestamp, sound."""
        return [frame for frame in self.frames if isinstance(frame, tuple)]

    def controls(self, kind: type[msgspec.Struct]) -> list[msgspec.Struct]:
        """Return its control frames of one kind."""
        return [frame for frame in self.frames if isinstance(frame, kind)]


class FakeMediaWorker:
    """Listens on a free port; every leg gets `says` over and over, or `tone_hertz` (0: nothing), from `ready` on."""

    def __init__(self, tone_hertz: float = 1000.0, epoch: int = 3, *, says: bytes = b"") -> None:
        self.tone_hertz = tone_hertz
        self.says = says
        self.epoch = epoch
        self.tokens = {"token"}
        self.seen: list[Seen] = []
        self.answers = True
        self.stats = MediaStats(far_level=0.2, own_level=0.1)
        self.echoes_mute = True
        self._server: Server | None = None
        self._sockets: list[ServerConnection] = []

    @property
    def url(self) -> str:
        """Where to connect."""
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/console"

    @property
    def socket(self) -> ServerConnection:
        """The newest connection."""
        return self._sockets[-1]

    @property
    def last(self) -> Seen:
        """What the newest connection did."""
        return self.seen[-1]

    async def __aenter__(self) -> "FakeMediaWorker":
        self._server = await serve(self._serve, "127.0.0.1", 0, ping_interval=None, compression=None)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        for socket in self._sockets:
            socket.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    async def tell(self, frame: msgspec.Struct) -> None:
        """Send a control frame to the newest connection."""
        await self.socket.send(_encode(frame).decode())

    async def bye(self, reason: str, code: int = 1000) -> None:
        """Hang up on the newest connection, or, with another code, throw it out."""
        await self.tell(MediaBye(reason=reason))
        await self.socket.close(code, reason)

    def cut(self) -> None:
        """Break the newest connection without a word."""
        self.socket.transport.abort()

    async def _serve(self, socket: ServerConnection) -> None:
        try:
            hello = _decoder.decode(await socket.recv())
            assert isinstance(hello, MediaHello)
            if hello.token not in self.tokens:
                await socket.send(_encode(MediaBye(reason="refused")).decode())
                await socket.close(4401, "refused")
                return
            self.tokens.discard(hello.token)
            if not self.answers:
                await socket.wait_closed()
                return
            self._sockets.append(socket)
            seen = Seen(hello)
            self.seen.append(seen)
            ready = MediaReady(role=LegRole.OPERATOR, epoch=self.epoch, rate=hello.rate, codec=hello.codec)
            await socket.send(_encode(ready).decode())
            try:
                async with self._speaking(socket):
                    await self._listen(socket, seen)
            finally:
                seen.close_code = socket.close_code
        except ConnectionClosed:
            return

    async def _listen(self, socket: ServerConnection, seen: Seen) -> None:
        async for message in socket:
            if isinstance(message, bytes):
                _, codec, epoch, sequence, stamp = HEADER.unpack_from(message)
                assert codec == CODEC_PCM16
                seen.frames.append((epoch, sequence, stamp, message[HEADER.size :]))
                continue
            frame = _decoder.decode(message)
            seen.frames.append(frame)
            if isinstance(frame, MediaPing):
                await socket.send(_encode(MediaPong(at=frame.at)).decode())
            elif isinstance(frame, MediaMute) and self.echoes_mute:
                await socket.send(_encode(frame).decode())

    @asynccontextmanager
    async def _speaking(self, socket: ServerConnection) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self._speak(socket))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _speak(self, socket: ServerConnection) -> None:
        pcm = self.says or (sound.tone(self.tone_hertz, 1.0) if self.tone_hertz else b"")
        pcm = pcm[: len(pcm) // FRAME_BYTES * FRAME_BYTES]
        start, sequence = time.monotonic(), 0
        while True:
            if pcm:
                at = sequence * FRAME_BYTES % len(pcm)
                frame = pack_audio(CODEC_PCM16, self.epoch, sequence, sequence * 20, pcm[at : at + FRAME_BYTES])
                await socket.send(frame)
            sequence += 1
            if sequence % 50 == 0:
                await socket.send(_encode(self.stats).decode())
            await asyncio.sleep(max(0.0, start + sequence * 0.02 - time.monotonic()))
