"""Turn what was measured into what is printed: value, target, verdict, and how quiet the machine was."""

from collections.abc import Sequence
from enum import StrEnum
from statistics import median

import msgspec


class Verdict(StrEnum):
    """What a value is against its target."""

    MET = "met"
    SHORT = "short"
    NO_TARGET = "no target"
    NOT_MEASURED = "not measured"


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure; less is better. `value` is None where this system does not tell."""

    name: str
    value: float | None
    unit: str
    target: float | None
    verdict: Verdict


class Noise(msgspec.Struct, frozen=True, kw_only=True):
    """How busy the machine was meanwhile: times are worth as much as this is small.

    Attributes:
        load_before: Runnable processes, mean of the last minute, at the start.
        load_after: The same at the end.
        cores: Processors of the machine.
        timer_late_p95_ms: How late a timer of the measuring process rang, 95th percentile.
    """

    load_before: float
    load_after: float
    cores: int
    timer_late_p95_ms: float

    @property
    def quiet(self) -> bool:
        """Whether wall times can be trusted: a core was free, and timers rang on time."""
        return max(self.load_before, self.load_after) <= self.cores and self.timer_late_p95_ms <= 2.0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What one `bench` command prints."""

    bench: str
    setting: dict[str, float]
    measures: tuple[Measure, ...]
    noise: Noise


class Spread(msgspec.Struct, frozen=True):
    """Median and tails of at least one value, in the values' unit."""

    count: int
    least: float
    p50: float
    p95: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of at least one value."""
    ordered = sorted(values)
    p95 = ordered[min(int(0.95 * len(ordered)), len(ordered) - 1)]
    return Spread(len(ordered), ordered[0], median(ordered), p95, ordered[-1])


def measure(name: str, value: float | None, unit: str, target: float | None = None) -> Measure:
    """Return a figure with its verdict; a value on the target meets it."""
    shown = None if value is None else round(value, 2)
    return Measure(name=name, value=shown, unit=unit, target=target, verdict=_verdict(shown, target))


def latency(name: str, seconds: Sequence[float], targets_ms: tuple[float | None, float | None]) -> tuple[Measure, ...]:
    """Return median, 95th percentile and maximum of times in seconds, as milliseconds; no times give no figures.

    Args:
        name: What took the time.
        seconds: How long it took, each time.
        targets_ms: Of the median and of the 95th percentile.
    """
    if not seconds:
        return (measure(f"{name}, p50", None, "ms", targets_ms[0]), measure(f"{name}, p95", None, "ms", targets_ms[1]))
    found = spread([1000 * one for one in seconds])
    return (
        measure(f"{name}, p50", found.p50, "ms", targets_ms[0]),
        measure(f"{name}, p95", found.p95, "ms", targets_ms[1]),
        measure(f"{name}, max", found.most, "ms"),
    )


def _verdict(value: float | None, target: float | None) -> Verdict:
    if value is None:
        return Verdict.NOT_MEASURED
    if target is None:
        return Verdict.NO_TARGET
    return Verdict.MET if value <= target else Verdict.SHORT
