"""Figures are shown to whom the configuration says, and to nobody else."""

from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from server.api import errors
from server.api.auth import sha256
from server.api.metrics import Reader, metrics_route
from server.config import Config, parse, resolve
from server.config_rules import ConfigError
from server.core.errors import HandoffError
from server.core.session import Rules
from server.metrics_of import Metrics

pytestmark = pytest.mark.unit


async def page(_accept: str) -> tuple[bytes, str]:
    return b"up 1\n", "text/plain"


async def ask(
    reader: Reader, *, peer: str = "127.0.0.1", host: str = "127.0.0.1:8080", **headers: str
) -> tuple[int, str]:
    app = Litestar([metrics_route(reader, page)], exception_handlers={HandoffError: errors.handoff_error})
    transport = httpx.ASGITransport(app, client=(peer, 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://" + host) as client:
        answer = await client.get(
            "/metrics", headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        return answer.status_code, "" if answer.is_success else answer.json()["code"]


@pytest.mark.parametrize(
    ("peer", "host", "headers"),
    [
        ("127.0.0.1", "127.0.0.1:8080", {}),
        ("127.0.0.1", "localhost", {}),
        ("::1", "[::1]:8080", {}),
    ],
)
async def test_this_machine_reads_by_default(peer: str, host: str, headers: dict[str, str]) -> None:
    assert await ask(Reader("loopback"), peer=peer, host=host, **headers) == (200, "")


@pytest.mark.parametrize(
    ("peer", "host", "headers"),
    [
        ("10.1.2.3", "127.0.0.1", {}),
        ("127.0.0.1", "desk.example.com", {}),
        ("127.0.0.1", "127.0.0.1", {"x_forwarded_for": "127.0.0.1"}),
        ("127.0.0.1", "127.0.0.1", {"forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", "127.0.0.1", {"via": "1.1 proxy"}),
        ("10.1.2.3", "127.0.0.1", {"authorization": "Bearer whatever-it-is-here"}),
    ],
    ids=["another machine", "another name", "X-Forwarded-For", "Forwarded", "Via", "a token"],
)
async def test_nobody_else_reads(peer: str, host: str, headers: dict[str, str]) -> None:
    assert await ask(Reader("loopback"), peer=peer, host=host, **headers) == (403, "metrics_from_here_only")


async def test_behind_a_proxy_nobody_is_from_here() -> None:
    assert await ask(Reader("loopback", behind_proxy=True)) == (403, "metrics_from_here_only")


async def test_with_a_token_whoever_brings_it_reads_from_anywhere() -> None:
    reader = Reader("token", sha256("a-token-for-prometheus"))
    assert await ask(reader) == (401, "no_token"), "not even this machine without it"
    assert await ask(reader, authorization="Bearer another-token") == (401, "bad_token")
    assert await ask(reader, authorization="Basic a-token-for-prometheus") == (401, "no_token")
    found = await ask(reader, peer="10.1.2.3", host="desk.example.com", authorization="Bearer a-token-for-prometheus")
    assert found == (200, "")


async def test_switched_off_there_is_nothing() -> None:
    assert await ask(Reader("off")) == (404, "metrics_off")


def configured(folder: Path, text: str) -> Config:
    return resolve(parse(text), folder, {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[metrics]\naccess = "token"', "needs token_file"),
        ('[metrics]\ntoken_file = "token"', "does nothing"),
        ('[metrics]\naccess = "token"\ntoken_file = "short"', "16 characters"),
        ('[metrics]\naccess = "token"\ntoken_file = "open"', "chmod 600"),
        ('[metrics]\naccess = "token"\ntoken_file = "none"', "none"),
        ('[metrics]\naccess = "everybody"', "access"),
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path: Path, text: str, says: str) -> None:
    for name, content, mode in (("token", "x" * 32, 0o600), ("short", "x" * 15, 0o600), ("open", "x" * 32, 0o644)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(mode)
    with pytest.raises(ConfigError, match=says):
        Metrics(configured(tmp_path, text), Rules(), {})


def test_switched_off_nothing_is_counted(tmp_path: Path) -> None:
    off = Metrics(configured(tmp_path, '[metrics]\naccess = "off"'), Rules(), {})
    assert off.lag is None
    assert off.committed is None
    assert off.timing(lambda: 0.0) is None
