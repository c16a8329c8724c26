"""Play one call: the caller speaks with the assistant, then with a person, then with the assistant again.

Two real legs carry it: the caller's (Twilio's format or the plain stream) and the assistant's (plain stream). Both
wait while the other side speaks, by what they hear. What is said is also written to the conversation, as a platform
that transcribes would.
"""

import asyncio
from typing import Final

from server.demo.answers import AnswerBook
from server.demo.assistant import FINISHED, ScriptedAssistant
from server.demo.case import Case
from server.demo.content import Line as Words
from server.demo.legs import Leg, LegError, StreamLeg
from server.demo.line import Line, LineClosedError
from server.demo.speech import load_clip
from server.demo.stage import Casting, Stage
from server.demo.twilio_leg import TwilioLeg
from server.wire.terms import Author, LegRole

HOLDING_SECONDS: Final = 15.0
"""While the caller waits, the assistant says a word this often."""
SILENT_FRAMES: Final = 600
"""12 s in which the operator says nothing."""
HEARD_FRAMES: Final = 8
"""160 ms of sound: somebody speaks, it was not a click."""
REPLY_FRAMES: Final = 250
"""5 s for the other side to begin an answer."""
MOST_EXTRA_ANSWERS: Final = 3
"""When the story is told, a caller answers this often more and then just listens."""


