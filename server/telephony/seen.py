"""Remember for a while what came once, so that a request that somebody recorded does nothing when it comes again."""

from typing import Final

MOST: Final = 10_000
"""Marks kept; with more the oldest go."""


class Seen:
    """Marks of requests, each with the second it came."""

    def __init__(self, keep_seconds: float) -> None:
        """Forget each after `keep_seconds`."""
        self._keep_seconds: Final = keep_seconds
        self._at: dict[str, float] = {}

    def has(self, mark: str, now: float) -> bool:
        """Tell whether it came within the time."""
        at = self._at.get(mark)
        return at is not None and now - at <= self._keep_seconds

    def add(self, mark: str, now: float) -> None:
        """Note that it came."""
        self._at.pop(mark, None)
        self._at[mark] = now
        while len(self._at) > MOST or now - next(iter(self._at.values())) > self._keep_seconds:
            del self._at[next(iter(self._at))]
