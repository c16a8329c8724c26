"""The formulas by which queues are measured, on numbers worked out by hand."""

import pytest

from server.core.figures import DayCounts

pytestmark = pytest.mark.unit

DAY = DayCounts(
    answered=8,
    answered_in_time=6,
    answer_seconds=240.0,
    abandoned=2,
    abandoned_in_time=1,
    abandoned_short=5,
    expired=1,
    scored=2,
    scores=9,
)


def test_each_share_is_what_its_formula_says() -> None:
    assert DAY.service_level == 6 / 8
    assert DAY.service_level_2 == (6 + 1) / (8 + 2 + 1)
    assert DAY.average_answer_seconds == 30.0
    assert DAY.abandonment == 2 / (8 + 2)
    assert DAY.satisfaction == 9 / 2


def test_where_nothing_was_counted_nothing_is_said() -> None:
    nothing = DayCounts()
    assert (nothing.service_level, nothing.service_level_2) == (None, None)
    assert (nothing.average_answer_seconds, nothing.abandonment, nothing.satisfaction) == (None, None, None)


def test_short_abandons_are_in_no_share() -> None:
    only_short = DayCounts(abandoned_short=3)
    assert (only_short.service_level_2, only_short.abandonment) == (None, None)


def test_queues_are_added_up_before_they_are_divided() -> None:
    both = DAY + DayCounts(answered=2, answered_in_time=0, answer_seconds=360.0, expired=1, scored=1, scores=3)
    assert both.satisfaction == 12 / 3
    assert both.service_level == 6 / 10
    assert both.average_answer_seconds == 60.0
    assert both.expired == 2
    assert both.abandoned_short == 5
