"""Be a desk in virtual time: the core's machine, deadlines, presence and routing, with made-up people around them.

What is decided is decided by `server.core`, exactly as the broker has it decided; this module keeps what the database
keeps there. Before: calls and shifts. After: a row of each handoff, as reports read them, and what the notices were.
"""

import heapq
import random
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from server.core import inputs as i
from server.core.deadlines import next_deadline
from server.core.errors import ConflictError
from server.core.machine import step
from server.core.presence import Operator, choose
from server.core.ranking import first, ranked
from server.core.replacing import replace
from server.core.rings import rings_more_at, rung_in, to_ring
from server.core.routing import Case, Facts
from server.core.session import IN_HAND_STATES, Rules, Session, rung
from server.core.strategy import Routing, Strategy
from server.rehearsal.crew import Crew
from server.rehearsal.people import RELIABLE, People
from server.rehearsal.played import Played
from server.rehearsal.rows import ORGANISATION, begun, row_of
from server.rehearsal.traffic import NEVER, Call, Shift
from server.wire.terms import (
    OperatorId,
    Presence,
    Role,
    SessionId,
    SessionState,
)

MOST_CANDIDATES: Final = 200
"""How deep into the queue one round looks, as in the broker."""
AWAY_SECONDS: Final = 300.0
_HOLDS: Final = IN_HAND_STATES | {SessionState.WRAP_UP}

Place = tuple[int, datetime, int, SessionId]
"""What the queue is sorted by: priority, instant, number."""
Job = tuple[datetime, int, Callable[[], None]]
"""What happens when; the number keeps the order of what happens at once."""


