"""Watch conversations as they grow: show on the card what is understood, and request a person where a trigger says so.

Never in the way of a commit: a turn is stored and answered first, then its conversation is looked at. So many
conversations may wait to be looked at; of further ones the oldest is dropped until its next turn.

Before: `server.broker.intake` has appended a turn. After: the card has changed, or intake opens a session.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from server.broker.alarm import Alarm
from server.broker.own_queue import own_queue
from server.broker.parts import Parts
from server.broker.ports.records import Conversation
from server.broker.ports.store import Unit
from server.broker.ports.understanding import Assessment
from server.broker.signs import request_for, shown, since_the_last_person, turns_of
from server.core.errors import HandoffError
from server.log import get_log
from server.wire.requests import NewHandoff
from server.wire.terms import ConversationId, OrganisationId, SessionId
from server.wire.views import MessageView

MOST_TURNS: Final = 200
"""How many of the last turns are looked at."""
MOST_WAITING: Final = 1000
"""Conversations that may wait to be looked at."""
REST_SECONDS: Final = 60.0
_log = get_log(__name__)

OpenHandoff = Callable[[Unit, Conversation, NewHandoff, Assessment], SessionId]
"""Opens a session within a transaction."""


class Minding:
    """The broker's attention to what is said."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts; `loop` runs for ever."""
        self._parts = parts
        self._alarm = Alarm(parts.clock)
        self._waiting: dict[ConversationId, OrganisationId] = {}
        self.dropped = 0
        self.open: OpenHandoff | None = None

    @property
    def on(self) -> bool:
        """Whether anything looks at conversations."""
        return self._parts.understanding is not None

    async def start(self) -> None:
        """Begin to bring up what understands."""
        if self._parts.understanding is not None:
            await self._parts.understanding.start()

    async def stop(self) -> None:
        """End it."""
        if self._parts.understanding is not None:
            await self._parts.understanding.stop()

    def noticed(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> None:
        """Look at this conversation soon: it has a new turn."""
        if not self.on:
            return
        self._waiting.pop(conversation_id, None)
        self._waiting[conversation_id] = organisation_id
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
            self.dropped += 1
        self._alarm.ring()

    async def loop(self) -> None:
        """Look at conversations as they grow, for ever."""
        while True:
            await self.round()
            await self._alarm.wait(REST_SECONDS)

    async def round(self) -> None:
        """Look at every conversation that waits."""
        while self._waiting:
            conversation_id = next(iter(self._waiting))
            organisation_id = self._waiting.pop(conversation_id)
            try:
                await self._look(organisation_id, conversation_id)
            except HandoffError as error:
                _log.warning("conversation_not_looked_at", code=error.code, conversation_id=conversation_id)

    async def assess(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> Assessment | None:
        """Return what shows in a conversation as it is now; None when nothing looks, or no answer came in time."""
        conversation, messages = await self._parts.database.read(
            lambda unit: _read(unit, organisation_id, conversation_id)
        )
        return await self._assess(conversation, messages) if conversation is not None else None

    async def _assess(self, conversation: Conversation, messages: Sequence[MessageView]) -> Assessment | None:
        if self._parts.understanding is None:
            return None
        facts = {**conversation.attributes, "channel": conversation.channel, "medium": conversation.medium.value}
        return await self._parts.understanding.assess(conversation.organisation_id, turns_of(messages), facts)

    async def _look(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> None:
        conversation, messages = await self._parts.database.read(
            lambda unit: _read(unit, organisation_id, conversation_id)
        )
        if conversation is None or conversation.ended_at is not None:
            return
        if conversation.session_id is not None:
            assessment = await self._assess(conversation, messages)
            if assessment is not None:
                await self._parts.database.run(lambda unit: self._show(unit, conversation, assessment))
        elif self._parts.mind.request:
            await self._maybe_request(conversation, since_the_last_person(messages))

    async def _maybe_request(self, conversation: Conversation, messages: Sequence[MessageView]) -> None:
        """Open a session when a trigger calls for one; a rule of the house does so once a conversation."""
        assessment = await self._assess(conversation, messages)
        if assessment is None:
            return
        fresh = [one for one in assessment.findings if one.turn is not None or conversation.epoch == 0]
        body = request_for(fresh, self._parts.mind)
        opens = self.open
        if body is None or opens is None:
            return
        if body.queue == self._parts.mind.queue:  # no trigger names another
            body = msgspec.structs.replace(body, queue=own_queue(self._parts, conversation.account, body.queue))

        def work(unit: Unit) -> None:
            now = unit.conversations.load(conversation.organisation_id, conversation.id)
            if now is not None and now.session_id is None and now.ended_at is None:
                opens(unit, now, body, assessment)

        await self._parts.database.run(work)

    def _show(self, unit: Unit, conversation: Conversation, assessment: Assessment) -> None:
        """Write what was found on the card of the open session, if that changes anything."""
        now = unit.conversations.load(conversation.organisation_id, conversation.id)
        session_id = now.session_id if now else None
        session = unit.sessions.load(conversation.organisation_id, session_id) if session_id else None
        view = unit.views.session(conversation.organisation_id, session_id) if session_id else None
        if session is None or view is None:
            return
        context = shown(view.context, assessment, self._parts.mind)
        if context != view.context:
            unit.sessions.set_context(conversation.organisation_id, session.id, context)
            unit.ledger.tell_session(conversation.organisation_id, "session.updated", session)


def _read(
    unit: Unit, organisation_id: OrganisationId, conversation_id: ConversationId
) -> tuple[Conversation | None, Sequence[MessageView]]:
    conversation = unit.conversations.load(organisation_id, conversation_id)
    return conversation, unit.views.latest_messages(organisation_id, conversation_id, MOST_TURNS)