class CallPlay:
    """One call from the first word to the hang-up."""

    def __init__(self, stage: Stage, casting: Casting) -> None:
        """Play `casting` on `stage`."""
        self._stage: Final = stage
        self._casting: Final = casting
        self._script: Final = casting.script
        self._book: Final = AnswerBook(casting.script)
        self._extra = 0
        self._silences = 0

    async def run(self) -> None:
        """Play to the end: farewell, dropped by the desk, or hung up for want of patience."""
        assistant = await ScriptedAssistant.meet(self._stage, self._casting)
        conversation = assistant.case.conversation.id
        try:
            caller, helper = await self._connect(assistant.case)
        except LegError as error:
            self._stage.tell(f"call: {self._casting.who} could not be connected: {error}")
            await assistant.part("not connected")
            return
        self._stage.callers[conversation] = caller
        self._stage.tell(f"call: {self._casting.who} speaks with the assistant ({self._script.transport} audio)")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(caller.run())
            tasks.create_task(helper.run())
            watch = tasks.create_task(_hush_for_operator(assistant.case, helper))
            try:
                left = await self._story(assistant, caller, helper)
            finally:
                watch.cancel()
                self._stage.callers.pop(conversation, None)
                await caller.leg.hang_up()
                await helper.leg.hang_up()
        await assistant.part(left)

    async def _connect(self, case: Case) -> tuple[Line, Line]:
        """Open the caller's and the assistant's leg."""
        rest, clock = self._stage.rest, self._stage.pace.clock
        grant = await rest.open_leg(case.conversation.id, LegRole.ASSISTANT, "stream")
        helper = await StreamLeg.open(grant)
        try:
            leg = await self._open_caller_leg(case)
        except LegError:
            await helper.hang_up()
            raise
        return Line(leg, clock), Line(helper, clock)

    async def _open_caller_leg(self, case: Case) -> Leg:
        grant = await self._stage.rest.open_leg(case.conversation.id, LegRole.CALLER, self._script.transport)
        if self._script.transport == "twilio":
            return await TwilioLeg.open(grant, self._stage.carrier, self._casting.external_id)
        return await StreamLeg.open(grant)

    async def _story(self, assistant: ScriptedAssistant, caller: Line, helper: Line) -> str:
        """Play everything that is said; returns why the line ended."""
        case = assistant.case
        try:
            await self._before(assistant, caller, helper)
            while not (case.over or case.is_back):
                if case.with_operator:
                    await self._talk_with_operator(assistant, caller)
                elif not await self._wait_for_person(assistant, helper):
                    self._stage.tell(f"call: {self._casting.who} hung up, nobody came")
                    return "no patience left"
            if case.is_back:
                await self._take_leave(assistant, caller, helper)
        except LineClosedError:
            self._stage.tell(f"call: {self._casting.who}: the line was dropped")
            return "line dropped"
        return FINISHED

    async def _before(self, assistant: ScriptedAssistant, caller: Line, helper: Line) -> None:
        """Play the turns before the handoff (earlier ones are only written) and ask for a person."""
        for turn in self._script.turns:
            speaks = helper if turn.author is Author.ASSISTANT else caller
            if turn.clip:
                await speaks.say(load_clip(turn.clip))
            if turn.author is Author.ASSISTANT:
                await assistant.say(turn.text)
            else:
                await assistant.hear(turn.text)
        await assistant.ask_for_person()
        await self._assistant_says(assistant, helper, self._stage.shared.fetching[0])

    async def _wait_for_person(self, assistant: ScriptedAssistant, helper: Line) -> bool:
        """Wait with the assistant at the caller's ear; false when the caller has no patience left."""
        case, clock = assistant.case, self._stage.pace.clock
        until = clock.monotonic() + self._script.patience_seconds
        holding = self._stage.shared.holding
        spoken = 0
        while clock.monotonic() < until:
            if await case.until(lambda: case.moved_on or not helper.leg.is_open, HOLDING_SECONDS):
                return True
            await self._assistant_says(assistant, helper, holding[spoken % len(holding)])
            spoken += 1
        return False

    async def _talk_with_operator(self, assistant: ScriptedAssistant, caller: Line) -> None:
        """Answer the operator, by ear or by what they typed, until the call is no longer theirs."""
        case = assistant.case
        while case.with_operator:
            if case.on_hold:
                await caller.until(lambda: not case.on_hold)
                continue
            came = await self._addressed(case, caller)
            if not case.can_talk:
                continue
            words = self._answer(case) if came else self._break_silence()
            if words is not None and await caller.say(load_clip(words.clip), lambda: case.can_talk):
                await assistant.hear(words.text)
                self._stage.tell(f"call: {self._script.customer}: {words.text}")

    @staticmethod
    async def _addressed(case: Case, caller: Line) -> bool:
        """Wait for the operator to speak (and finish) or to type; false when they are silent for long."""
        before = caller.ear.speech_frames

        def spoke_or_typed() -> bool:
            return caller.ear.speech_frames - before >= HEARD_FRAMES or bool(case.unread) or not case.can_talk

        came = await caller.until(spoke_or_typed, SILENT_FRAMES)
        await caller.until(lambda: not (caller.ear.other_speaks and case.can_talk), SILENT_FRAMES)
        return came

    def _answer(self, case: Case) -> Words | None:
        """Return the answer to what the operator said (unreadable) or typed; nothing when all is said."""
        self._silences = 0
        typed = " ".join(message.text for message in case.unread)
        case.unread.clear()
        if self._book.exhausted:
            self._extra += 1
        return None if self._extra > MOST_EXTRA_ANSWERS else self._book.reply_to(typed)

    def _break_silence(self) -> Words | None:
        """Return what the caller says into a silence: a worried word first, then their story, then nothing."""
        self._silences += 1
        if self._silences == 1:
            return self._script.uneasy
        return None if self._book.exhausted else self._book.reply_to("")

    async def _take_leave(self, assistant: ScriptedAssistant, caller: Line, helper: Line) -> None:
        """Hear from the assistant what was agreed, say goodbye, and hang up."""
        line = assistant.return_line()
        await self._assistant_says(assistant, helper, line)
        self._stage.tell(f"call: assistant to {self._script.customer}: {line.text}")
        await caller.hear_out(REPLY_FRAMES)
        await caller.say(load_clip(self._script.farewell.clip))
        await assistant.hear(self._script.farewell.text)

    async def _assistant_says(self, assistant: ScriptedAssistant, helper: Line, words: Words) -> None:
        """Say and write a line of the assistant's, if the caller is still (or again) its own."""
        if await assistant.say(words.text):
            await helper.say(load_clip(words.clip), lambda: assistant.case.assistant_owns)


async def _hush_for_operator(case: Case, helper: Line) -> None:
    """Fall silent in the middle of the word each time a person takes over."""
    while True:
        await case.until(lambda: case.with_operator)
        helper.hush()
        await case.until(lambda: not case.with_operator)
