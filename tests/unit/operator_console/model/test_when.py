"""Rules of dates: short forms mean the operator's own clock, and what is no date is never guessed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operator_console.model.when import read_when

pytestmark = pytest.mark.unit

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)
"""13:00 in Berlin, two days before the clocks go forward."""


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ("tomorrow 9:00", "2026-03-28T08:00"),
        ("  Tomorrow ", "2026-03-28T08:00"),
        ("sunday 9:00", "2026-03-29T07:00"),
        ("fri", "2026-04-03T07:00"),
        ("mon 14.30", "2026-03-30T12:30"),
        ("today 17:00", "2026-03-27T16:00"),
        ("14:00", "2026-03-27T13:00"),
        ("11:00", "2026-03-28T10:00"),
        ("+3d", "2026-03-30T12:00"),
        ("+90min", "2026-03-27T13:30"),
        ("+2 h", "2026-03-27T14:00"),
        ("+1w", "2026-04-03T12:00"),
        ("2026-12-01", "2026-12-01T08:00"),
        ("2026-12-01 14:00", "2026-12-01T13:00"),
        ("2026-12-01T14:00:59Z", "2026-12-01T14:00"),
        ("2026-12-01 14:00+0530", "2026-12-01T08:30"),
    ],
)
def test_a_short_form_is_a_time_of_the_operators_clock(written: str, due: str) -> None:
    found = read_when(written, FRIDAY, BERLIN)
    assert found is not None
    assert found.isoformat()[:16] == due
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "written",
    [
        "",
        "x",
        "+",
        "3",
        "-3d",
        "+9999w",
        "tomorrow 25:00",
        "99:99",
        "2026-02-30",
        "fri sat",
        "tomorrow noon",
        "fr",
        "+3y",
    ],
)
def test_what_is_no_date_is_not_guessed(written: str) -> None:
    assert read_when(written, FRIDAY, BERLIN) is None


@given(st.text(max_size=40))
def test_whatever_is_written_is_a_date_within_ten_years_or_none(written: str) -> None:
    found = read_when(written, FRIDAY, BERLIN)
    assert found is None or abs((found - FRIDAY).days) <= 3661
