"""A bucket holds to its pace: so many at once, so many a second, and says how long to wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.limits import Bucket, Limit, take

pytestmark = pytest.mark.unit

SLOW = Limit(at_once=3, a_second=0.5)


def test_so_many_at_once_and_then_only_as_time_passes() -> None:
    bucket: Bucket | None = None
    missing = []
    for now in (0.0, 0.0, 0.0, 0.0, 1.0, 2.0):
        bucket, seconds = take(bucket, SLOW, now)
        missing.append(seconds)
    assert missing == [0.0, 0.0, 0.0, 2.0, 1.0, 0.0]


@given(st.lists(st.floats(0.0, 20.0), max_size=60))
def test_never_more_than_the_bucket_and_what_flowed_in(steps: list[float]) -> None:
    bucket, now, taken = None, 0.0, 0
    for step in steps:
        now += step
        bucket, seconds = take(bucket, SLOW, now)
        taken += seconds == 0.0
    assert taken <= SLOW.at_once + now * SLOW.a_second + 1e-6


def test_a_clock_that_jumps_back_gives_nothing() -> None:
    bucket, _ = take(None, SLOW, 100.0)
    assert take(bucket, SLOW, 0.0)[0].left == 1.0
