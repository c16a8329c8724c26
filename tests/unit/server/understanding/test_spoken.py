"""Numbers and spellings as people say them."""

import pytest

from server.understanding.spoken import runs


@pytest.mark.parametrize(
    ("said", "letters", "read"),
    [
        ("double oh seven", False, ["007"]),
        ("eight hundred forty two", False, ["842"]),
        ("the code is b as in bravo c d", True, ["BCD"]),
        ("it is a dash b", True, ["A-B"]),
        ("it is a b", True, []),
        ("bravo charlie delta", False, []),
        ("nothing to read here", True, []),
    ],
)
def test_what_is_said_is_read(said: str, letters: bool, read: list[str]) -> None:
    assert [run.value for run in runs(said, letters=letters)] == read
