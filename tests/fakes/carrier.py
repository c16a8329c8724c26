"""A carrier in memory: it remembers what it was asked to dial, and refuses when told to."""

from server.broker.ports.carrier import Carriers, MovedCall, OutgoingCall
from server.core.errors import ProviderError


class FakeCarrier:
    """Fulfils `Carrier` and `Moves`; its calls ring until a test says otherwise."""

    def __init__(self, channel: str = "twilio") -> None:
        self.channel = self.transport = channel
        self.placed: list[OutgoingCall] = []
        self.ended: list[str] = []
        self.moved: list[MovedCall] = []
        self.refuses = ""

    async def place(self, call: OutgoingCall) -> str:
        if self.refuses:
            raise ProviderError("carrier_refused", self.refuses, retryable=False)
        self.placed.append(call)
        return f"CA{len(self.placed):032x}"

    async def move(self, call: MovedCall) -> None:
        if self.refuses:
            raise ProviderError("carrier_refused", self.refuses, retryable=False)
        self.moved.append(call)

    async def hang_up(self, external_id: str) -> None:
        self.ended.append(external_id)


def alone(carrier: FakeCarrier) -> Carriers:
    """Return it as the only carrier."""
    return Carriers({carrier.channel: carrier})
