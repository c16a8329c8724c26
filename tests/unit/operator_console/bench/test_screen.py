"""Reading the painted text: the cursor is where it was painted last."""

import pytest

from operator_console.bench import screen, terminal

pytestmark = pytest.mark.unit


def test_the_cursor_is_on_the_row_it_was_painted_on_last() -> None:
    assert screen.cursor_row("  12:01 Caller 00001 › 59:01 Caller 00002 voice   58:00 Caller 00003") == 2
    assert screen.cursor_row("›   59:01 Caller 00002 …  ›   58:59 Caller 00007 chat") == 7


def test_without_a_painted_cursor_there_is_no_row() -> None:
    assert screen.cursor_row("    59:01 Caller 00002 voice") is None
    assert screen.cursor_row("›   59:01 Cal") is None
    assert screen.cursor_row("› 1 Refund the second payment today   Caller 00002") is None


def test_escape_sequences_are_no_text() -> None:
    painted = (
        "\x1b[?2026h\x1b[12;3H\x1b[38;2;1;2;3m› \x1b[0m\x1b]0;title\x07  59:01\x1b[1m Caller 00042\x1b[m\x1b[?2026l"
    )
    assert screen.cursor_row(terminal.plain(painted)) == 42
    assert "title" not in terminal.plain(painted)
    assert "\x1b" not in terminal.plain(painted)
