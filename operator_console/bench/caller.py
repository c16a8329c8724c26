"""Be the media worker and the caller behind it for a call under measurement: a tone in real time, both ways counted."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from operator_console.audio.sound import LEG_RATE, tone
from operator_console.tasks import spawn, stop
from server.wire.codec import encode
from server.wire.media import (
    CODEC_PCM16,
    FRAME_MS,
    MediaControlFrame,
    MediaHello,
    MediaPing,
    MediaPong,
    MediaReady,
    MediaStats,
    pack_audio,
)
from server.wire.terms import LegRole

TONE_HZ: Final = 440.0
_decoder: Final = msgspec.json.Decoder(MediaControlFrame)


class BenchCaller:
    """What one call's far side counted."""

    token = "bench"  # noqa: S105 - no secret: it opens a socket of this measurement alone
    epoch = 1

    def __init__(self) -> None:
        """Begin before the call."""
        self.url = ""
        self.frames = 0
        """Frames of the operator that arrived."""

    async def serve(self, socket: ServerConnection) -> None:
        """Hold one leg until it ends."""
        with suppress(ConnectionClosed):
            hello = _decoder.decode(await socket.recv())
            if not isinstance(hello, MediaHello):
                return
            ready = MediaReady(role=LegRole.OPERATOR, epoch=self.epoch, rate=LEG_RATE, codec="pcm16")
            await socket.send(encode(ready).decode())
            speaking = spawn("bench-caller", self._speak(socket))
            try:
                async for message in socket:
                    await self._take(socket, message)
            finally:
                await stop(speaking)

    async def _take(self, socket: ServerConnection, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.frames += 1
            return
        frame = _decoder.decode(message)
        if isinstance(frame, MediaPing):
            await socket.send(encode(MediaPong(at=frame.at)).decode())

    async def _speak(self, socket: ServerConnection) -> None:
        """Say 20 ms after 20 ms, on a schedule that does not drift, and the figures once a second."""
        pcm = tone(TONE_HZ, FRAME_MS)
        loop = asyncio.get_running_loop()
        began, number = loop.time(), 0
        with suppress(ConnectionClosed):
            while True:
                await socket.send(pack_audio(CODEC_PCM16, self.epoch, number, number * FRAME_MS, pcm))
                if number % 50 == 0:
                    await socket.send(encode(MediaStats(far_level=0.2, own_level=0.1)).decode())
                number += 1
                await asyncio.sleep(max(0.0, began + number * FRAME_MS / 1000 - loop.time()))


@asynccontextmanager
async def bench_caller() -> AsyncGenerator[BenchCaller, None]:
    """Listen on a free port of this machine."""
    caller = BenchCaller()
    async with serve(caller.serve, "127.0.0.1", 0, ping_interval=None, compression=None) as server:
        host, port = next(iter(server.sockets)).getsockname()[:2]
        caller.url = f"ws://{host}:{port}/console"
        yield caller
