"""Be a web page with the widget, as far as the broker sees it: REST with an origin, and the socket."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect

from server.bench.process import Running

SHOP = "https://shop.example.com"
SECRET = "a-secret-of-the-shop-that-is-long-enough"


def settings(**more: object) -> str:
    """Return a `[widget]` section that lets the shop's pages in."""
    lines = {"enabled": True, "origins": [SHOP], "assistant": "bench", **more}
    return "[widget]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in lines.items()) + "\n"


def identity(secret: str = SECRET, *, alg: str = "HS256", seconds: float = 600, **claims: object) -> str:
    """Sign who a visitor is, as a site's server does (RFC 7515)."""

    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    told = {"sub": "u-17", "name": "Zoe Hill", "email": "zoe@example.com", "exp": time.time() + seconds} | claims
    signed = f"{part({'alg': alg, 'typ': 'JWT'})}.{part(told)}"
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


class Page:
    """One page of the shop."""

    def __init__(self, broker: Running, token: str = "", origin: str | None = SHOP, address: str = "") -> None:
        self.broker, self.token, self.origin = broker, token, origin
        self.headers = {"X-Forwarded-For": address} if address else {}
        self.frames: list[dict[str, Any]] = []
        self.socket: ClientConnection | None = None

    async def ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        """Send a request as the page's script does."""
        headers = dict(self.headers)
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.origin is not None:
            headers["Origin"] = self.origin
        async with httpx.AsyncClient(base_url=self.broker.url, headers=headers, timeout=30) as client:
            return await client.request(method, f"/v1/widget{path}", **body)

    async def post(self, path: str, body: object = None) -> httpx.Response:
        """Send JSON."""
        return await self.ask("POST", path, json={} if body is None else body)

    async def visits(self, **body: object) -> dict[str, Any]:
        """Come to the page."""
        answer = await self.post("/visits", body)
        assert answer.status_code == 200, answer.text
        self.token = answer.json().get("token") or self.token
        return answer.json()

    async def says(self, text: str, **more: object) -> httpx.Response:
        """Write."""
        return await self.post("/messages", {"key": str(uuid4()), "text": text, **more})

    @asynccontextmanager
    async def live(self, after: int = 0) -> AsyncIterator["Page"]:
        """Open the page's socket meanwhile."""
        async with self.opened() as socket:
            self.socket = socket
            await self.tell(type="hello", token=self.token, after=after)
            reading = asyncio.ensure_future(self._read())
            try:
                yield self
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    def opened(self) -> Any:
        """Open the socket without a hello."""
        return connect(
            f"{self.broker.socket_url}/v1/widget/live", origin=self.origin, additional_headers=self.headers, proxy=None
        )

    async def tell(self, **frame: object) -> None:
        assert self.socket is not None
        await self.socket.send(json.dumps(frame))

    async def _read(self) -> None:
        assert self.socket is not None
        async for text in self.socket:
            self.frames.append(json.loads(text))

    async def sees(self, wanted: Any, seconds: float = 30.0) -> Any:
        """Return what `wanted(page)` gives once that is something."""
        async with asyncio.timeout(seconds):
            while not (found := wanted(self)):
                await asyncio.sleep(0.01)
        return found

    async def stage(self, stage: str) -> dict[str, Any]:
        """Return the chat's state once it is this."""
        return await self.sees(lambda page: page.chat if page.chat.get("stage", "new") == stage else None)

    async def turn(self, text: str) -> dict[str, Any]:
        """Return the turn that says this, once it is there."""
        return await self.sees(lambda page: next((one for one in page.turns.values() if one.get("text") == text), None))

    @property
    def chat(self) -> dict[str, Any]:
        """How the chat stands, as told last."""
        return next((one["chat"] for one in reversed(self.frames) if one["type"] == "state"), {})

    @property
    def call(self) -> dict[str, Any]:
        """How the call stands, as told last."""
        return next((one.get("call") or {} for one in reversed(self.frames) if one["type"] == "state"), {})

    @property
    def turns(self) -> dict[str, dict[str, Any]]:
        """All turns told so far, by id, the newest version of each."""
        found: dict[str, dict[str, Any]] = {}
        for frame in self.frames:
            if frame["type"] == "turns":
                for one in frame.get("messages", ()):
                    if one["id"] not in found or one.get("version", 0) >= found[one["id"]].get("version", 0):
                        found[one["id"]] = one
        return found
