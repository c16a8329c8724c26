"""Play whole handoffs in virtual time: a real broker on a real database, with calls in memory and a clock of our own.

    async with World() as desk:
        ann = await desk.operator("ann")
        call = await desk.caller("Mrs Fields")
        await call.asks_for_a_person("wants a refund")
        await ann.accept(call)

Nothing here sleeps: `settle` lets everything that can run do so, and `later` moves the clock from one waiting task to
the next. The broker can be stopped and started again on the same database while the calls live on.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any, Final, Self

from server.broker.broker import Broker
from server.broker.feed import FeedBatch, Subscription
from server.broker.parts import NOTICES, Parts
from server.broker.ports.records import Credential, Fed, Principal
from server.broker.ports.store import Unit
from server.broker.road import SYNC_CALL
from server.clock import ManualClock
from server.core.errors import HandoffError
from server.core.files import FileRules
from server.core.presence import Operator
from server.core.session import Rules, Session
from server.media.loopback import LoopbackLeg, LoopbackMedia
from server.storage.database import SqlDatabase
from server.understanding.actions import read_actions
from server.understanding.card import CardWriter
from server.understanding.redactor import PolicyRedactor
from server.wire import commands as c
from server.wire.events import Event
from server.wire.frames import Reply, Snapshot
from server.wire.requests import NewConversation, NewHandoff, NewLeg, NewMessage
from server.wire.terms import (
    Author,
    ConversationId,
    LegRole,
    Medium,
    OperatorId,
    OrganisationId,
    Presence,
    Role,
    SessionState,
)
from server.wire.views import Context, ConversationView, MediaGrant, MessageView, OperatorView, SessionView
from tests.fakes.dial_guard import OpenGuard
from tests.fakes.memory_files import MemoryFiles
from tests.watched_database import WatchedDatabase

ORGANISATION: Final = OrganisationId("o_desk")
RULES: Final = Rules(wait_expires_seconds=90.0)
"""As shipped, with a shorter wait so that a whole wait is a moment's work."""


