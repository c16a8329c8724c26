"""Offer waiting sessions: ring one operator at a time, or several, in the queue's order; all others may still pick.

Whom to ring is the queue's strategy. A rule of the house is asked before the transaction begins, in a bounded time.

Before: a session waits, or an operator became free. After: the offer is accepted, declined, or lapses by its deadline.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from server.broker import road
from server.broker.parts import Parts
from server.broker.ports.router import Router, RouterCandidate, RouterQuestion
from server.broker.ports.store import Unit
from server.core import inputs
from server.core.callbacks import may_ring, rings_at
from server.core.candidates import Candidates
from server.core.errors import ProviderError
from server.core.presence import Operator
from server.core.ranking import ranked
from server.core.rings import rings_more_at, to_ring
from server.core.routing import Case, Facts, InHand
from server.core.session import Session, label
from server.core.strategy import Strategy
from server.log import get_log
from server.wire.terms import Medium, OperatorId, OrganisationId, SessionId, SessionState

MOST_CANDIDATES: Final = 200
"""How deep into the queue one round looks where its queues ring several operators at once."""
DEPTHS: Final = (8, 64, 512, 2000)
"""How deep it looks else, step by step while somebody is free whom nobody so far suits."""
MOST_ASKED: Final = 8
"""For how many sessions the rules of the house are asked in one round."""
ANSWER_HOLDS_SECONDS: Final = 10.0
"""How long an answer of a rule of the house is used."""
FIGURES_HOLD_SECONDS: Final = 60.0
"""How long handle times and scores are used before they are added up again."""
FIGURES_DAYS: Final = 7
"""How far back they go."""
_log = get_log(__name__)

Named = tuple[datetime, tuple[OperatorId, ...] | None]
"""When a rule of the house was asked, and whom it named; None: it failed."""
Figures = Mapping[OperatorId, float]
"""A figure by operator."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of offers did, and when another would differ though nothing is committed meanwhile."""

    offers: int
    again_at: datetime | None = None


