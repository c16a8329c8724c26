"""A leg for tests: what one side sends, the test sees; what the test puts, the ear hears."""

from collections import deque

from server.clock import ManualClock
from server.demo.line import FRAME_SECONDS


class FakeLeg:
    """A leg in memory; `peer` (when set) hears what is sent."""

    def __init__(self) -> None:
        self.is_open = True
        self.sent: list[bytes] = []
        self.arrived: deque[bytes] = deque()
        self.peer: FakeLeg | None = None

    def take(self) -> tuple[bytes, ...]:
        frames = tuple(self.arrived)
        self.arrived.clear()
        return frames

    async def send(self, mulaw: bytes) -> None:
        self.sent.append(mulaw)
        if self.peer is not None:
            self.peer.arrived.append(mulaw)

    async def listen(self) -> None:
        return

    async def hang_up(self) -> None:
        self.is_open = False


async def pass_frames(clock: ManualClock, count: int) -> None:
    """Let `count` frames of 20 ms pass."""
    for _ in range(count):
        await clock.advance(FRAME_SECONDS)
