"""Telegram's Bot API, by webhook."""

import json
from datetime import datetime

import httpx

from server.broker.ports.channels import Incoming, SendProblem
from server.channel_settings.telegram import TelegramSettings
from server.channels.telegram import make
from tests.contract.channel_kits.kit import Kit, Problem, body

TOKEN = "123456:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
SECRET = "shown-with-each-update"


def update(number: int, **fields: object) -> dict[str, object]:
    return {"update_id": number, **fields}


def said(chat: str, number: int, **fields: object) -> dict[str, object]:
    sender = {"id": 42, "is_bot": False, "first_name": "Ada", "last_name": "Fields", "language_code": "en"}
    return {
        "message_id": number,
        "date": 1_767_225_600,
        "chat": {"id": int(chat), "type": "private"},
        "from": sender,
    } | fields


def message(chat: str, number: int, text: str) -> bytes:
    return body(update(number, message=said(chat, number, text=text)))


def sign(raw: bytes, _at: datetime) -> Incoming:
    return Incoming(headers={"x-telegram-bot-api-secret-token": SECRET}, body=raw)


def refused(status: int, description: str, **parameters: int) -> httpx.Response:
    told = {"ok": False, "error_code": status, "description": description}
    return httpx.Response(status, json=told | ({"parameters": parameters} if parameters else {}))


PHOTO = [{"file_id": "small", "width": 90, "height": 90}, {"file_id": "large", "width": 900, "height": 900}]
PDF = {"file_id": "d", "file_name": "a.pdf", "mime_type": "application/pdf"}
BLOCKED = {"chat": {"id": 42}, "date": 1_767_225_600, "new_chat_member": {"status": "kicked"}}
GONE = {"business_connection_id": "b1", "chat": {"id": 42}, "message_ids": [10]}
FIXTURES = (
    message("42", 1, "Hello"),
    body(update(2, edited_message=said("42", 1, text="Hello there", edit_date=1_767_225_700))),
    body(update(3, message=said("42", 3, photo=PHOTO, caption="Look"))),
    body(update(4, message=said("42", 4, document=PDF))),
    body(update(5, message=said("42", 5, voice={"file_id": "v", "duration": 3}))),
    body(update(6, message=said("42", 6, sticker={"file_id": "s", "emoji": "👍"}))),
    body(update(7, message=said("42", 7, location={"latitude": 52.5, "longitude": 13.4}))),
    body(update(8, message=said("42", 8, contact={"phone_number": "+15550142", "first_name": "Ada"}))),
    body(update(9, my_chat_member=BLOCKED)),
    body(update(10, business_message=said("42", 10, business_connection_id="b1", text="Is it open?"))),
    body(
        update(11, business_message=said("42", 11, business_connection_id="b1", text="Yes.", **{"from": {"id": 7}}))
    ),
    body(update(12, deleted_business_messages=GONE)),
    body(update(13, message=said("42", 13, new_chat_title="Joined"))),
    body(update(14, callback_query={"id": "1", "data": "x"})),
    body({"ok": True, "result": [json.loads(message("42", 15, "One")), json.loads(message("42", 16, "Two"))]}),
)  # fmt: skip

KIT = Kit(
    name="telegram",
    make=lambda setup: make(
        TelegramSettings(
            api_base="https://platform.example/api", token_file=TOKEN, way_in="webhook", secret_file=SECRET
        ),
        setup,
    ),
    sign=sign,
    message=message,
    fixtures=FIXTURES,
    covers_body=False,
    covers_time=False,
    batch=lambda bodies: b'{"ok": true, "result": [' + b",".join(bodies) + b"]}",
    accepted=(lambda _request: httpx.Response(200, json={"ok": True, "result": {"message_id": 77}}), "77"),
    problems={
        "too fast": Problem(
            answer=refused(429, "Too Many Requests: retry after 7", retry_after=7),
            means=SendProblem.RATE_LIMIT,
            retry_after_seconds=7.0,
        ),
        "wrong token": Problem(answer=refused(401, "Unauthorized"), means=SendProblem.AUTH),
        "blocked": Problem(answer=refused(403, "Forbidden: bot was blocked by the user"), means=SendProblem.BLOCKED),
        "no chat": Problem(answer=refused(400, "Bad Request: chat not found"), means=SendProblem.GONE),
        "too long": Problem(answer=refused(400, "Bad Request: message is too long"), means=SendProblem.INVALID),
    },
)
