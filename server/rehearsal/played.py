"""Hold what a rehearsal came to."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from server.core.effects import Effect, Notify, TellWaiting
from server.core.report import HandoffRow
from server.core.session import Session


@dataclass(slots=True)
class Played:
    """What a rehearsal came to.

    Attributes:
        rows: Every handoff that ended, in the order of their ends.
        stuck: Handoffs that never ended: there must be none.
        notices: How many went to each destination.
        told: How many lines customers were told while they waited.
    """

    rows: list[HandoffRow] = field(default_factory=list[HandoffRow])
    stuck: list[Session] = field(default_factory=list[Session])
    notices: Counter[str] = field(default_factory=Counter[str])
    told: int = 0
    steps: int = 0

    def take(self, effects: Iterable[Effect]) -> None:
        """Count what a step ordered."""
        for effect in effects:
            match effect:
                case Notify(destinations=destinations):
                    self.notices.update(destinations)
                case TellWaiting():
                    self.told += 1
                case _:
                    pass
