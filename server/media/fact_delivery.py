"""Hand the worker's facts to the broker: in order, one at a time, each until it was taken.

A handler that raises gets the same fact again, after the pause of the task runner that keeps the delivery; one that
fails again and again on the same fact loses that one, so that a single call cannot hold up all others.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from server.broker.ports.media import FactHandler, LegDown, MediaFact
from server.log import get_log
from server.media.control_link import ControlLink
from server.media.control_messages import NumberedFact
from server.media.wanted import Wanted

MOST_ATTEMPTS: Final = 8
"""How often a fact is offered to a handler that raises; by then a minute has passed."""

_log = get_log(__name__)


class FactDelivery:
    """The way of facts from any number of links, one after the other, to one handler."""

    def __init__(self, handler: FactHandler, wanted: Wanted) -> None:
        """Deliver to `handler`; `wanted` follows which legs are up."""
        self._handler: Final = handler
        self._wanted: Final = wanted
        self._lost_legs: Final[deque[LegDown]] = deque()
        self._at_hand: tuple[str, NumberedFact] | None = None
        self._dealt_with: dict[str, int] = {}
        self._attempts = 0

    def lose(self, legs: Iterable[LegDown]) -> None:
        """Report these legs, which died with their worker, before anything that the next worker tells."""
        self._lost_legs.extend(legs)

    async def run(self, link: ControlLink) -> None:
        """Deliver what comes over `link`; returns when it is lost. Whatever the handler raises comes through."""
        boot = link.welcome.boot
        while self._lost_legs:
            await self._offer(self._lost_legs[0])
            self._lost_legs.popleft()
        while True:
            if self._at_hand is None or self._at_hand[0] != boot:
                numbered = await link.next_fact()
                if numbered is None:
                    return
                self._at_hand = (boot, numbered)
            numbered = self._at_hand[1]
            if numbered.number > self._dealt_with.get(boot, 0):
                await self._offer(numbered.fact)
                self._dealt_with = {boot: numbered.number}
            self._at_hand = None
            link.done(numbered.number)

    async def _offer(self, fact: MediaFact) -> None:
        self._attempts += 1
        if self._attempts > MOST_ATTEMPTS:
            _log.error("media_fact_given_up", fact=type(fact).__name__, call_id=fact.call_id)
        else:
            await self._handler(fact)
        self._attempts = 0
        self._wanted.fact(fact)
