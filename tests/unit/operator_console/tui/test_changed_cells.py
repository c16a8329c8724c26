"""Painting the changed cells alone leaves the same line as painting all of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import split_graphemes
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from operator_console.tui.changed_cells import changed_cells
from operator_console.tui.lines import Line, Role

pytestmark = pytest.mark.unit

WIDTH = 24
LOOKS = {Role.PLAIN: Style(), Role.BAD: Style(bold=True), Role.DIM: Style(dim=True)}
SEEN = ("a", "b", "1", " ", "›", "é", "漢", "👩", "👩\u200d👩\u200d👧", "e\u0301", "…")
texts = st.lists(st.sampled_from(SEEN), max_size=8).map("".join)
lines = st.lists(st.tuples(texts, st.sampled_from(sorted(LOOKS))), max_size=5).map(tuple)


def strip(line: Line) -> Strip:
    return Strip([Segment(text, LOOKS[role]) for text, role in line]).adjust_cell_length(WIDTH, Style())


def cells(drawn: Strip) -> list[tuple[str, Style | None]]:
    """One entry per cell; a wide character stands in its first."""
    found: list[tuple[str, Style | None]] = []
    for text, style, _ in drawn:
        for start, end, width in split_graphemes(text)[0]:
            found += [(text[start:end], style), *[("", style)] * (width - 1)]
    return found


@given(old=lines, new=lines)
def test_the_old_line_with_the_changed_cells_of_the_new_one_is_the_new_line(old: Line, new: Line) -> None:
    first, last = changed_cells(old, new, WIDTH)
    assert 0 <= first <= last <= WIDTH
    before, after = strip(old), strip(new)
    painted = [*before.crop(0, first), *after.crop(first, last), *before.crop(last, WIDTH)]
    assert cells(Strip(painted)) == cells(after)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ((("  1:02:03 Caller", Role.PLAIN),), (("  1:02:04 Caller", Role.PLAIN),), (8, 9)),
        ((("a", Role.PLAIN), ("b", Role.DIM)), (("a", Role.PLAIN), ("b", Role.DIM)), (0, 0)),
        ((("a", Role.PLAIN), ("b", Role.DIM)), (("a", Role.PLAIN), ("b", Role.BAD)), (1, 2)),
        ((("漢 1", Role.PLAIN),), (("漢 2", Role.PLAIN),), (0, 4)),
        ((("one", Role.PLAIN),), (("one more", Role.PLAIN),), (3, WIDTH)),
    ],
)
def test_a_ticking_clock_is_one_cell_and_a_line_of_wide_text_is_painted_whole(
    old: Line, new: Line, changed: tuple[int, int]
) -> None:
    assert changed_cells(old, new, WIDTH) == changed
