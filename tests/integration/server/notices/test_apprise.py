"""Notices through a real Apprise, to a web server of a few lines."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from server.clock import SystemClock
from server.config import parse, resolve
from server.config_rules import ConfigError
from server.core.errors import ProviderError
from server.destinations import destinations_of
from server.notices import generic
from server.notices.generic import Generic
from server.secret_files import SecretText
from tests.integration.server.notices.test_webhook import notice

pytestmark = pytest.mark.integration


@dataclass
class Sink:
    status: str = "200 OK"
    hangs: bool = False
    bodies: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    port: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(
            next(line for line in head.splitlines() if line.lower().startswith("content-length")).split(":")[1]
        )
        body = await reader.readexactly(length)
        if self.hangs:
            await self.released.wait()
            writer.close()
            self.left.set()
            return
        self.bodies.append(json.loads(body))
        writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    found = Sink()
    server = await asyncio.start_server(found.take, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    found.released.set()
    if found.hangs:
        await found.left.wait()
    server.close()


def through(*sinks: Sink) -> Generic:
    return Generic(SecretText("# the team's\n" + "\n".join(f"json://127.0.0.1:{one.port}/" for one in sinks)))


async def test_a_service_gets_the_notice_as_plain_text(sink: Sink) -> None:
    await through(sink).send(notice("Zoë *bold* <b>"))
    (body,) = sink.bodies
    assert body["title"] == "H-0042 waits: Zoë *bold* <b> (chat, queue billing, 1 min 15 s)"
    assert "Reason:     wants a refund" in body["message"]


async def test_one_service_that_refuses_is_a_failure_to_be_tried_again(sink: Sink) -> None:
    sink.status = "500 no"
    with pytest.raises(ProviderError) as refusal:
        await through(sink).send(notice())
    assert (refusal.value.code, refusal.value.retryable) == ("notice_failed", True)


async def test_a_service_that_hangs_is_given_up_and_holds_nothing_up(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generic, "SEND_SECONDS", 0.3)
    sink.hangs = True
    with pytest.raises(ProviderError) as refusal:
        await Generic(SecretText(f"json://127.0.0.1:{sink.port}/?cto=1&rto=1")).send(notice())
    assert refusal.value.code == "notice_timed_out"


@pytest.mark.parametrize(
    ("addresses", "says"),
    [
        ("# nothing\n", "no address"),
        ("json://127.0.0.1/\nnonsense://canary-secret", "does not know address 2"),
        ("file:///etc/passwd", "tells this machine"),
        ("syslog://", "tells this machine"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_start_without_the_address(
    tmp_path: Path, addresses: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "apprise").write_text(addresses)
    (tmp_path / "apprise").chmod(0o600)
    config = resolve(parse('[notices.any]\nkind = "apprise"\nurl_file = "apprise"'), tmp_path, {})
    with pytest.raises(ConfigError, match=says) as refused:
        destinations_of(config, SystemClock())
    assert "canary" not in str(refused.value) + caplog.text
