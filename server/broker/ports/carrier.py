"""Place and move telephone calls: what the broker needs of carriers, one small protocol for each thing one can do.

Every carrier that is configured is a `Carrier`; `Refers` and `Moves` are for those that can do more, and are asked
for with `isinstance`. How a call goes on is told by the carrier's own webhooks.
Adapters: the `*_calls` modules of `server.telephony`, put together in `server.carriers_of`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

import msgspec

from server.wire.terms import ConversationId


class OutgoingCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call to place.

    Attributes:
        conversation_id: What reports on it name: the conversation's id, with an attempt's behind it for a transfer.
        to: The number, +15550142, or a SIP address.
        ring_seconds: How long it may ring.
        media_url: Where the callee's audio connects once they answer.
        media_token: The one-time token it brings.
    """

    conversation_id: ConversationId
    to: str
    ring_seconds: int
    media_url: str
    media_token: str


class MovedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that runs on the carrier without us, and whose audio is to come to us.

    Attributes:
        external_id: The carrier's own id of the call.
        media_url: Where the caller's audio connects.
        media_token: The one-time token it brings.
    """

    conversation_id: ConversationId
    external_id: str
    media_url: str
    media_token: str


class Referral(msgspec.Struct, frozen=True, kw_only=True):
    """A live call that is to go on with somebody else, without us.

    Attributes:
        external_id: The carrier's own id of the call.
        to: A number, +15550142, or a SIP address, sip:desk@pbx.example.
        ring_seconds: How long it may ring there.
        back_url: Where the caller's audio connects again when nobody answers; empty: the line drops.
        back_token: The one-time token it brings.
    """

    conversation_id: ConversationId
    external_id: str
    to: str
    ring_seconds: int
    back_url: str = ""
    back_token: str = ""


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


@runtime_checkable
class Moves(Protocol):
    """A carrier that can bring the audio of a running call to us."""

    async def move(self, call: MovedCall) -> None:
        """Have the call's audio come to us from now on; the carrier has taken the order when this returns.

        Raises:
            ProviderError: `carrier_refused` (the call is over, or not ours), `carrier_unreachable`.
        """
        ...


@runtime_checkable
class BringsBySip(Protocol):
    """A carrier without sockets of its own: the audio of its calls comes over our SIP line, to a name for once."""

    def claim(self, called: str) -> MovedCall | None:
        """Return whose call it is that was sent to this name, once; None when nobody was."""
        ...


@runtime_checkable
class Refers(Protocol):
    """A carrier that can send a live call on to a number or a SIP address, blind."""

    async def refer(self, referral: Referral) -> None:
        """Send the call on; the carrier has taken the order when this returns, and tells the outcome later.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Carriers:
    """The carriers that are configured.

    Attributes:
        by_channel: Each by the name of its calls' channel.
        dial_with: Of these, who dials for calls that came over none that can; empty: the only one that can.
        mute: Those that have no number to show, and so call nobody.
    """

    by_channel: Mapping[str, Carrier] = field(default_factory=dict[str, Carrier])
    dial_with: str = ""
    mute: frozenset[str] = frozenset()

    def of(self, channel: str) -> Carrier | None:
        """Return whose call it is, by the call's channel."""
        return self.by_channel.get(channel)

    def to_dial(self, channel: str) -> Carrier | None:
        """Return who calls somebody back: the carrier their call came over, else the one that dials for all."""
        can = {name: carrier for name, carrier in self.by_channel.items() if name not in self.mute}
        own = can.get(channel) or can.get(self.dial_with)
        if own is None and not self.dial_with and len(can) == 1:
            return next(iter(can.values()))
        return own


NO_CARRIERS: Final = Carriers()
"""Nobody can be called."""
