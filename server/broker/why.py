"""Explain a session: why it rings where it rings, why it does not, and what comes by itself.

The rules that are shown are the very ones by which offers are made (`server.core.routing`), asked at this moment.
"""

from datetime import datetime, timedelta
from typing import Final

from server.broker.assignment import Assignment
from server.broker.parts import Parts
from server.broker.ports.records import Principal
from server.broker.ports.store import Unit
from server.core.callbacks import may_ring, rings_at
from server.core.deadlines import next_deadline
from server.core.errors import NotFoundError
from server.core.policy import Action, BookBack, CallOut, Expire, Notify, Overflow, Tell, Voicemail
from server.core.presence import Operator
from server.core.rings import rings_more_at
from server.core.routing import Case, verdicts
from server.core.session import IN_HAND_STATES, WAITING_STATES, Session, rung
from server.core.strategy import WORDS, Strategy
from server.wire.routing import Candidate, NextStep, RuleResult, WhyView
from server.wire.skills import in_words
from server.wire.terms import OrganisationId, SessionState
from server.wire.views import SessionView

_MOVES: Final = {
    SessionState.SCREENING: "the request is let through",
    SessionState.OFFERED: "the ring goes on to the next operator",
    SessionState.CONNECTING: "without audio it goes back to its place in the queue",
    SessionState.WRAP_UP: "the wrap-up ends by itself",
}


class Why:
    """What can be said about single sessions."""

    def __init__(self, parts: Parts, assignment: Assignment) -> None:
        """Ask `assignment` whom it would ring."""
        self._parts = parts
        self._assignment = assignment

    async def explain(self, principal: Principal, view: SessionView) -> WhyView:
        """Return why a session is where it is.

        Raises:
            NotFoundError: `no_such_session`: it is not there any more.
        """
        return await self._parts.database.read(lambda unit: self._explain(unit, principal.organisation_id, view))

    def _explain(self, unit: Unit, organisation_id: OrganisationId, view: SessionView) -> WhyView:
        session = unit.sessions.load(organisation_id, view.id)
        if session is None:
            raise NotFoundError("no_such_session", "There is no such session.", "Look at the queue for its number.")
        now = self._parts.clock.now()
        routing = self._parts.rules.of(session.queue).routing
        waits = session.state in WAITING_STATES
        operators = self._roster(unit, organisation_id)
        case, ranked = self._assignment.standing(unit, session, operators)
        return WhyView(
            session_id=session.id,
            number=view.number,
            state=session.state,
            queue=session.queue,
            summary=self._summary(session, view, operators, ranked),
            strategy=WORDS[routing.strategy],
            position=unit.sessions.ahead_of(session) + 1 if waits else 0,
            waited_seconds=(now - session.waiting_since).total_seconds() if waits else 0.0,
            needs=case.needs,
            candidates=tuple(_candidates(operators, ranked, case)) if waits else (),
            steps=tuple(self._steps(session, now)),
        )

    def _roster(self, unit: Unit, organisation_id: OrganisationId) -> list[Operator]:
        found = (unit.roster.load(organisation_id, one.id) for one in unit.views.operators(organisation_id))
        return [one for one in found if one is not None]

    def _summary(self, session: Session, view: SessionView, operators: list[Operator], ranked: list[Operator]) -> str:
        names = {one.id: one.name for one in operators}
        held_by = names.get(session.operator_id, "somebody") if session.operator_id else ""
        if session.state in IN_HAND_STATES:
            return f"{view.number} is in the hands of {held_by}."
        if session.state is SessionState.OFFERED:
            at = [names.get(who, "somebody") for who in rung(session)] or ["somebody"]
            return f"{view.number} rings at {' and '.join((', '.join(at[:-1]), at[-1]) if at[1:] else at)}."
        if session.state is not SessionState.QUEUED:
            return f"{view.number} is {session.state.replace('_', ' ')}: nobody is looked for."
        return f"{view.number} waits. {self._why_not(session, ranked)}"

    def _why_not(self, session: Session, ranked: list[Operator]) -> str:
        now = self._parts.clock.now()
        if not may_ring(session, self._parts.rules.of(session.queue), now):
            at = rings_at(session, self._parts.rules.of(session.queue), now)
            return (
                f"It is to be called back, not before {at:%Y-%m-%d %H:%M} UTC."
                if at
                else "Its time to be called is over."
            )
        strategy = self._parts.rules.of(session.queue).routing.strategy
        if strategy is Strategy.PULL or not self._parts.ring:
            return "This queue rings nobody: operators pick."
        if not ranked:
            return "Nobody may be rung for it now; see which rule stands in whose way."
        failed = " The rule of the house did not answer." if self._assignment.rule_failed(session.id) else ""
        return f"{ranked[0].name} is next, when those before it in the queue have been rung.{failed}"

    def _steps(self, session: Session, now: datetime) -> list[NextStep]:
        """Return what time brings, the next first."""
        rules = self._parts.rules.of(session.queue)
        found: list[NextStep] = []
        if session.state in WAITING_STATES:
            found += [
                NextStep(at=session.waiting_since + timedelta(seconds=step.after_seconds), what=_deed(step.action))
                for step in rules.policy.steps[session.policy_done :]
            ]
            found.append(NextStep(at=session.wait_expires_at, what=_deed(Expire())))
            waited = (now - session.waiting_since).total_seconds()
            eases = rules.routing.widens_after(session.skills, waited)
            if eases is not None:
                needs = in_words(rules.routing.needs(session.skills, eases))
                at = session.waiting_since + timedelta(seconds=eases)
                found.append(NextStep(at=at, what=f"lower levels do: the skills needed are then {needs}"))
            more_at = rings_more_at(session, rules.routing)
            if more_at is not None and rules.routing.strategy is Strategy.RING_PROGRESSIVELY:
                found.append(NextStep(at=more_at, what="it rings at one more, if somebody else may be rung"))
            if session.passed_at is not None and session.offered_to is None and rules.ring_again_seconds:
                at = session.passed_at + timedelta(seconds=rules.ring_again_seconds)
                found.append(NextStep(at=at, what="it rings again at those who let it pass"))
        deadline = next_deadline(session, rules)
        if deadline is not None and session.state in _MOVES:
            found.append(NextStep(at=deadline[0], what=_MOVES[session.state]))
        return sorted(found, key=lambda step: step.at)


def _candidates(operators: list[Operator], ranked: list[Operator], case: Case) -> list[Candidate]:
    places = {one.id: place for place, one in enumerate(ranked, 1)}
    found = [
        Candidate(
            operator_id=one.id,
            name=one.name,
            presence=one.presence,
            rules=tuple(
                RuleResult(rule=said.rule, passed=said.passed, words=said.words) for said in verdicts(one, case)
            ),
            place=places.get(one.id),
        )
        for one in operators
    ]
    return sorted(found, key=lambda one: (one.place is None, one.place or 0, one.name.casefold()))


def _deed(action: Action) -> str:  # noqa: PLR0911 - one for each action
    match action:
        case Tell(text=text):
            return f"the customer is told: {text}"
        case Notify(destinations=destinations):
            return f"a notice goes to {', '.join(destinations)}"
        case CallOut(to=to):
            return f"{to} is called, and the caller brought to them if they take it"
        case BookBack():
            return "who called from a known number is called back, at their place in the queue"
        case Overflow(queue=queue):
            return f"it goes on waiting in queue {queue}"
        case Voicemail():
            return "a caller is asked to leave a message; a chat waits on"
        case Expire():
            return "the wait ends: the customer goes back to the assistant"
