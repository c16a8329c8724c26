"""Lines fit the width they are given, whatever the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from operator_console.model.inputs import HeadsetPhase, HeadsetState, LineStats
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from operator_console.tui.lines import (
    Line,
    Role,
    cut,
    filled,
    fitted,
    fitting,
    joined,
    plain,
    spread,
    width_of,
    wrapped,
)
from operator_console.tui.widgets.call_bar import bar_line, meter
from operator_console.tui.widgets.card import MOST_LINES, card_lines, card_title
from operator_console.tui.widgets.queue import row
from operator_console.tui.widgets.status import header_line, hints_line, notice_line
from operator_console.tui.wrap_index import WrapIndex
from server.wire.terms import SessionId
from tests.fakes.console_data import busy, live_call, live_chat, snapshot

pytestmark = pytest.mark.unit

TEXTS = st.text(st.sampled_from("ab  é田中ö.-😀\n"), max_size=120)


@given(text=TEXTS, width=st.integers(1, 40))
def test_wrapped_text_fits_and_loses_nothing_but_spaces(text: str, width: int) -> None:
    lines = wrapped(text, width)
    wide = max((cell_len(char) for char in text), default=1)
    assert all(cell_len(line) <= max(width, wide) for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(text=st.text(st.sampled_from("ab   c\n"), max_size=120), width=st.integers(1, 12))
def test_plain_letters_break_where_all_others_do(text: str, width: int) -> None:
    wide = {"a": "é", "b": "ß", "c": "ç"}
    told = wrapped("".join(wide.get(char, char) for char in text), width)
    back = {ord(char): plain_char for plain_char, char in wide.items()}
    assert wrapped(text, width) == tuple(line.translate(back) for line in told)


@given(text=st.text(st.sampled_from("ab é田中"), max_size=60), width=st.integers(1, 40))
def test_a_fitted_text_has_exactly_its_width(text: str, width: int) -> None:
    assert cell_len(fitted(text, width)) == width


@given(left=st.text("ab 田", max_size=50), right=st.text("xy", max_size=20), width=st.integers(1, 60))
def test_a_spread_line_never_exceeds_its_width(left: str, right: str, width: int) -> None:
    line = spread(((left, Role.PLAIN),), ((right, Role.PLAIN),) if right else (), width)
    assert width_of(line) <= width
    assert width_of(cut(line, width - 1)) <= width - 1


def test_parts_are_left_out_whole() -> None:
    parts: list[Line] = [(("one", Role.PLAIN),), (("two", Role.PLAIN),), (("three", Role.PLAIN),)]
    assert plain(fitting(parts, 9)) == "one   two"
    assert plain(joined([parts[0], (), parts[2]], " ")) == "one three"


@given(words=st.lists(st.text("ab田", min_size=1, max_size=6), max_size=12), width=st.integers(12, 60))
def test_parts_fill_as_many_lines_as_they_need_and_none_is_lost(words: list[str], width: int) -> None:
    lines = filled([((word, Role.PLAIN),) for word in words], width)
    assert [word for line in lines for word in plain(line).split()] == words
    assert all(width_of(line) <= width for line in lines)


def test_a_part_that_is_too_wide_is_cut_on_a_line_of_its_own() -> None:
    parts: list[Line] = [(("one", Role.PLAIN),), (("1", Role.KEY), (" far too long", Role.DIM)), (("two", Role.PLAIN),)]
    assert [plain(line) for line in filled(parts, 9)] == ["one", "1 far to…", "two"]


@pytest.mark.parametrize("width", [20, 38, 46, 60, 90, 150])
def test_every_line_of_the_desk_fits_every_width(width: int) -> None:
    model = update(DeskModel(), snapshot(*busy(mine=(live_call(), live_chat()))))
    for session in model.sessions.values():
        if width >= 38:
            assert width_of(row(model, session, width)) <= width
        assert cell_len(card_title(model, session, width)) <= width
        for line in card_lines(model, session, width, 12):
            assert width_of(line) <= width
    assert width_of(bar_line(model, width)) <= width
    assert width_of(notice_line(model, width)) <= width
    if width >= 60:
        assert width_of(header_line(model, width, None)) <= width
        assert width_of(hints_line(model, width)) <= width


@pytest.mark.parametrize("height", range(1, 16))
def test_a_card_has_at_most_the_lines_there_are_and_never_more_than_twelve(height: int) -> None:
    model = update(DeskModel(), snapshot(*busy()))
    lines = card_lines(model, model.sessions[SessionId("s42")], 60, height)
    assert 1 <= len(lines) <= min(height, MOST_LINES)
    assert plain(lines[0]).startswith("Why")


def test_a_meter_is_empty_in_silence_and_full_at_full_scale() -> None:
    assert meter(0.0, 5) == "▯▯▯▯▯"
    assert meter(1.0, 5) == "▮▮▮▮▮"
    levels = [meter(level, 8).count("▮") for level in (0.0, 0.1, 0.3, 0.6, 1.0)]
    assert levels == [0, 1, 3, 5, 8]


class Item:
    """Something to wrap, compared by identity as turns are."""

    def __init__(self, lines: int) -> None:
        self.lines = lines


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["append", "replace", "drop", "insert"]), st.integers(0, 20), st.integers(1, 4)),
        max_size=30,
    )
)
def test_a_wrap_index_that_follows_changes_equals_one_made_anew(steps: list[tuple[str, int, int]]) -> None:
    def block(item: Item, width: int) -> tuple[Line, ...]:
        return tuple((((f"{id(item)}/{n}/{width}", Role.PLAIN),)) for n in range(item.lines))

    items: list[Item] = []
    index: WrapIndex[Item] = WrapIndex(block)
    for what, place, lines in steps:
        at = min(place, max(len(items) - 1, 0))
        if what == "append":
            items = [*items, Item(lines)]
        elif what == "insert":
            items = [*items[:at], Item(lines), *items[at:]]
        elif what == "drop":
            items = [*items[:at], *items[at + 1 :]]
        elif items:
            items = [*items[:at], Item(lines), *items[at + 1 :]]
        index.update(items, 40)
        anew: WrapIndex[Item] = WrapIndex(block)
        anew.update(items, 40)
        assert index.count == anew.count == sum(item.lines for item in items)
        assert [index.line(y) for y in range(index.count)] == [anew.line(y) for y in range(anew.count)]


def test_a_wrap_index_does_not_wrap_again_what_it_knows() -> None:
    wrapped_items: list[Item] = []

    def block(item: Item, _width: int) -> tuple[Line, ...]:
        wrapped_items.append(item)
        return ((("x", Role.PLAIN),),)

    items = tuple(Item(1) for _ in range(1000))
    index: WrapIndex[Item] = WrapIndex(block)
    index.update(items, 40)
    more = (*items, Item(1))
    index.update(more, 40)
    assert len(wrapped_items) == 1001
    index.update(more, 41)
    assert len(wrapped_items) == 2002
    with pytest.raises(IndexError):
        index.line(1001)


def test_a_small_card_keeps_the_mood_and_gives_up_further_lines_first() -> None:
    model = update(DeskModel(), snapshot(*busy()))
    labels = [plain(line).split()[0] for line in card_lines(model, model.sessions[SessionId("s42")], 60, 6)]
    assert labels[:3] == ["Why", "Mood", "Summary"]
    assert {"Facts", "Next"} <= set(labels)


def test_the_newest_turn_stays_on_the_card_when_older_ones_do_not_fit() -> None:
    model = update(DeskModel(), snapshot(*busy()))
    lines = card_lines(model, model.sessions[SessionId("s42")], 90, 9)
    assert "I am getting a colleague" in plain(lines[-1])


@pytest.mark.parametrize("width", [78, 118])
def test_a_missing_sound_card_is_said_in_a_call_and_outside(width: int) -> None:
    live = HeadsetState(HeadsetPhase.LIVE, device="x", file_audio=True)
    model = update(update(DeskModel(), snapshot(live_call())), live)
    assert "file audio" in plain(bar_line(model, width))
    assert "file audio" in plain(bar_line(update(update(DeskModel(), snapshot()), live), width))


def test_a_line_without_the_callers_frames_raises_the_alarm() -> None:
    model = update(update(DeskModel(), snapshot(live_call())), HeadsetState(HeadsetPhase.LIVE))
    assert "NOTHING" not in plain(bar_line(update(model, LineStats(20.0, 0.0, 1_500)), 118))
    assert "NOTHING FROM THE CALLER 3 s" in plain(bar_line(update(model, LineStats(20.0, 0.0, 3_100)), 118))
    held = update(model, LineStats(20.0, 0.0, 3_100, far_holds=True))
    assert "THE CALLER HOLDS YOU" in plain(bar_line(held, 118))
    assert "HOLDS YOU" not in plain(bar_line(update(held, LineStats(20.0)), 118))
