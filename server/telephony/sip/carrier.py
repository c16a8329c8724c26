"""Place and move calls over SIP: a `Carrier` on a `SipEngine`."""

from typing import Final

from server.broker.ports.carrier import OutgoingCall, Referral
from server.broker.ports.sip import MediaDoor, SipEngine
from server.core.errors import ProviderError

CHANNEL: Final = "sip"


class SipCarrier:
    """Who dials and refers through the first trunk."""

    def __init__(self, engine: SipEngine) -> None:
        """Work through `engine`."""
        self.channel: Final = CHANNEL
        self.transport: Final = "sip"
        self._engine: Final = engine

    async def place(self, call: OutgoingCall) -> str:
        """Have it ring, and return the engine's id of the call; never tried twice.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        door = MediaDoor(url=call.media_url, token=call.media_token)
        try:
            return await self._engine.dial(call.to, call.conversation_id, call.ring_seconds, door)
        except ProviderError as error:
            raise _as_carrier(error) from error

    async def hang_up(self, external_id: str) -> None:
        """End a call, ringing or not; one that is over already stays so.

        Raises:
            ProviderError: `carrier_unreachable`.
        """
        try:
            await self._engine.hang_up(external_id)
        except ProviderError as error:
            raise _as_carrier(error) from error

    async def refer(self, referral: Referral) -> None:
        """Send a live call on; returns once it has moved, and otherwise the caller is still here.

        Raises:
            ProviderError: `carrier_refused` with what the other side said, `carrier_unreachable`.
        """
        try:
            outcome = await self._engine.refer(referral.external_id, referral.to, referral.ring_seconds)
        except ProviderError as error:
            raise _as_carrier(error) from error
        if not outcome.moved:
            said = f"{outcome.status or ''} {outcome.reason}".strip()
            raise ProviderError(
                "carrier_refused", f"The call was not moved: {said}.", "The caller is still here.", retryable=False
            )


def _as_carrier(error: ProviderError) -> ProviderError:
    """Say an engine's refusal in the words of a carrier."""
    if error.code == "sip_refused":
        return ProviderError("carrier_refused", error.message, "Look at the number and the trunk.", retryable=False)
    return ProviderError("carrier_unreachable", error.message, "See docs/carriers/sip.md.")
