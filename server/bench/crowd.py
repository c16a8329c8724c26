"""Be many operators' consoles in one process: they beat, and look for one session's ring without decoding the rest."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from server.bench.process import Running
from server.tasks import spawn
from server.wire.codec import encode
from server.wire.frames import Beat, Hello
from server.wire.terms import OperatorId
from server.wire.version import PROTOCOL

CONNECT_AT_ONCE: Final = 20


class Crowd:
    """Every operator's console: they beat, and look for one session's ring."""

    def __init__(self, broker: Running) -> None:
        """Belong to this broker."""
        self._broker: Final = broker
        self._sockets: Final[dict[OperatorId, ClientConnection]] = {}
        self._tasks: Final[list[asyncio.Task[None]]] = []
        self._wanted: tuple[OperatorId, bytes, asyncio.Future[float]] | None = None

    async def open(self, tokens: Mapping[OperatorId, str]) -> None:
        """Connect everybody; the first brings a snapshot, by which the others resume."""
        self._tasks.append(spawn("bench_beats", self._beats()))
        people = list(tokens)
        seq, boot = await self._first(people[0], tokens[people[0]])
        hello = Hello(protocol=PROTOCOL, client="bench", after=seq, boot=boot)
        for start in range(1, len(people), CONNECT_AT_ONCE):
            some = people[start : start + CONNECT_AT_ONCE]
            await asyncio.gather(*(self._join(who, tokens[who], hello) for who in some))

    async def _connect(self, token: str) -> ClientConnection:
        return await connect(
            f"{self._broker.socket_url}/v1/console",
            additional_headers={"Authorization": f"Bearer {token}"},
            max_size=64 << 20,
            open_timeout=60,
            compression=None,
            ping_interval=None,
            proxy=None,
        )

    async def _first(self, who: OperatorId, token: str) -> tuple[int, str]:
        socket = await self._connect(token)
        await socket.send(encode(Hello(protocol=PROTOCOL, client="bench")).decode())
        while True:
            frame = json.loads(await socket.recv())
            if frame["type"] == "snapshot":
                self._keep(who, socket)
                return frame["seq"], frame["boot"]

    async def _join(self, who: OperatorId, token: str, hello: Hello) -> None:
        socket = await self._connect(token)
        await socket.send(encode(hello).decode())
        self._keep(who, socket)

    def _keep(self, who: OperatorId, socket: ClientConnection) -> None:
        self._sockets[who] = socket
        self._tasks.append(spawn("bench_console", self._listen(who, socket)))

    async def _listen(self, who: OperatorId, socket: ClientConnection) -> None:
        """Look at every frame as bytes: decoding 500 of each would be the measurement."""
        try:
            while True:
                frame = await socket.recv(decode=False)
                wanted = self._wanted
                ours = wanted is not None and wanted[0] == who and wanted[1] in frame and b"session.offered" in frame
                if wanted is not None and ours and not wanted[2].done():
                    wanted[2].set_result(time.monotonic())
        except ConnectionClosed:
            return

    async def _beats(self) -> None:
        while True:
            beat = encode(Beat(at=0.0)).decode()
            for socket in tuple(self._sockets.values()):
                await socket.send(beat)
            await asyncio.sleep(1.0)

    def look_for(self, who: OperatorId, mark: str) -> asyncio.Future[float]:
        """Return when the ring of a session with this mark is on the console of `who`."""
        seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._wanted = (who, mark.encode(), seen)
        return seen

    async def close(self) -> None:
        """Leave."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(socket.close() for socket in self._sockets.values()), return_exceptions=True)
