"""Say how people behave in a rehearsal: how soon they answer, what they let pass, and what breaks under them."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Times in seconds, shares between 0 and 1.

    Attributes:
        answer_seconds: From the ring to the accept.
        bridge_seconds: From the accept of a call to both hearing each other.
        wrap_seconds: To write up, where the queue gives as much time.
        misses: Share of the rings that nobody answers.
        declines: Share of the rings that are declined.
        no_bridge: Share of the accepts after which the sound never comes up.
        drops: Share of the talks in which the operator's console or sound is lost.
        returns: Share of those who come back in time.
        passes_on: Share of the talks that the operator puts back into the queue.
        hangs_up: Share of the talks that the customer ends.
        walks_away: Share of the talks after which the operator goes away for a while.
        late: Twice the same fact, or one that comes after another has won: share of the facts.
        outage_every_seconds: So often the broker is away; 0: never.
        outage_seconds: For so long.
    """

    answer_seconds: float = 4.0
    bridge_seconds: float = 0.3
    wrap_seconds: float = 30.0
    misses: float = 0.0
    declines: float = 0.0
    no_bridge: float = 0.0
    drops: float = 0.0
    returns: float = 0.5
    passes_on: float = 0.0
    hangs_up: float = 0.0
    walks_away: float = 0.0
    late: float = 0.0
    outage_every_seconds: float = 0.0
    outage_seconds: float = 0.0

    def __post_init__(self) -> None:
        """Refuse negative values."""
        if any(getattr(self, one.name) < 0 for one in fields(self)):
            raise ValueError("Times and shares are not negative.")


RELIABLE = People()
"""Everybody answers and nothing breaks."""
FAULTY = People(
    misses=0.1,
    declines=0.1,
    no_bridge=0.1,
    drops=0.15,
    passes_on=0.1,
    hangs_up=0.3,
    walks_away=0.05,
    late=0.05,
    outage_every_seconds=1800.0,
    outage_seconds=45.0,
)
"""What can go wrong does."""
