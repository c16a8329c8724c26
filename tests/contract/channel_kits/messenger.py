"""Messenger, for one page."""

from datetime import datetime
from typing import Any

import httpx

from server.broker.ports.channels import Incoming, SendProblem
from server.channel_settings.meta import MessengerSettings
from server.channels.messenger import make
from server.channels.meta_webhook import sign as signature
from server.secret_files import SecretText
from tests.contract.channel_kits.kit import Kit, Problem, body

APP_SECRET, PAGE, APP, OTHER_APP, INBOX = "app-secret", "1000001", "2000002", "3000003", "263902037430900"
AT_MS = 1_767_225_600_000
SETTINGS = MessengerSettings(
    api_base="https://platform.example/api",
    page_id=PAGE,
    app_id=APP,
    token_file="page-token",
    app_secret_file=APP_SECRET,
    verify_token_file="verify-token",
)


def sign(raw: bytes, _at: datetime) -> Incoming:
    return Incoming(headers={"x-hub-signature-256": signature(raw, SecretText(APP_SECRET))}, body=raw)


def from_customer(chat: str = "42", at: int = 0, **what: Any) -> dict[str, Any]:
    """Return an item of `messaging` that the customer caused."""
    return {"sender": {"id": chat}, "recipient": {"id": PAGE}, "timestamp": AT_MS + at, **what}


def to_customer(chat: str = "42", at: int = 0, **what: Any) -> dict[str, Any]:
    """Return an item of `messaging` that the page caused."""
    return {"sender": {"id": PAGE}, "recipient": {"id": chat}, "timestamp": AT_MS + at, **what}


def said(text: str, number: int = 1, chat: str = "42", **more: Any) -> dict[str, Any]:
    return from_customer(chat, number, message={"mid": f"m_{number}", "text": text, **more})


def attached(kind: str, number: int = 1, **payload: Any) -> dict[str, Any]:
    return from_customer(at=number, message={"mid": f"m_{number}", "attachments": [{"type": kind, "payload": payload}]})


def posted(*items: Any, name: str = "messaging", page: str = PAGE, about: str = "page") -> dict[str, Any]:
    """Return the body of a webhook with these items."""
    return {"object": about, "entry": [{"id": page, "time": AT_MS, name: list(items)}]}


def message(chat: str, number: int, text: str) -> bytes:
    return body(posted(said(text, number, chat)))


def batch(bodies: list[bytes]) -> bytes:
    """Return one body with an entry each, as Meta sends what has gathered."""
    entries = [one[one.index(b'"entry": [') + 10 : -2] if one.startswith(b'{"object') else one for one in bodies]
    return b'{"object": "page", "entry": [' + b",".join(entries) + b"]}"


def refused(
    code: int, subcode: int = 0, status: int = 400, text: str = "It did not work.", **more: Any
) -> httpx.Response:
    error = {"message": f"(#{code}) {text}", "type": "OAuthException", "code": code, "fbtrace_id": "A1", **more}
    return httpx.Response(status, json={"error": error | ({"error_subcode": subcode} if subcode else {})})


