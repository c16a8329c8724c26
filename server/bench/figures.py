"""Turn measured times into the figures that are printed: median and tails, in milliseconds."""

from collections.abc import Sequence
from statistics import median

import msgspec


class Figures(msgspec.Struct, frozen=True):
    """The spread of one measure, in milliseconds."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


def figures(seconds: Sequence[float]) -> Figures:
    """Return the spread of at least one time given in seconds."""
    ordered = sorted(1000 * one for one in seconds)

    def at(share: float) -> float:
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

    return Figures(
        count=len(ordered),
        p50_ms=round(median(ordered), 2),
        p95_ms=round(at(0.95), 2),
        p99_ms=round(at(0.99), 2),
        max_ms=round(ordered[-1], 2),
    )
