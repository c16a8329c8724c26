"""A request that met a restarting desk is sent again with the same key; a refusal is not."""

import asyncio

import httpx
import pytest

from server.demo.rest import MOST_ATTEMPTS, RefusedError, UnreachableError
from server.wire.errors import ErrorBody
from server.wire.requests import NewHandoff
from server.wire.terms import ConversationId
from tests.unit.server.demo.desks import ScriptedDesk, json
from tests.unit.server.demo.test_case import SESSION

pytestmark = pytest.mark.unit

HANDOFF = NewHandoff(reason="asked for a person")


async def ask(desk: ScriptedDesk) -> object:
    asking = asyncio.ensure_future(desk.rest.request_handoff(ConversationId("c1"), HANDOFF, "key-1"))
    while not asking.done():
        await desk.clock.advance(10.0)
    return await asking


async def test_a_restart_of_the_desk_is_survived_with_the_same_key() -> None:
    answers = iter([httpx.Response(503), httpx.ConnectError("refused"), json(SESSION)])

    def answer(_: httpx.Request) -> httpx.Response:
        now = next(answers)
        if isinstance(now, httpx.ConnectError):
            raise now
        return now

    desk = ScriptedDesk(answer)
    assert await ask(desk) == SESSION
    assert [request.headers["Idempotency-Key"] for request in desk.asked] == ["key-1"] * 3
    assert len({request.content for request in desk.asked}) == 1
    assert desk.asked[0].headers["Authorization"] == "Bearer ak_test"
    assert desk.asked[0].url.path == "/v1/conversations/c1/handoffs"


async def test_a_refusal_is_told_at_once_with_its_code() -> None:
    desk = ScriptedDesk(lambda _: json(ErrorBody("conversation_ended", "It has ended."), 409))
    with pytest.raises(RefusedError, match="409 conversation_ended") as caught:
        await ask(desk)
    assert caught.value.body.code == "conversation_ended"
    assert len(desk.asked) == 1


async def test_a_refusal_without_a_reason_is_still_told() -> None:
    with pytest.raises(RefusedError, match="unreadable_answer"):
        await ask(ScriptedDesk(lambda _: httpx.Response(404, content=b"<html>")))


async def test_a_desk_that_never_answers_is_given_up() -> None:
    desk = ScriptedDesk(lambda _: httpx.Response(503))
    with pytest.raises(UnreachableError):
        await ask(desk)
    assert len(desk.asked) == MOST_ATTEMPTS
