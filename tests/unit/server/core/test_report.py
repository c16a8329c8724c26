"""The pure part of reports: hours on days when clocks change, occupancy, percentiles."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.cli.report import picture, stretch, zone_of
from server.core.errors import CallerError
from server.core.report import HandoffRow, TalkCounts, occupancy, percentile, report
from server.core.session import Rules
from server.wire.terms import OperatorId, Outcome

pytestmark = pytest.mark.unit

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONE = HandoffRow(
    number=1,
    queue="default",
    medium="chat",
    outcome=Outcome.RESOLVED,
    requested_at=NOON,
    promise_at=NOON + timedelta(seconds=60),
)


def held(who: str, begin: int, end: int) -> HandoffRow:
    """Return a handoff that an operator had between two minutes after noon."""
    at = NOON + timedelta(minutes=begin)
    return replace(
        ONE,
        operator_id=OperatorId(who),
        accepted_at=at,
        active_at=at,
        closed_at=NOON + timedelta(minutes=end),
    )


@pytest.mark.parametrize(
    ("day", "hours", "labels"),
    [
        ("2026-10-25", 25, ["01:00 +0200", "02:00 +0200", "02:00 +0100", "03:00 +0100"]),
        ("2026-03-29", 23, ["00:00 +0100", "01:00 +0100", "03:00 +0200", "04:00 +0200"]),
        ("2026-06-01", 24, ["00:00 +0200", "01:00 +0200", "02:00 +0200", "03:00 +0200"]),
    ],
    ids=["clocks back", "clocks forward", "a plain day"],
)
def test_a_day_has_the_hours_that_really_passed(day: str, hours: int, labels: list[str]) -> None:
    since, until = stretch(day, "", BERLIN)
    rows = [
        replace(ONE, number=n, requested_at=since + timedelta(hours=n, minutes=59), outcome=Outcome.EXPIRED)
        for n in range(hours)
    ]
    found = report(rows, TalkCounts(), Rules(), since=since, until=until)
    assert [hour.requested for hour in found.hours] == [1] * hours
    shown = [
        line.split("  ")[1][6:] for line in picture(found, BERLIN) if "  ASA " in line and ("█" in line or "░" in line)
    ]
    first = shown.index(labels[0])
    assert shown[first : first + 4] == labels
    assert len(shown) == hours


def test_days_are_those_of_the_zone_and_the_last_one_is_a_part_of_it() -> None:
    since, until = stretch("2026-06-01", "2026-06-02", BERLIN)
    assert since == datetime(2026, 5, 31, 22, tzinfo=UTC)
    assert until == datetime(2026, 6, 2, 22, tzinfo=UTC)
    with pytest.raises(CallerError, match="no day"):
        stretch("tomorrow", "", BERLIN)
    with pytest.raises(CallerError, match="no zone"):
        zone_of("Europe/Atlantis")


def test_occupancy_counts_overlapping_chats_once_and_not_the_lunch() -> None:
    assert occupancy([]) is None
    assert occupancy([held("ann", 0, 30)]) == 1
    assert occupancy([held("ann", 0, 10), held("ann", 5, 10), held("ann", 20, 30)]) == 20 / 30
    assert occupancy([held("ann", 0, 10), held("ann", 75, 85)]) == 1
    assert occupancy([held("ann", 0, 10), held("bob", 20, 30)]) == 1


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.floats(0.01, 1))
def test_a_percentile_is_one_of_the_values_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(sorted(values), share)
    assert found in values
    assert sum(1 for value in values if value <= found) >= share * len(values) - 1e-9


def test_the_picture_says_its_formulas_and_never_breaks_on_an_empty_day() -> None:
    since, until = stretch("2026-06-01", "", BERLIN)
    empty = "\n".join(picture(report([], TalkCounts(), Rules(), since=since, until=until), BERLIN))
    assert "Nobody asked for a person." in empty
    for words in ("answered in time / answered", "short_abandon_seconds is in neither", "ASA", "AHT"):
        assert words in empty
