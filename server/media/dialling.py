"""Keep the keys that an operator pressed on a caller's line until they have sounded, each order once.

Before: an order with keys. After: frames of tone that the caller hears instead of anybody's voice.
"""

from collections import deque
from typing import Final

from server.broker.ports.media import Keys
from server.media.dtmf import key_frames
from server.media.leg import Leg
from server.wire.media import MediaDtmf

MOST_WAITING_KEYS: Final = 64
"""Keys that wait to sound in one call (12.8 s); what comes on top is dropped."""
_REMEMBERED: Final = 256
"""Orders remembered, so that one that is repeated after a lost answer does not sound twice."""


class Dialling:
    """The keys of one call."""

    def __init__(self) -> None:
        """Begin without keys."""
        self._frames: Final[deque[tuple[bytes, ...]]] = deque(maxlen=MOST_WAITING_KEYS)
        self._at = 0
        self._seen: Final[deque[str]] = deque(maxlen=_REMEMBERED)

    @property
    def busy(self) -> bool:
        """Whether a key sounds."""
        return bool(self._frames)

    def press(self, keys: Keys, caller: Leg) -> None:
        """Tell the caller's leg the keys of an order not seen before, or let them sound after those that wait."""
        if keys.id in self._seen:
            return
        self._seen.append(keys.id)
        if caller.voice.presses_keys:
            for digit in keys.digits:
                caller.voice.tell(MediaDtmf(digit=digit))
            return
        for digit in keys.digits[: MOST_WAITING_KEYS - len(self._frames)]:
            self._frames.append(key_frames(digit, caller.rate))

    def next(self) -> bytes:
        """Return the next 20 ms; empty when no key sounds."""
        if not self._frames:
            return b""
        frame = self._frames[0][self._at]
        self._at += 1
        if self._at == len(self._frames[0]):
            self._frames.popleft()
            self._at = 0
        return frame

    def stop(self) -> None:
        """Forget what has not sounded."""
        self._frames.clear()
        self._at = 0
