"""Receipts, edits and taking back over a real listener: REST, the assistants' socket, and what consoles see of it."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from server.bench.process import Running, running_broker
from server.wire.commands import Accept, Say
from server.wire.events import MessageChanged
from server.wire.terms import Delivery, SessionId
from tests.live import Console, bearer, greeted, operator, rest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker() -> AsyncIterator[Running]:
    async with running_broker() as running:
        yield running


async def talk(broker: Running, desk: Console) -> tuple[str, dict[str, str]]:
    """Return a conversation with receipts that the console's operator has taken, and what they said in it."""
    async with rest(broker) as client:
        started = await client.post("/v1/conversations", json={"medium": "chat", "receipts": True})
        conversation = started.json()["id"]
        made = await client.post(f"/v1/conversations/{conversation}/handoffs", json={"reason": "parcel"})
        session = made.json()
        assert (started.json()["receipts"], made.status_code) == (True, 201)
    session_id = SessionId(session["id"])
    taken = await desk.order(Accept(id="take-0001" + conversation[-8:], session_id=session_id, epoch=session["epoch"]))
    assert taken.session is not None
    said = await desk.order(
        Say(id="say-00001" + conversation[-8:], session_id=session_id, epoch=taken.session.epoch, text="Hello")
    )
    assert said.message is not None
    assert said.message.delivery is Delivery.PENDING
    return conversation, {"id": said.message.id, "session": session_id}


async def test_receipts_come_over_rest_and_over_the_assistants_socket(broker: Running) -> None:
    async with greeted(broker) as (desk, _), rest(broker) as client:
        conversation, said = await talk(broker, desk)
        path = f"/v1/conversations/{conversation}/messages/{said['id']}/delivery"
        reported = await client.put(path, json={"delivery": "sent"})
        assert (reported.status_code, reported.json()["version"]) == (200, 1)
        changed = await desk.until(MessageChanged, 30.0)
        assert isinstance(changed, MessageChanged)
        assert changed.message.delivery is Delivery.SENT
        url = f"{broker.socket_url}/v1/assistant/events"
        async with connect(url, additional_headers=bearer(broker.key), proxy=None) as events:
            about = {"type": "delivery", "conversation_id": conversation, "message_id": said["id"]}
            for frame in ({**about, "delivery": "eaten"}, {**about, "message_id": "m_no", "delivery": "read"}):
                await events.send(json.dumps(frame))
                refused = json.loads(await events.recv())
                assert refused["type"] == "refused"
                assert refused["error"]["code"] in {"invalid_frame", "no_such_message"}
            await events.send(json.dumps({**about, "delivery": "delivered"}))
            told = json.loads(await events.recv())
            assert (told["type"], told["message"]["delivery"]) == ("message.changed", "delivered")
        changed = await desk.until(MessageChanged, 30.0)
        assert isinstance(changed, MessageChanged)
        assert changed.message.delivery is Delivery.DELIVERED


async def test_edits_are_audited_for_supervisors_alone(broker: Running) -> None:
    supervisor = await operator(broker, "Sue", "supervisor")
    async with greeted(broker) as (desk, _), rest(broker) as client:
        conversation, said = await talk(broker, desk)
        turn = (
            await client.post(
                f"/v1/conversations/{conversation}/messages", json={"author": "customer", "text": "PIN 12\u202e34"}
            )
        ).json()
        path = f"/v1/conversations/{conversation}/messages/{turn['id']}"
        edited = await client.put(path, json={"text": "PIN 99\x1b[2J"})
        assert (edited.status_code, "\x1b" in edited.json()["text"], edited.json()["position"]) == (
            200,
            False,
            turn["position"],
        )
        gone = await client.delete(path)
        assert (gone.status_code, gone.json()["text"]) == (200, "")
        for body, status in (({"text": "x" * 20_001}, 400), ({}, 400), ({"text": " "}, 422), ({"text": "back"}, 409)):
            assert (await client.put(path, json=body)).status_code == status
        refused = await client.put(f"{path}/delivery", json={"delivery": "sent"})
        assert refused.json()["code"] == "no_receipts_for_this"
        assert (await client.delete(f"/v1/conversations/{conversation}/messages/{said['id']}")).status_code == 422
        assert (await client.get(f"{path}/revisions")).status_code == 403
    for token, status in ((broker.operator, 403), (supervisor, 200)):
        async with rest(broker, token) as client:
            response = await client.get(f"{path}/revisions")
            assert response.status_code == status
    assert [one["version"] for one in response.json()] == [0, 1]
    assert response.json()[1]["deleted"] is True
