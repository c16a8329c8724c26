"""Be Meta on this machine: the Graph API for one page, one Instagram account and one WhatsApp number, as documented.

It enforces what the documentation demands (who is named how, tags and windows, lengths, a thread's owner) and answers
refusals with Meta's own codes. Faults are given in advance. As an `httpx` transport it needs no network; `served` puts
it on a socket.
"""

import json
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from aiohttp import web

from tests.contract.channel_kits.instagram import ACCOUNT
from tests.contract.channel_kits.messenger import APP, INBOX, PAGE
from tests.contract.channel_kits.whatsapp import NUMBER_ID

DAY = timedelta(hours=24)
PRODUCT = re.compile(r"[a-z-]+/\d+\.\d+\.\d+")
TOKENS = {"page-token", "system-token"}
CUT = "cut"
"""A fault: what was asked is done, and no answer comes."""


@dataclass
class Said:
    """One message that the platform took; `text` is also what went into a template."""

    chat: str
    text: str
    id: str
    tag: str = ""
    key: str = ""
    file: bytes = b""


@dataclass
class GraphPlatform:
    """All of it, for one test.

    Attributes:
        now: Tells the time.
        heard_at: When each customer wrote last: what windows count from.
        owner: Which app has a customer's thread; ours where nothing is said.
        revoked: No token is good any more.
        faults: What the next calls that send come to: a status, or `CUT`.
    """

    now: Callable[[], datetime]
    said: list[Said] = field(default_factory=list[Said])
    heard_at: dict[str, datetime] = field(default_factory=dict[str, datetime])
    owner: dict[str, str] = field(default_factory=dict[str, str])
    faults: deque[Any] = field(default_factory=deque[Any])
    uploads: dict[str, bytes] = field(default_factory=dict[str, bytes])
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])
    typing: list[str] = field(default_factory=list[str])
    revoked: bool = False
    base: str = "https://platform.example/api"

    def texts(self, chat: str) -> list[str]:
        """Return what a customer got, in order."""
        return [one.text for one in self.said if one.chat == chat]

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Return what Graph answers."""
        path = request.url.path.removeprefix(httpx.URL(self.base).path).strip("/").split("/")
        if path[0] == "files":
            kind, content = self.media[path[1]]
            return httpx.Response(200, content=content, headers={"content-type": kind})
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in TOKENS or self.revoked:
            return refused(190, 401)
        if not PRODUCT.fullmatch(request.headers.get("user-agent", "")):
            return refused(100)
        if request.method == "GET":
            return self._read(path[0])
        return self._edge(path[0], path[-1], request)

    def _read(self, node: str) -> httpx.Response:
        if node in self.media:
            return httpx.Response(200, json={"id": node, "url": f"{self.base}/files/{node}"})
        known = {PAGE, ACCOUNT, NUMBER_ID}
        return httpx.Response(200, json={"id": node}) if node in known else refused(100, subcode=33)

    def _edge(self, node: str, edge: str, request: httpx.Request) -> httpx.Response:
        if edge in {"media", "message_attachments"}:
            number = f"{len(self.uploads) + 700}"
            self.uploads[number] = request.content
            return httpx.Response(200, json={"id": number} if edge == "media" else {"attachment_id": number})
        body = json.loads(request.content)
        if edge == "take_thread_control":
            self.owner[body["recipient"]["id"]] = APP
            return httpx.Response(200, json={"success": True})
        if "sender_action" in body or "typing_indicator" in body:
            self.typing.append(body.get("recipient", {}).get("id") or body["message_id"])
            return httpx.Response(200, json={"success": True})
        fault = self.faults.popleft() if self.faults else None
        if isinstance(fault, int):
            return httpx.Response(fault, json={})
        answer = self._whatsapp(body) if node == NUMBER_ID else self._messenger(node, body)
        if fault == CUT:
            raise httpx.ReadTimeout("no answer came")
        return answer

    def _messenger(self, node: str, body: dict[str, Any]) -> httpx.Response:
        chat, message = body.get("recipient", {}).get("id", ""), body.get("message", {})
        text, tag = message.get("text", ""), body.get("tag", "")
        if not chat or body.get("messaging_type") not in {"RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"}:
            return refused(100)
        if (body["messaging_type"] == "MESSAGE_TAG") is not (tag == "HUMAN_AGENT"):
            return refused(100)
        if len(text) > 2000 or not (text or "attachment" in message) or node != PAGE:
            return refused(100)
        if self.owner.get(chat, APP) != APP:
            return refused(10, 403, subcode=2018300)
        if self._silent(chat) > (7 * DAY if tag else DAY):
            return refused(10, 403, subcode=2018278)
        number = message.get("attachment", {}).get("payload", {}).get("attachment_id", "")
        return self._took(Said(chat, text, "", tag, "", self.uploads.get(number, b"")), "m", recipient_id=chat)

    def _whatsapp(self, body: dict[str, Any]) -> httpx.Response:
        chat, kind = body.get("to") or body.get("recipient") or "", body.get("type", "")
        if body.get("messaging_product") != "whatsapp" or body.get("recipient_type") != "individual":
            return refused(100)
        if not chat or kind not in body or ("to" in body) is not chat.isdigit():
            return refused(131009)
        content = body[kind]
        if kind == "template":
            text = content["components"][0]["parameters"][0]["text"]
        else:
            text = content.get("body") or content.get("caption", "")
            if self._silent(chat) > DAY:
                return refused(131047)
        if len(text) > 4096:
            return refused(131009)
        said = Said(
            chat, text, "", kind, body.get("biz_opaque_callback_data", ""), self.uploads.get(content.get("id"), b"")
        )
        return self._took(said, "wamid.", messages=True)

    def _took(self, said: Said, prefix: str, **shown: Any) -> httpx.Response:
        said.id = f"{prefix}out{len(self.said) + 1}"
        self.said.append(said)
        if "messages" in shown:
            return httpx.Response(200, json={"messaging_product": "whatsapp", "messages": [{"id": said.id}]})
        return httpx.Response(200, json={"message_id": said.id, **shown})

    def _silent(self, chat: str) -> timedelta:
        return self.now() - self.heard_at[chat] if chat in self.heard_at else timedelta.max


class GraphTransport(httpx.AsyncBaseTransport):
    """The way to the platform without a network."""

    def __init__(self, platform: GraphPlatform) -> None:
        self.platform = platform

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self.platform.answer(request)


def refused(code: int, status: int = 400, subcode: int = 0) -> httpx.Response:
    error: dict[str, Any] = {"message": f"(#{code}) Refused", "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    return httpx.Response(status, json={"error": error | ({"error_subcode": subcode} if subcode else {})})


@asynccontextmanager
async def served(platform: GraphPlatform) -> AsyncIterator[str]:
    """Put the platform on a socket, and yield its address."""

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = httpx.Request(
            request.method,
            f"{platform.base}{request.path}",
            headers=dict(request.headers),
            content=await request.read(),
        )
        try:
            answer = platform.answer(asked)
        except httpx.ReadTimeout:
            assert request.transport is not None
            request.transport.abort()
            raise
        kind = answer.headers.get("content-type", "application/json").partition(";")[0]
        return web.Response(status=answer.status_code, body=answer.content, content_type=kind)

    app = web.Application()
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]] = handle
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    platform.base = f"http://127.0.0.1:{port}"
    try:
        yield platform.base
    finally:
        await runner.cleanup()


__all__ = ["CUT", "INBOX", "GraphPlatform", "GraphTransport", "Said", "refused", "served"]