ITEMS = (
    said("Hello"),
    said("And this", 2, reply_to={"mid": "m_1"}),
    said("Yes", 3, quick_reply={"payload": "YES"}),
    attached("image", 4, url="https://scontent.xx.fbcdn.net/a.jpg"),
    attached("file", 5, url="https://cdn.fbsbx.com/a.pdf"),
    attached("location", 6, coordinates={"lat": 52.5, "long": 13.4}),
    attached("fallback", 7, url="https://shop.example/p/1", title="A page"),
    attached("template", 8, product={"elements": []}),
    from_customer(at=9, postback={"mid": "m_9", "title": "Talk to a person", "payload": "PERSON"}),
    from_customer(at=10, postback={"title": "Get started", "payload": "START"}),
    from_customer(at=11, delivery={"mids": ["m_a", "m_b"], "watermark": AT_MS}),
    from_customer(at=12, delivery={"watermark": AT_MS}),
    from_customer(at=13, read={"watermark": AT_MS}),
    from_customer(at=14, reaction={"reaction": "love", "emoji": "❤", "action": "react", "mid": "m_a"}),
    from_customer(at=15, message_edit={"mid": "m_1", "text": "Hello there", "num_edit": 1}),
    from_customer(at=16, referral={"source": "SHORTLINK", "type": "OPEN_THREAD", "ref": "r"}),
    from_customer(at=17, optin={"type": "notification_messages", "payload": "p"}),
    from_customer(at=18, account_linking={"status": "linked", "authorization_code": "c"}),
    to_customer(at=19, message={"mid": "m_19", "text": "From the desk", "is_echo": True, "app_id": int(APP)}),
    to_customer(at=20, message={"mid": "m_20", "text": "From the inbox", "is_echo": True}),
    to_customer(at=21, message={"mid": "m_21", "text": "The inbox too", "is_echo": True, "app_id": int(INBOX)}),
    to_customer(at=22, message={"mid": "m_22", "text": "Another app", "is_echo": True, "app_id": int(OTHER_APP)}),
    from_customer(at=23, pass_thread_control={"previous_owner_app_id": OTHER_APP, "new_owner_app_id": APP}),
    from_customer(at=24, take_thread_control={"previous_owner_app_id": APP, "new_owner_app_id": INBOX}),
    from_customer(at=25, request_thread_control={"requested_owner_app_id": int(OTHER_APP), "metadata": "please"}),
    {"recipient": {"id": PAGE}, "timestamp": AT_MS, "app_roles": {APP: ["primary_receiver"]}},
    {"recipient": {"id": PAGE}, "timestamp": AT_MS, "policy_enforcement": {"action": "block", "reason": "Spam"}},
    {"recipient": {"id": PAGE}, "timestamp": AT_MS, "policy_enforcement": {"action": "unblock"}},
    from_customer(at=29, message={"mid": "m_29"}),
    from_customer(at=30, something_new={"a": 1}),
)
FIXTURES = (
    *(body(posted(item)) for item in ITEMS),
    body(posted(said("While another app answers", 31), name="standby")),
    body({"object": "page", "entry": [{"id": PAGE, "time": AT_MS, "changes": [{"field": "feed", "value": {"a": 1}}]}]}),
    body(posted(said("Elsewhere", 32), page="9999")),
    body({"object": "user", "entry": []}),
)

PROBLEMS = {
    "token expired": Problem(answer=refused(190, 463, 401), means=SendProblem.AUTH),
    "permission missing": Problem(answer=refused(200, 0, 403), means=SendProblem.AUTH),
    "no such page for this token": Problem(answer=refused(100, 33), means=SendProblem.AUTH),
    "after 24 hours": Problem(answer=refused(10, 2018278, 403), means=SendProblem.WINDOW),
    "not available": Problem(answer=refused(551, 1545041), means=SendProblem.BLOCKED),
    "no such person": Problem(answer=refused(100, 2018001), means=SendProblem.GONE),
    "app too fast": Problem(answer=refused(4, 0, 403), means=SendProblem.RATE_LIMIT),
    "page too fast": Problem(answer=refused(80006), means=SendProblem.RATE_LIMIT),
    "calls too fast": Problem(answer=refused(613), means=SendProblem.RATE_LIMIT),
    "for a moment": Problem(answer=refused(2, is_transient=True), means=SendProblem.RETRY),
    "for a moment, with a new code": Problem(answer=refused(987_654, is_transient=True), means=SendProblem.RETRY),
    "wrong parameter": Problem(answer=refused(100), means=SendProblem.INVALID),
    "a page for people": Problem(
        answer=httpx.Response(200, html="<html>Log in</html>"), means=SendProblem.UNKNOWN_OUTCOME
    ),
    "no reason": Problem(answer=httpx.Response(401, text="?"), means=SendProblem.AUTH),
    "no id": Problem(answer=httpx.Response(200, json={"recipient_id": "42"}), means=SendProblem.UNKNOWN_OUTCOME),
}

KIT = Kit(
    name="messenger",
    make=lambda setup: make(SETTINGS, setup),
    sign=sign,
    message=message,
    fixtures=FIXTURES,
    covers_time=False,
    batch=lambda bodies: batch(list(bodies)),
    accepted=(lambda _request: httpx.Response(200, json={"recipient_id": "42", "message_id": "m_sent"}), "m_sent"),
    problems=PROBLEMS,
)
