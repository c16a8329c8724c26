"""Days at the desk that nobody planned: random orders, hang-ups, lost headsets, absences, a worker away, restarts.

After every step the promises hold: nobody is in two calls, nobody waits without a deadline, who owns a conversation
and who hears whom follow from the session, and a console that followed the events shows what a new one would.
"""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.broker.feed import concerns_consoles
from server.core.calls import call_phase
from server.core.deadlines import next_deadline
from server.core.errors import HandoffError
from server.core.ownership import owner_of
from server.core.session import IN_HAND_STATES, Session
from server.media.admissions import RefusedError
from server.wire import commands as c
from server.wire.events import ConversationReturned, SessionEvent
from server.wire.terms import CallPhase, Medium, Owner, SessionState
from tests.scenario.test_feed import batch, shown
from tests.world import ORGANISATION, Customer, Person, World

pytestmark = pytest.mark.scenario

S = SessionState
STEPS = 60
ORDERS: list[tuple[type, dict[str, Any]]] = [
    (c.Accept, {}),
    (c.Accept, {}),
    (c.Accept, {}),
    (c.Decline, {}),
    (c.Mute, {"on": True}),
    (c.Mute, {"on": False}),
    (c.Hold, {"on": True}),
    (c.Hold, {"on": False}),
    (c.BackToAssistant, {"note": "agreed"}),
    (c.Resolve, {"hang_up": True}),
    (c.Resolve, {}),
    (c.End, {}),
    (c.Requeue, {"note": "for somebody else"}),
    (c.FollowUp, {"text": "ring back"}),
    (c.FinishWrapUp, {"note": "written"}),
    (c.Say, {"text": "Hello"}),
    (c.AddNote, {"text": "careful"}),
]


