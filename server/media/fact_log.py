"""Keep facts until a broker has dealt with them, so that none is lost while it restarts."""

from collections import deque
from collections.abc import Callable
from typing import Final

from server.broker.ports.media import MediaFact
from server.media.control_messages import FACTS_IN_FLIGHT, NumberedFact

MOST_KEPT: Final = 20_000
"""Facts kept without a broker; then the oldest goes and is counted."""

Send = Callable[[NumberedFact], None]
"""How a fact reaches the broker that is attached."""


class FactLog:
    """Numbered facts: those sent and not dealt with, and those that wait."""

    def __init__(self) -> None:
        self.lost = 0
        """Facts thrown away for want of room."""
        self._kept: Final[deque[NumberedFact]] = deque()
        self._number = 0
        self._sent = 0
        self._send: Send | None = None

    def tell(self, fact: MediaFact) -> None:
        """Keep a fact, and send it if the broker keeps up."""
        self._number += 1
        self._kept.append(NumberedFact(self._number, fact))
        if len(self._kept) > MOST_KEPT:
            self._kept.popleft()
            self.lost += 1
        self._pump()

    def attach(self, send: Send) -> None:
        """Send through `send` from now on, beginning with all that was not dealt with."""
        self._send = send
        self._sent = self._kept[0].number - 1 if self._kept else self._number
        self._pump()

    def detach(self, send: Send) -> None:
        """Keep facts again, if `send` is still the way they go."""
        if self._send is send:
            self._send = None

    def done(self, number: int) -> None:
        """Forget what the broker has dealt with."""
        while self._kept and self._kept[0].number <= number:
            self._kept.popleft()
        self._pump()

    def _pump(self) -> None:
        if self._send is None or not self._kept:
            return
        oldest = self._kept[0].number
        until = min(self._number, oldest + FACTS_IN_FLIGHT - 1)
        for index in range(max(self._sent + 1, oldest) - oldest, until - oldest + 1):
            self._sent = oldest + index
            self._send(self._kept[index])
