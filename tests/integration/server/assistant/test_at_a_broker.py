"""A whole broker with a model behind it: the customer is answered, handed over, and answered again, over every kill."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from server.bench.process import running_broker
from server.wire.commands import Accept, Answer, BackToAssistant, Say
from server.wire.events import SessionAsked, SessionQueued
from tests.fakes.model_server import ModelServer, calls
from tests.live import fresh, greeted, rest
from tests.mortal import Mortal, mortal

pytestmark = [pytest.mark.integration]
WAIT_SECONDS = 60.0


def section(name: str, url: str, **settings: Any) -> str:
    lines = [f"[assistants.{name}]", f'url = "{url}"', 'model = "small"']
    return "\n".join([*lines, *(f"{key} = {json.dumps(value)}" for key, value in settings.items()), ""])


async def texts(client: httpx.AsyncClient, path: str, author: str = "assistant") -> list[str]:
    turns = (await client.get(f"{path}/messages")).json()
    return [turn["text"] for turn in turns if turn["author"] == author]


async def until(client: httpx.AsyncClient, path: str, wanted: list[str]) -> None:
    """Wait until the assistant has said exactly this."""
    said: list[str] = []
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while (said := await texts(client, path)) != wanted:
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"the assistant said {said}, not {wanted}") from None


async def says(client: httpx.AsyncClient, path: str, text: str) -> None:
    (await client.post(f"{path}/messages", json={"author": "customer", "text": text})).raise_for_status()


async def test_a_model_answers_hands_over_asks_an_operator_and_goes_on_from_what_was_agreed() -> None:
    async with ModelServer(content="Hello!", key="") as model:
        settings = '[desk]\nrouting = "pull"\nwrap_up_seconds = 0\n' + section("bench", model.url)
        async with running_broker(settings) as broker, rest(broker) as client, greeted(broker) as (console, _):
            conversation = (await client.post("/v1/conversations", json={"medium": "chat"})).json()
            path = f"/v1/conversations/{conversation['id']}"
            await says(client, path, "Hi")
            await until(client, path, ["Hello!"])

            model.message = calls("ask_operator", json.dumps({"question": "May I refund 20?"}))
            await says(client, path, "I was charged twice")
            asked = (await console.until(SessionAsked)).session
            assert asked.reason == "May I refund 20?"
            model.message, model.content = {}, "You get 20 back."
            await console.order(Answer(id=fresh(), session_id=asked.id, epoch=asked.epoch, text="Yes, 20."))
            said = ["Hello!", "One moment, I am asking a colleague.", "You get 20 back."]
            await until(client, path, said)
            assert "They answer: Yes, 20." in model.requests[-1]["messages"][-1]["content"]

            model.message = calls("handoff", json.dumps({"reason": "wants a person", "summary": "Charged twice."}))
            await says(client, path, "A person, please")
            session = (await console.until(SessionQueued)).session
            assert (session.reason, session.context.summary) == ("wants a person", "Charged twice.")
            said.append("I am asking a person to help you.")
            await until(client, path, said)
            model.message, model.content = {}, "Welcome back."
            taken = await console.order(Accept(id=fresh(), session_id=session.id, epoch=session.epoch))
            assert taken.session is not None
            asked_before = len(model.requests)
            await says(client, path, "Are you a person?")
            words = Say(id=fresh(), session_id=session.id, epoch=taken.session.epoch, text="I am Bo.")
            assert (await console.order(words)).ok
            order = BackToAssistant(
                id=fresh(), session_id=session.id, epoch=taken.session.epoch, note="30 go back instead."
            )
            assert (await console.order(order)).ok
            await says(client, path, "Thanks")
            await until(client, path, [*said, "Welcome back."])
            assert not model.refusals
            assert len(model.requests) > asked_before
            prompts = [message["content"] for message in model.requests[-1]["messages"] if message["role"] == "system"]
            assert any("30 go back instead." in prompt for prompt in prompts)


async def test_an_endpoint_that_is_not_there_leaves_nobody_silent() -> None:
    settings = '[desk]\nrouting = "pull"\n' + section("bench", "http://127.0.0.1:9/v1", failure_text="A person helps.")
    async with running_broker(settings) as broker, rest(broker) as client, greeted(broker) as (console, _):
        conversation = (await client.post("/v1/conversations", json={"medium": "chat"})).json()
        path = f"/v1/conversations/{conversation['id']}"
        await says(client, path, "Hi")
        session = (await console.until(SessionQueued, WAIT_SECONDS)).session
        assert session.reason == "assistant failed"
        await until(client, path, ["A person helps."])


async def test_turns_are_answered_once_each_although_the_broker_is_killed_while_the_model_thinks() -> None:
    async with ModelServer(content="Yes.", key="") as model, mortal() as (broker, running):
        await broker.kill()
        broker.config.write_text(broker.config.read_text() + section("kills", model.url))
        await broker.start()
        async with rest(running) as client:
            paths = []
            for number in range(6):
                made = (await client.post("/v1/conversations", json={"medium": "chat"})).json()
                paths.append(f"/v1/conversations/{made['id']}")
                model.way = "hang" if number % 2 else "answer"
                await says(client, paths[-1], f"Question {number}")
                await _killed(broker)
            model.way = "answer"
            for path in paths:
                await until(client, path, ["Yes."])
            await asyncio.gather(*(until(client, path, ["Yes."]) for path in paths))


async def _killed(broker: Mortal) -> None:
    await broker.kill()
    await broker.start()
