"""Be Slack on this machine: the Web API, file hosts and Socket Mode, as its documents describe them.

What is posted is kept; faults are given in advance, by method. `tests/integration/server/channels/test_slack_fake.py`
has Slack's own SDK speak with it.
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

from tests.fakes.slack_words import BOT_ID, BOT_USER, TEAM, SlackWords

BOT_TOKEN = "xoxb-1-bot"
APP_TOKEN = "xapp-1-app"
LOGIN_PAGE = "<!DOCTYPE html><html><title>Slack | Login</title></html>"


class SlackPlatform(SlackWords):
    """One workspace with one app."""

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.callers: list[str] = []
        self.faults: defaultdict[str, list[web.Response]] = defaultdict(list)
        self.messages: dict[tuple[str, str], dict[str, str]] = {}
        self.uploads: dict[str, bytes] = {}
        self.shared: list[dict[str, Any]] = []
        self.written: list[dict[str, Any]] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        self.token_seen_by: list[str] = []
        self.unacknowledged: dict[str, dict[str, Any]] = {}
        self.acknowledged: list[str] = []
        self.connections = 0
        self.changed = asyncio.Event()
        self._links: list[web.WebSocketResponse] = []
        self._methods: dict[str, Callable[[dict[str, str]], web.Response]] = {
            "auth.test": self._who,
            "apps.connections.open": self._open,
            "chat.postMessage": self._post,
            "chat.update": self._change,
            "chat.delete": self._delete,
            "assistant.threads.setStatus": self._status,
            "files.getUploadURLExternal": self._upload_place,
            "files.completeUploadExternal": self._share,
            "files.info": self._file_info,
            "files.delete": self._delete_file,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
        }

    # What a test does

    async def push(self, payload: dict[str, Any], envelope_id: str = "") -> str:
        """Send an envelope over Socket Mode; it is sent again on each connection until it is acknowledged."""
        envelope_id = envelope_id or f"env-{len(self.unacknowledged) + len(self.acknowledged) + 1}"
        self.unacknowledged[envelope_id] = payload
        if self._links:
            await self._link(self._links[-1], envelope_id, payload)
        return envelope_id

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask the client to leave, as Slack does every few hours, and close."""
        for link in self._links[:]:
            await link.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}})
            await link.close()

    async def drop(self) -> None:
        """Cut the connections without a word."""
        for link in self._links[:]:
            if link._req is not None and link._req.transport is not None:
                link._req.transport.abort()

    async def until(self, done: Callable[[], object]) -> None:
        """Wait until `done()`."""
        async with asyncio.timeout(60):
            while not done():
                self.changed.clear()
                await self.changed.wait()

    def form(self, method: str, place: int = -1) -> dict[str, str]:
        """Return what a method was called with."""
        return [form for name, form in self.calls if name == method][place]

    # What it answers

    async def api(self, request: web.Request) -> web.StreamResponse:
        """Answer one method, after the faults that were asked for."""
        method = request.match_info["method"]
        form = await _form_of(request)
        self.calls.append((method, form))
        self.callers.append(request.headers.get("User-Agent", ""))
        self.changed.set()
        if self.faults[method]:
            return self.faults[method].pop(0)
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if request.headers.get("Authorization") != f"Bearer {wanted}" and form.get("token") != wanted:
            return _failed("invalid_auth")
        answer = self._methods.get(method)
        return _failed("unknown_method") if answer is None else answer(form)

    def _who(self, _form: dict[str, str]) -> web.Response:
        return _fine(url=self.url, team="Team", user="bot", team_id=TEAM, user_id=BOT_USER, bot_id=BOT_ID)

    def _open(self, _form: dict[str, str]) -> web.Response:
        return _fine(url=self.url.replace("http", "ws", 1) + "/link")

    def _post(self, form: dict[str, str]) -> web.Response:
        if not form.get("text"):
            return _failed("no_text")
        if form["channel"][:1] not in "CDG":
            return _failed("channel_not_found")
        self._count += 1
        at = f"{1_767_225_600 + self._count}.000200"
        self.messages[form["channel"], at] = form
        return _fine(channel=form["channel"], ts=at, message={"text": form["text"], "bot_id": BOT_ID, "ts": at})

    def _change(self, form: dict[str, str]) -> web.Response:
        if (form["channel"], form["ts"]) not in self.messages:
            return _failed("message_not_found")
        self.messages[form["channel"], form["ts"]] |= {"text": form["text"]}
        return _fine(channel=form["channel"], ts=form["ts"], text=form["text"])

    def _delete(self, form: dict[str, str]) -> web.Response:
        gone = self.messages.pop((form["channel"], form["ts"]), None)
        return _failed("message_not_found") if gone is None else _fine(channel=form["channel"], ts=form["ts"])

    def _status(self, _form: dict[str, str]) -> web.Response:
        return _fine()

    def _upload_place(self, form: dict[str, str]) -> web.Response:
        self._count += 1
        return _fine(upload_url=f"{self.url}/upload/F{self._count:08d}", file_id=f"F{self._count:08d}")

    def _share(self, form: dict[str, str]) -> web.Response:
        files = json.loads(form["files"])
        if any(one["id"] not in self.uploads for one in files):
            return _failed("file_not_found")
        self.shared.append({**form, "files": files})
        return _fine(files=files)

    def _file_info(self, form: dict[str, str]) -> web.Response:
        if form["file"] not in self.files:
            return _failed("file_not_found")
        return _fine(file={"id": form["file"], "url_private": f"{self.url}/files/{form['file']}"})

    def _delete_file(self, form: dict[str, str]) -> web.Response:
        return _fine() if self.uploads.pop(form["file"], None) is not None else _failed("file_not_found")

    def _history(self, form: dict[str, str]) -> web.Response:
        """Give what was written in a channel and not in a thread, newest first, some at a time."""
        return self._page([one for one in self._in(form) if one.get("thread_ts", one["ts"]) == one["ts"]][::-1], form)

    def _replies(self, form: dict[str, str]) -> web.Response:
        """Give a thread with its root, oldest first."""
        thread = [one for one in self.written if one["channel"] == form["channel"] and one["ts"] == form["ts"]]
        thread += [one for one in self._in(form) if one.get("thread_ts") == form["ts"] and one["ts"] != form["ts"]]
        return self._page(thread, form) if thread else _failed("thread_not_found")

    def _in(self, form: dict[str, str]) -> list[dict[str, Any]]:
        oldest = form.get("oldest", "0")
        return [one for one in self.written if one["channel"] == form["channel"] and one["ts"] > oldest]

    @staticmethod
    def _page(found: list[dict[str, Any]], form: dict[str, str]) -> web.Response:
        start, most = int(form.get("cursor", "0")), min(int(form["limit"]), 2)
        more = str(start + most) if start + most < len(found) else ""
        bare = [{name: value for name, value in one.items() if name != "channel"} for one in found]
        return _fine(messages=bare[start : start + most], has_more=bool(more), response_metadata={"next_cursor": more})

    async def upload(self, request: web.Request) -> web.Response:
        """Take the bytes of a file."""
        self.uploads[request.match_info["id"]] = await request.read()
        return web.Response(text="OK - 3")

    async def file(self, request: web.Request) -> web.Response:
        """Give a file to who shows the token; a login page to everybody else, under 200."""
        name = request.match_info["id"]
        self.token_seen_by.append(request.headers.get("Authorization", ""))
        if request.headers.get("Authorization") != f"Bearer {BOT_TOKEN}":
            return web.Response(text=LOGIN_PAGE, content_type="text/html")
        if name == "moved":
            raise web.HTTPFound(f"{self.url}/files/F1")
        if name == "away":
            raise web.HTTPFound("https://elsewhere.example/F1")
        if name not in self.files:
            raise web.HTTPNotFound
        kind, content = self.files[name]
        return web.Response(body=content, content_type=kind, headers={"Content-Disposition": "attachment"})

    async def link(self, request: web.Request) -> web.WebSocketResponse:
        """Be one Socket Mode connection."""
        link = web.WebSocketResponse()
        await link.prepare(request)
        self.connections += 1
        self._links.append(link)
        await link.send_json({"type": "hello", "num_connections": len(self._links), "connection_info": {}})
        for envelope_id, payload in list(self.unacknowledged.items()):
            await self._link(link, envelope_id, payload)
        self.changed.set()
        async for frame in link:
            if frame.type is WSMsgType.TEXT and frame.data.startswith("{"):
                envelope_id = json.loads(frame.data)["envelope_id"]
                self.unacknowledged.pop(envelope_id, None)
                self.acknowledged.append(envelope_id)
            self.changed.set()
        self._links.remove(link)
        self.changed.set()
        return link

    async def _link(self, link: web.WebSocketResponse, envelope_id: str, payload: dict[str, Any]) -> None:
        envelope = {"envelope_id": envelope_id, "type": "events_api", "accepts_response_payload": False}
        await link.send_json({**envelope, "payload": payload, "retry_attempt": 0, "retry_reason": ""})


def failure(error: str, status: int = 200, **headers: str) -> web.Response:
    """Return an answer that says no."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response({"ok": False, "error": error}, status=status, headers=names)


def page(status: int = 200) -> web.Response:
    """Return a page for people."""
    return web.Response(text=LOGIN_PAGE, content_type="text/html", status=status)


def _fine(**fields: Any) -> web.Response:
    return web.json_response({"ok": True, **fields})


def _failed(error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error})


async def _form_of(request: web.Request) -> dict[str, str]:
    if request.content_type == "application/json":
        return {name: one if isinstance(one, str) else json.dumps(one) for name, one in (await request.json()).items()}
    return {name: str(value) for name, value in (await request.post()).items()} | dict(request.query)


@asynccontextmanager
async def slack_platform() -> AsyncIterator[SlackPlatform]:
    """Run a fake Slack on a free port of this machine."""
    slack = SlackPlatform()
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_post("/api/{method}", slack.api)
    app.router.add_get("/api/{method}", slack.api)
    app.router.add_post("/upload/{id}", slack.upload)
    app.router.add_get("/files/{id}", slack.file)
    app.router.add_get("/link", slack.link)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    slack.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield slack
    finally:
        await slack.drop()
        await runner.cleanup()
