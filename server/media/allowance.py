"""Bound what a peer may send: frames per second on a leg, unfinished greetings per address."""

from collections import Counter
from typing import Final


class Allowance:
    """A bucket of frames: `burst` at once, `per_second` in the long run."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, per_second: float, burst: float, now: float) -> None:
        """Start full at monotonic second `now`."""
        self._per_second: Final = per_second
        self._burst: Final = burst
        self._left = burst
        self._at = now

    def take(self, now: float) -> bool:
        """Tell whether one more frame is within bounds at monotonic second `now`."""
        left = min(self._left + (now - self._at) * self._per_second, self._burst)
        self._at = now
        if left < 1.0:
            self._left = left
            return False
        self._left = left - 1.0
        return True


class Doorway:
    """Counts the sockets of each address that have not shown a token yet."""

    def __init__(self, most_per_address: int, most: int) -> None:
        """Let `most_per_address` stand in the door from one address (0: no such limit), `most` in all."""
        self._most_per_address: Final = most_per_address
        self._most: Final = most
        self._waiting: Final[Counter[str]] = Counter()

    def enter(self, address: str) -> bool:
        """Count one socket in; False when there are too many already."""
        too_many_here = 0 < self._most_per_address <= self._waiting[address]
        if too_many_here or self._waiting.total() >= self._most:
            if not self._waiting[address]:
                del self._waiting[address]
            return False
        self._waiting[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Count one socket out: it showed its token, or it is gone."""
        self._waiting[address] -= 1
        if self._waiting[address] <= 0:
            del self._waiting[address]
