"""Place telephone calls: what the broker needs of a carrier that can dial.

Adapter: `server.telephony.twilio_calls.TwilioCalls`. How a call goes on is told by the carrier's own webhooks.
"""

from typing import Protocol

import msgspec

from server.wire.terms import ConversationId


class OutgoingCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call to place.

    Attributes:
        to: The number, +15550142.
        ring_seconds: How long it may ring.
        media_url: Where the callee's audio connects once they answer.
        media_token: The one-time token it brings.
    """

    conversation_id: ConversationId
    to: str
    ring_seconds: int
    media_url: str
    media_token: str


class Carrier(Protocol):
    """Somebody who can dial."""

    @property
    def channel(self) -> str:
        """The name of its calls' channel, for example "twilio"."""
        ...

    @property
    def transport(self) -> str:
        """The media transport of its calls, for example "twilio"."""
        ...

    async def place(self, call: OutgoingCall) -> str:
        """Have it ring, and return the carrier's own id of the call; never tried twice.

        Raises:
            ProviderError: `carrier_refused` (not retryable), `carrier_unreachable`.
        """
        ...

    async def hang_up(self, external_id: str) -> None:
        """End a call, ringing or not; one that is over already stays so.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        ...
