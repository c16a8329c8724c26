"""Be Discord on this machine: REST and the gateway, as its documents describe them.

`tests/integration/server/channels/test_discord_fake.py` has a plain discord.py bot live with it.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests import needs

pytest.importorskip("aiohttp", reason=needs.PEERS.skip)

from aiohttp import WSMsgType, web

from tests.fakes.discord_words import ADA, BOT_ID, GUILD, ROOM, TOKEN, DiscordWords, user


class DiscordPlatform(DiscordWords):
    """One bot, its direct messages and one server."""

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.calls: list[tuple[str, str, Any]] = []
        self.callers: list[str] = []
        self.faults: defaultdict[str, list[web.Response]] = defaultdict(list)
        self.files: dict[str, bytes] = {}
        self.expired: set[str] = set()
        self.identified: list[dict[str, Any]] = []
        self.resumed: list[int] = []
        self.close_with: int | None = None
        self.can_resume = True
        self.in_guild = False
        self.changed = asyncio.Event()
        self._nonces: dict[str, str] = {}
        self._sent: list[dict[str, Any]] = []
        self._links: list[web.WebSocketResponse] = []

    # What a test does

    async def dispatch(self, kind: str, data: dict[str, Any]) -> None:
        """Dispatch an event; a connection that was dropped gets it when it resumes."""
        self._sent.append({"op": 0, "t": kind, "s": len(self._sent) + 1, "d": data})
        if self._links:
            await self._links[-1].send_json(self._sent[-1])

    async def say(self, content: str, **more: Any) -> dict[str, Any]:
        """Have somebody say something."""
        found = self.message(content, **more)
        await self.dispatch("MESSAGE_CREATE", found)
        return found

    async def drop(self) -> None:
        """Cut the connection without a word; what is dispatched meanwhile waits for a resumption."""
        links, self._links = self._links, []
        for link in links:
            if link._req is not None and link._req.transport is not None:
                link._req.transport.abort()

    async def ask_to_reconnect(self) -> None:
        """Send opcode 7."""
        links, self._links = self._links, []
        for link in links:
            await link.send_json({"op": 7, "d": None})

    async def until(self, done: Callable[[], object]) -> None:
        """Wait until `done()`."""
        async with asyncio.timeout(60):
            while not done():
                self.changed.clear()
                await self.changed.wait()

    # What it answers

    async def rest(self, request: web.Request) -> web.StreamResponse:
        """Answer one call, after the faults that were asked for."""
        method, path = request.method, request.path.removeprefix("/api/v10")
        body = await _body_of(request)
        self.calls.append((method, path, body))
        self.callers.append(request.headers.get("User-Agent", ""))
        self.changed.set()
        if self.faults[f"{method} {path}"]:
            return self.faults[f"{method} {path}"].pop(0)
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            return refused(401, 0, "401: Unauthorized")
        return self._answer(method, path.strip("/").split("/"), body, dict(request.query))

    def _answer(self, method: str, path: list[str], body: Any, query: dict[str, str]) -> web.Response:
        match method, path:
            case "GET", ["users", "@me"]:
                return said(user(BOT_ID, bot=True))
            case "GET", ["oauth2", "applications", "@me"]:
                return said(_APPLICATION)
            case "GET", ["gateway", "bot"]:
                limit = {"total": 1000, "remaining": 999, "reset_after": 1, "max_concurrency": 1}
                return said({"url": self._gateway_url, "shards": 1, "session_start_limit": limit})
            case "GET", ["channels", channel]:
                room = {**_ROOM, "id": channel}
                return said(room if channel == ROOM else {"id": channel, "type": 1, "recipients": [user(ADA)]})
            case "POST", ["channels", channel, "messages"]:
                return self._create(channel, body)
            case "GET", ["channels", channel, "messages"]:
                after, limit = int(query.get("after", 0)), int(query.get("limit", 50))
                found = [
                    one for one in self.messages.values() if one["channel_id"] == channel and int(one["id"]) > after
                ]
                return said(sorted(found, key=lambda one: int(one["id"]))[:limit][::-1])
            case "POST", ["channels", _, "typing"]:
                return web.Response(status=204)
            case _, ["channels", _, "messages", message_id] if message_id in self.messages:
                return self._one(method, message_id, body)
        return refused(404, 10008 if "messages" in path[-2:] else 0, "Unknown Message")

    def _create(self, channel: str, body: Any) -> web.Response:
        if len(body.get("content") or "") > 2000:
            return refused(400, 50035, "Invalid Form Body")
        if not body.get("content") and not body.get("attachments"):
            return refused(400, 50006, "Cannot send an empty message")
        nonce = f"{channel}:{body.get('nonce')}"
        if body.get("enforce_nonce") and nonce in self._nonces:
            return said(self.messages[self._nonces[nonce]])
        made = self.message(body.get("content") or "", channel=channel, author=BOT_ID, nonce=body.get("nonce"))
        self._nonces[nonce] = made["id"]
        return said(made)

    def _one(self, method: str, message_id: str, body: Any) -> web.Response:
        if method == "DELETE":
            del self.messages[message_id]
            return web.Response(status=204)
        if method == "PATCH":
            self.messages[message_id] |= {"content": body["content"], "edited_timestamp": "2026-01-01T12:05:00+00:00"}
        return said(self.messages[message_id])

    async def file(self, request: web.Request) -> web.Response:
        """Give a file to everybody who has its address, until that expires."""
        self.calls.append(("GET", request.path, request.headers.get("Authorization")))
        if request.path in self.expired or request.path not in self.files:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=self.files[request.path])

    async def gateway(self, request: web.Request) -> web.WebSocketResponse:
        """Be one connection of the gateway."""
        link = web.WebSocketResponse()
        await link.prepare(request)
        await link.send_json({"op": 10, "d": {"heartbeat_interval": 41_250}})
        async for frame in link:
            if frame.type is not WSMsgType.TEXT:
                break
            told = json.loads(frame.data)
            if told["op"] == 1:
                await link.send_json({"op": 11})
            elif told["op"] == 2:
                await self._identify(link, told["d"])
            elif told["op"] == 6:
                await self._resume(link, told["d"])
            self.changed.set()
        return link

    async def _identify(self, link: web.WebSocketResponse, data: dict[str, Any]) -> None:
        self.identified.append(data)
        if self.close_with is not None:
            await link.close(code=self.close_with)
            return
        self._sent.clear()
        self._links.append(link)
        guilds = [{"id": GUILD, "unavailable": True}] if self.in_guild else []
        await self.dispatch(
            "READY",
            {
                "v": 10,
                "user": user(BOT_ID, bot=True),
                "guilds": guilds,
                "session_id": f"s{len(self.identified)}",
                "resume_gateway_url": self._gateway_url,
                "application": {"id": BOT_ID, "flags": 0},
            },
        )
        if self.in_guild:
            last = max((one["id"] for one in self.messages.values() if one["channel_id"] == ROOM), default=None)
            await self.dispatch("GUILD_CREATE", {**_GUILD, "channels": [{**_ROOM, "last_message_id": last}]})

    async def _resume(self, link: web.WebSocketResponse, data: dict[str, Any]) -> None:
        if not self.can_resume:
            await link.send_json({"op": 9, "d": False})
            return
        self.resumed.append(data["seq"])
        for frame in self._sent[data["seq"] :]:
            await link.send_json(frame)
        self._links.append(link)
        await self.dispatch("RESUMED", {"_trace": []})

    @property
    def _gateway_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/gateway"


def said(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return JSON; discord.py takes it for such only under exactly this type."""
    return web.Response(
        body=json.dumps(value).encode(), status=status, headers={**(headers or {}), "Content-Type": "application/json"}
    )


