"""A whole broker, and a customer on each platform: from the assistant to a person and back, twice."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import needs

pytest.importorskip("slack_sdk", reason=needs.PEERS.skip)

from aiohttp import web
from slack_sdk.signature import SignatureVerifier
from standardwebhooks.webhooks import Webhook
from websockets.asyncio.client import ClientConnection, connect

from server.bench.process import Running, running_broker
from server.wire.commands import Accept, FinishWrapUp, Resolve, Say
from server.wire.terms import SessionId
from tests.fakes.discord_platform import discord_platform
from tests.fakes.discord_words import BOT_ID, DIRECT, TOKEN
from tests.fakes.google_platform import google_platform, proof
from tests.fakes.google_words import PROJECT, message_event
from tests.fakes.slack_platform import APP_TOKEN, BOT_TOKEN, slack_platform
from tests.live import Console, bearer, fresh, greeted, rest

pytestmark = pytest.mark.integration

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SIGNER = SignatureVerifier(SECRET)
OWN_SECRET = "whsec_c2VjcmV0LW9mLXRoZS1yb3VuZC10cmlwcw=="
OWN = Webhook(OWN_SECRET)


@dataclass
class Platform:
    """A platform as the test needs it.

    Attributes:
        section: Of the broker's configuration; FOLDER stands for where its secrets are.
        secrets: Files by name.
        writes: Let the customer write.
        texts: What the customer was told, in order.
    """

    section: str
    secrets: dict[str, str]
    writes: Callable[[Running, str], Awaitable[None]]
    texts: Callable[[], list[str]]


@asynccontextmanager
async def slack_socket() -> AsyncIterator[Platform]:
    async with slack_platform() as slack:

        async def writes(_broker: Running, text: str) -> None:
            await slack.push(slack.event(slack.message(text)))

        yield Platform(
            f'kind = "slack"\napi_base = "{slack.url}/api"\nbot_token_file = "FOLDER/bot"\n'
            'app_token_file = "FOLDER/app"',
            {"bot": BOT_TOKEN, "app": APP_TOKEN},
            writes,
            lambda: [form["text"] for form in slack.messages.values()],
        )


@asynccontextmanager
async def slack_webhook() -> AsyncIterator[Platform]:
    """Slack by the Events API, in a thread of a channel; it tells every event twice."""
    async with slack_platform() as slack:
        root = "1767225600.000100"

        async def writes(broker: Running, text: str) -> None:
            said = slack.message(text, channel="C0HELP", thread_ts=root)
            body = json.dumps(slack.event(said)).encode()
            stamp = str(int(time.time()))
            signature = SIGNER.generate_signature(timestamp=stamp, body=body) or ""
            headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
            async with httpx.AsyncClient() as client:
                for more in ({}, {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}):
                    answer = await client.post(
                        f"{broker.url}/v1/channels/tried", content=body, headers={**headers, **more}
                    )
                    assert answer.status_code == 200
                forged = await client.post(f"{broker.url}/v1/channels/tried", content=body + b" ", headers=headers)
                assert forged.status_code == 401

        def texts() -> list[str]:
            assert {form["thread_ts"] for form in slack.messages.values()} <= {root}
            return [form["text"] for form in slack.messages.values()]

        yield Platform(
            f'kind = "slack"\nway_in = "webhook"\napi_base = "{slack.url}/api"\nbot_token_file = "FOLDER/bot"\n'
            'signing_secret_file = "FOLDER/secret"',
            {"bot": BOT_TOKEN, "secret": SECRET},
            writes,
            texts,
        )


@asynccontextmanager
async def discord() -> AsyncIterator[Platform]:
    """Discord, whose connection drops before everything that is said."""
    async with discord_platform() as platform:

        async def writes(_broker: Running, text: str) -> None:
            await platform.until(lambda: platform._links)
            await platform.drop()
            await platform.say(text)

        def texts() -> list[str]:
            said = [one for one in platform.messages.values() if one["author"]["id"] == BOT_ID]
            assert {one["channel_id"] for one in said} <= {DIRECT}
            return [one["content"] for one in said]

        yield Platform(
            f'kind = "discord"\napi_base = "{platform.url}/api/v10"\ntoken_file = "FOLDER/token"',
            {"token": TOKEN},
            writes,
            texts,
        )


@asynccontextmanager
async def google() -> AsyncIterator[Platform]:
    async with google_platform() as platform:
        count = iter(range(1, 100))

        async def writes(broker: Running, text: str) -> None:
            body = json.dumps(message_event(text, next(count)))
            headers = {"Authorization": f"Bearer {proof(datetime.now(UTC))}", "Content-Type": "application/json"}
            async with httpx.AsyncClient() as client:
                answer = await client.post(f"{broker.url}/v1/channels/tried", content=body, headers=headers)
                assert (answer.status_code, answer.json()) == (200, {})
                stale = {**headers, "Authorization": f"Bearer {proof(datetime(2026, 1, 1, tzinfo=UTC))}"}
                refused = await client.post(f"{broker.url}/v1/channels/tried", content=body, headers=stale)
                assert refused.status_code == 401

        yield Platform(
            f'kind = "google_chat"\napi_base = "{platform.url}"\nkeys_base = "{platform.url}"\naudience = "{PROJECT}"\n'
            'service_account_file = "FOLDER/key"',
            {"key": platform.service_account()},
            writes,
            lambda: [one["text"] for one in platform.messages.values()],
        )


@asynccontextmanager
async def own() -> AsyncIterator[Platform]:
    """A house's own platform, which signs and believes with the library of Standard Webhooks; it tells all twice."""
    texts: list[str] = []
    count = iter(range(1, 100))

    async def told(request: web.Request) -> web.Response:
        body = await request.text()
        OWN.verify(body, dict(request.headers))
        said = json.loads(body)
        if said["type"] == "message":
            texts.append(said["text"])
        return web.json_response({"message_id": request.headers["webhook-id"]})

    async def writes(broker: Running, text: str) -> None:
        number, now = next(count), datetime.now(UTC)
        event = {"type": "message", "id": f"e{number}", "chat": "c7", "message_id": f"m{number}", "text": text}
        body = json.dumps({"events": [event | {"sender": {"ids": ["u7"], "name": "Ada"}}]})
        signed = OWN.sign(f"msg_{number}", now, body)
        headers = {
            "webhook-id": f"msg_{number}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signed,
        }
        async with httpx.AsyncClient() as client:
            for content, status in ((body, 200), (body, 200), (body + " ", 401)):
                answer = await client.post(f"{broker.url}/v1/channels/tried", content=content, headers=headers)
                assert answer.status_code == status

    app = web.Application()
    app.router.add_post("/in", told)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Platform(
            f'kind = "webhook"\napi_base = "http://127.0.0.1:{runner.addresses[0][1]}/in"\nallow_private = true\n'
            'secret_file = "FOLDER/secret"',
            {"secret": OWN_SECRET},
            writes,
            lambda: texts,
        )
    finally:
        await runner.cleanup()


