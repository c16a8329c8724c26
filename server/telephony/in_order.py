"""Put numbered audio frames back into their order, without waiting for those that are lost."""

from typing import Final

MOST_HELD: Final = 3
"""So many frames (60 ms) are held back for one that is missing; then it is lost."""
FAR: Final = 500
"""A number that is so far off (10 s) begins a new count."""


class InOrder:
    """The frames of one track; a frame that comes in its turn is never held back."""

    __slots__ = ("_held", "_next")

    def __init__(self) -> None:
        """Begin with whatever number comes first."""
        self._next = 0
        self._held: dict[int, bytes] = {}

    def take(self, number: int, frame: bytes) -> list[bytes]:
        """Return the frames that are due now; a frame that comes twice, or too late, is dropped. 0: not numbered."""
        if number <= 0:
            return [frame]
        if not self._next or abs(number - self._next) > FAR:
            self._next = number
            self._held.clear()
        if number < self._next or number in self._held:
            return []
        if number == self._next and not self._held:
            self._next += 1
            return [frame]
        self._held[number] = frame
        if len(self._held) > MOST_HELD:
            self._next = min(self._held)
        due: list[bytes] = []
        while self._next in self._held:
            due.append(self._held.pop(self._next))
            self._next += 1
        return due
