"""The short question says to the word what the long client says, whatever comes back."""

import asyncio
import ssl
from collections.abc import Mapping

import pytest

from operator_console.client import question
from operator_console.client.address import Address, parse_address
from operator_console.client.answer import SESSIONS
from operator_console.client.errors import ClientError
from operator_console.client.rest import RestClient
from server.wire.errors import ErrorBody
from server.wire.views import SessionView
from tests.fakes.scripted_broker import TOKEN, endless, no_script, scripted_broker, session_view

pytestmark = pytest.mark.integration


async def short(address: Address, tls: ssl.SSLContext | None = None) -> object:
    """Ask the short way; return the answer, or what stands in the refusal."""
    try:
        return await asyncio.to_thread(question.ask, address, TOKEN, tls, SESSIONS, tuple[SessionView, ...])
    except ClientError as error:
        return error.body, error.status


async def long(address: Address) -> object:
    """Ask the long way; return the answer, or what stands in the refusal."""
    async with RestClient(address, TOKEN) as client:
        try:
            return await client.ask(SESSIONS, tuple[SessionView, ...])
        except ClientError as error:
            return error.body, error.status


@pytest.mark.parametrize(
    "answer",
    [
        (200, [session_view(1), session_view(2)]),
        (200, []),
        (200, b"<html>welcome</html>"),
        (200, {"id": 1}),
        (200, b"[" * 100),
        (401, ErrorBody("not_authenticated", "The token has expired.", "Get a new one.")),
        (404, b"nothing here"),
        (302, b""),
        (503, b"<html>"),
    ],
    ids=["two", "none", "page", "another", "deep", "expired", "missing", "moved", "down"],
)
async def test_both_ways_say_the_same(answer: tuple[int, object]) -> None:
    async with scripted_broker(no_script) as broker:
        broker.rest = {SESSIONS: answer}
        address = parse_address(broker.url)
        assert await short(address) == await long(address)
        (path, query, headers), other = broker.requests
        assert (path, query) == other[:2]
        for name in ("User-Agent", "Accept", "Authorization", "Host"):
            assert headers[name] == other[2][name]


async def test_a_broker_below_a_path_is_asked_there() -> None:
    async with scripted_broker(no_script) as broker:
        broker.rest = {f"/desk{SESSIONS}": (200, [session_view()])}
        assert await short(parse_address(f"{broker.url}/desk")) == (session_view(),)


async def test_nobody_listening_is_told_with_the_systems_words() -> None:
    async with scripted_broker(no_script) as broker:
        address = parse_address(broker.url)
    (body, status) = await short(address)  # type: ignore[misc]
    assert (body.code, status) == ("cannot_connect", 0)
    assert "Connection refused" in body.message


async def test_a_silent_broker_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "ANSWER_SECONDS", 0.05)
    let_go = asyncio.Event()

    async def never_answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_go.wait()
        writer.close()

    silent = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    async with silent:
        (body, _) = await short(parse_address(f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"))  # type: ignore[misc]
        let_go.set()
    assert "takes too long" in body.message


HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]"
"""A whole answer in itself, but not the one that was announced."""
LONG_HEADER = b"HTTP/1.1 200 OK\r\n" + b"x" * 99_999


@pytest.mark.parametrize("sent", [b"", b"SSH-2.0-x\r\n", HALF, LONG_HEADER], ids=["nothing", "ssh", "half", "header"])
async def test_what_is_not_http_is_no_traceback(sent: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        writer.close()

    odd = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with odd:
        (body, status) = await short(parse_address(f"http://127.0.0.1:{odd.sockets[0].getsockname()[1]}"))  # type: ignore[misc]
    assert (body.code, status) == ("cannot_connect", 0)


async def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "MAX_ANSWER_BYTES", 100_000)
    async with endless() as server:
        (body, _) = await short(parse_address(server.url))  # type: ignore[misc]
    assert body.code == "invalid_answer"
    assert server.sent < 50_000_000


@pytest.mark.parametrize(
    ("url", "environment", "direct"),
    [
        ("http://127.0.0.1:8080", {"http_proxy": "http://proxy:3128"}, True),
        ("https://desk.example.com", {}, True),
        ("https://desk.example.com", {"HTTPS_PROXY": "http://proxy:3128"}, False),
        ("https://desk.example.com", {"all_proxy": "socks5://proxy"}, False),
    ],
)
def test_where_a_proxy_may_stand_the_long_way_is_taken(
    url: str, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, *, direct: bool
) -> None:
    monkeypatch.setattr(question.sys, "platform", "linux")
    assert question.is_direct(parse_address(url), environment) is direct


def test_a_system_that_may_know_proxies_of_its_own_is_not_direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question.sys, "platform", "darwin")
    assert not question.is_direct(parse_address("https://desk.example.com"), {})