def refused(status: int, code: int, message: str, **headers: str) -> web.Response:
    """Return an answer that says no."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return said({"code": code, "message": message}, status=status, headers=names)


_APPLICATION = {
    "id": BOT_ID,
    "name": "helper",
    "icon": None,
    "description": "",
    "bot_public": True,
    "bot_require_code_grant": False,
    "summary": "",
    "verify_key": "0" * 64,
    "flags": 1 << 18,
    "hook": True,
    "team": None,
    "owner": user(ADA),
    "integration_types_config": {},
}
_GUILD = {
    "id": GUILD,
    "name": "Shop",
    "icon": None,
    "splash": None,
    "owner_id": ADA,
    "roles": [],
    "emojis": [],
    "features": [],
    "members": [],
    "threads": [],
    "stickers": [],
    "member_count": 2,
    "large": False,
    "voice_states": [],
    "presences": [],
    "afk_timeout": 60,
    "verification_level": 0,
    "default_message_notifications": 0,
    "explicit_content_filter": 0,
    "mfa_level": 0,
    "premium_tier": 0,
    "nsfw_level": 0,
    "preferred_locale": "en-US",
    "system_channel_flags": 0,
}
_ROOM = {"id": ROOM, "type": 0, "name": "help", "position": 0, "permission_overwrites": [], "guild_id": GUILD}


async def _body_of(request: web.Request) -> Any:
    if request.content_type == "application/json":
        return await request.json()
    if request.content_type != "multipart/form-data":
        return None
    form = await request.post()
    body = json.loads(str(form["payload_json"]))
    file = form.get("files[0]")
    return {**body, "file": (file.filename, file.file.read())} if isinstance(file, web.FileField) else body


@asynccontextmanager
async def discord_platform() -> AsyncIterator[DiscordPlatform]:
    """Run a fake Discord on a free port of this machine."""
    discord = DiscordPlatform()
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_get("/gateway", discord.gateway)
    app.router.add_get("/cdn/{name}", discord.file)
    app.router.add_route("*", "/api/v10/{path:.*}", discord.rest)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    discord.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield discord
    finally:
        await discord.drop()
        await runner.cleanup()
