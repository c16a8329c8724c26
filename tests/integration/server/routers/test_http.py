"""A rule of the house over a real socket: the question is signed and says nothing of the talk; bad answers are told."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from server.broker.ports.router import RouterCandidate, RouterQuestion
from server.clock import SystemClock
from server.core.errors import ProviderError
from server.notices.signed_post import SignedPost
from server.routers.http import HttpRouter
from server.secret_files import SecretText
from server.wire.skills import Skill
from server.wire.terms import Medium, OperatorId, SessionId

pytestmark = pytest.mark.integration

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
CLOCK = SystemClock()


@dataclass
class House:
    """A web server of a few lines that answers what it is told, or never."""

    answer: bytes | None = b'{"operators": ["op_ben"]}'
    status: str = "200 OK"
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])
    port: int = 0
    hanging: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
        headers = {name.lower(): value for name, value in lines}
        self.asked.append((headers, await reader.readexactly(int(headers["content-length"]))))
        if self.answer is None:
            await self.hanging.wait()
        else:
            size = len(self.answer)
            writer.write(f"HTTP/1.1 {self.status}\r\ncontent-length: {size}\r\n\r\n".encode() + self.answer)
        writer.close()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    one = House()
    server = await asyncio.start_server(one.take, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    yield one
    one.hanging.set()
    server.close()
    await server.wait_closed()


def router(house: House, timeout_seconds: float = 30.0, *, private: bool = True) -> HttpRouter:
    url = f"http://127.0.0.1:{house.port}/route"
    post = SignedPost(url, SecretText(SECRET), CLOCK, allow_private=private)
    return HttpRouter(post, CLOCK, timeout_seconds=timeout_seconds)


def question() -> RouterQuestion:
    candidate = RouterCandidate(
        id=OperatorId("op_ann"), name="Ann", skills=(Skill(name="german"),), in_hand=1, idle_since=CLOCK.now()
    )
    return RouterQuestion(
        session_id=SessionId("s_1"),
        number="H-0001",
        queue="vip",
        medium=Medium.CHAT,
        priority=5,
        waited_seconds=2.0,
        skills=(),
        attributes={"tier": "gold"},
        candidates=(candidate,),
    )


async def test_the_question_is_verified_by_the_standards_own_library_and_the_answer_is_taken(house: House) -> None:
    assert await router(house).name(question()) == ("op_ben",)
    headers, body = house.asked[0]
    assert Verifier(SECRET).verify(body, headers)
    told = msgspec.json.decode(body)
    assert told["type"] == "routing.question"
    assert told["data"]["attributes"] == {"tier": "gold"}
    assert told["data"]["candidates"][0]["id"] == "op_ann"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("200 OK", b"<html>log in</html>"),
        ("200 OK", b'{"operators": "op_ben"}'),
        ("200 OK", b'{"operators": [1]}'),
        ("200 OK", b"[" * 10_000),
        ("200 OK", b'{"operators": ["\xff"]}'),
        ("200 OK", b""),
        ("200 OK", b'{"operators": ["' + b"x" * 100_000 + b'"]}'),
        ("302 Found", b'{"operators": []}'),
        ("500 Oops", b'{"operators": ["op_ben"]}'),
    ],
)
async def test_an_answer_that_makes_no_sense_is_a_failure_in_words(house: House, status: str, answer: bytes) -> None:
    house.status, house.answer = status, answer
    with pytest.raises(ProviderError) as failure:
        await router(house).name(question())
    assert failure.value.code == "router_failed"


async def test_a_rule_that_never_answers_is_not_waited_for(house: House) -> None:
    house.answer = None
    with pytest.raises(ProviderError, match="No answer"):
        await router(house, timeout_seconds=0.2).name(question())


async def test_a_private_address_is_asked_only_where_that_is_meant(house: House) -> None:
    with pytest.raises(ProviderError) as failure:
        await router(house, private=False).name(question())
    assert failure.value.code == "webhook_address_private"
    assert house.asked == []
