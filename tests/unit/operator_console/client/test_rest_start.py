"""A REST client costs at its start only what its address needs."""

import ssl

import pytest

from operator_console.client.address import parse_address
from operator_console.client.rest import RestClient

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("url", "reads"), [("http://127.0.0.1:8080", False), ("https://desk.example.com", True)])
async def test_certificates_are_read_for_tls_alone_and_then_always(
    url: str, monkeypatch: pytest.MonkeyPatch, *, reads: bool
) -> None:
    read: list[str] = []
    known = ssl.create_default_context

    def counted(*args: object, **named: object) -> ssl.SSLContext:
        read.append("context")
        context = known()
        assert context.verify_mode is ssl.CERT_REQUIRED
        return context

    monkeypatch.setattr(ssl, "create_default_context", counted)
    async with RestClient(parse_address(url), "token"):
        assert bool(read) is reads