class RehearsedDesk:
    """One desk and its day."""

    def __init__(self, rules: Rules, people: People = RELIABLE, *, seed: int = 1) -> None:
        """Work by these rules; the same seed gives the same day."""
        self._rules: Final = rules
        self._people: Final = people
        self._chance: Final = random.Random(seed)  # noqa: S311 - a made-up day, the same each time
        self.played: Final = Played()
        self._jobs: list[Job] = []
        self._made = 0
        self._open: dict[SessionId, Session] = {}
        self._calls: dict[SessionId, Call] = {}
        self._rings: Counter[SessionId] = Counter()
        self._waiting: list[Place] = []
        self._several: set[SessionId] = set()
        self._crew = Crew()
        self._handled: dict[OperatorId, tuple[float, int]] = {}
        self._last: dict[str, OperatorId] = {}
        self._look = False
        self._up_again: datetime | None = None
        self.now = datetime.min.replace(tzinfo=UTC)

    def run(
        self, calls: Iterable[Call], shifts: Sequence[Shift], progress: Callable[[int], None] = lambda _: None
    ) -> Played:
        """Play everything to its end and return what it came to; `progress` is told how many calls have come."""
        for number, shift in enumerate(shifts, start=1):
            who = OperatorId(f"op_{number}")
            self._at(shift.begin, partial(self._comes, who, shift))
            self._at(shift.end, partial(self._goes, who))
        coming = iter(calls)
        call = next(coming, None)
        if call is not None and self._people.outage_every_seconds:
            self._at(call.at + timedelta(seconds=self._people.outage_every_seconds), self._fail)
        taken = 0
        while call is not None or self._jobs:
            if call is not None and (not self._jobs or call.at <= self._jobs[0][0]):
                self.now = call.at
                taken += 1
                self._asks(call, taken)
                progress(taken)
                call = next(coming, None)
            else:
                self.now, _, job = heapq.heappop(self._jobs)
                job()
            if self._look or self._crew.changed:
                self._offer()
            if call is None and not self._open:
                break
        self.played.stuck = list(self._open.values())
        return self.played

    # Time

    def _at(self, at: datetime, job: Callable[[], None]) -> None:
        self._made += 1
        heapq.heappush(self._jobs, (at, self._made, job))

    def _in(self, seconds: float, job: Callable[[], None]) -> None:
        self._at(self.now + timedelta(seconds=seconds), job)

    def _fail(self) -> None:
        """Let the broker be away for a while: deadlines that fall due meanwhile are met when it is back."""
        self._up_again = self.now + timedelta(seconds=self._people.outage_seconds)
        if self._open:
            self._in(self._people.outage_every_seconds, self._fail)

    def _chanced(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share

    # Customers

    def _asks(self, call: Call, number: int) -> None:
        """Begin a session as intake does, let through by the guard."""
        session = begun(call, number, self._rules.of(call.queue), self.now)
        self._open[session.id] = session
        self._calls[session.id] = call
        self._happens(session.id, i.ScreeningPassed())
        if call.patience_seconds != NEVER:
            self._in(call.patience_seconds, lambda: self._runs_out_of_patience(session.id))

    def _runs_out_of_patience(self, session_id: SessionId) -> None:
        session = self._open.get(session_id)
        if session is not None and session.active_at is None:
            self._happens(session_id, i.CustomerLeft())

    # Operators

    def _comes(self, who: OperatorId, shift: Shift) -> None:
        self._crew.put(
            Operator(
                id=who,
                organisation_id=ORGANISATION,
                name=shift.name,
                role=Role.OPERATOR,
                presence=Presence.AVAILABLE,
                since=self.now,
                idle_since=self.now,
                connected=True,
                capacity_voice=shift.calls,
                capacity_chat=shift.chats,
                skills=shift.skills,
            )
        )

    def _goes(self, who: OperatorId) -> None:
        self._crew.put(
            choose(self._crew.operators[who], Presence.OFFLINE, "", in_hand=self._crew.count(who), now=self.now)
        )

    # The machine

    def _happens(self, session_id: SessionId, fact: i.Input) -> None:
        """Let a fact happen to a session, as the road does; what lost a race, or is refused, changes nothing."""
        session = self._open.get(session_id)
        if session is None:
            return
        rules = self._rules.of(session.queue)
        self.played.steps += 1
        try:
            done = step(session, fact, rules, self.now)
        except ConflictError:
            return
        if done.changed:
            self._open[session_id] = done.session
            self.played.take(done.effects)
            self._move(session, done.session)
            rings = rung_in(session, done.session, fact)
            for gone in self._crew.note_ring(rings, fact, rules, self.now):
                self._in(AWAY_SECONDS, partial(self._back, gone))
            self._follow(session, done.session)
        if self._chanced(self._people.late):
            self._in(self._chance.random() * 20, lambda: self._happens(session_id, fact))

    def _move(self, before: Session, after: Session) -> None:
        """Keep the queue, the work in hand and the next deadline in line with the session."""
        if before.state is SessionState.QUEUED:
            del self._waiting[bisect_left(self._waiting, _place(before))]
        if after.state is SessionState.QUEUED:
            insort(self._waiting, _place(after))
            self._look = True
        several = self._rules.of(after.queue).routing.rings_several and after.state is SessionState.OFFERED
        (self._several.add if several else self._several.discard)(after.id)
        held_before, held_after = _holder(before), _holder(after)
        if held_before != held_after:
            self._crew.hold(held_before, before.medium, -1)
            self._crew.hold(held_after, after.medium, 1)
        rang, rings = rung(before), rung(after)
        self._crew.ringing.difference_update(rang)
        self._crew.ringing.update(rings)
        for who in {held_before, held_after, *rang, *rings}:
            if who is not None:
                self._crew.refresh(who, self.now if who == before.operator_id else None)
        deadline = next_deadline(after, self._rules.of(after.queue))
        if deadline is not None:
            self._at(deadline[0], lambda: self._due(after.id, after.version))

    def _due(self, session_id: SessionId, version: int) -> None:
        """Meet a deadline, unless the session has moved on; while the broker is away it waits."""
        session = self._open.get(session_id)
        if session is None or session.version != version:
            return
        if self._up_again is not None and self.now < self._up_again:
            self._at(self._up_again, lambda: self._due(session_id, version))
            return
        deadline = next_deadline(session, self._rules.of(session.queue))
        if deadline is None:
            return
        fact = deadline[1]
        if isinstance(fact, i.PolicyDue):
            fact = replace(fact, on_duty=self._crew.on_duty > 0)
        self._happens(session_id, fact)

    def _back(self, who: OperatorId) -> None:
        if self._crew.operators[who].presence is Presence.AWAY:
            self._crew.turn(who, Presence.AVAILABLE, self.now)

    # What people do next

    def _follow(self, before: Session, after: Session) -> None:
        """Let people act on what the session has become."""
        for who in _newly_rung(before, after):
            self._rung(after, who)
        if before.state is after.state:
            return
        match after.state:
            case SessionState.CONNECTING:
                if not self._chanced(self._people.no_bridge):
                    self._in(self._people.bridge_seconds, lambda: self._happens(after.id, i.MediaBridged(after.epoch)))
            case SessionState.ACTIVE:
                self._talks(after)
            case SessionState.WRAP_UP:
                self._writes_up(after)
            case SessionState.CLOSED:
                self._over(after)
            case _:
                pass

    def _rung(self, session: Session, who: OperatorId) -> None:
        self._rings[session.id] += 1
        if self._chanced(self._people.misses):
            return
        accepts = not self._chanced(self._people.declines)
        fact = i.OperatorAccepted(who, session.epoch) if accepts else i.OfferDeclined(who)
        self._in(self._people.answer_seconds, lambda: self._happens(session.id, fact))

    def _talks(self, session: Session) -> None:
        """Let a talk go its way: to its end, or to whatever comes in between."""
        people, who, epoch = self._people, session.operator_id, session.epoch
        call = self._calls[session.id]
        if who is None:
            return
        if call.customer:
            self._last[call.customer] = who
        end: i.Input = i.OperatorResolved(who, epoch)
        if self._chanced(people.passes_on):
            end = i.OperatorRequeued(who, epoch)
        elif self._chanced(people.hangs_up):
            end = i.CustomerLeft()
        self._in(call.talk_seconds, lambda: self._happens(session.id, end))
        if self._chanced(people.drops):
            at = self._chance.random() * call.talk_seconds
            self._in(at, lambda: self._happens(session.id, i.OperatorLost(epoch)))
            if self._chanced(people.returns):
                self._in(at + 5, lambda: self._happens(session.id, i.OperatorBack(epoch)))

    def _writes_up(self, session: Session) -> None:
        who = session.operator_id
        if who is None:
            return
        if self._people.wrap_seconds < self._rules.of(session.queue).wrap_up_seconds:
            fact = i.WrapUpFinished(who, session.epoch)
            self._in(self._people.wrap_seconds, lambda: self._happens(session.id, fact))
        if self._chanced(self._people.walks_away):
            self._crew.put(
                choose(self._crew.operators[who], Presence.AWAY, "break", in_hand=self._crew.count(who), now=self.now)
            )
            self._in(AWAY_SECONDS, lambda: self._back(who))

    def _over(self, session: Session) -> None:
        """Write the handoff down, and forget it."""
        row = row_of(session, self._rings.pop(session.id, 0))
        if row.handle_seconds is not None and row.operator_id is not None:
            seconds, count = self._handled.get(row.operator_id, (0.0, 0))
            self._handled[row.operator_id] = seconds + row.handle_seconds, count + 1
        if row.outcome is None:
            return  # it stays open, and is found stuck
        self.played.rows.append(row)
        del self._open[session.id], self._calls[session.id]

    # Routing

    def _offer(self) -> None:
        """Ring free operators for waiting sessions, as `server.broker.assignment` does."""
        self._look = self._crew.changed = False
        if self._up_again is not None and self.now < self._up_again:
            self._at(self._up_again, self._look_again)
            return
        free = list(self._crew.free.values())
        again = [one.rests_until for one in free if one.rests_until is not None and one.rests_until > self.now]
        for session in self._to_offer():
            if not free:
                break
            session_id = session.id
            routing = self._rules.of(session.queue).routing
            waited = (self.now - session.waiting_since).total_seconds()
            case = Case(session, routing.needs(session.skills, waited), self._crew.in_hand, self.now)
            if routing.rings_several:
                again += self._ring_several(case, routing, free)
                continue
            chosen = first(routing.strategy, free, case, self._facts(routing.strategy, session))
            if chosen is None:
                widens = routing.widens_after(session.skills, waited)
                if widens is not None:
                    again.append(session.waiting_since + timedelta(seconds=widens))
                continue
            free.remove(chosen)
            self._happens(session_id, i.OfferMade(chosen.id))
        if again:
            self._at(min(again), self._look_again)

    def _to_offer(self) -> list[Session]:
        """Return who waits, and who rings and may ring at more, in the order of the queue."""
        waiting = self._waiting[:MOST_CANDIDATES]
        if self._several:
            waiting = sorted((*waiting, *(_place(self._open[one]) for one in self._several)))
        return [self._open[place[-1]] for place in waiting]

    def _ring_several(self, case: Case, routing: Routing, free: list[Operator]) -> list[datetime]:
        """Ring at everybody, or at one more; return when to look again."""
        found = {one.id: one for one in ranked(routing.strategy, free, case, Facts())}
        wanted = to_ring(case.session, routing, list(found), self.now)
        for who in wanted:
            free.remove(found[who])
            self._happens(case.session.id, i.OfferMade(who))
        if routing.strategy is Strategy.RING_ALL:
            return []
        if wanted:
            return [self.now + timedelta(seconds=routing.ring_more_seconds)]
        at = rings_more_at(case.session, routing)
        return [at] if at is not None and at > self.now else []

    def _look_again(self) -> None:
        self._look = True

    def _facts(self, strategy: Strategy, session: Session) -> Facts:
        match strategy:
            case Strategy.LOWEST_HANDLE_TIME:
                return Facts(handle_seconds={who: total / count for who, (total, count) in self._handled.items()})
            case Strategy.LAST_OPERATOR:
                return Facts(last=self._last.get(self._calls[session.id].customer))
            case _:
                return Facts()


def _place(session: Session) -> Place:
    return session.priority, session.queued_at, session.number, session.id


def _newly_rung(before: Session, after: Session) -> list[OperatorId]:
    """Return at whom it rings since this step."""
    rang = rung(before)
    return [who for who in rung(after) if who not in rang]


def _holder(session: Session) -> OperatorId | None:
    """Return who has the session in hand, or writes it up."""
    return session.operator_id if session.state in _HOLDS else None
