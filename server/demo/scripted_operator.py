"""Be the operator of the plain mode: take what waits, hear and be heard, mute, write, and give everything back.

A real client: the console socket for orders, a media socket for sound. What it measures goes into `Findings`.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from server.demo.console_link import ConsoleError, ConsoleLink, OrderRefusedError
from server.demo.failures import single_failures
from server.demo.legs import LegError
from server.demo.line import LineClosedError
from server.demo.operator_call import OperatorCall
from server.demo.operator_chat import OperatorChat
from server.demo.stage import Stage
from server.wire.commands import Accept, BackToAssistant, FinishWrapUp, Resolve, SetPresence
from server.wire.terms import Medium, Presence, SessionId, SessionState
from server.wire.views import SessionView

_WAITING: Final = frozenset({SessionState.QUEUED, SessionState.OFFERED})
MOST_CHATS: Final = 3
LOOK_AGAIN_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Habits:
    """How the scripted operator works: `accepts` nothing to prove that the checks notice, `brief` to save time."""

    accepts: bool = True
    brief: bool = False


class ScriptedOperator:
    """One operator at work: one call at a time, up to three chats beside it."""

    def __init__(self, link: ConsoleLink, stage: Stage, habits: Habits) -> None:
        """Work at `link`; what is heard and read goes into the findings."""
        self._link: Final = link
        self._stage: Final = stage
        self._habits: Final = habits
        self._taken: Final[set[SessionId]] = set()
        self._busy: Final[dict[Medium, int]] = {Medium.VOICE: 0, Medium.CHAT: 0}
        self.notes: Final[list[str]] = []
        self._given_back = 0

    async def run(self) -> None:
        """Go on duty and work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._link.run())
            await self._link.order(SetPresence(id=self._link.new_id(), presence=Presence.AVAILABLE))
            self._stage.tell("operator: on duty")
            while True:
                await self._link.until(lambda: self._next() is not None, LOOK_AGAIN_SECONDS)
                session = self._next()
                if session is None or not self._habits.accepts:
                    await self._stage.pace.clock.sleep(LOOK_AGAIN_SECONDS)
                    continue
                self._taken.add(session.id)
                self._busy[session.medium] += 1
                tasks.create_task(self._handle(session))

    def _next(self) -> SessionView | None:
        """Return the session to take now: the most urgent, then the longest waiting, of what there is room for."""
        room = {
            Medium.VOICE: self._busy[Medium.VOICE] < 1,
            Medium.CHAT: self._busy[Medium.CHAT] < MOST_CHATS,
        }
        waiting = [
            session
            for session in self._link.sessions.values()
            if session.state in _WAITING and session.id not in self._taken and room[session.medium]
        ]
        return min(waiting, key=lambda session: (-session.priority, session.queued_at), default=None)

    async def _handle(self, session: SessionView) -> None:
        """Take one session from accept to wrap-up; what goes wrong is a finding, not the end of the shift."""
        try:
            await self._take(session)
        except* (OrderRefusedError, ConsoleError, LegError, LineClosedError) as errors:
            self._stage.findings.troubles += [f"{session.number}: {error}" for error in single_failures(errors)]
        finally:
            self._busy[session.medium] -= 1

    async def _take(self, session: SessionView) -> None:
        """Accept, talk or write, give back, and finish the wrap-up."""
        order = Accept(id=self._link.new_id(), session_id=session.id, epoch=session.epoch)
        reply = await self._link.order(order)
        mine = reply.session or session
        self._stage.tell(f"operator: accepted {mine.number} ({mine.customer.name}, {mine.medium})")
        self._given_back += 1
        resolves = self._given_back % 2 == 0
        if reply.media is not None:
            call = OperatorCall(self._link, self._stage, brief=self._habits.brief)
            note = await call.handle(mine, reply.media)
        else:
            note = await OperatorChat(self._link, self._stage).handle(mine)
        await self._give_back(self._link.sessions[mine.id], note, resolves=resolves)

    async def _give_back(self, session: SessionView, note: str, *, resolves: bool) -> None:
        """Give the customer back to the assistant, by one of the two endings, and close the session."""
        self.notes.append(note)
        name = self._link.new_id()
        if resolves:
            order: Resolve | BackToAssistant = Resolve(id=name, session_id=session.id, epoch=session.epoch, note=note)
        else:
            order = BackToAssistant(id=name, session_id=session.id, epoch=session.epoch, note=note)
        reply = await self._link.order(order)
        self._stage.tell(f"operator: {session.number} {'resolved' if resolves else 'back to the assistant'}: {note}")
        over = reply.session or session
        if over.state is SessionState.WRAP_UP:
            done = FinishWrapUp(id=self._link.new_id(), session_id=over.id, epoch=over.epoch, disposition="settled")
            await self._link.order(done)
