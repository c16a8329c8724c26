"""Send notices as signed webhooks (`server.notices.signed_post`)."""

from typing import Final

import httpx
import msgspec
from typing_extensions import override

from server.broker.ports.notices import Destination, Notice
from server.clock import Clock
from server.core.errors import ProviderError
from server.notices.content import HandoffFacts, facts
from server.notices.signed_post import SignedPost
from server.notices.vendor import Transport, the_network
from server.secret_files import SecretText

GONE: Final = 410
"""The receiver wants no more of these."""
_encoder: Final = msgspec.json.Encoder()


class WebhookBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted."""

    type: str
    timestamp: str
    data: HandoffFacts


class Webhook(Destination):
    """One address that takes signed notices."""

    def __init__(
        self,
        url: str,
        secret: SecretText,
        clock: Clock,
        *,
        allow_private: bool = False,
        transport: Transport = the_network,
    ) -> None:
        """Send to `url` as `SignedPost` does.

        Raises:
            ValueError: the secret cannot be used; the sentence says how to make one.
        """
        self._post: Final = SignedPost(url, secret, clock, allow_private=allow_private, transport=transport)

    @override
    async def send(self, notice: Notice) -> str:
        """Post the notice; any 2xx is acceptance."""
        told = WebhookBody(type=notice.kind, timestamp=notice.at.isoformat(), data=facts(notice))
        status, _ = await self._post.post(notice.id, _encoder.encode(told))
        if not httpx.codes.is_success(status):
            raise ProviderError("webhook_refused", f"The webhook answered {status}.", retryable=status != GONE)
        return ""
