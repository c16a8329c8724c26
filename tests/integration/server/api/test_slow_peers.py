"""Let slow and silent peers connect: they are closed, and everybody else is answered meanwhile."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect

from server.api.slow_peers import Patience, impatient
from server.bench.process import running_broker
from tests.live import greeted, rest
from tests.long_form import times

pytestmark = pytest.mark.integration

HEAD = b"POST / HTTP/1.1\r\nHost: desk\r\n"


async def echo(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    """Answer with how many bytes came; on a socket, with the first message."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": (await receive())["text"]})
        await receive()
        return
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message["body"])
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
    await send({"type": "http.response.body", "body": f"{length:06d}".encode()})


@asynccontextmanager
async def listening(**limits: Any) -> AsyncGenerator[int]:
    """Serve `echo` with these limits; gives the port."""
    config = uvicorn.Config(
        echo, port=0, http=impatient(Patience(**limits)), lifespan="off", log_config=None, ws="websockets-sansio"
    )
    server = uvicorn.Server(config)
    with contextlib.ExitStack() as kept:
        serving = asyncio.ensure_future(server.serve())
        kept.callback(serving.cancel)
        while not server.started:
            await asyncio.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
        server.should_exit = True
        await serving


async def trickles(writer: asyncio.StreamWriter, data: bytes, ended: asyncio.Future[bytes]) -> None:
    """Send a byte every now and then, until the other side has had enough."""
    with contextlib.suppress(ConnectionError):
        for byte in data:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)
            if ended.done():
                break


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    """Return all that still comes until the connection is closed."""
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionError):
            return await reader.read()
    return b""


async def test_a_head_that_trickles_is_closed_with_a_word() -> None:
    async with listening(head_seconds=0.3) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        ended = asyncio.ensure_future(rest_of(reader))
        await trickles(writer, HEAD * 1000, ended)
        assert (await ended).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_a_second_head_on_a_kept_connection_has_its_deadline_too() -> None:
    async with listening(head_seconds=0.3) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"Content-Length: 2\r\n\r\nhi")
        assert b"000002" in await reader.readuntil(b"000002")
        writer.write(HEAD)
        assert (await rest_of(reader)).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_a_body_that_trickles_is_closed_and_one_that_flows_is_taken() -> None:
    async with listening(body_seconds=0.4, body_bytes=50) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"Content-Length: 100000\r\n\r\n")
        ended = asyncio.ensure_future(rest_of(reader))
        await trickles(writer, b"x" * 50_000, ended)
        assert (await ended).startswith(b"HTTP/1.1 408 ")
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"Content-Length: 400\r\n\r\n")
        for _ in range(8):
            writer.write(b"x" * 50)
            await asyncio.sleep(0.05)
        assert b"000400" in await reader.readuntil(b"000400")
        writer.close()


async def test_a_socket_is_left_alone_once_it_is_upgraded() -> None:
    async with listening(head_seconds=0.3, body_seconds=0.3) as port, connect(f"ws://127.0.0.1:{port}") as socket:
        await asyncio.sleep(1.0)
        await socket.send("still here")
        assert await socket.recv() == "still here"


async def test_one_address_holds_so_many_silent_connections_and_no_more() -> None:
    async with listening(head_seconds=30, most_silent=5) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await rest_of(reader) == b""
        writer.close()
        silent_reader, silent_writer = held.pop()
        silent_writer.write(HEAD + b"Content-Length: 2\r\n\r\nhi")
        await silent_reader.readuntil(b"000002")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"Content-Length: 3\r\n\r\nhey")
        await reader.readuntil(b"000003")
        for _, other in [*held, (reader, writer), (silent_reader, silent_writer)]:
            other.close()


async def test_slow_connections_are_gone_and_the_broker_answers_meanwhile() -> None:
    many = times(100, 1000, "OPERATOR_SLOW")
    async with running_broker() as broker, rest(broker) as client, greeted(broker) as (console, _):
        host, port = broker.url.removeprefix("http://").rsplit(":", 1)
        assert (await client.get("/healthz")).status_code == 200
        slow = [await asyncio.open_connection(host, int(port)) for _ in range(many)]
        for _, writer in slow:
            with contextlib.suppress(ConnectionError):
                writer.write(b"GET /v1/sessions HTTP/1.1\r\nX-Slow: ")
        answers = [(await client.get("/healthz")).status_code for _ in range(20)]
        assert answers == [200] * 20
        ends = await asyncio.gather(*(rest_of(reader) for reader, _ in slow))
        assert len(ends) == many
        assert all(end == b"" or end.startswith(b"HTTP/1.1 408 ") for end in ends)
        for _, writer in slow:
            writer.close()
        assert (await client.get("/healthz")).status_code == 200
        del console
