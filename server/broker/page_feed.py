"""Tell web pages what was committed in their own conversations: one reader of the feed for all pages of a broker.

Before: a transaction was committed. After: `server.api.widget_socket` sends it to the pages it concerns, and pages
whose visitors wait look at their place anew.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

from server.broker.feed import Feed
from server.broker.parts import Parts
from server.broker.ports.records import Fed
from server.tasks import TaskRunner
from server.wire.events import (
    ConversationChanged,
    ConversationReturned,
    Event,
    MessageAdded,
    MessageChanged,
    SessionEvent,
)
from server.wire.terms import ConversationId, OrganisationId

MOST_EVENTS: Final = 200
"""How many events a page may be behind before it is cut off; it comes back and reads on."""


class PageReader:
    """One open page: what happened in its conversations since it last looked, with a bound."""

    def __init__(self, organisation_id: OrganisationId, visitor_id: str) -> None:
        """Follow no conversation yet."""
        self.organisation_id: Final = organisation_id
        self.visitor_id: Final = visitor_id
        self.following: set[ConversationId] = set()
        self.waiting = False
        self.cut_off = False
        self._events: deque[Event] = deque()
        self._some = asyncio.Event()
        self._some.set()  # the first look is at everything

    def put(self, event: Event) -> None:
        """Hand over an event, or cut the page off when it is too far behind."""
        self._events.append(event)
        if len(self._events) > MOST_EVENTS:
            self.cut()
        self._some.set()

    def look(self) -> None:
        """Let the page look at how things stand, without an event of its own."""
        self._some.set()

    def cut(self) -> None:
        """Let go of a page that cannot keep up, or for which events were lost."""
        self.cut_off = True
        self._events.clear()
        self._some.set()

    async def next(self) -> list[Event] | None:
        """Return what happened; an empty list is a reason to look all the same, None means cut off."""
        await self._some.wait()
        self._some.clear()
        if self.cut_off:
            return None
        events = list(self._events)
        self._events.clear()
        return events


class PageFeed:
    """All open pages of this broker."""

    def __init__(self, parts: Parts, feed: Feed, runner: TaskRunner) -> None:
        """Read `feed`; the reading runs in `runner`, once somebody looks."""
        self._parts = parts
        self._feed = feed
        self._runner = runner
        self._readers: set[PageReader] = set()
        self._by_conversation: dict[ConversationId, set[PageReader]] = {}
        self._reading: set[OrganisationId] = set()
        self._positions: dict[OrganisationId, int] = {}

    async def open(self, organisation_id: OrganisationId, visitor_id: str) -> PageReader:
        """Count a page in; what is committed from now on in what it follows reaches it."""
        if organisation_id not in self._reading:
            self._reading.add(organisation_id)
            await self._begin(organisation_id)
            self._runner.keep(f"pages_{organisation_id}", lambda: self._read(organisation_id))
        reader = PageReader(organisation_id, visitor_id)
        self._readers.add(reader)
        return reader

    def look(self, visitor_id: str) -> None:
        """Let a visitor's pages look: they may have a conversation now that they do not follow yet."""
        for reader in tuple(self._readers):
            if reader.visitor_id == visitor_id:
                reader.look()

    async def _begin(self, organisation_id: OrganisationId) -> None:
        last = await self._parts.database.read(lambda unit: unit.views.last_seq(organisation_id))
        self._positions[organisation_id] = last

    def follow(self, reader: PageReader, conversation_ids: Iterable[ConversationId]) -> None:
        """Let a page follow these conversations and no others."""
        wanted = {one for one in conversation_ids if one}
        for gone in reader.following - wanted:
            self._leave(reader, gone)
        for new in wanted - reader.following:
            self._by_conversation.setdefault(new, set()).add(reader)
        reader.following = wanted

    def close(self, reader: PageReader) -> None:
        """Count a page out."""
        self.follow(reader, ())
        self._readers.discard(reader)

    def _leave(self, reader: PageReader, conversation_id: ConversationId) -> None:
        readers = self._by_conversation.get(conversation_id, set())
        readers.discard(reader)
        if not readers:
            self._by_conversation.pop(conversation_id, None)

    async def _read(self, organisation_id: OrganisationId) -> None:
        """Hand out what happens in one organisation, for ever."""
        while True:
            subscription = await self._feed.subscribe(organisation_id, self._positions[organisation_id])
            try:
                while (batch := await subscription.next()) is not None:
                    self._deal(organisation_id, batch.fed)
                    self._positions[organisation_id] = batch.last
            finally:
                self._feed.unsubscribe(organisation_id, subscription)
            await self._begin(organisation_id)  # too far behind: every page reads anew
            for reader in self._of(organisation_id):
                reader.cut()

    def _deal(self, organisation_id: OrganisationId, fed: Iterable[Fed]) -> None:
        moved = False
        for item in fed:
            moved = moved or isinstance(item.event, SessionEvent)
            if concerns_pages(item.event):
                for reader in self._by_conversation.get(ConversationId(item.conversation_id), ()):
                    reader.put(item.event)
        if moved:
            for reader in self._of(organisation_id):
                if reader.waiting:
                    reader.look()

    def _of(self, organisation_id: OrganisationId) -> list[PageReader]:
        return [reader for reader in self._readers if reader.organisation_id == organisation_id]


def concerns_pages(event: Event) -> bool:
    """Tell whether a page has something to do when this happens in its conversation."""
    return isinstance(event, MessageAdded | MessageChanged | ConversationChanged | ConversationReturned | SessionEvent)
