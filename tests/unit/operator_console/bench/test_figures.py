"""Figures: what is printed is what was measured, and a verdict is given only against a target."""

import pytest

from operator_console.bench.figures import Noise, Verdict, latency, measure, spread

pytestmark = pytest.mark.unit


def test_a_spread_has_the_median_and_the_tails() -> None:
    found = spread([5.0, 1.0, 3.0, 2.0, 100.0])
    assert (found.count, found.least, found.p50, found.p95, found.most) == (5, 1.0, 3.0, 100.0, 100.0)


def test_the_95th_percentile_of_a_hundred_leaves_five_above_or_on_it() -> None:
    assert spread(list(range(100))).p95 == 95


@pytest.mark.parametrize(
    ("value", "target", "verdict"),
    [
        (10.0, 10.0, Verdict.MET),
        (10.01, 10.0, Verdict.SHORT),
        (10.0, None, Verdict.NO_TARGET),
        (None, 10.0, Verdict.NOT_MEASURED),
        (None, None, Verdict.NOT_MEASURED),
    ],
)
def test_a_value_on_its_target_meets_it_and_what_was_not_measured_never_does(
    value: float | None, target: float | None, verdict: Verdict
) -> None:
    assert measure("x", value, "ms", target).verdict is verdict


def test_times_in_seconds_are_told_in_milliseconds_each_against_its_own_target() -> None:
    p50, p95, most = latency("key", [0.005, 0.010, 0.050], (10.0, 30.0))
    assert [(one.name, one.value, one.unit) for one in (p50, p95, most)] == [
        ("key, p50", 10.0, "ms"),
        ("key, p95", 50.0, "ms"),
        ("key, max", 50.0, "ms"),
    ]
    assert [one.verdict for one in (p50, p95, most)] == [Verdict.MET, Verdict.SHORT, Verdict.NO_TARGET]


def test_no_times_meet_no_target() -> None:
    assert {one.verdict for one in latency("key", [], (10.0, 30.0))} == {Verdict.NOT_MEASURED}


@pytest.mark.parametrize(
    ("load", "late_ms", "quiet"), [(0.5, 0.3, True), (2.1, 0.3, False), (0.5, 9.0, False), (2.0, 2.0, True)]
)
def test_a_machine_is_quiet_with_a_free_core_and_punctual_timers(load: float, late_ms: float, *, quiet: bool) -> None:
    noise = Noise(load_before=0.1, load_after=load, cores=2, timer_late_p95_ms=late_ms)
    assert noise.quiet is quiet
