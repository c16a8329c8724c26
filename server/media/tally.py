"""Count what a media worker does, a few additions a second for each leg; the broker asks for it now and then."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from server.broker.ports.measures import (
    JITTER_BOUNDS,
    LOSS_BOUNDS,
    MOS_BOUNDS,
    RoleMeasures,
    Spread,
    WorkerMeasures,
)
from server.broker.ports.media import LegDown, MediaFact
from server.media.leg import Leg
from server.media.meter import Reading
from server.media.quality import mos_of


class _Buckets:
    """One distribution."""

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds: Final = bounds
        self._counts: Final = [0] * (len(bounds) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def spread(self) -> Spread:
        return Spread(tuple(self._counts), self._total)


@dataclass(slots=True)
class _Kind:
    """The legs of one role over one transport."""

    joined: int = 0
    frames: int = 0
    lost: int = 0
    loss: _Buckets = field(default_factory=lambda: _Buckets(LOSS_BOUNDS))
    jitter: _Buckets = field(default_factory=lambda: _Buckets(JITTER_BOUNDS))
    mos: _Buckets = field(default_factory=lambda: _Buckets(MOS_BOUNDS))


class Tally:
    """What was counted since the worker began."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.refused = 0
        self._kinds: Final[dict[tuple[str, str], _Kind]] = {}
        self._left: Final[Counter[tuple[str, bool]]] = Counter()

    def joined(self, leg: Leg) -> None:
        """Count a leg that came in."""
        self._kind(leg).joined += 1

    def told(self, fact: MediaFact) -> None:
        """Count a leg that went."""
        if isinstance(fact, LegDown):
            self._left[str(fact.role), fact.clean] += 1

    def heard(self, leg: Leg, reading: Reading) -> None:
        """Count a second of a leg's audio; a silent one says nothing about how it sounds."""
        kind = self._kind(leg)
        kind.frames += reading.received
        kind.lost += reading.lost
        if reading.received and reading.numbered:
            kind.loss.add(reading.loss_percent)
            kind.jitter.add(reading.jitter_ms)
            kind.mos.add(mos_of(reading.loss_percent, reading.jitter_ms))

    def measures(self, legs: Sequence[Leg], *, calls: int, recordings: int) -> WorkerMeasures:
        """Return what was counted, with the legs that are connected now."""
        live = Counter((str(leg.role), leg.admission.transport) for leg in legs)
        return WorkerMeasures(
            calls=calls,
            refused=self.refused,
            recordings=recordings,
            legs=tuple(
                RoleMeasures(
                    role=role,
                    transport=transport,
                    live=live[role, transport],
                    joined=kind.joined,
                    frames=kind.frames,
                    lost=kind.lost,
                    loss=kind.loss.spread(),
                    jitter=kind.jitter.spread(),
                    mos=kind.mos.spread(),
                )
                for (role, transport), kind in sorted(self._kinds.items())
            ),
            left=tuple((role, clean, count) for (role, clean), count in sorted(self._left.items())),
        )

    def _kind(self, leg: Leg) -> _Kind:
        return self._kinds.setdefault((str(leg.role), leg.admission.transport), _Kind())
