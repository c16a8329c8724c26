"""Play one chat: the customer writes with the assistant, then with a person, then with the assistant again."""

from typing import Final

from server.demo.answers import AnswerBook
from server.demo.assistant import FINISHED, ScriptedAssistant
from server.demo.stage import Casting, Stage
from server.wire.terms import Author

READ_SECONDS: Final = 1.5
UNEASY_SECONDS: Final = 60.0
"""A customer who reads nothing for this long asks whether somebody is there, once."""
PARTING_SECONDS: Final = 4.0


class ChatPlay:
    """One chat from the first word to the farewell."""

    def __init__(self, stage: Stage, casting: Casting) -> None:
        """Play `casting` on `stage`."""
        self._stage: Final = stage
        self._casting: Final = casting
        self._script: Final = casting.script
        self._book: Final = AnswerBook(casting.script)
        self._uneasy = False

    async def run(self) -> None:
        """Play to the end: farewell, hung up by the desk, or gone for want of patience."""
        assistant = await ScriptedAssistant.meet(self._stage, self._casting)
        self._stage.tell(f"chat: {self._casting.who} writes to the assistant")
        await self._before(assistant)
        left = await self._with_people(assistant)
        await assistant.part(left)

    async def _before(self, assistant: ScriptedAssistant) -> None:
        """Write the turns before the handoff and ask for a person."""
        for turn in self._script.turns:
            await self._stage.pace.pause(0.4)
            if turn.author is Author.ASSISTANT:
                await assistant.say(turn.text)
            else:
                await assistant.hear(turn.text)
        await assistant.ask_for_person()
        await assistant.say(self._stage.shared.chat_fetching[0].text)

    async def _with_people(self, assistant: ScriptedAssistant) -> str:
        """Wait for a person, write with them, and take leave; returns why the customer left."""
        case = assistant.case
        while not (case.over or case.is_back):
            if case.with_operator:
                await self._write_with_operator(assistant)
            elif not await case.until(lambda: case.moved_on, self._script.patience_seconds):
                self._stage.tell(f"chat: {self._casting.who} gave up waiting")
                return "no patience left"
        if case.over:
            self._stage.tell(f"chat: {self._casting.who} was closed by the operator")
            return "closed by the operator"
        await self._take_leave(assistant)
        return FINISHED

    async def _write_with_operator(self, assistant: ScriptedAssistant) -> None:
        """Answer what the operator writes until the chat is no longer theirs."""
        case = assistant.case
        await self._answer(assistant, "")
        while case.with_operator:
            if await case.until(lambda: bool(case.unread) or not case.with_operator, UNEASY_SECONDS):
                await self._read_and_answer(assistant)
            elif not (self._uneasy or case.on_hold):
                self._uneasy = True
                await self._write(assistant, self._script.uneasy.text)

    async def _read_and_answer(self, assistant: ScriptedAssistant) -> None:
        """Read all that came, then answer it in one go."""
        case = assistant.case
        if not case.unread:
            return
        await self._stage.pace.pause(READ_SECONDS)
        text = " ".join(message.text for message in case.unread)
        case.unread.clear()
        self._uneasy = False
        self._stage.tell(f"chat: operator to {self._script.customer}: {text}")
        await self._answer(assistant, text)

    async def _answer(self, assistant: ScriptedAssistant, text: str) -> None:
        """Write the fitting answer, unless the operator has let go meanwhile."""
        answer = self._book.reply_to(text)
        await self._write(assistant, answer.text)

    async def _write(self, assistant: ScriptedAssistant, text: str) -> None:
        await assistant.customer_types(on=True)
        await self._stage.pace.type_out(text)
        await assistant.customer_types(on=False)
        if assistant.case.with_operator:
            await assistant.hear(text)
            self._stage.tell(f"chat: {self._script.customer}: {text}")

    async def _take_leave(self, assistant: ScriptedAssistant) -> None:
        """Hear from the assistant what was agreed, and say goodbye."""
        line = assistant.return_line()
        await self._stage.pace.pause(READ_SECONDS)
        if await assistant.say(line.text):
            self._stage.tell(f"chat: assistant to {self._script.customer}: {line.text}")
        await self._stage.pace.pause(PARTING_SECONDS)
        await assistant.hear(self._script.farewell.text)
