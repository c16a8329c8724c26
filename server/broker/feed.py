"""Tell consoles and assistants what was committed: read once, encoded once, in order, and never waiting for anybody.

Each organisation has a tail. A commit (or, at the latest, a poll) wakes it; it reads the new events with their views
and hands one batch to every subscriber. A subscriber that cannot keep up is cut off and resumes from its last number.

Before: a transaction was committed. After: `server.api.console_socket` and `server.api.assistant_socket` send it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from server.broker.alarm import Alarm
from server.broker.discretion import discreet_event
from server.broker.parts import Parts
from server.broker.ports.records import Fed
from server.broker.ports.store import Database
from server.clock import Clock
from server.core.errors import ProviderError
from server.core.session import Rules
from server.log import get_log
from server.tasks import TaskRunner
from server.wire import codec
from server.wire.events import (
    ApproveDecided,
    AssistAnswered,
    ConversationChanged,
    ConversationReturned,
    Event,
    MessageAdded,
    MessageChanged,
)
from server.wire.frames import Batch
from server.wire.terms import OrganisationId

POLL_SECONDS: Final = 2.0
"""How often a tail looks when nothing wakes it: what another broker committed is seen by then."""
MOST_EVENTS: Final = 500
"""The most events of one batch."""
MOST_BATCHES: Final = 256
"""How many batches a subscriber may be behind before it is cut off."""
MOST_BYTES: Final = 1_000_000
"""How many bytes a subscriber may be behind before it is cut off."""

_log = get_log(__name__)


class FeedBatch:
    """The events numbered `first` to `last` of one organisation; encoded at most once for each kind of reader."""

    def __init__(self, first: int, last: int, fed: Sequence[Fed], clock: Clock, rules: Rules | None = None) -> None:
        """Keep the events; `clock` gives the instant that consoles see, `rules` what only supervisors are shown."""
        self.first = first
        self.last = last
        self.fed = tuple(fed)
        self._clock = clock
        self._rules = rules or Rules()

    @cached_property
    def console_frame(self) -> bytes:
        """The batch as consoles get it: without what concerns only assistants, or only supervisors."""
        return self._frame(self._discreet)

    @cached_property
    def supervisor_frame(self) -> bytes:
        """The batch as supervisors' consoles get it."""
        same = all(mine is theirs for mine, theirs in zip(self._events, self._discreet, strict=True))
        return self.console_frame if same else self._frame(self._events)

    @cached_property
    def _events(self) -> tuple[Event, ...]:
        return tuple(item.event for item in self.fed if concerns_consoles(item.event))

    @cached_property
    def _discreet(self) -> tuple[Event, ...]:
        return tuple(discreet_event(event, self._rules) for event in self._events)

    def _frame(self, events: tuple[Event, ...]) -> bytes:
        return codec.encode(Batch(first=self.first, last=self.last, now=self._clock.now(), events=events))


class Subscription:
    """One reader of one organisation's feed, with a bounded buffer."""

    def __init__(self, after: int) -> None:
        """Start behind event `after`."""
        self.last = after
        self.cut_off = False
        self._batches: deque[FeedBatch] = deque()
        self._bytes = 0
        self._some = asyncio.Event()

    def put(self, batch: FeedBatch) -> None:
        """Hand over a batch, or cut the reader off when it is too far behind."""
        if self.cut_off:
            return
        self._batches.append(batch)
        self._bytes += len(batch.console_frame)
        if len(self._batches) > MOST_BATCHES or self._bytes > MOST_BYTES:
            self.cut_off = True
            self._batches.clear()
        self._some.set()

    async def next(self) -> FeedBatch | None:
        """Return the next batch that brings something new; None when this reader was cut off."""
        while True:
            await self._some.wait()
            if self.cut_off:
                return None
            batch = self._batches.popleft()
            self._bytes -= len(batch.console_frame)
            if not self._batches:
                self._some.clear()
            if batch.last > self.last:
                self.last = batch.last
                return batch


class Feed:
    """All tails of this broker."""

    def __init__(self, parts: Parts, runner: TaskRunner) -> None:
        """Work on these parts; tails run in `runner`."""
        self._parts = parts
        self._runner = runner
        self._tails: dict[OrganisationId, _Tail] = {}

    def wake(self, seqs: dict[str, int]) -> None:
        """Look now in these organisations."""
        for organisation in seqs:
            tail = self._tails.get(OrganisationId(organisation))
            if tail is not None:
                tail.alarm.ring()

    async def subscribe(self, organisation_id: OrganisationId, after: int) -> Subscription:
        """Return a reader that gets every event numbered above `after`, which must still be kept."""
        tail = self._tails.get(organisation_id)
        if tail is None:
            last = await self._parts.database.read(lambda unit: unit.views.last_seq(organisation_id))
            tail = self._tails.get(organisation_id) or _Tail(self._parts, organisation_id, last)
            if organisation_id not in self._tails:
                self._tails[organisation_id] = tail
                self._runner.keep(f"feed_{organisation_id}", tail.loop)
        return await tail.subscribe(after)

    def unsubscribe(self, organisation_id: OrganisationId, subscription: Subscription) -> None:
        """Forget a reader."""
        tail = self._tails.get(organisation_id)
        if tail is not None:
            tail.subscriptions.discard(subscription)


class _Tail:
    """The newest end of one organisation's events."""

    def __init__(self, parts: Parts, organisation_id: OrganisationId, last: int) -> None:
        """Start behind event `last`."""
        self._database: Database = parts.database
        self._clock = parts.clock
        self._rules = parts.rules
        self._organisation_id = organisation_id
        self._last = last
        self.alarm = Alarm(parts.clock)
        self.subscriptions: set[Subscription] = set()

    async def subscribe(self, after: int) -> Subscription:
        """Add a reader and hand it what lies between it and this tail."""
        subscription = Subscription(after)
        position = after
        while True:
            handed_out = self._last  # a reading that began now sees all of these
            missed = await self._read(position)
            if missed is not None:
                subscription.put(missed)
                position = missed.last
            if position >= self._last or (missed is None and handed_out == self._last):
                break
        self.subscriptions.add(subscription)
        self.alarm.ring()
        return subscription

    async def loop(self) -> None:
        """Read and hand out, for ever."""
        while True:
            try:
                await self._hand_out()
            except ProviderError as error:
                _log.warning("feed_waits_for_database", code=error.code)
            await self.alarm.wait(POLL_SECONDS)

    async def _hand_out(self) -> None:
        """Give every reader all that is new."""
        while (batch := await self._read(self._last)) is not None:
            self._last = batch.last
            for subscription in tuple(self.subscriptions):
                subscription.put(batch)

    async def _read(self, after: int) -> FeedBatch | None:
        """Return the events numbered above `after`, or None when there are none."""
        fed = await self._database.read(lambda unit: unit.views.events(self._organisation_id, after, MOST_EVENTS))
        return FeedBatch(after + 1, fed[-1].event.seq, fed, self._clock, self._rules) if fed else None


def concerns_consoles(event: Event) -> bool:
    """Tell whether consoles are shown this: not what only assistants need, nor talk without a handoff."""
    match event:
        case ConversationReturned() | ConversationChanged() | AssistAnswered() | ApproveDecided():
            return False
        case MessageAdded(message=message) | MessageChanged(message=message):
            return message.session_id is not None
        case _:
            return True
