"""The house's own channel understands, and is understood by, the library that Standard Webhooks publishes."""

from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks.webhooks import Webhook as Library

from server.broker.ports.channels import Incoming
from server.channel_settings.webhook import WebhookSettings
from server.channels.webhook import make
from server.core.errors import NotAuthenticatedError
from tests.contract.channel_kits.kit import Wire, setup
from tests.contract.channel_kits.webhook import KIT, SECRET

pytestmark = pytest.mark.integration


class Now:
    """The machine's clock, as the library reads it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return 0.0


def test_what_the_library_signs_is_taken_and_a_changed_body_is_not() -> None:
    now = Now().now()
    raw = KIT.message("chat-7", 1, "Hello")
    signature = Library(SECRET).sign("msg_1", now, raw.decode())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": f"v1,bm90IHRoaXMgb25l {signature}",
    }
    channel = KIT.make(setup(Now(), Wire()))  # type: ignore[arg-type]
    channel.verify(Incoming(headers=headers, body=raw), now)
    with pytest.raises(NotAuthenticatedError):
        channel.verify(Incoming(headers=headers, body=raw.replace(b"Hello", b"Hallo")), now)


async def test_what_we_send_the_library_accepts_and_the_id_stays_the_same() -> None:
    wire = Wire(lambda _request: httpx.Response(200, json={}))
    settings = WebhookSettings(api_base="https://platform.example/api?shop=1", secret_file=SECRET)
    channel = make(settings, setup(Now(), wire))  # type: ignore[arg-type]
    assert await channel.send(KIT.part) == await channel.send(KIT.part) == KIT.part.key
    for request in wire.requests:
        Library(SECRET).verify(request.content, dict(request.headers))
        assert request.headers["webhook-id"] == KIT.part.key
        assert str(request.url) == settings.api_base
