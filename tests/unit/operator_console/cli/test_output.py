"""Rules of what is printed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operator_console.cli import output
from operator_console.cli.failure import CommandError
from operator_console.cli.refs import find
from server.wire.sanitize import cell_width
from tests.fakes.scripted_broker import session_view

pytestmark = pytest.mark.unit


def test_columns_line_up_by_cells_not_by_characters() -> None:
    lines = output.table(("a", "b"), [("日本", "x"), ("e\u0301", "y"), ("", "z")])
    assert {cell_width(line[: line.rindex(last)]) for line, last in zip(lines, "bxyz", strict=True)} == {6}


def test_a_cell_is_cut_not_the_row() -> None:
    assert cell_width(output.table(("a", "b"), [("x" * 500, "y")])[1]) == 60 + 2 + 1


@given(st.text(max_size=30))
def test_json_is_printable_ascii_and_says_the_same(text: str) -> None:
    told = (
        output._ascii(json.dumps(text, ensure_ascii=False)) if text.isprintable() else output._ascii(json.dumps(text))
    )
    assert told.isascii()
    assert told.isprintable()
    assert json.loads(told) == text


@pytest.mark.parametrize("ref", ["42", "H-42", "h-0042", "0042", "H-0042", "ses-0042"])
def test_a_session_is_found_by_what_people_call_it(ref: str) -> None:
    assert find(ref, [session_view(41), session_view(42), session_view(420)]).number == "H-0042"


@pytest.mark.parametrize("ref", ["", "4", "H-", "ses-42", "42 ", "-42", "４２"])
def test_what_nobody_is_called_is_not_guessed(ref: str) -> None:
    with pytest.raises(CommandError) as refused:
        find(ref, [session_view(42)])
    assert refused.value.body.code == "no_such_session"