class Assistant:
    """An assistant on its event stream."""

    def __init__(self, broker: Running, socket: ClientConnection) -> None:
        self.broker, self.socket = broker, socket

    async def hears(self, kind: str, **wanted: str) -> dict[str, Any]:
        """Return the next event of a kind, about a message with these fields."""
        async with asyncio.timeout(60):
            while True:
                event: dict[str, Any] = json.loads(await self.socket.recv())
                about = event.get("message") or {}
                if event["type"] == kind and all(about.get(name) == value for name, value in wanted.items()):
                    return event

    async def does(self, path: str, **body: object) -> dict[str, Any]:
        """Call the REST API."""
        async with rest(self.broker) as client:
            answer = await client.post(f"/v1/conversations/{path}", json=body)
            assert answer.is_success, answer.text
            return dict(answer.json())


async def until(texts: Callable[[], list[str]], last: str) -> None:
    """Wait until the customer was told this."""
    async with asyncio.timeout(60):
        while not any(text == last for text in texts()):
            await asyncio.sleep(0.05)


async def by_a_person(desk: Console, session: dict[str, Any], platform: Platform, text: str) -> None:
    """Have the operator take the chat, say something, and resolve it."""
    session_id = SessionId(session["id"])
    taken = await desk.order(Accept(id=fresh(), session_id=session_id, epoch=session["epoch"]))
    assert taken.session is not None, taken
    epoch = taken.session.epoch
    said = await desk.order(Say(id=fresh(), session_id=session_id, epoch=epoch, text=text))
    assert said.message is not None, said
    await desk.meanwhile(until(platform.texts, text))
    done = await desk.order(Resolve(id=fresh(), session_id=session_id, epoch=epoch, note="found"))
    assert done.session is not None, done
    await desk.order(FinishWrapUp(id=fresh(), session_id=session_id, epoch=done.session.epoch))


@pytest.mark.parametrize("opened", [slack_socket, slack_webhook, discord, google, own])
async def test_assistant_person_assistant_person(opened: Callable[[], Any], tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        platform: Platform = await stack.enter_async_context(opened())
        for name, secret in platform.secrets.items():
            (tmp_path / name).write_text(secret)
            (tmp_path / name).chmod(0o600)
        settings = f"[channels.tried]\n{platform.section.replace('FOLDER', str(tmp_path))}\n"
        broker = await stack.enter_async_context(running_broker(settings))
        desk, _ = await stack.enter_async_context(greeted(broker))
        url = f"{broker.socket_url}/v1/assistant/events"
        socket = await stack.enter_async_context(connect(url, additional_headers=bearer(broker.key), proxy=None))
        assistant = Assistant(broker, socket)
        chat = await desk.meanwhile(begins(assistant, platform))
        for turn in ("first", "second"):
            session = await desk.meanwhile(assistant.does(f"{chat}/handoffs", reason="parcel lost"))
            await by_a_person(desk, session, platform, f"I am Ann, the {turn} time.")
            await desk.meanwhile(goes_on(assistant, platform, chat, turn))
        said = [text for text in platform.texts() if text.startswith(("Let", "I am", "Anything"))]
        assert said == [
            "Let me look.",
            "I am Ann, the first time.",
            "Anything else? first",
            "I am Ann, the second time.",
            "Anything else? second",
        ]


async def begins(assistant: Assistant, platform: Platform) -> str:
    """Let the customer write and the assistant answer; return the conversation's id."""
    await platform.writes(assistant.broker, "Where is my parcel? 😀 שלום")
    heard = await assistant.hears("message.added", author="customer", text="Where is my parcel? 😀 שלום")
    chat = str(heard["message"]["conversation_id"])
    await assistant.does(f"{chat}/messages", author="assistant", text="Let me look.")
    await until(platform.texts, "Let me look.")
    return chat


async def goes_on(assistant: Assistant, platform: Platform, chat: str, turn: str) -> None:
    """Let the assistant hear that it has the customer again, and both go on."""
    await assistant.hears("conversation.returned")
    await platform.writes(assistant.broker, f"Thanks, the {turn} time.")
    again = (await assistant.hears("message.added", author="customer"))["message"]
    assert (again["conversation_id"], again["text"]) == (chat, f"Thanks, the {turn} time.")
    await assistant.does(f"{chat}/messages", author="assistant", text=f"Anything else? {turn}")
    await until(platform.texts, f"Anything else? {turn}")
