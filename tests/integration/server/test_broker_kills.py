"""kill -9 of the whole broker, again and again, under clients that retry: nothing acknowledged is lost or doubled."""

import asyncio
import contextlib
import random
import secrets
import string
from dataclasses import dataclass, field

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from server.bench.process import Running
from server.storage.fsck import run as fsck
from server.wire.commands import Accept, Resolve
from server.wire.frames import Hello
from server.wire.version import PROTOCOL
from tests.live import Console, bearer, rest
from tests.long_form import times
from tests.mortal import mortal

pytestmark = [pytest.mark.integration]

KILLS = times(5, 50, "OPERATOR_KILLS")
WRITERS = 6


@dataclass
class Acknowledged:
    """What the broker has said yes to."""

    messages: dict[tuple[str, str], str] = field(default_factory=dict)
    """(conversation, key) → text."""
    handoffs: dict[str, str] = field(default_factory=dict)
    """conversation → session."""
    accepted: dict[str, int] = field(default_factory=dict)
    """session → epoch."""
    resolved: set[str] = field(default_factory=set)
    repeats: int = 0
    """Requests that were sent again because their answer was lost."""


async def persist(
    client: httpx.AsyncClient, path: str, body: dict[str, object], key: str, done: Acknowledged
) -> object:
    """POST until the broker says yes; what it refuses is a failure."""
    while True:
        with contextlib.suppress(httpx.HTTPError):
            response = await client.post(path, json=body, headers={"Idempotency-Key": key})
            if response.status_code == 201:
                return response.json()
            assert response.status_code in {500, 502, 503}, response.text
        done.repeats += 1
        await asyncio.sleep(0.02)


async def write(running: Running, done: Acknowledged, stop: asyncio.Event) -> None:
    """Be an assistant: conversations, turns, handoffs, each with a key of its own."""
    async with rest(running) as client:
        while not stop.is_set():
            started = {"medium": "chat", "external_id": secrets.token_hex(8)}
            conversation = (await persist(client, "/v1/conversations", started, "", done))["id"]
            for _ in range(3):
                key, text = secrets.token_hex(8), words()
                body = {"author": "customer", "text": text, "key": key}
                await persist(client, f"/v1/conversations/{conversation}/messages", body, "", done)
                done.messages[conversation, key] = text
            path = f"/v1/conversations/{conversation}/handoffs"
            session = await persist(client, path, {"reason": "asked"}, secrets.token_hex(8), done)
            done.handoffs[conversation] = session["id"]


def words() -> str:
    """Return a turn like no other, without digits: digits might be a card's, which would be taken out."""
    return "".join(random.choices(string.ascii_lowercase, k=60))


async def operate(running: Running, done: Acknowledged, stop: asyncio.Event) -> None:
    """Be an operator: accept what waits, then resolve some of it; an order whose answer was lost is given again."""
    pending: Accept | Resolve | None = None
    while not stop.is_set():
        with contextlib.suppress(WebSocketException, OSError, TimeoutError):
            headers = bearer(running.operator)
            async with connect(f"{running.socket_url}/v1/console", additional_headers=headers, proxy=None) as socket:
                console = Console(socket)
                await console.send(Hello(protocol=PROTOCOL))
                await console.next()
                while not stop.is_set():
                    pending = pending or next_order(done)
                    if pending is None:
                        await asyncio.sleep(0.01)
                        continue
                    reply = await console.order(pending)
                    assert reply.ok, reply.error
                    if isinstance(pending, Accept):
                        done.accepted[pending.session_id] = reply.session.epoch
                    else:
                        done.resolved.add(pending.session_id)
                    pending = None


def next_order(done: Acknowledged) -> Accept | Resolve | None:
    """Return what to do next: resolve the first half of what was accepted, else accept something new."""
    ripe = [one for one in done.accepted if one not in done.resolved]
    if len(ripe) > 3:
        return Resolve(id=secrets.token_hex(8), session_id=ripe[0], epoch=done.accepted[ripe[0]], note="done")
    fresh = next((one for one in done.handoffs.values() if one not in done.accepted), None)
    return Accept(id=secrets.token_hex(8), session_id=fresh, epoch=1) if fresh else None


async def test_after_every_kill_of_the_broker_nothing_acknowledged_is_lost_or_doubled() -> None:
    async with mortal() as (broker, running):
        done, stop = Acknowledged(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for _ in range(WRITERS):
                group.create_task(write(running, done, stop))
            group.create_task(operate(running, done, stop))
            for number in range(KILLS):
                await asyncio.sleep(random.uniform(0.3, 1.2))  # a random instant is the point
                await broker.kill()
                await broker.start()
                print(f"kill {number + 1}/{KILLS}: {len(done.messages)} turns, {len(done.accepted)} accepts so far")
            await asyncio.sleep(0.5)
            stop.set()
        assert broker.starts == KILLS + 1
        await check(running, done)
        await broker.end()
        assert fsck(f"sqlite:///{broker.data_dir / 'operator.sqlite3'}") == []
        print(
            f"{KILLS} kills: {len(done.messages)} turns, {len(done.handoffs)} handoffs, {len(done.accepted)} accepts, "
            f"{len(done.resolved)} resolved, {done.repeats} repeated requests; 0 lost, 0 doubled"
        )


async def check(running: Running, done: Acknowledged) -> None:
    """Compare what was acknowledged with what is there."""
    async with rest(running) as client, rest(running, running.operator) as desk:
        for conversation in {conversation for conversation, _ in done.messages}:
            found = (await client.get(f"/v1/conversations/{conversation}/messages")).json()
            texts = [one["text"] for one in found if one["author"] == "customer"]
            assert [one["position"] for one in found] == list(range(1, len(found) + 1))
            assert len(texts) == len(set(texts)), "a turn was doubled"
            wanted = {text for (where, _), text in done.messages.items() if where == conversation}
            assert wanted <= set(texts), "a turn was lost"
        assert len(set(done.handoffs.values())) == len(done.handoffs), "two handoffs of one"
        for session in done.handoffs.values():
            now = (await desk.get(f"/v1/sessions/{session}")).json()
            if session in done.resolved:
                assert (now["state"], now["outcome"]) == ("closed", "resolved"), now
            elif session in done.accepted:
                assert (now["state"], now["epoch"]) == ("active", done.accepted[session]), now
            else:
                assert now["state"] in {"queued", "active"}, now
    assert done.accepted
    assert done.resolved
    assert done.repeats, "no kill hit a request: the test proves nothing"
