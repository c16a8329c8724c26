"""The media listener speaks TLS itself when given a certificate."""

import ssl
import subprocess
from pathlib import Path

import pytest
import websockets
from websockets.asyncio.client import connect

from server.core.errors import ProviderError
from server.media.control import WorkerControl
from tests import needs
from tests.media_clients import Desk, desk, worker_config

pytestmark = [pytest.mark.integration, needs.openssl]


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert, key


async def test_legs_connect_over_tls_and_not_without(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    async with desk(tmp_path, tls_cert=str(cert), tls_key=str(key)) as media:
        url = media.control.media_url("console")
        assert url.startswith("wss://127.0.0.1:")
        trusted = ssl.create_default_context(cafile=str(cert))
        async with connect(url, ssl=trusted) as socket:
            await socket.send('{"type":"hello","token":"guess"}')
            await socket.wait_closed()
            assert (socket.close_code, socket.close_reason) == (4401, "refused")
        with pytest.raises(websockets.InvalidMessage):
            await connect(url.replace("wss:", "ws:"), open_timeout=5)
        with pytest.raises(ssl.SSLError):
            await connect(url)


async def test_a_certificate_that_cannot_be_read_is_said_at_once(tmp_path: Path) -> None:
    control = WorkerControl(worker_config(tmp_path, tls_cert="/nowhere/cert.pem", tls_key="/nowhere/key.pem"))
    with pytest.raises(ProviderError) as refused:
        await control.start(Desk(control).keep)
    assert refused.value.code == "media_listener_failed"
