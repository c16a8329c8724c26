"""Webhooks as their receivers see them: verified by Standard Webhooks' own library, over a real socket."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from server.broker.ports.notices import Notice
from server.clock import SystemClock
from server.core.errors import ProviderError
from server.notices.signed_post import check_url, key_of
from server.notices.webhook import Webhook
from server.secret_files import SecretText
from server.wire.terms import ConversationId, Medium, Outcome, SessionId, SessionKind, SessionState
from server.wire.views import Context, Customer, SessionView

pytestmark = pytest.mark.integration

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
AT = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def notice(name: str = "Zoë\r\nX-Evil: yes", **changes: object) -> Notice:
    session = SessionView(
        id=SessionId("s_1"),
        number="H-0042",
        conversation_id=ConversationId("c_1"),
        medium=Medium.CHAT,
        kind=SessionKind.TAKEOVER,
        state=SessionState.QUEUED,
        epoch=1,
        version=1,
        queue="billing",
        priority=5,
        reason="wants a refund",
        customer=Customer(name=name, handle="zoe@example.com"),
        context=Context(summary="Charged twice."),
        requested_at=AT,
        queued_at=AT,
    )
    shown = msgspec.structs.replace(session, **changes)
    return Notice(id="notice_7", kind="handoff.waiting", at=AT + timedelta(seconds=75), session=shown)


@dataclass
class Receiver:
    """A web server of a few lines that keeps requests as bytes and answers what it is told."""

    answer: bytes = b"HTTP/1.1 204 No Content\r\n\r\n"
    heads: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    bodies: list[bytes] = field(default_factory=list[bytes])
    port: int = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        self.heads.append({name.lower(): value for name, value in headers.items()})
        self.bodies.append(await reader.readexactly(int(self.heads[-1]["content-length"])))
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    server = await asyncio.start_server(one.take, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    async with server:
        yield one


def webhook(receiver: Receiver, *, allow_private: bool = True) -> Webhook:
    url = f"http://localhost:{receiver.port}/handoffs"
    return Webhook(url, SecretText(SECRET), SystemClock(), allow_private=allow_private)


async def test_the_receivers_library_accepts_what_we_send_and_nothing_changed(receiver: Receiver) -> None:
    await webhook(receiver).send(notice())
    head, body = receiver.heads[0], receiver.bodies[0]
    told = Verifier(SECRET).verify(body, head)
    assert (head["webhook-id"], head["host"]) == ("notice_7", f"localhost:{receiver.port}")
    assert told["type"] == "handoff.waiting"
    assert (told["data"]["number"], told["data"]["summary"]) == ("H-0042", "Charged twice.")
    assert told["data"]["waited_seconds"] == 75
    assert "x-evil" not in head
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(body.replace(b"H-0042", b"H-0043"), head)
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    with pytest.raises(WebhookVerificationError):
        Verifier(other).verify(body, head)


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(500, True), (429, True), (404, True), (302, True), (410, False)],
)
async def test_anything_but_success_is_a_refusal(receiver: Receiver, status: int, retryable: bool) -> None:
    receiver.answer = f"HTTP/1.1 {status} Word\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises(ProviderError) as refusal:
        await webhook(receiver).send(notice())
    assert (refusal.value.code, refusal.value.retryable) == ("webhook_refused", retryable)
    assert len(receiver.heads) == 1, "a redirect is not followed"


async def test_a_private_address_is_refused_before_anything_is_sent(receiver: Receiver) -> None:
    with pytest.raises(ProviderError) as refusal:
        await webhook(receiver, allow_private=False).send(notice())
    assert (refusal.value.code, refusal.value.retryable) == ("webhook_address_private", False)
    assert receiver.heads == []


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
        "0.0.0.0",
        "[fe80::1]",
    ],
)
async def test_every_spelling_of_a_forbidden_address_is_refused(host: str) -> None:
    with pytest.raises(ProviderError) as refusal:
        await Webhook(f"https://{host}/x", SecretText(SECRET), SystemClock()).send(notice())
    assert refusal.value.code in {"webhook_address_private", "webhook_unreachable"}
    assert refusal.value.code == "webhook_address_private" or host.startswith("[")


async def test_nobody_there_is_worth_another_try() -> None:
    gone = Webhook("http://127.0.0.1:9/x", SecretText(SECRET), SystemClock(), allow_private=True)
    with pytest.raises(ProviderError) as refusal:
        await gone.send(notice())
    assert (refusal.value.code, refusal.value.retryable) == ("webhook_unreachable", True)


@pytest.mark.parametrize("text", ["", "hello", "whsec_", "whsec_abc", "whsec_" + "A" * 8, SECRET[6:]])
def test_a_secret_of_another_form_is_refused_with_the_way_to_make_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"openssl|empty"):
        key_of(SecretText(text))


@pytest.mark.parametrize(
    ("url", "private", "fine"),
    [
        ("https://example.com/x", False, True),
        ("http://example.com/x", False, False),
        ("http://example.com/x", True, True),
        ("https://user:pw@example.com/", True, False),
        ("ftp://example.com/", True, False),
        ("example.com", True, False),
        ("", True, False),
    ],
)
def test_addresses_are_checked_when_they_are_configured(url: str, private: bool, fine: bool) -> None:
    assert (check_url(url, allow_private=private) == "") is fine


async def test_the_outcome_says_how_it_ended(receiver: Receiver) -> None:
    ended = notice(
        state=SessionState.CLOSED,
        outcome=Outcome.RESOLVED,
        accepted_at=AT + timedelta(seconds=20),
        active_at=AT + timedelta(seconds=21),
        ended_at=AT + timedelta(seconds=81),
        disposition="refund",
        note="paid back",
    )
    await webhook(receiver).send(ended)
    told = msgspec.json.decode(receiver.bodies[0])["data"]
    assert (told["waited_seconds"], told["talked_seconds"], told["outcome"]) == (20, 60, "resolved")
    assert (told["disposition"], told["note"]) == ("refund", "paid back")
