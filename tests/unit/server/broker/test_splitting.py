"""Texts are cut by the platform's measure, between what people see as one, and nothing but white space is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.broker.splitting import Unit, measure, pieces
from server.wire.sanitize import clean_text

pytestmark = pytest.mark.unit

FAMILY = "👩\u200d👩\u200d👧"
UNITS: tuple[Unit, ...] = ("characters", "utf16", "bytes")


def cut(text: str, longest: int, unit: Unit = "characters") -> list[str]:
    return [text[start:stop] for start, stop in pieces(text, longest, unit)]


def test_a_text_that_fits_stays_whole() -> None:
    assert cut("Good morning", 12) == ["Good morning"]
    assert cut("", 12) == []
    assert cut("  \n ", 12) == []


def test_it_is_cut_at_a_pause_the_better_the_nearer_to_one() -> None:
    assert cut("One two. Three four", 14) == ["One two.", "Three four"]
    assert cut("First line\nsecond line", 16) == ["First line", "second line"]
    assert cut("aaaaaaaaaa" * 3, 12) == ["aaaaaaaaaaaa", "aaaaaaaaaaaa", "aaaaaa"]


def test_each_unit_counts_as_the_platform_does() -> None:
    assert [measure("é👍", unit) for unit in UNITS] == [2, 3, 6]
    assert all(len(piece.encode()) <= 20 for piece in cut("Grüße " * 20, 20, "bytes"))


def test_nothing_is_cut_inside_what_people_see_as_one() -> None:
    text = FAMILY * 20
    for unit, longest in (("characters", 22), ("utf16", 30), ("bytes", 60)):
        for piece in cut(text, longest, unit):  # type: ignore[arg-type]
            assert piece == FAMILY * (len(piece) // len(FAMILY)), unit
    flags = "🇩🇪🇫🇷🇮🇹" * 10
    assert all(len(piece) % 2 == 0 for piece in cut(flags, 21))


@given(text=st.text(max_size=400).map(clean_text), longest=st.integers(20, 60), unit=st.sampled_from(UNITS))
def test_every_piece_fits_and_together_they_say_all(text: str, longest: int, unit: Unit) -> None:
    found = cut(text, longest, unit)
    assert all(piece.strip() for piece in found)
    assert all(measure(piece, unit) <= longest for piece in found)
    assert re.sub(r"\s", "", "".join(found)) == re.sub(r"\s", "", text)
