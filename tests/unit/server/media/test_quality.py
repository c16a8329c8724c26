"""The estimated score falls with loss and with delay, and stays between 1 and 4.5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.media.quality import mos_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("loss", "jitter", "least", "most"),
    [
        (0, 0, 4.35, 4.42),
        (1, 5, 3.7, 4.0),
        (5, 10, 2.0, 2.3),
        (20, 20, 1.0, 1.2),
        (0, 150, 3.3, 3.6),
        (100, 0, 1.0, 1.0),
    ],
)
def test_the_score_of_a_second(loss: float, jitter: float, least: float, most: float) -> None:
    assert least <= mos_of(loss, jitter) <= most, mos_of(loss, jitter)


@given(st.floats(0, 100), st.floats(0, 2000), st.floats(0, 10))
def test_more_loss_or_jitter_never_sounds_better(loss: float, jitter: float, more: float) -> None:
    here = mos_of(loss, jitter)
    assert 1.0 <= here <= 4.5
    assert mos_of(min(loss + more, 100), jitter) <= here + 1e-9
    assert mos_of(loss, jitter + more) <= here + 1e-9
