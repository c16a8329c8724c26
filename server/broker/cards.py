"""Complete the cards of handoffs beside their way into the queue: never before a commit, never in its way.

A session waits at its place at once, with what the assistant said of it. Then its transcript is read on a reading
thread, what was missing is stored once and told as `session.updated`; a model, when configured, may better it later.

Before: `server.broker.intake` has committed the request, or new context. After: the card on every console is whole.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from server.broker.parts import Parts
from server.broker.ports.store import Unit
from server.log import get_log
from server.tasks import TaskRunner
from server.wire.terms import OrganisationId, SessionId, SessionState
from server.wire.views import Context, MessageView

MOST_TURNS: Final = 400
"""The newest turns that are read."""
MOST_AHEAD, AT_ONCE = 512, 16
"""Turns that wait to be read ahead, and how many are read at a time."""
MOST_AT_MODEL: Final = 8
"""Questions to a model that run at the same time; the others wait, with their built-in card on screen."""
_log = get_log(__name__)


class Cards:
    """Who completes cards, one after the other."""

    def __init__(self, parts: Parts, runner: TaskRunner) -> None:
        """Work on these parts; `loop` runs for ever on `runner`."""
        self._parts: Final = parts
        self._runner: Final = runner
        self._wanted: Final[dict[SessionId, OrganisationId]] = {}
        self._heard: Final[deque[MessageView]] = deque(maxlen=MOST_AHEAD)
        self._awake: Final = asyncio.Event()
        self._model: Final = asyncio.Semaphore(MOST_AT_MODEL)

    def want(self, organisation_id: OrganisationId, session_id: SessionId) -> None:
        """Complete this session's card soon; asking twice is asking once."""
        self._wanted[session_id] = organisation_id
        self._awake.set()

    def heard(self, message: MessageView) -> None:
        """Read a turn ahead while there is time; of a flood only the newest turns."""
        self._heard.append(message)
        self._awake.set()

    async def take_up(self, organisation_id: OrganisationId) -> None:
        """Want what a former broker left without a card."""
        sessions = await self._parts.database.read(lambda unit: unit.views.open_sessions(organisation_id))
        for session in sessions:
            if not session.context.summary_status and session.state is not SessionState.WRAP_UP:
                self.want(organisation_id, session.id)

    async def loop(self) -> None:
        """Complete what is wanted, for ever."""
        while True:
            await self._awake.wait()
            self._awake.clear()
            while self._wanted or self._heard:
                if not self._wanted:
                    await self._read_ahead()
                    continue
                session_id = next(iter(self._wanted))
                organisation_id = self._wanted.pop(session_id)
                await self.complete(organisation_id, session_id)

    async def complete(self, organisation_id: OrganisationId, session_id: SessionId) -> None:
        """Read the transcript, store what was missing, tell it, and ask the model if there is one."""
        found = await self._parts.database.read(lambda unit: self._understood(unit, organisation_id, session_id))
        if found is None:
            return
        before, after, turns = found
        if not await self._store(organisation_id, session_id, before, after):
            self.want(organisation_id, session_id)
            return
        if self._parts.cards.has_model:
            self._runner.start(f"card_model_{session_id}", self._improve(organisation_id, session_id, after, turns))

    async def _read_ahead(self) -> None:
        """Read what was said lately, on a reading thread."""
        turns = [self._heard.popleft() for _ in range(min(len(self._heard), AT_ONCE))]

        def work(_unit: Unit) -> None:
            for turn in turns:
                self._parts.cards.heard(turn)

        await self._parts.database.read(work)

    def _understood(
        self, unit: Unit, organisation_id: OrganisationId, session_id: SessionId
    ) -> tuple[Context, Context, Sequence[MessageView]] | None:
        session = unit.views.session(organisation_id, session_id)
        if session is None or session.state is SessionState.CLOSED:
            return None
        turns = unit.views.latest_messages(organisation_id, session.conversation_id, MOST_TURNS)
        return session.context, self._parts.cards.understand(session.context, turns), turns

    async def _store(
        self, organisation_id: OrganisationId, session_id: SessionId, before: Context, after: Context
    ) -> bool:
        """Store what is ours of the package and tell it; return False when it has changed meanwhile."""

        def work(unit: Unit) -> bool:
            session = unit.sessions.load(organisation_id, session_id)
            view = unit.views.session(organisation_id, session_id)
            if session is None or view is None:
                return True
            merged = _with_ours(view.context, after)
            if _with_ours(view.context, before) != view.context:
                return False
            if merged != view.context:
                unit.sessions.set_context(organisation_id, session_id, merged)
                unit.ledger.tell_session(organisation_id, "session.updated", session)
            return True

        return await self._parts.database.run(work)

    async def _improve(
        self, organisation_id: OrganisationId, session_id: SessionId, before: Context, turns: Sequence[MessageView]
    ) -> None:
        """Let the model better what is on screen already; if the card has changed meanwhile its answer is dropped."""
        async with self._model:
            after = await self._parts.cards.improve(before, turns)
        if after != before and not await self._store(organisation_id, session_id, before, after):
            _log.info("model_answer_too_late", session_id=session_id)


def _with_ours(context: Context, ours: Context) -> Context:
    """Return the package with the parts that are completed here taken from another one."""
    return msgspec.structs.replace(
        context,
        summary=ours.summary,
        summary_source=ours.summary_source,
        summary_status=ours.summary_status,
        facts=ours.facts,
        tried=ours.tried,
        next_actions=ours.next_actions,
    )