class World:
    """One desk: organisation `o_desk`, one assistant's key, operators and customers as a test needs them."""

    def __init__(self, url: str = "sqlite://", *, rules: Rules = RULES, ring: bool = True, **parts: Any) -> None:
        self.cards = CardWriter(read_actions())
        self.url, self.rules, self.ring, self.parts = url, rules, ring, parts
        self.clock = ManualClock()
        self.media = LoopbackMedia(self.clock)
        self.files = MemoryFiles()
        self.file_rules = FileRules(most_bytes=1_000, types=("text/plain", "image/png"))
        self._ids = count(1)
        self.events: list[Fed] = []
        self._following: asyncio.Task[None] | None = None
        self._subscription: Subscription | None = None
        self.people: dict[str, Person] = {}

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # The broker

    async def start(self) -> None:
        """Start a broker; the first one finds an empty database and gets an organisation."""
        self.database = WatchedDatabase(SqlDatabase(self.url, clock=self.clock))
        self.broker = Broker(
            Parts(
                database=self.database,
                media=self.media,
                files=self.files,
                file_rules=self.file_rules,
                clock=self.clock,
                rules=self.rules,
                new_id=lambda prefix: f"{prefix}_{next(self._ids):05d}",
                new_secret=lambda: f"secret-{next(self._ids):05d}-not-random",
                redactor=PolicyRedactor(),
                cards=self.cards,
                notices=NOTICES,
                ring=self.ring,
                **{"guard": OpenGuard(), **self.parts},
            )
        )
        await self.broker.start()
        self.assistant = await self._assistant()
        await self._follow()
        await self.settle()

    async def stop(self) -> None:
        """Stop the broker; calls live on in the worker."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self.broker.stop()

    async def restart(self, *, after_seconds: float = 0.0, consoles: bool = True) -> None:
        """Stop the broker and start another on the same database; consoles come back unless told not to."""
        await self.stop()
        await self.clock.advance(after_seconds)
        await self.start()
        for person in self.people.values():
            if person.connected and consoles:
                await self.broker.attendance.connect(ORGANISATION, person.id)
            person.connected = person.connected and consoles
        await self.settle()

    async def _assistant(self) -> Principal:
        token = hashlib.sha256(b"assistant").hexdigest()
        principal = await self.database.read(lambda unit: unit.roster.principal(token))
        if principal is None:
            await self.database.run(lambda unit: self._found(unit, token))
            principal = await self.database.read(lambda unit: unit.roster.principal(token))
        assert principal is not None
        return principal

    def _found(self, unit: Unit, token: str) -> None:
        now = self.clock.now()
        unit.roster.add_organisation(ORGANISATION, "Desk", now)
        self.add_key(unit, "k_assistant", token)

    def add_key(self, unit: Unit, key_id: str, sha256: str) -> None:
        """Add an assistant's key."""
        unit.roster.add_credential(
            Credential(
                id=key_id,
                organisation_id=ORGANISATION,
                kind="assistant",
                subject_id=key_id,
                name="Robo",
                sha256=sha256,
                created_at=self.clock.now(),
            )
        )

    # Time

    async def settle(self) -> None:
        """Let everything run that needs no time to pass."""
        quiet = 0
        while quiet < 12:
            before = self.database.done
            await asyncio.sleep(0)
            if self.database.busy:
                await self.database.idle()
            quiet = quiet + 1 if self.database.done == before and not self.database.busy else 0

    async def later(self, seconds: float) -> None:
        """Let time pass, from one waiting task to the next."""
        await self.settle()
        until = self.clock.monotonic() + seconds
        while (next_at := self._next_wake()) is not None and next_at <= until:
            await self.clock.advance(max(next_at - self.clock.monotonic(), 0.0))
            await self.settle()
        await self.clock.advance(max(until - self.clock.monotonic(), 0.0))
        await self.settle()

    def _next_wake(self) -> float | None:
        waiting = [deadline for deadline, _, future in self.clock._sleepers if not future.done()]
        return min(waiting, default=None)

    # The feed

    async def _follow(self) -> None:
        last = self.events[-1].event.seq if self.events else 0
        self._subscription = await self.broker.feed.subscribe(ORGANISATION, last)
        self._following = asyncio.ensure_future(self._collect(self._subscription))

    async def _collect(self, subscription: Subscription) -> None:
        while (batch := await subscription.next()) is not None:
            last = self.events[-1].event.seq if self.events else 0
            self.events.extend(fed for fed in batch.fed if fed.event.seq > last)

    def told(self, *kinds: type[Event]) -> list[Any]:
        """Return the events of these kinds so far."""
        return [fed.event for fed in self.events if not kinds or isinstance(fed.event, kinds)]

    def names(self) -> list[str]:
        """Return the names of all events so far."""
        return [fed.event.__struct_config__.tag for fed in self.events]

    async def snapshot(self) -> Snapshot:
        """Return what Ann's console would be shown now."""
        return await self.database.read(
            lambda unit: Snapshot(
                seq=unit.views.last_seq(ORGANISATION),
                now=self.clock.now(),
                boot=self.broker.boot,
                version="test",
                me=OperatorId("op_ann"),
                sessions=tuple(unit.views.open_sessions(ORGANISATION)),
                operators=tuple(unit.views.operators(ORGANISATION)),
            )
        )

    # People

    async def operator(
        self, name: str, *, role: Role = Role.OPERATOR, duty: bool = True, console: bool = True, **changes: Any
    ) -> "Person":
        """Return a person at a console, on duty."""
        now = self.clock.now()
        one = Operator(
            id=OperatorId(f"op_{name}"),
            organisation_id=ORGANISATION,
            name=name.title(),
            role=role,
            presence=Presence.AVAILABLE if duty else Presence.OFFLINE,
            since=now,
            idle_since=now,
            **changes,
        )
        await self.database.run(lambda unit: unit.roster.insert(one))
        person = Person(self, one)
        self.people[name] = person
        if console:
            await person.comes()
        return person

    async def caller(self, name: str = "Mrs Fields", **known: str) -> "Customer":
        """Return a caller on the line with the assistant."""
        customer = await self._customer(name, Medium.VOICE, **known)
        customer.assistant_leg = self.media.connect((await customer.leg(LegRole.ASSISTANT)).token, "stream")
        customer.line = self.media.connect((await customer.leg(LegRole.CALLER)).token, "stream")
        await self.settle()
        return customer

    async def chat(self, name: str = "Joe Brook", **known: str) -> "Customer":
        """Return a customer who chats with the assistant."""
        return await self._customer(name, Medium.CHAT, **known)

    async def _customer(self, name: str, medium: Medium, **known: str) -> "Customer":
        body = NewConversation(medium=medium, customer_name=name, **known)
        view = await self.broker.intake.create_conversation(self.assistant, body)
        await self.settle()
        return Customer(self, view.id, medium)

    async def queue(self) -> list[str]:
        """Return who waits, in order: names of customers."""
        queued = await self.database.read(lambda unit: list(unit.sessions.queued(ORGANISATION, 100)))
        shown = {view.id: view.customer.name for view in (await self.snapshot()).sessions}
        return [shown[session.id] for session in queued]

    async def jobs(self, kind: str = SYNC_CALL) -> int:
        """Return how many jobs of a kind are not carried out yet, due or not."""
        far = self.clock.now().replace(year=2100)
        return await self.database.read(lambda unit: len(unit.ledger.due_jobs(kind, far, 1000)))


