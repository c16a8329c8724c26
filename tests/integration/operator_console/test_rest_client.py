"""The console's questions against HTTP on loopback."""

import asyncio

import pytest

from operator_console.client import rest
from operator_console.client.address import parse_address
from operator_console.client.desk import BrokerDesk
from operator_console.client.errors import ClientError
from operator_console.client.rest import RestClient
from operator_console.tui.ports import Desk, DeskError
from server.wire.errors import ErrorBody
from server.wire.terms import Author, ConversationId, MessageId
from server.wire.views import MessageView, MeView, Page
from tests.fakes.scripted_broker import (
    AT,
    TOKEN,
    endless,
    no_script,
    operator_view,
    scripted_broker,
    session_view,
)

pytestmark = pytest.mark.integration

CONVERSATION = ConversationId("con-0042")


def turns(count: int) -> tuple[MessageView, ...]:
    return tuple(
        MessageView(
            id=MessageId(f"m{n}"), conversation_id=CONVERSATION, position=n, author=Author.CUSTOMER, text="hi", at=AT
        )
        for n in range(1, count + 1)
    )


async def test_each_question_has_its_typed_answer() -> None:
    async with scripted_broker(no_script) as broker:
        broker.rest = {
            "/v1/sessions": (200, [session_view()]),
            "/v1/sessions/H-0042": (200, session_view()),
            "/v1/history": (200, Page(sessions=(session_view(),), next_before="x1")),
            "/v1/operators": (200, [operator_view()]),
            "/v1/me": (200, MeView(kind="operator", name="Olga", organisation_id="org-1", operator=operator_view())),
            "/healthz": (200, {"status": "ok", "version": "0.1.0", "protocol": 1, "new_field": {}}),
        }
        async with RestClient(parse_address(broker.url), TOKEN) as client:
            assert await client.sessions() == (session_view(),)
            assert (await client.session("H-0042")).number == "H-0042"
            assert (await client.history(before="x0", limit=20)).next_before == "x1"
            assert (await client.operators())[0].name == "Olga"
            assert (await client.me()).name == "Olga"
            assert (await client.health()).version == "0.1.0"
        asked = {path: query for path, query, _ in broker.requests}
        assert asked["/v1/history"] == {"limit": "20", "before": "x0"}
        assert all(headers["User-Agent"].startswith("operator-console/") for _, _, headers in broker.requests)


async def test_a_long_transcript_is_read_page_by_page() -> None:
    everything = turns(450)

    def page(query: dict[str, str]) -> tuple[int, object]:
        after = int(query["after"])
        return 200, everything[after : after + int(query["limit"])]

    async with scripted_broker(no_script) as broker:
        broker.rest = {f"/v1/conversations/{CONVERSATION}/messages": page}
        desk: Desk = BrokerDesk(parse_address(broker.url), TOKEN)
        assert await desk.transcript(CONVERSATION, 0) == everything
        assert await desk.transcript(CONVERSATION, 440) == everything[440:]
        await desk.close()
        assert len(broker.requests) == 3 + 1


async def test_a_search_reads_on_until_a_page_holds_what_is_sought() -> None:
    pages = {
        "": Page(sessions=(session_view(3), session_view(2)), next_before="b"),
        "b": Page(sessions=(session_view(1, reason="Where is my REFUND?"),), next_before="c"),
        "c": Page(),
    }
    async with scripted_broker(no_script) as broker:
        broker.rest = {"/v1/history": lambda query: (200, pages[query.get("before", "")])}
        async with RestClient(parse_address(broker.url), TOKEN) as client:
            found = await client.history("anna refund")
            assert ([session.number for session in found.sessions], found.next_before) == (["H-0001"], "c")
            assert await client.history("nowhere") == Page()


async def test_a_broker_that_repeats_a_page_is_not_asked_for_ever() -> None:
    async with scripted_broker(no_script) as broker:
        broker.rest = {f"/v1/conversations/{CONVERSATION}/messages": (200, turns(200))}
        async with RestClient(parse_address(broker.url), TOKEN) as client:
            assert len(await client.messages(CONVERSATION)) == 200
        assert len(broker.requests) == 2


async def test_a_refusal_keeps_the_brokers_code_words_and_status() -> None:
    async with scripted_broker(no_script) as broker:
        broker.rest = {"/v1/sessions/9": (404, ErrorBody("no_such_session", "There is no session 9.", "Look again."))}
        async with RestClient(parse_address(broker.url), TOKEN) as client:
            with pytest.raises(DeskError) as refused:
                await client.session("9")
    error = refused.value
    assert isinstance(error, ClientError)
    assert (error.code, error.status, error.hint) == ("no_such_session", 404, "Look again.")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, b"<html>welcome</html>"), "invalid_answer"),
        ((200, {"id": 1}), "invalid_answer"),
        ((503, b"<html>"), "http_503"),
        ((403, b""), "not_authenticated"),
        ((302, b""), "http_302"),
    ],
)
async def test_what_is_no_answer_of_a_broker_says_so(answer: tuple[int, object], code: str) -> None:
    async with scripted_broker(no_script) as broker:
        broker.rest = {"/v1/me": answer}
        async with RestClient(parse_address(broker.url), TOKEN) as client:
            with pytest.raises(ClientError) as refused:
                await client.me()
        assert refused.value.code == code
        assert {path for path, _, _ in broker.requests} == {"/v1/me"}


async def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "MAX_ANSWER_BYTES", 1_000_000)
    async with endless() as server:
        async with RestClient(parse_address(server.url), TOKEN) as client:
            with pytest.raises(ClientError) as refused:
                await client.sessions()
        await asyncio.sleep(0.05)
    assert refused.value.code == "invalid_answer"
    assert server.sent < 50_000_000, "what the sockets hold, not what was on offer"


async def test_a_reference_can_not_leave_its_path() -> None:
    async with scripted_broker(no_script) as broker:
        async with RestClient(parse_address(broker.url), TOKEN) as client:
            with pytest.raises(ClientError):
                await client.session("../operators?x=1")
        assert [(path, query) for path, query, _ in broker.requests] == [("/v1/sessions/..%2Foperators%3Fx%3D1", {})]


async def test_nobody_listening_and_a_slow_broker_are_told_apart() -> None:
    async with scripted_broker(no_script) as broker:
        url = broker.url
    async with RestClient(parse_address(url), TOKEN) as client:
        with pytest.raises(ClientError) as refused:
            await client.me()
    assert refused.value.code == "cannot_connect"

    async def never_answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.close()

    silent = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    async with silent:
        slow = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
        async with RestClient(parse_address(slow), TOKEN, timeout_seconds=0.1) as client:
            with pytest.raises(ClientError, match="takes too long"):
                await client.me()
        await asyncio.sleep(0.4)
