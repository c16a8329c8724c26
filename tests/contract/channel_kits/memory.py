"""The platform in memory."""

from datetime import datetime

from server.broker.ports.channels import Incoming
from server.channels.memory import SECRET, MemoryChannel
from tests.contract.channel_kits.kit import Kit, body


def sign(raw: bytes, _at: datetime) -> Incoming:
    return Incoming(headers={"x-secret": SECRET}, body=raw)


def message(chat: str, number: int, text: str) -> bytes:
    return body(event(chat, number, text))


def event(chat: str, number: int, text: str) -> dict[str, object]:
    return {
        "type": "message",
        "id": f"e{number}",
        "chat": chat,
        "message_id": f"m{number}",
        "sender": {"ids": ["u1"], "name": "Mrs Fields"},
        "at": "2026-01-01T00:00:00Z",
        "order": f"{number:06d}",
        "text": text,
    }


FIXTURES = (
    message("c1", 1, "Hello"),
    body({"type": "edited", "id": "e2", "chat": "c1", "message_id": "m1", "text": "Hello there"}),
    body({"type": "deleted", "id": "e3", "chat": "c1", "message_id": "m1"}),
    body({"type": "typing", "chat": "c1", "id": "e4"}),
    body({"type": "delivery", "id": "e5", "message_id": "p1", "delivery": "read"}),
    body({"type": "echo", "id": "e6", "chat": "c1", "message_id": "x", "text": "From my phone", "by_person": True}),
    body({"type": "left", "id": "e7", "chat": "c1"}),
    body({"type": "account", "id": "e8", "failure": "The token was revoked."}),
    body({"type": "message", "id": "e9", "chat": "c1", "files": [{"url": "https://x.example/a.png", "name": "a.png"}]}),
)

KIT = Kit(
    name="memory",
    make=lambda _setup: MemoryChannel(),
    sign=sign,
    message=message,
    fixtures=FIXTURES,
    covers_body=False,
    covers_time=False,
    batch=lambda bodies: b'{"events": [' + b",".join(bodies) + b"]}",
)
