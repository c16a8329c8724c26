"""One's own bot, as it sees us: signed by Standard Webhooks' own library, over a real socket."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from server.assistant.webhook import MOST_BYTES, WebhookAssistant
from server.broker.ports.assistants import AssistantError, AssistantPolicy, AssistantTurn, Occasion
from server.clock import SystemClock
from server.notices.signed_post import SignedPost
from server.secret_files import SecretText
from server.wire.requests import NewHandoff
from server.wire.terms import Author, ConversationId, Medium, MessageId
from server.wire.views import ConversationView, Customer, MessageView

pytestmark = pytest.mark.integration

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
AT = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


@dataclass
class Bot:
    """A bot of a few lines; `body` None leaves us waiting."""

    status: int = 200
    body: bytes | None = b"{}"
    heads: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    bodies: list[bytes] = field(default_factory=list[bytes])
    url: str = ""
    writers: list[asyncio.StreamWriter] = field(default_factory=list[asyncio.StreamWriter])

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head.split("\r\n")[1:] if line)}
        self.heads.append(headers)
        self.bodies.append(await reader.readexactly(int(headers["content-length"])))
        if self.body is None:
            await reader.read()
        else:
            writer.write(f"HTTP/1.1 {self.status} X\r\ncontent-length: {len(self.body)}\r\n\r\n".encode() + self.body)
            await writer.drain()
        writer.close()


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    one = Bot()
    server = await asyncio.start_server(one.take, "127.0.0.1", 0)
    one.url = f"http://localhost:{server.sockets[0].getsockname()[1]}/turns"
    async with server:
        yield one
        await asyncio.gather(*(writer.wait_closed() for writer in one.writers), return_exceptions=True)


def assistant(bot: Bot, *, answer_seconds: float = 60.0, allow_private: bool = True) -> WebhookAssistant:
    post = SignedPost(bot.url, SecretText(SECRET), SystemClock(), allow_private=allow_private)
    return WebhookAssistant("robo", post, AssistantPolicy(), SystemClock(), answer_seconds=answer_seconds)


def turn(**changes: Any) -> AssistantTurn:
    conversation = ConversationView(
        id=ConversationId("c_1"), medium=Medium.CHAT, customer=Customer(name="Joe"), created_at=AT, owner_epoch=3
    )
    message = MessageView(
        id=MessageId("m_1"), conversation_id=conversation.id, position=1, author=Author.CUSTOMER, text="Hello", at=AT
    )
    return AssistantTurn(
        occasion=Occasion.TURN,
        key="reply-to:m_1",
        conversation=conversation,
        message=message,
        history=(message,),
        **changes,
    )


async def test_a_turn_is_signed_and_says_what_to_answer_with(bot: Bot) -> None:
    await assistant(bot).answer(turn())
    told = Verifier(SECRET).verify(bot.bodies[0], bot.heads[0])
    assert told["type"] == "turn.added"
    data = told["data"]
    assert (data["assistant"], data["owner"], data["owner_epoch"]) == ("robo", "assistant", 3)
    assert (data["reply_key"], data["message"]["text"]) == ("reply-to:m_1", "Hello")
    assert [one["author"] for one in data["history"]] == ["customer"]


async def test_a_repeat_has_the_same_id(bot: Bot) -> None:
    await assistant(bot).answer(turn())
    await assistant(bot).answer(turn())
    await assistant(bot).answer(turn(declined="only praise"))
    assert [head["webhook-id"] for head in bot.heads] == ["reply-to:m_1", "reply-to:m_1", "reply-to:m_1:declined"]


async def test_words_a_request_and_facts_come_back(bot: Bot) -> None:
    bot.body = json.dumps(
        {
            "text": "One moment.",
            "handoff": {"reason": "refund", "queue": "billing", "context": {"summary": "Twice."}},
            "attributes": {"tier": "gold", "orders": 3},
            "made_up": True,
        }
    ).encode()
    answer = await assistant(bot).answer(turn())
    assert (answer.text, answer.attributes) == ("One moment.", {"tier": "gold", "orders": 3})
    assert isinstance(answer.handoff, NewHandoff)
    assert (answer.handoff.queue, answer.handoff.context.summary) == ("billing", "Twice.")


@pytest.mark.parametrize("status", [202, 204])
async def test_it_may_answer_later(bot: Bot, status: int) -> None:
    bot.status, bot.body = status, b""
    assert (await assistant(bot).answer(turn())).later


@pytest.mark.parametrize(
    ("status", "body", "code", "lasting"),
    [
        (500, b"", "webhook_refused", False),
        (302, b"", "webhook_refused", False),
        (410, b"", "webhook_refused", True),
        (200, b"<html>Sign in</html>", "webhook_not_json", False),
        (200, b"\xff\xfe", "webhook_not_json", False),
        (200, b'{"text": 5}', "webhook_bad_shape", False),
        (200, b'{"handoff": {"queue": "billing"}}', "webhook_bad_shape", False),
        (200, b'{"text": "' + b"x" * MOST_BYTES + b'"}', "webhook_too_long", False),
    ],
)
async def test_what_goes_wrong_has_a_code(bot: Bot, status: int, body: bytes, code: str, lasting: bool) -> None:
    bot.status, bot.body = status, body
    with pytest.raises(AssistantError) as refusal:
        await assistant(bot).answer(turn())
    assert (refusal.value.code, refusal.value.lasting) == (code, lasting)


async def test_a_hanging_bot_is_given_up(bot: Bot) -> None:
    bot.body = None
    with pytest.raises(AssistantError) as refusal:
        await assistant(bot, answer_seconds=0.2).answer(turn())
    assert refusal.value.code in {"webhook_timeout", "webhook_unreachable"}


async def test_an_address_of_this_machine_is_refused_unless_that_is_meant(bot: Bot) -> None:
    with pytest.raises(AssistantError) as refusal:
        await assistant(bot, allow_private=False).answer(turn())
    assert (refusal.value.code, refusal.value.lasting) == ("webhook_address_private", True)
    assert bot.bodies == []
