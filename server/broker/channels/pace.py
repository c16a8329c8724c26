"""Keep to what a platform allows: so many messages a second in all, so many seconds between two to one chat."""

from typing import Final

from server.clock import Clock

MOST_REMEMBERED: Final = 10_000
BURST_SECONDS: Final = 1.0


class Pace:
    """The pace of one account."""

    def __init__(self, clock: Clock, *, per_chat_seconds: float, per_account_a_second: float) -> None:
        """Begin rested: a second's worth may go out at once."""
        self._clock: Final = clock
        self._per_chat: Final = per_chat_seconds
        self._rate: Final = per_account_a_second
        self._most: Final = max(1.0, per_account_a_second * BURST_SECONDS)
        self._left = self._most
        self._at = clock.monotonic()
        self._chats: dict[str, float] = {}

    def wait_seconds(self, chat: str) -> float:
        """Return how long a message to this chat has to wait; 0: it may go now, and counts."""
        now = self._clock.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        wait = self._chats.get(chat, 0.0) - now
        if wait > 0:
            return wait
        if self._left < 1.0:
            return (1.0 - self._left) / self._rate
        self._left -= 1.0
        if self._per_chat > 0:
            self._chats[chat] = now + self._per_chat
            if len(self._chats) > MOST_REMEMBERED:
                self._chats = {name: until for name, until in self._chats.items() if until > now}
        return 0.0
