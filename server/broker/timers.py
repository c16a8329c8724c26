"""Move what time moves: expired offers, leases, graces, waits and wrap-ups; and ring free operators.

Deadlines are a column of the session's row, so a restart forgets nothing.

Before: a step set a deadline. After: the same road as for any other fact.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from server.broker import road
from server.broker.alarm import Alarm
from server.broker.assignment import Assignment
from server.broker.carry_out import Effects
from server.broker.parts import Parts
from server.broker.ports.store import Unit
from server.broker.transferring import outside_of
from server.core.deadlines import next_deadline
from server.core.errors import HandoffError
from server.core.inputs import Input, PolicyDue
from server.core.policy import CallOut
from server.core.session import Session
from server.core.transfers import under_way
from server.wire.terms import Medium, OrganisationId, SessionId

LONGEST_WAIT_SECONDS: Final = 1.0
"""How often the loop looks when nothing wakes it."""
MOST_AT_ONCE: Final = 200
"""How many due sessions one round takes."""


class Timers:
    """The broker's sense of time."""

    def __init__(self, parts: Parts, effects: Effects, assignment: Assignment) -> None:
        """Work on these parts; `loop` runs for ever, `round` once."""
        self._parts = parts
        self._assignment = assignment
        self._look_again: dict[str, datetime] = {}
        self._effects = effects
        self._alarm = Alarm(parts.clock)
        self._changed: set[str] = set()

    def wake(self, seqs: dict[str, int]) -> None:
        """Look again now: something was committed in these organisations."""
        self._changed.update(seqs)
        self._alarm.ring()

    async def loop(self) -> None:
        """Move sessions as their deadlines pass, and offer waiting ones, for ever."""
        while True:
            await self.round()
            await self._alarm.wait(await self._pause_seconds())

    async def round(self) -> None:
        """Move everything that is due now, then ring free operators where something changed."""
        now = self._parts.clock.now()
        due = await self._parts.database.read(lambda unit: list(unit.sessions.due(now, MOST_AT_ONCE)))
        for organisation_id, session_id in due:
            await self._fire(organisation_id, session_id)
        if due:
            self._effects.wake()
        self._changed.update(one for one, at in self._look_again.items() if at <= now)
        for organisation in tuple(self._changed):
            self._changed.discard(organisation)
            await self._offer_in(organisation)

    async def _fire(self, organisation_id: OrganisationId, session_id: SessionId) -> None:
        """Let the deadline's fact happen, unless the session has moved on meanwhile."""

        def work(unit: Unit) -> None:
            session = unit.sessions.load(organisation_id, session_id)
            deadline = next_deadline(session, self._parts.rules.of(session.queue)) if session else None
            if session is not None and deadline is not None and deadline[0] <= self._parts.clock.now():
                fact = self._with_circumstances(unit, session, deadline[1])
                road.apply(unit, self._parts, organisation_id, session_id, fact)

        await self._parts.database.run(work)

    def _with_circumstances(self, unit: Unit, session: Session, fact: Input) -> Input:
        """Return the fact with what a step of the policy must know beside it: who is on duty, and whom it calls."""
        if not isinstance(fact, PolicyDue):
            return fact
        on_duty = bool(unit.roster.on_duty(session.organisation_id))
        policy = self._parts.rules.of(session.queue).policy
        step = policy.steps[fact.number]
        holds = step.holds(on_duty=on_duty, is_open=policy.open_at(self._parts.clock.now()))
        free = session.medium is Medium.VOICE and under_way(session) is None
        if not isinstance(step.action, CallOut) or not holds or not free:
            return replace(fact, on_duty=on_duty)
        return replace(fact, on_duty=on_duty, outside=outside_of(unit, self._parts, session, step.action.to))

    async def _offer_in(self, organisation: str) -> None:
        """Ring whoever is free in one organisation; what fails is looked at again in the next round."""
        if not self._parts.ring:
            return
        try:
            await self._offer(OrganisationId(organisation))
        except HandoffError:
            self._changed.add(organisation)
            raise

    async def _offer(self, organisation_id: OrganisationId) -> None:
        """Ring whoever is free, if somebody waits."""
        self._look_again.pop(organisation_id, None)
        if not await self._parts.database.read(lambda unit: self._assignment.anybody_to_ring(unit, organisation_id)):
            return
        await self._assignment.ask_rules(organisation_id)
        done = await self._parts.database.run(lambda unit: self._assignment.offer_waiting(unit, organisation_id))
        if done.again_at is not None:
            self._look_again[organisation_id] = done.again_at

    async def _pause_seconds(self) -> float:
        """Return how long nothing will be due."""
        due_at = await self._parts.database.read(lambda unit: unit.sessions.next_due_at())
        next_at = min((at for at in (due_at, *self._look_again.values()) if at is not None), default=None)
        if next_at is None:
            return LONGEST_WAIT_SECONDS
        return min(max((next_at - self._parts.clock.now()).total_seconds(), 0.01), LONGEST_WAIT_SECONDS)
