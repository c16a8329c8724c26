"""Know which line of the screen shows which part of which turn, for conversations of ten thousand lines.

Lines are counted for all turns and built only for those that are looked at; what did not change is neither counted
nor built again.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from operator_console.tui.lines import Line

T = TypeVar("T")

MOST_BUILT: Final = 2_000
"""So many blocks are kept built; beyond that they are built anew when they are looked at."""


class WrapIndex(Generic[T]):
    """Blocks of lines, one block per item, found by line number."""

    def __init__(
        self, block: Callable[[T, int], tuple[Line, ...]], height: Callable[[T, int], int] | None = None
    ) -> None:
        """Take the function that wraps one item to a width, and one that tells the same block's number of lines."""
        self._block = block

        def counted(item: T, width: int) -> int:
            return len(block(item, width))

        self._height = height or counted
        self._items: Sequence[T] = ()
        self._built: dict[int, tuple[Line, ...]] = {}
        self._starts: list[int] = []
        self._count = 0
        self.width = 0

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self._count

    def update(self, items: Sequence[T], width: int, *, again: bool = False) -> None:
        """Take the items as they are now; `again` wraps all of them anew."""
        anew = again or width != self.width
        same = 0 if anew else self._same(items)
        if same == len(items) == len(self._items) and not anew:
            return
        known = {} if anew else self._heights_from(same)
        self._built = {n: block for n, block in self._built.items() if n < same}
        self._items = items
        self.width = width
        self._count = self._starts[same] if same < len(self._starts) else self._count
        if same == 0:
            self._count = 0
        self._starts = self._starts[:same]
        for item in items[same:]:
            self._starts.append(self._count)
            height = known.get(id(item))
            self._count += self._height(item, width) if height is None else height

    def _heights_from(self, first: int) -> dict[int, int]:
        """Return the heights of the known items from `first` on, by the item's identity."""
        ends = [*self._starts[first + 1 :], self._count]
        heights = (end - start for start, end in zip(self._starts[first:], ends, strict=False))
        return {id(item): height for item, height in zip(self._items[first:], heights, strict=True)}

    def _same(self, items: Sequence[T]) -> int:
        """Return how many items at the start are the same; the usual cases (nothing new, or appended) at C speed."""
        known = len(self._items)
        if items is self._items or items[:known] == self._items:
            return known
        n = 0
        for old, new in zip(self._items, items, strict=False):
            if old is not new:
                break
            n += 1
        return n

    def line(self, y: int) -> Line:
        """Return line `y`, counted from 0.

        Raises:
            IndexError: there is no such line.
        """
        if not 0 <= y < self._count:
            raise IndexError(y)
        n = bisect_right(self._starts, y) - 1
        block = self._built.get(n)
        if block is None:
            if len(self._built) >= MOST_BUILT:
                self._built.clear()
            block = self._built[n] = self._block(self._items[n], self.width)
        return block[y - self._starts[n]]
