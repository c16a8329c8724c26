"""Hold who may be rung in one round of offers, so that each waiting session is answered without asking everybody anew.

What does not depend on the session is asked once for each medium; who has the skills, once for each set of needs; the
order of a strategy is made once. `server.core.ranking.ranked` says the same of one session alone; a test compares them.
"""

from collections import deque
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from server.core.presence import Operator
from server.core.ranking import FIXED, turn_of
from server.core.routing import Case, Facts, InHand, has_skills, may_be_rung
from server.core.strategy import Strategy
from server.wire.skills import Skill
from server.wire.terms import Medium, OperatorId

_Needs = tuple[Skill, ...]


class Candidates:
    """The operators of one round; whoever is rung in it leaves."""

    def __init__(
        self, operators: Sequence[Operator], in_hand: InHand, at: datetime, rung: Collection[OperatorId] = ()
    ) -> None:
        """Begin with these, who have this in hand at this instant; those who are `rung` already stay out."""
        self._all: Final = operators
        self.in_hand: Final = in_hand
        self.at: Final = at
        self._out: Final = set(rung)
        self._free: Final = {
            medium: [one for one in operators if one.id not in rung and may_be_rung(one, medium, in_hand, at)]
            for medium in Medium
        }
        self._left: Final = {one.id for free in self._free.values() for one in free}
        self._able: Final[dict[tuple[Medium, _Needs], list[Operator]]] = {}
        self._ordered: Final[dict[tuple[Strategy, Medium, _Needs], deque[Operator]]] = {}

    @property
    def none(self) -> bool:
        """Nobody is left for any session."""
        return not self._left

    def leave(self, who: OperatorId) -> None:
        """Let somebody be rung no more in this round."""
        self._out.add(who)
        self._left.discard(who)

    def anybody_for(self, case: Case) -> bool:
        """Tell whether anybody has room and the skills, also who let this very session pass."""
        return any(one.id not in self._out for one in self._those(case))

    def first(self, strategy: Strategy, case: Case, facts: Facts) -> Operator | None:
        """Return whom to ring first; None when nobody may be rung."""
        if strategy is Strategy.PULL:
            return None
        if strategy in FIXED:
            return next((one for one in self._in_order(strategy, case, facts) if self._may(one, case)), None)
        turn = turn_of(strategy, self._all, case, facts)
        return min((one for one in self._those(case) if self._may(one, case)), key=turn, default=None)

    def ranked(self, strategy: Strategy, case: Case, facts: Facts) -> list[Operator]:
        """Return everybody who may be rung, whoever is rung first at the top."""
        if strategy is Strategy.PULL:
            return []
        if strategy in FIXED:
            return [one for one in self._in_order(strategy, case, facts) if self._may(one, case)]
        turn = turn_of(strategy, self._all, case, facts)
        return sorted((one for one in self._those(case) if self._may(one, case)), key=turn)

    def _may(self, operator: Operator, case: Case) -> bool:
        return operator.id not in self._out and operator.id not in case.session.declined_by

    def _those(self, case: Case) -> list[Operator]:
        key = case.session.medium, case.needs
        if key not in self._able:
            self._able[key] = [one for one in self._free[case.session.medium] if has_skills(one, case.needs)]
        return self._able[key]

    def _in_order(self, strategy: Strategy, case: Case, facts: Facts) -> deque[Operator]:
        key = strategy, case.session.medium, case.needs
        if key not in self._ordered:
            turn = turn_of(strategy, self._all, case, facts)
            self._ordered[key] = deque(sorted(self._those(case), key=turn))
        order = self._ordered[key]
        while order and order[0].id in self._out:
            order.popleft()
        return order