class Day:
    """One random day."""

    def __init__(self, desk: World, seed: int) -> None:
        self.desk = desk
        self.random = random.Random(seed)
        self.people: list[Person] = []
        self.customers: list[Customer] = []
        self.model = DeskModel()
        self.refused: Counter[str] = Counter()

    async def begin(self) -> None:
        self.model = update(self.model, await self.desk.snapshot())
        for name in ("ann", "ben", "cat"):
            self.people.append(await self.desk.operator(name))

    async def step(self) -> None:
        actions: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (4, self.customer_comes),
            (6, self.customer_asks),
            (22, self.order),
            (8, self.headset_comes),
            (3, self.headset_goes),
            (3, self.customer_leaves),
            (4, self.somebody_speaks),
            (3, self.person_comes_or_goes),
            (3, self.person_changes_presence),
            (5, self.time_passes),
            (1, self.worker_is_away_for_a_moment),
            (1, self.broker_restarts),
        ]
        weights = [weight for weight, _ in actions]
        [(_, action)] = self.random.choices(actions, weights)
        try:
            await action()
        except HandoffError as refusal:
            self.refused[refusal.code] += 1
        await self.desk.settle()

    def asked(self) -> list[Customer]:
        """Return the customers of whom there is a session."""
        known = {event.session.conversation_id for event in self.desk.told() if isinstance(event, SessionEvent)}
        return [customer for customer in self.customers if customer.id in known]

    async def customer_comes(self) -> None:
        if len(self.customers) < 8:
            name = f"Customer {len(self.customers)}"
            comes = self.desk.caller if self.random.random() < 0.6 else self.desk.chat
            self.customers.append(await comes(name))

    async def customer_asks(self) -> None:
        if self.customers:
            await self.random.choice(self.customers).asks_for_a_person(priority=self.random.choice([1, 5, 5]))

    async def order(self) -> None:
        """Give an order, mostly of somebody who may, sometimes at an older epoch."""
        if not (asked := self.asked()):
            return
        customer = self.random.choice(asked)
        session = await customer.session()
        owner = next((person for person in self.people if person.id == session.operator_id), None)
        person = owner if owner is not None and self.random.random() < 0.85 else self.random.choice(self.people)
        kind, rest = self.random.choice(ORDERS)
        epoch = session.epoch - (self.random.random() < 0.1)
        reply = await person.does(kind, customer, epoch=epoch, **rest)
        if reply.media is not None:
            person.grant = reply.media

    async def headset_comes(self) -> None:
        person = self.random.choice(self.people)
        if person.grant is not None:
            try:
                await person.opens_headset()
            except RefusedError:
                self.refused["token"] += 1
            person.grant = None

    async def headset_goes(self) -> None:
        person = self.random.choice(self.people)
        if person.leg is not None:
            await person.loses_headset()
            person.leg = None

    async def customer_leaves(self) -> None:
        if self.customers:
            await self.random.choice(self.customers).leaves()

    async def somebody_speaks(self) -> None:
        if self.customers:
            customer = self.random.choice(self.customers)
            await self.random.choice([customer.says, customer.assistant_says])("words")

    async def person_comes_or_goes(self) -> None:
        person = self.random.choice(self.people)
        await (person.goes() if person.connected else person.comes())

    async def person_changes_presence(self) -> None:
        person = self.random.choice(self.people)
        await self.random.choice([person.goes_away, person.goes_on_duty, person.goes_on_duty])()

    async def time_passes(self) -> None:
        await self.desk.later(self.random.choice([0.5, 3.0, 6.0, 20.0, 45.0]))

    async def worker_is_away_for_a_moment(self) -> None:
        self.desk.media.reachable = False
        try:
            await self.order()
        finally:
            self.desk.media.reachable = True
            await self.desk.later(11)

    async def broker_restarts(self) -> None:
        await self.desk.restart(after_seconds=self.random.choice([0.0, 2.0, 8.0]))

    # What must hold

    async def check(self) -> None:
        rows = await self.rows()
        self.check_people(rows)
        for row in rows:
            self.check_deadline(row)
        for customer in self.customers:
            await self.check_customer(customer, [row for row in rows if row.conversation_id == customer.id])
        await self.check_console()
        assert await self.desk.jobs() == 0

    async def rows(self) -> list[Session]:
        views = (await self.desk.snapshot()).sessions

        def load(unit: Any) -> list[Session]:
            return [unit.sessions.load(ORGANISATION, view.id) for view in views]

        return await self.desk.database.read(load)

    def check_people(self, rows: list[Session]) -> None:
        calls = Counter(row.operator_id for row in rows if row.state in IN_HAND_STATES and row.medium is Medium.VOICE)
        rings = Counter(row.offered_to for row in rows if row.state is S.OFFERED)
        assert not [who for who, count in (calls + Counter()).items() if count > 1], "somebody is in two calls"
        assert not [who for who, count in rings.items() if count > 1], "somebody is rung twice at once"
        there = {person.id for person in self.people if person.connected}
        assert set(rings) <= there, "somebody is rung who is not there"

    def check_deadline(self, row: Session) -> None:
        deadline = next_deadline(row, self.desk.rules)
        if row.state in {S.ACTIVE, S.HELD} and row.operator_lost_at is None:
            assert deadline is None
            return
        assert deadline is not None
        assert deadline[0] > self.desk.clock.now(), "a deadline has passed and nothing happened"

    async def check_customer(self, customer: Customer, rows: list[Session]) -> None:
        conversation = await customer.conversation()
        open_ones = [row for row in rows if row.state is not S.WRAP_UP]
        assert len(open_ones) <= 1
        assert conversation.owner is owner_of(open_ones[0] if open_ones else None)
        if conversation.ended_at is not None:
            assert not open_ones, "a customer who left still waits"
            assert conversation.owner is Owner.ASSISTANT
        call = self.desk.media._calls.get(customer.id)
        if call is None:
            return
        if conversation.ended_at is not None:
            assert not call.legs, "a leg was left behind"
        elif open_ones:
            row = open_ones[0]
            assert (call._plan.phase, call._plan.epoch) == (call_phase(row), row.epoch) or not self._planned(row)
            if customer.hears == "operator":
                assert row.state is S.ACTIVE
                assert not row.muted
        else:
            assert customer.hears == "assistant"

    @staticmethod
    def _planned(row: Session) -> bool:
        """Tell whether the worker must have heard of this session: the first wait orders nothing of a call."""
        return row.accepted_at is not None or call_phase(row) is not CallPhase.ASSISTANT

    async def check_console(self) -> None:
        new = await self.desk.snapshot()
        since = [fed.event for fed in self.desk.events if fed.event.seq > self.model.seq]
        told = [event for event in since if concerns_consoles(event)]
        self.model = update(self.model, batch(told, self.model.seq + 1, new.seq, self.desk))
        assert not self.model.resync_wanted
        assert shown(self.model) == shown(update(DeskModel(), new))

    async def end(self) -> None:
        """Let everybody leave and the day run out; nothing may be left."""
        for customer in self.customers:
            await customer.leaves()
        await self.desk.later(200)
        await self.check()
        assert (await self.desk.snapshot()).sessions == ()
        events = [fed.event for fed in self.desk.events]
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        opened = {event.session.id for event in events if isinstance(event, SessionEvent)}
        page = await self.desk.database.read(lambda unit: unit.views.history(ORGANISATION, "", 500))
        assert {view.id for view in page.sessions} == opened, "every session that was opened has ended"
        assert sorted(int(view.number[2:]) for view in page.sessions) == list(range(1, len(opened) + 1))
        assert all(view.outcome is not None and view.closed_at is not None for view in page.sessions)
        returns = Counter(event.session.id for event in events if isinstance(event, ConversationReturned))
        assert returns == Counter(opened), "the assistant hears of each end exactly once"
        assert [person for person in self.people if (await person.view()).sessions] == []


@pytest.mark.parametrize("seed", range(6))
async def test_a_random_day_keeps_every_promise(seed: int, tmp_path: Path) -> None:
    async with World(f"sqlite:///{tmp_path / 'desk.db'}") as desk:
        day = Day(desk, seed)
        await day.begin()
        for _ in range(STEPS):
            await day.step()
            await day.check()
        await day.end()
        assert not {"concurrent_change", "database_unavailable"} & set(day.refused)
