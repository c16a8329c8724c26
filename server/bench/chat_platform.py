"""Be a platform that misbehaves, for measurements: it takes signed messages over HTTP, and fails as often as told.

What it took is kept with its id, so that what was lost, doubled or out of order can be counted afterwards.
"""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Final

import msgspec

from server.channels.own_json import Said

SHARES: Final = {"too_fast": 0.05, "broken": 0.05, "timed_out": 0.02, "reset": 0.02}
"""How often each happens: 429, 500, taken but answered by a gateway's 504, taken (or not) and cut off."""
_OK: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
_TOO_FAST: Final = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 0.1\r\ncontent-length: 0\r\n\r\n"
_BROKEN: Final = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"
_GATEWAY: Final = b"HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\n\r\n"


@dataclass(slots=True)
class Platform:
    """What the platform has, and how it behaves.

    Attributes:
        faulty: Whether it fails at all.
        taken: Texts of each chat in the order they were taken, each id once (a platform that knows keys).
        ids: How often each id came.
        posts: How many posts came.
    """

    chance: random.Random
    faulty: bool = True
    keyed: bool = True
    taken: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    ids: dict[str, int] = field(default_factory=dict[str, int])
    posts: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen on a free port of this machine, and return it."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
                key = head.partition("webhook-id:")[2].partition("\r\n")[0].strip()
                answer = self._answer(key, msgspec.json.decode(await reader.readexactly(length), type=Said))
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, key: str, said: Said) -> bytes | None:
        """Return what is answered; None: the connection is cut."""
        if said.type != "message":
            return _OK
        self.posts += 1
        happens = self.chance.random() if self.faulty else 1.0
        for what, share in SHARES.items():
            if happens < share:
                return self._fault(what, key, said)
            happens -= share
        self._take(key, said)
        return _OK

    def _fault(self, what: str, key: str, said: Said) -> bytes | None:
        if what == "too_fast":
            return _TOO_FAST
        if what == "broken":
            return _BROKEN
        if what == "timed_out" or self.chance.random() < 0.5:
            self._take(key, said)
        return _GATEWAY if what == "timed_out" else None

    def _take(self, key: str, said: Said) -> None:
        self.ids[key] = self.ids.get(key, 0) + 1
        if self.ids[key] == 1 or not self.keyed:
            self.taken.setdefault(said.chat, []).append(said.text)