class Assignment:
    """Who is rung for what."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts."""
        self._parts = parts
        self._named: dict[SessionId, Named] = {}
        rules = (parts.rules, *parts.rules.queues.values())
        self._rings_several: Final = any(one.routing.rings_several for one in rules)
        self._figures: dict[tuple[Strategy, OrganisationId], tuple[datetime, Figures]] = {}

    def anybody_to_ring(self, unit: Unit, organisation_id: OrganisationId) -> bool:
        """Tell, cheaply, whether a round of offers could do anything."""
        waits = unit.sessions.queued(organisation_id, 1)
        rings = self._rings_several and unit.sessions.ringing(organisation_id, 1)
        return bool(waits or rings) and bool(unit.roster.on_duty(organisation_id))

    async def ask_rules(self, organisation_id: OrganisationId) -> None:
        """Ask the rules of the house about waiting sessions whose answer is not known, or old."""
        if not self._parts.routers:
            return
        questions = await self._parts.database.read(lambda unit: self._questions(unit, organisation_id))
        await asyncio.gather(*(self._ask(router, question) for router, question in questions))

    def _questions(self, unit: Unit, organisation_id: OrganisationId) -> list[tuple[Router, RouterQuestion]]:
        now = self._parts.clock.now()
        queued = unit.sessions.queued(organisation_id, MOST_CANDIDATES)
        waiting = {session.id for session in queued}
        fresh = now - timedelta(seconds=ANSWER_HOLDS_SECONDS)
        self._named = {one: named for one, named in self._named.items() if one in waiting and named[0] > fresh}
        found: list[tuple[Router, RouterQuestion]] = []
        operators, in_hand = list(unit.roster.on_duty(organisation_id)), unit.sessions.in_hand(organisation_id)
        for session in queued:
            router = self._parts.routers.get(session.queue)
            if router is None or session.id in self._named or len(found) >= MOST_ASKED:
                continue
            case = self._case(session, in_hand, now)
            free = ranked(Strategy.LONGEST_IDLE, operators, case, Facts())
            if free:
                found.append((router, _question(unit, case, free)))
        return found

    async def _ask(self, router: Router, question: RouterQuestion) -> None:
        asked_at = self._parts.clock.now()
        try:
            named: tuple[OperatorId, ...] | None = await router.name(question)
        except ProviderError as error:
            _log.warning("router_failed", code=error.code, queue=question.queue, session_id=question.session_id)
            named = None
        self._named[question.session_id] = (asked_at, named)

    def offer_waiting(self, unit: Unit, organisation_id: OrganisationId) -> Round:
        """Ring free operators for waiting sessions."""
        began = self._parts.clock.monotonic()
        done = self._offer(unit, organisation_id)
        seconds = self._parts.clock.monotonic() - began
        unit.after_commit(lambda: self._parts.measures.routed(seconds, done.offers))
        return done

    def _offer(self, unit: Unit, organisation_id: OrganisationId) -> Round:
        operators = list(unit.roster.on_duty(organisation_id))
        in_hand: dict[OperatorId, dict[Medium, int]] = {
            who: dict(counts) for who, counts in unit.sessions.in_hand(organisation_id).items()
        }
        now = self._parts.clock.now()
        rests = [one.rests_until for one in operators if one.rests_until is not None and one.rests_until > now]
        offers, again_at = 0, min(rests, default=None)
        candidates = Candidates(operators, in_hand, now, unit.sessions.rung(organisation_id))
        for session in self._to_offer(unit, organisation_id, candidates):
            if not may_ring(session, self._parts.rules.of(session.queue), now):
                again_at = _sooner(again_at, rings_at(session, self._parts.rules.of(session.queue), now))
                continue
            case = self._case(session, in_hand, now)
            chosen = self._free_for(unit, case, candidates)
            for one in chosen:
                road.apply(unit, self._parts, organisation_id, session.id, inputs.OfferMade(one.id))
                candidates.leave(one.id)
            offers += len(chosen)
            again_at = _sooner(again_at, self._looks_again_at(session, now, rings=bool(chosen)))
            if candidates.none:
                break
        return Round(offers, again_at)

    def _to_offer(self, unit: Unit, organisation_id: OrganisationId, candidates: Candidates) -> Iterator[Session]:
        """Yield who waits, and who rings at somebody and may ring at more, in the order of the queue.

        Deeper into the queue only while somebody is free whom nobody at the front of it suits.
        """
        if self._rings_several:
            yield from self._with_rings(unit, organisation_id)
            return
        asked: set[SessionId] = set()
        hopeless: list[Session] = []
        for depth in DEPTHS:
            found = unit.sessions.queued(organisation_id, depth, hopeless)
            for session in found:
                if session.id not in asked:
                    asked.add(session.id)
                    yield session
                    if candidates.none:
                        return
            if len(found) < depth:
                return
            hopeless += [one for one in found if self._suits_nobody(one, candidates)]

    def _suits_nobody(self, session: Session, candidates: Candidates) -> bool:
        """Tell whether sessions like this one need not be looked at in this round, however long they have waited."""
        routing = self._parts.rules.of(session.queue).routing
        case = Case(session, routing.needs(session.skills, float("inf")), candidates.in_hand, candidates.at)
        return routing.strategy is Strategy.PULL or not candidates.anybody_for(case)

    def _with_rings(self, unit: Unit, organisation_id: OrganisationId) -> Sequence[Session]:
        queued = unit.sessions.queued(organisation_id, MOST_CANDIDATES)
        rings = [
            one
            for one in unit.sessions.ringing(organisation_id, MOST_CANDIDATES)
            if self._parts.rules.of(one.queue).routing.rings_several
        ]
        return sorted((*queued, *rings), key=lambda one: (one.priority, one.queued_at, one.number))

    def standing(self, unit: Unit, session: Session, operators: list[Operator]) -> tuple[Case, list[Operator]]:
        """Return how a session stands now, and who may be rung for it, in the order of its queue's strategy."""
        now = self._parts.clock.now()
        case = self._case(session, unit.sessions.in_hand(session.organisation_id), now)
        strategy = self._parts.rules.of(session.queue).routing.strategy
        return case, ranked(strategy, operators, case, self._facts(unit, session, strategy))

    def rule_failed(self, session_id: SessionId) -> bool:
        """Tell whether the rule of the house was asked about a session and gave no answer that makes sense."""
        return session_id in self._named and self._named[session_id][1] is None

    def _case(self, session: Session, in_hand: InHand, now: datetime) -> Case:
        routing = self._parts.rules.of(session.queue).routing
        waited = (now - session.waiting_since).total_seconds()
        return Case(session, routing.needs(session.skills, waited), in_hand, now)

    def _looks_again_at(self, session: Session, now: datetime, *, rings: bool) -> datetime | None:
        """Return when another round would do something else for a session though nothing has happened."""
        routing = self._parts.rules.of(session.queue).routing
        if routing.strategy is Strategy.RING_PROGRESSIVELY:
            more = timedelta(seconds=routing.ring_more_seconds)
            at = now + more if rings else rings_more_at(session, routing)
            if at is not None and at > now:
                return at
        return None if rings else self._widens_at(session, now)

    def _widens_at(self, session: Session, now: datetime) -> datetime | None:
        routing = self._parts.rules.of(session.queue).routing
        waited = (now - session.waiting_since).total_seconds()
        seconds = routing.widens_after(session.skills, waited)
        return None if seconds is None else session.waiting_since + timedelta(seconds=seconds)

    def _free_for(self, unit: Unit, case: Case, candidates: Candidates) -> list[Operator]:
        """Return whom to ring; one ring at a time for each person, also where another broker rings them just now."""
        routing = self._parts.rules.of(case.session.queue).routing
        if routing.rings_several:
            free = [one for one in candidates.ranked(routing.strategy, case, Facts()) if not _is_rung(unit, one)]
            wanted = to_ring(case.session, routing, [one.id for one in free], case.at)
            return [one for one in free if one.id in wanted]
        facts = self._facts(unit, case.session, routing.strategy)
        while (chosen := candidates.first(routing.strategy, case, facts)) is not None:
            if not _is_rung(unit, chosen):
                return [chosen]
            candidates.leave(chosen.id)
        return []

    def _facts(self, unit: Unit, session: Session, strategy: Strategy) -> Facts:
        """Return what the strategy goes by, and nothing else: it costs a query."""
        match strategy:
            case Strategy.LOWEST_HANDLE_TIME:
                read = unit.figures.handle_seconds
                return Facts(handle_seconds=self._held(strategy, session.organisation_id, read))
            case Strategy.HIGHEST_SCORE:
                return Facts(score=self._held(strategy, session.organisation_id, unit.figures.mean_scores))
            case Strategy.LAST_OPERATOR:
                return Facts(last=unit.sessions.last_operator(session))
            case Strategy.HTTP:
                return Facts(named=self._named.get(session.id, (None, None))[1])
            case _:
                return Facts()

    def _held(
        self,
        strategy: Strategy,
        organisation_id: OrganisationId,
        read: Callable[[OrganisationId, datetime], Figures],
    ) -> Figures:
        """Return figures of the last days; they are added up again once a minute at most."""
        now = self._parts.clock.now()
        known = self._figures.get((strategy, organisation_id))
        if known is not None and (now - known[0]).total_seconds() < FIGURES_HOLD_SECONDS:
            return known[1]
        figures = read(organisation_id, now - timedelta(days=FIGURES_DAYS))
        self._figures[strategy, organisation_id] = (now, figures)
        return figures


def _question(unit: Unit, case: Case, free: list[Operator]) -> RouterQuestion:
    session = case.session
    conversation = unit.conversations.load(session.organisation_id, session.conversation_id)
    return RouterQuestion(
        session_id=session.id,
        number=label(session.number),
        queue=session.queue,
        medium=session.medium,
        priority=session.priority,
        waited_seconds=(case.at - session.waiting_since).total_seconds(),
        skills=case.needs,
        attributes={} if conversation is None else conversation.attributes,
        candidates=tuple(
            RouterCandidate(
                id=one.id,
                name=one.name,
                skills=one.skills,
                in_hand=sum(case.in_hand.get(one.id, {}).values()),
                idle_since=one.idle_since,
            )
            for one in free
        ),
    )


def _is_rung(unit: Unit, operator: Operator) -> bool:
    held = unit.sessions.held_by(operator.organisation_id, operator.id)
    return any(other.state is SessionState.OFFERED for other in held)


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)
