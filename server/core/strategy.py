"""Say how a queue chooses whom to ring: its strategy, the skills its sessions need, and how both ease with the wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.wire.skills import Skill


class Strategy(StrEnum):
    """How a queue chooses whom to ring."""

    LONGEST_IDLE = "longest_idle"
    """Least work in hand; of those the one who has had nothing to do for the longest time."""
    LEAST_BUSY = "least_busy"
    """The smallest share of their own capacity in use."""
    ROUND_ROBIN = "round_robin"
    """Whoever was rung longest ago."""
    LOWEST_HANDLE_TIME = "lowest_handle_time"
    """Whoever needed the least time in the last days; newcomers count as the mean of all."""
    HIGHEST_SCORE = "highest_score"
    """Whom customers gave the best scores in the last days; newcomers count as the mean of all."""
    LAST_OPERATOR = "last_operator"
    """Whoever had this customer last, if they may be rung; else the longest idle."""
    HTTP = "http"
    """Whom the customer's own rule names; else the longest idle."""
    RING_ALL = "ring_all"
    """Everybody who may be rung, at once; whoever accepts first has it."""
    RING_PROGRESSIVELY = "ring_progressively"
    """The longest idle; then one more each time some seconds have gone by, while the others go on ringing."""
    PULL = "pull"
    """Nobody is rung: operators pick."""


WORDS: Final[Mapping[Strategy, str]] = {
    Strategy.LONGEST_IDLE: "least in hand, then idle for the longest time",
    Strategy.LEAST_BUSY: "smallest share of their capacity in use",
    Strategy.ROUND_ROBIN: "rung longest ago",
    Strategy.LOWEST_HANDLE_TIME: "lowest mean handle time",
    Strategy.HIGHEST_SCORE: "best mean score from customers",
    Strategy.LAST_OPERATOR: "had this customer last, else idle for the longest time",
    Strategy.HTTP: "named by the rule of the house, else idle for the longest time",
    Strategy.RING_ALL: "everybody at once who may be rung",
    Strategy.RING_PROGRESSIVELY: "idle for the longest time, then one more at a time beside them",
    Strategy.PULL: "nobody is rung: operators pick from the queue",
}
"""What a strategy goes by, for people."""


RINGS_SEVERAL: Final = frozenset({Strategy.RING_ALL, Strategy.RING_PROGRESSIVELY})
"""Strategies by which one session rings at several operators at once."""


@dataclass(frozen=True, slots=True)
class Widening:
    """After so long a wait the levels that a session needs are lower by so much."""

    after_seconds: float
    lower_by: int


@dataclass(frozen=True, slots=True)
class Routing:
    """How the sessions of a queue find an operator; `skills` are needed beside those a session asks for itself.

    `ring_more_seconds` is how long a progressive ring waits before it rings at one more.
    """

    strategy: Strategy = Strategy.LONGEST_IDLE
    skills: tuple[Skill, ...] = ()
    widen: tuple[Widening, ...] = ()
    ring_more_seconds: float = 10.0

    @property
    def rings_several(self) -> bool:
        """Whether one session may ring at several operators at once."""
        return self.strategy in RINGS_SEVERAL

    def needs(self, own: tuple[Skill, ...], waited_seconds: float) -> tuple[Skill, ...]:
        """Return what a session needs after so long a wait: the higher level where it and its queue name one skill."""
        lower_by = max((one.lower_by for one in self.widen if one.after_seconds <= waited_seconds), default=0)
        levels: dict[str, int] = {}
        for skill in (*self.skills, *own):
            levels[skill.name] = max(levels.get(skill.name, 0), skill.level)
        return tuple(Skill(name=name, level=level - lower_by) for name, level in levels.items() if level > lower_by)

    def widens_after(self, own: tuple[Skill, ...], waited_seconds: float) -> float | None:
        """Return the second of the wait at which the needs ease next; None when they do not any more."""
        if not self.needs(own, waited_seconds):
            return None
        return min((one.after_seconds for one in self.widen if one.after_seconds > waited_seconds), default=None)


RING_IDLE: Final = Routing()
"""Whoever has room may be rung; who has been idle longest is first."""
