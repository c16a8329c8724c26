"""Work out what supervisors measure a queue by, from counts of one day; docs/supervisors.md has the formulas.

Pure. Before: the store counted. After: the wall shows shares between 0 and 1; None where nothing was counted.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts:
    """What was counted in one queue (or in several, added up) since the day began.

    Attributes:
        answered: Customers whom an operator reached, counted once each however often they were put back.
        answered_in_time: Those of them who were reached within what was promised.
        answer_seconds: The waits of the answered, added up.
        abandoned: Customers who left before anybody reached them, without the short ones.
        abandoned_in_time: Those of them who left within what was promised.
        abandoned_short: Customers who left so soon that it says nothing about the desk.
        expired: Customers whom nobody reached until the wait was given up.
        scored: Customers who said how content they are, from 1 to 5.
        scores: What they said, added up.
    """

    answered: int = 0
    answered_in_time: int = 0
    answer_seconds: float = 0.0
    abandoned: int = 0
    abandoned_in_time: int = 0
    abandoned_short: int = 0
    expired: int = 0
    scored: int = 0
    scores: int = 0

    def __add__(self, other: "DayCounts") -> "DayCounts":
        """Return the counts of both together."""
        return DayCounts(
            answered=self.answered + other.answered,
            answered_in_time=self.answered_in_time + other.answered_in_time,
            answer_seconds=self.answer_seconds + other.answer_seconds,
            abandoned=self.abandoned + other.abandoned,
            abandoned_in_time=self.abandoned_in_time + other.abandoned_in_time,
            abandoned_short=self.abandoned_short + other.abandoned_short,
            expired=self.expired + other.expired,
            scored=self.scored + other.scored,
            scores=self.scores + other.scores,
        )

    @property
    def service_level(self) -> float | None:
        """SL: answered in time ÷ answered."""
        return _share(self.answered_in_time, self.answered)

    @property
    def service_level_2(self) -> float | None:
        """SL2: (answered in time + abandoned in time) ÷ (answered + abandoned + expired)."""
        return _share(self.answered_in_time + self.abandoned_in_time, self.answered + self.abandoned + self.expired)

    @property
    def average_answer_seconds(self) -> float | None:
        """ASA: the mean wait of the answered."""
        return _share(self.answer_seconds, self.answered)

    @property
    def abandonment(self) -> float | None:
        """Abandoned ÷ (answered + abandoned); the short ones are in neither."""
        return _share(self.abandoned, self.answered + self.abandoned)

    @property
    def satisfaction(self) -> float | None:
        """CSAT: the mean of the scores."""
        return _share(self.scores, self.scored)


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
