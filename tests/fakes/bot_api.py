"""Telegram's Bot API on this machine, written from its documentation (core.telegram.org/bots/api, methods and limits).

It checks what each method must and may be given, as the real one does, answers in its words, keeps what bots sent, and
fails when told to. `tests/integration/server/channels/test_telegram.py` proves it with a client that others wrote.
"""

import asyncio
import email
import json
import re
from collections import deque
from dataclasses import dataclass, field
from email.message import Message
from itertools import count
from typing import Any

import httpx

TOKEN = "123456:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "getMe": (set(), set()),
    "getUpdates": (set(), {"offset", "limit", "timeout", "allowed_updates"}),
    "setWebhook": ({"url"}, {"secret_token", "allowed_updates", "drop_pending_updates", "max_connections"}),
    "deleteWebhook": (set(), {"drop_pending_updates"}),
    "getWebhookInfo": (set(), set()),
    "sendMessage": (
        {"chat_id", "text"},
        {
            "business_connection_id", "message_thread_id", "parse_mode", "entities", "reply_parameters",
            "link_preview_options", "disable_notification", "protect_content", "reply_markup",
        },
    ),
    "editMessageText": ({"text"}, {"chat_id", "message_id", "business_connection_id", "parse_mode"}),
    "deleteMessage": ({"chat_id", "message_id"}, set()),
    "sendChatAction": ({"chat_id", "action"}, {"business_connection_id", "message_thread_id"}),
    "sendPhoto": ({"chat_id", "photo"}, {"business_connection_id", "message_thread_id", "caption"}),
    "sendDocument": ({"chat_id", "document"}, {"business_connection_id", "message_thread_id", "caption"}),
    "getFile": ({"file_id"}, set()),
}  # fmt: skip
"""What each method must be given, and what it may be."""


