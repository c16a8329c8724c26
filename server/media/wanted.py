"""Remember what the broker wants of its media worker, so that a new worker can be told all of it.

Pure but for its own memory: time is handed in.
"""

from typing import Final

import msgspec

from server.broker.ports.media import Admission, CallPlan, CallState, LegDown, LegUp, MediaFact
from server.wire.terms import CallPhase, ConversationId, LegId

MOST_PLANS: Final = 50_000
"""Plans kept; the one that was said longest ago goes first."""


class Wanted:
    """The plans in force, the tokens still good, and the legs known to be up."""

    def __init__(self) -> None:
        self._plans: Final[dict[ConversationId, CallPlan]] = {}
        self._admissions: Final[dict[LegId, tuple[Admission, float]]] = {}
        self._legs: Final[dict[LegId, LegUp]] = {}

    def admission(self, admission: Admission, now: float) -> None:
        """Keep a token until its leg is up or its time is over."""
        for leg_id in [leg_id for leg_id, (_, expires_at) in self._admissions.items() if now >= expires_at]:
            del self._admissions[leg_id]
        self._admissions[admission.leg_id] = (admission, now + admission.expires_in_seconds)

    def plan(self, plan: CallPlan) -> None:
        """Keep the newest plan of a call."""
        kept = self._plans.pop(plan.call_id, None)
        older = kept is not None and (plan.epoch, plan.version) < (kept.epoch, kept.version)
        self._plans[plan.call_id] = kept if older and kept is not None else plan
        if len(self._plans) > MOST_PLANS:
            del self._plans[next(iter(self._plans))]

    def ended(self, plan: CallPlan) -> None:
        """Forget a call whose end the worker knows."""
        if self._plans.get(plan.call_id) == plan:
            del self._plans[plan.call_id]

    def fact(self, fact: MediaFact) -> None:
        """Follow which legs are up; a call that nobody is in and nobody plans anything for is forgotten."""
        match fact:
            case LegUp():
                self._legs[fact.leg_id] = fact
                self._admissions.pop(fact.leg_id, None)
            case LegDown():
                self._legs.pop(fact.leg_id, None)
                self._forget_idle(fact.call_id)
            case _:
                pass

    def states(self, calls: tuple[CallState, ...]) -> None:
        """Take over which legs a worker says are up."""
        self._legs.clear()
        for call in calls:
            for leg in call.legs:
                self.fact(leg)

    def to_tell(self, now: float) -> tuple[Admission | CallPlan, ...]:
        """Return all that a new worker must be told, in order."""
        admissions = tuple(
            msgspec.structs.replace(admission, expires_in_seconds=expires_at - now)
            for admission, expires_at in self._admissions.values()
            if expires_at > now
        )
        return (*self._plans.values(), *admissions)

    def lost_legs(self) -> tuple[LegDown, ...]:
        """Return the end of every leg that was up, for a worker that died with them."""
        return tuple(
            LegDown(
                call_id=leg.call_id,
                leg_id=leg.leg_id,
                role=leg.role,
                epoch=leg.epoch,
                clean=False,
                reason="worker_lost",
            )
            for leg in self._legs.values()
        )

    def _forget_idle(self, call_id: ConversationId) -> None:
        plan = self._plans.get(call_id)
        if plan is not None and plan.phase in {CallPhase.ASSISTANT, CallPhase.TARGET}:
            busy = any(leg.call_id == call_id for leg in self._legs.values())
            if not busy:
                del self._plans[call_id]
