"""Choose whom to ring first among those who may be rung: the strategy of a queue."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from server.core.presence import Operator
from server.core.routing import Case, Facts, fits
from server.core.strategy import Strategy
from server.wire.terms import Medium, OperatorId

Turn = tuple[float, int, datetime, OperatorId]
"""What operators are sorted by: the strategy's own measure, then least work, then longest idle, then the id."""


def ranked(strategy: Strategy, operators: Sequence[Operator], case: Case, facts: Facts) -> list[Operator]:
    """Return who may be rung for the session, whoever is rung first at the top; the same on every broker."""
    if strategy is Strategy.PULL:
        return []
    return sorted((one for one in operators if fits(one, case)), key=turn_of(strategy, operators, case, facts))


def first(strategy: Strategy, operators: Sequence[Operator], case: Case, facts: Facts) -> Operator | None:
    """Return the top of `ranked`, without putting the others in order; None when nobody may be rung."""
    if strategy is Strategy.PULL:
        return None
    turn = turn_of(strategy, operators, case, facts)
    return min((one for one in operators if fits(one, case)), key=turn, default=None)


def turn_of(strategy: Strategy, operators: Sequence[Operator], case: Case, facts: Facts) -> Callable[[Operator], Turn]:
    """Return what a strategy sorts operators by for one session."""
    measure = _MEASURES[strategy](operators, case, facts)

    def turn(operator: Operator) -> Turn:
        return measure(operator), _held(operator, case), operator.idle_since, operator.id

    return turn


Measure = Callable[[Operator], float]
"""What a strategy makes of an operator: the lowest is rung first."""


def _held(operator: Operator, case: Case) -> int:
    return sum(case.in_hand.get(operator.id, {}).values())


def _equal(_operators: Sequence[Operator], _case: Case, _facts: Facts) -> Measure:
    return lambda _: 0.0


def _share_in_use(_operators: Sequence[Operator], case: Case, _facts: Facts) -> Measure:
    def share(operator: Operator) -> float:
        voice = case.session.medium is Medium.VOICE
        return _held(operator, case) / max(operator.capacity_voice if voice else operator.capacity_chat, 1)

    return share


def _rung_at(_operators: Sequence[Operator], _case: Case, _facts: Facts) -> Measure:
    return lambda operator: operator.rung_at.timestamp() if operator.rung_at is not None else 0.0


def _handle_time(operators: Sequence[Operator], _case: Case, facts: Facts) -> Measure:
    return _figure(operators, facts.handle_seconds, sign=1)


def _score(operators: Sequence[Operator], _case: Case, facts: Facts) -> Measure:
    return _figure(operators, facts.score, sign=-1)


def _figure(operators: Sequence[Operator], figures: Mapping[OperatorId, float], *, sign: int) -> Measure:
    known = [figures[one.id] for one in operators if one.id in figures]
    mean = sum(known) / len(known) if known else 0.0
    return lambda operator: sign * figures.get(operator.id, mean)


def _had_last(_operators: Sequence[Operator], _case: Case, facts: Facts) -> Measure:
    return lambda operator: float(operator.id != facts.last)


def _named(_operators: Sequence[Operator], _case: Case, facts: Facts) -> Measure:
    places = {who: place for place, who in enumerate(facts.named or ())}
    return lambda operator: float(places.get(operator.id, len(places)))


_MEASURES: Final[Mapping[Strategy, Callable[[Sequence[Operator], Case, Facts], Measure]]] = {
    Strategy.LONGEST_IDLE: _equal,
    Strategy.LEAST_BUSY: _share_in_use,
    Strategy.ROUND_ROBIN: _rung_at,
    Strategy.LOWEST_HANDLE_TIME: _handle_time,
    Strategy.HIGHEST_SCORE: _score,
    Strategy.LAST_OPERATOR: _had_last,
    Strategy.HTTP: _named,
    Strategy.RING_ALL: _equal,
    Strategy.RING_PROGRESSIVELY: _equal,
}

FIXED: Final = frozenset(_MEASURES) - {Strategy.LAST_OPERATOR, Strategy.HTTP}
"""Strategies whose order of operators is the same for every session of one round."""