@dataclass
class BotApi:
    """One bot's Bot API.

    Attributes:
        sent: What stands in chats from the bot: (chat, number) → text.
        calls: Every method called, with its parameters.
        faults: What the next calls come to: (status, description, parameters); `None` works, "cut" takes and hangs up.
        files: Bytes by file id.
        webhook: Where updates are posted, with the secret; empty: nowhere.
        token: The one that is good; another one stands for a token that was revoked.
    """

    sent: dict[tuple[str, int], str] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: deque[Any] = field(default_factory=deque)
    files: dict[str, bytes] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    webhook: tuple[str, str] = ("", "")
    token: str = TOKEN

    def __post_init__(self) -> None:
        self._updates: list[dict[str, Any]] = []
        self._numbers, self._messages = count(100), count(1)
        self._changed = asyncio.Event()
        self._polling = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "BotApi":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)

    # The customer's side

    def writes(self, chat: int, text: str = "", **fields: Any) -> int:
        """Let somebody write to the bot; return the message's number."""
        number = next(self._messages)
        message = self._message(chat, number, chat) | fields | ({"text": text} if text else {})
        self.happens(message=message)
        return number

    def edits(self, chat: int, number: int, text: str) -> None:
        """Let somebody change what they wrote."""
        self.happens(edited_message=self._message(chat, number, chat) | {"text": text, "edit_date": 1_767_225_999})

    def happens(self, *, number: int | None = None, **update: Any) -> dict[str, Any]:
        """Let an update happen."""
        whole = {"update_id": next(self._numbers) if number is None else number, **update}
        self._updates.append(whole)
        self._changed.set()
        return whole

    def texts(self, chat: int) -> list[str]:
        """Return what stands in a chat from the bot."""
        return [text for (where, _), text in self.sent.items() if where == str(chat)]

    async def posts(self) -> list[int]:
        """Post every update to the webhook, and return the answers' statuses; what was not taken stays."""
        statuses = []
        async with httpx.AsyncClient() as client:
            for update in list(self._updates):
                headers = {"x-telegram-bot-api-secret-token": self.webhook[1]}
                answer = await client.post(self.webhook[0], json=update, headers=headers)
                statuses.append(answer.status_code)
                if answer.is_success:
                    self._updates.remove(update)
        return statuses

    @staticmethod
    def _message(chat: int, number: int, sender: int) -> dict[str, Any]:
        return {
            "message_id": number,
            "date": 1_767_225_600,
            "chat": {"id": chat, "type": "private", "first_name": "Ada"},
            "from": {"id": sender, "is_bot": False, "first_name": "Ada", "last_name": "Fields"},
        }

    # The bot's side

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                target = head.split(" ", 2)[1]
                headers = {k.lower(): v for k, v in re.findall(r"(?m)^([\w-]+): (.*)\r$", head)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                answer = await self._answer(target, headers.get("content-type", ""), body)
                if answer is None:
                    break
                status, kind, content = answer
                lines = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n\r\n"
                writer.write(lines.encode() + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, target: str, kind: str, body: bytes) -> tuple[int, str, bytes] | None:
        found = re.fullmatch(r"(/file)?/bot([^/]+)/(.+)", target.partition("?")[0])
        if found is None or found[2] != self.token:
            return self._refused(401 if found else 404, "Unauthorized" if found else "Not Found")
        if found[1]:
            content = self.files.get(found[3].removeprefix("documents/"))
            return (
                (200, "application/octet-stream", content) if content is not None else self._refused(404, "Not Found")
            )
        method, given = found[3], parameters(kind, body)
        self.calls.append((method, given))
        if method not in ALLOWED:
            return self._refused(404, "Not Found")
        must, may = ALLOWED[method]
        if not must <= set(given) or not set(given) <= must | may:
            return self._refused(400, f"Bad Request: parameters {sorted(set(given) ^ must)}")
        fault = self.faults.popleft() if self.faults and method not in {"getUpdates", "deleteWebhook"} else None
        if isinstance(fault, tuple):
            return self._refused(*fault)
        result = await self._do(method, given)
        if fault == "cut":
            return None
        if isinstance(result, tuple):
            return self._refused(*result)
        return 200, "application/json", json.dumps({"ok": True, "result": result}).encode()

    @staticmethod
    def _refused(status: int, description: str, more: dict[str, Any] | None = None) -> tuple[int, str, bytes]:
        told = {"ok": False, "error_code": status, "description": description}
        return status, "application/json", json.dumps(told | ({"parameters": more} if more else {})).encode()

    async def _do(self, method: str, given: dict[str, Any]) -> Any:
        match method:
            case "getMe":
                return {"id": 123456, "is_bot": True, "first_name": "Desk", "username": "desk_bot"}
            case "getUpdates":
                return await self._poll(given)
            case "setWebhook":
                self.webhook = (given["url"], given.get("secret_token", ""))
                return True
            case "deleteWebhook":
                self.webhook = ("", "")
                return True
            case "getWebhookInfo":
                return {"url": self.webhook[0], "has_custom_certificate": False, "pending_update_count": 0}
            case "getFile":
                path = f"documents/{given['file_id']}"
                return {"file_id": given["file_id"], "file_unique_id": "u", "file_path": path}
            case "sendChatAction":
                return True if given["action"] == "typing" else (400, "Bad Request: wrong parameter action")
            case "editMessageText" | "deleteMessage":
                return self._change(method, given)
            case _:
                return self._send(method, given)

    async def _poll(self, given: dict[str, Any]) -> Any:
        if self.webhook[0]:
            return 409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook"
        offset = int(given.get("offset", 0))
        self._polling += 1
        mine = self._polling
        self._updates = [one for one in self._updates if one["update_id"] >= offset]
        if not self._updates and int(given.get("timeout", 0)):
            self._changed.clear()
            try:
                async with asyncio.timeout(int(given["timeout"])):
                    await self._changed.wait()
            except TimeoutError:
                pass
        if mine != self._polling:
            return 409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance runs"
        return self._updates[:100]

    def _send(self, method: str, given: dict[str, Any]) -> Any:
        chat = str(given["chat_id"])
        if not re.fullmatch(r"-?\d+", chat):
            return 400, "Bad Request: chat not found"
        if chat in self.blocked:
            return 403, "Forbidden: bot was blocked by the user"
        text = given.get("text", given.get("caption", ""))
        if method == "sendMessage" and not text.strip():
            return 400, "Bad Request: message text is empty"
        if len(text.encode("utf-16-le")) // 2 > (4096 if method == "sendMessage" else 1024):
            return 400, "Bad Request: message is too long"
        number = next(self._messages)
        name = {"sendPhoto": "photo", "sendDocument": "document"}.get(method)
        self.sent[(chat, number)] = text if name is None else f"<{given[name][0]} {len(given[name][1])}>"
        message = self._message(int(chat), number, 123456)
        message["from"] = {"id": 123456, "is_bot": True, "first_name": "Desk"}
        return message | {"text": text}

    def _change(self, method: str, given: dict[str, Any]) -> Any:
        where = (str(given["chat_id"]), int(given["message_id"]))
        if where not in self.sent:
            return 400, "Bad Request: message to edit not found"
        if method == "deleteMessage":
            del self.sent[where]
            return True
        if self.sent[where] == given["text"]:
            return 400, "Bad Request: message is not modified"
        self.sent[where] = given["text"]
        return self._message(int(where[0]), where[1], 123456) | {"text": given["text"]}


def parameters(kind: str, body: bytes) -> dict[str, Any]:
    """Return what a method is given, as JSON, a form or several parts; of a file its name and bytes."""
    if kind.startswith("application/json"):
        return json.loads(body or b"{}")
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(httpx.QueryParams(body.decode()))
    if not kind.startswith("multipart/"):
        return {}
    whole = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    given: dict[str, Any] = {}
    for part in whole.get_payload():
        assert isinstance(part, Message)
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        given[name] = (part.get_filename(), content) if part.get_filename() else content.decode()
    return given