@dataclass
class Customer:
    """A customer and the assistant that talks with them."""

    world: World
    id: ConversationId
    medium: Medium
    line: LoopbackLeg | None = None
    assistant_leg: LoopbackLeg | None = None
    requests: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def intake(self) -> Any:
        return self.world.broker.intake

    async def leg(self, role: LegRole) -> MediaGrant:
        grant: MediaGrant = await self.world.broker.calls.new_leg(self.world.assistant, self.id, NewLeg(role=role))
        return grant

    async def says(self, text: str, *, key: str = "") -> MessageView:
        return await self._append(Author.CUSTOMER, text, key, None)

    async def assistant_says(self, text: str, *, key: str = "", epoch: int | None = None) -> MessageView:
        return await self._append(Author.ASSISTANT, text, key, epoch)

    async def _append(self, author: Author, text: str, key: str, epoch: int | None) -> MessageView:
        body = NewMessage(author=author, text=text, key=key, epoch=epoch)
        message: MessageView = await self.intake.append_message(self.world.assistant, self.id, body)
        await self.world.settle()
        return message

    async def asks_for_a_person(
        self,
        reason: str = "asked for a person",
        *,
        key: str = "",
        priority: int = 5,
        queue: str = "default",
        context: Context | None = None,
        **more: Any,
    ) -> SessionView:
        body = NewHandoff(reason=reason, priority=priority, queue=queue, context=context or Context(), **more)
        view: SessionView = await self.intake.request_handoff(self.world.assistant, self.id, body, key)
        await self.world.settle()
        return view

    async def leaves(self) -> None:
        """Hang up, or close the chat."""
        if self.line is not None:
            self.world.media.leave(self.line)
        else:
            await self.intake.end_conversation(self.world.assistant, self.id)
        await self.world.settle()

    async def conversation(self) -> ConversationView:
        view = await self.world.database.read(lambda unit: unit.views.conversation(ORGANISATION, self.id))
        assert view is not None
        return view

    async def messages(self) -> list[MessageView]:
        return await self.world.database.read(lambda unit: list(unit.views.messages(ORGANISATION, self.id, 0, 500)))

    async def session(self) -> SessionView:
        """Return the newest session of the conversation."""
        views = [event.session for event in self.world.told() if hasattr(event, "session")]
        mine = max((view for view in views if view.conversation_id == self.id), key=lambda view: int(view.number[2:]))
        view = await self.world.database.read(lambda unit: unit.views.session(ORGANISATION, mine.id))
        assert view is not None
        return view

    async def row(self) -> Session:
        """Return the newest session as the machine sees it."""
        view = await self.session()
        session = await self.world.database.read(lambda unit: unit.sessions.load(ORGANISATION, view.id))
        assert session is not None
        return session

    async def state(self) -> SessionState:
        return (await self.session()).state

    @property
    def hears(self) -> str:
        """Who the caller really talks with, by the worker's own table."""
        call = self.world.media._calls[self.id]
        return str(call._hearing.caller)


