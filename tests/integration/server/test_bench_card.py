"""The measurement of the card runs a real broker and finds every card completed."""

import pytest

from server.bench.card import bench_card, spoken

pytestmark = pytest.mark.integration


async def test_every_trial_brings_a_session_and_then_its_whole_card() -> None:
    done: list[int] = []
    report = await bench_card(3, 9, done.append)
    assert (report.trials, report.turns, done) == (3, 9, [1, 2, 3])
    assert report.card_shown.count == report.session_shown.count == 3
    assert report.card_shown.max_ms >= report.session_shown.p50_ms > 0


def test_no_two_trials_say_the_same() -> None:
    said = [text for trial in range(4) for _, text in spoken(trial, 24)[1:]]
    assert len(said) == len(set(said))
