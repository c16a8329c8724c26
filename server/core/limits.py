"""Bound how often somebody may do something: a bucket of tokens each, filled at a steady rate. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at once, and so many a second in the long run."""

    at_once: float
    a_second: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left for one of those who are bounded, as of `at` (seconds)."""

    left: float
    at: float


def take(bucket: Bucket | None, limit: Limit, now: float, cost: float = 1.0) -> tuple[Bucket, float]:
    """Return the bucket after taking `cost`, and how many seconds are missing: 0.0 where it was taken."""
    left = limit.at_once
    if bucket is not None:
        left = min(limit.at_once, bucket.left + max(now - bucket.at, 0.0) * limit.a_second)
    if left >= cost:
        return Bucket(left - cost, now), 0.0
    return Bucket(left, now), (cost - left) / limit.a_second