class Person:
    """An operator at a console."""

    def __init__(self, world: World, operator: Operator) -> None:
        self.world = world
        self.id = operator.id
        self.principal = Principal(
            kind="operator", id=operator.id, organisation_id=ORGANISATION, name=operator.name, operator=operator
        )
        self.connected = False
        self.leg: LoopbackLeg | None = None
        self.grant: MediaGrant | None = None

    async def comes(self) -> None:
        """Open a console."""
        self.connected = True
        await self.world.broker.attendance.connect(ORGANISATION, self.id)
        await self.world.settle()

    async def goes(self) -> None:
        """Close a console, or lose it."""
        self.connected = False
        await self.world.broker.attendance.disconnect(ORGANISATION, self.id)
        await self.world.settle()

    async def order(self, command: c.Command) -> Reply:
        reply = await self.world.broker.desk.execute(self.principal, command)
        await self.world.settle()
        return reply

    async def does(
        self, kind: type, customer: Customer, *, id_: str = "", epoch: int | None = None, **rest: Any
    ) -> Reply:
        """Give an order about a customer's session, at the epoch that the screen shows unless another is given."""
        session = await customer.session()
        return await self.order(
            kind(
                id=id_ or self.new_id(),
                session_id=session.id,
                epoch=session.epoch if epoch is None else epoch,
                **rest,
            )
        )

    def new_id(self) -> str:
        return f"{self.id}-{next(self.world._ids):08d}"

    async def refused(self, kind: type, customer: Customer, **rest: Any) -> HandoffError:
        """Give an order that must be refused, and return the refusal."""
        try:
            await self.does(kind, customer, **rest)
        except HandoffError as refusal:
            await self.world.settle()
            return refusal
        raise AssertionError(f"{kind.__name__} was not refused")

    async def accept(self, customer: Customer, **rest: Any) -> Reply:
        """Accept, without opening the headset."""
        reply = await self.does(c.Accept, customer, **rest)
        self.grant = reply.media
        return reply

    async def takes(self, customer: Customer) -> Reply:
        """Accept and, on a call, open the headset: the talk begins."""
        reply = await self.accept(customer)
        if reply.media is not None:
            await self.opens_headset()
        return reply

    async def opens_headset(self) -> LoopbackLeg:
        """Bring the media token that came last."""
        assert self.grant is not None, "no media was granted"
        self.leg = self.world.media.connect(self.grant.token, "console")
        await self.world.settle()
        return self.leg

    async def asks_for_media(self, customer: Customer) -> MediaGrant:
        reply = await self.does(c.OpenMedia, customer)
        assert reply.media is not None
        self.grant = reply.media
        return reply.media

    async def loses_headset(self) -> None:
        assert self.leg is not None
        self.world.media.leave(self.leg, "socket broke", clean=False)
        await self.world.settle()

    async def goes_on_duty(self) -> None:
        await self.order(c.SetPresence(id=self.new_id(), presence=Presence.AVAILABLE))

    async def goes_away(self, reason: str = "lunch") -> None:
        await self.order(c.SetPresence(id=self.new_id(), presence=Presence.AWAY, reason=reason))

    async def view(self) -> OperatorView:
        return next(view for view in (await self.world.snapshot()).operators if view.id == self.id)


def batches_of(subscription: Subscription) -> list[FeedBatch]:
    """Return what lies ready for a reader, without waiting."""
    return list(subscription._batches)
