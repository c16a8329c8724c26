"""Find which cells of a line differ from what stands on the screen, so that a change is painted and nothing beside it.

A clock that ticks changes one or two cells of its row; over a slow line the rest of the row would cost twenty times as
many bytes. Cells are only left out beside characters of exactly one cell: where terminals disagree about widths (wide
text, joined emoji, marks) the whole row is painted, so that nothing can be left standing.
"""

from functools import lru_cache

from rich.cells import cell_len

from operator_console.tui.lines import Line, width_of


def changed_cells(old: Line, new: Line, width: int) -> tuple[int, int]:
    """Return the first cell that differs and the one behind the last, within `width`; equal lines give (0, 0)."""
    if old == new:
        return 0, 0
    first = min(_same_at_start(old, new), width)
    cells = width_of(new)
    if width_of(old) != cells:
        return first, width
    return first, max(min(cells, width) - _same_at_end(old, new), first)


def _same_at_start(old: Line, new: Line) -> int:
    """Return how many cells at the left are the same."""
    cells = 0
    for (before, was), (text, role) in zip(old, new, strict=False):
        if was is not role or not (_steady(before) and _steady(text)):
            return cells
        if before != text:
            return cells + _common(before, text)
        cells += len(text)
    return cells


def _same_at_end(old: Line, new: Line) -> int:
    """Return how many cells at the right are the same, of lines of the same width."""
    cells = 0
    for (before, was), (text, role) in zip(reversed(old), reversed(new), strict=False):
        if was is not role or not (_steady(before) and _steady(text)):
            return cells
        if before != text:
            return cells + _common(before[::-1], text[::-1])
        cells += len(text)
    return cells


def _common(one: str, other: str) -> int:
    """Return how many characters two texts begin with together."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


@lru_cache(maxsize=4_096)
def _steady(text: str) -> bool:
    """Tell whether each character takes exactly one cell."""
    return text.isascii() or all(cell_len(char) == 1 for char in text)
