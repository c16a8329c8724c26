"""Keep a rehearsal's operators: who is on, what they have in hand, and who could be rung at all."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from server.core import inputs as i
from server.core.presence import Operator, answer, choose, finish_work, miss, pass_on, ring
from server.core.routing import has_room
from server.core.session import Rules
from server.wire.terms import Medium, OperatorId, Presence


class Crew:
    """Every operator of a rehearsal; `free` are those whom a round of offers looks at.

    Attributes:
        in_hand: How many sessions each has in hand or in wrap-up, by medium.
        ringing: At whom it rings.
        on_duty: How many are available.
        changed: Somebody may be rung who could not before; whoever looks sets it back.
    """

    def __init__(self) -> None:
        """Begin with nobody."""
        self.operators: dict[OperatorId, Operator] = {}
        self.in_hand: dict[OperatorId, dict[Medium, int]] = {}
        self.ringing: set[OperatorId] = set()
        self.free: dict[OperatorId, Operator] = {}
        self.on_duty = 0
        self.changed = False

    def put(self, operator: Operator) -> None:
        """Keep an operator, and know whether they could be rung at all."""
        before = self.operators.get(operator.id)
        was = before is not None and before.presence is Presence.AVAILABLE
        self.on_duty += (operator.presence is Presence.AVAILABLE) - was
        self.operators[operator.id] = operator
        self.in_hand.setdefault(operator.id, {})
        able = (
            operator.presence is Presence.AVAILABLE
            and operator.id not in self.ringing
            and (has_room(operator, Medium.VOICE, self.in_hand) or has_room(operator, Medium.CHAT, self.in_hand))
        )
        if able:
            self.free[operator.id] = operator
            self.changed = True
        else:
            self.free.pop(operator.id, None)

    def count(self, who: OperatorId) -> int:
        """Return how many sessions an operator has in hand or in wrap-up."""
        return sum(self.in_hand[who].values())

    def hold(self, who: OperatorId | None, medium: Medium, more: int) -> None:
        """Count a session in or out of somebody's hands."""
        if who is not None:
            held = self.in_hand[who]
            held[medium] = held.get(medium, 0) + more

    def refresh(self, who: OperatorId, ended_at: datetime | None) -> None:
        """Look at an operator again; where their work may have ended, a pending choice takes effect."""
        operator = self.operators[who]
        if ended_at is not None:
            operator = finish_work(operator, in_hand=self.count(who), now=ended_at)
        self.put(operator)

    def turn(self, who: OperatorId, presence: Presence, now: datetime) -> None:
        """Let an operator choose a presence."""
        self.put(choose(self.operators[who], presence, "", in_hand=self.count(who), now=now))

    def note_ring(self, rung: Iterable[OperatorId], fact: i.Input, rules: Rules, now: datetime) -> Iterator[OperatorId]:
        """Let operators' rows say what they made of a ring, as the broker does; yield who was set away by it."""
        for who in rung:
            operator = self.operators[who]
            match fact:
                case i.OfferMade():
                    self.put(ring(operator, now))
                case i.OfferDeclined():
                    self.put(pass_on(operator, rest_seconds=rules.rest_declined_seconds, now=now))
                case i.OperatorAccepted():
                    self.put(answer(operator))
                case i.OfferLapsed():
                    rest, limit = rules.rest_missed_seconds, rules.away_after_missed
                    self.put(miss(operator, rest_seconds=rest, away_after=limit, in_hand=self.count(who), now=now))
                    if self.operators[who].presence is Presence.AWAY:
                        yield who
                case _:
                    pass
