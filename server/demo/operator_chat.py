"""Handle one chat as the scripted operator: greet, read, use the suggestion of the context package, and agree."""

from typing import Final

from server.demo.console_link import ConsoleLink
from server.demo.stage import Stage
from server.wire.commands import Say, Typing
from server.wire.views import SessionView

ANSWER_SECONDS: Final = 20.0


class OperatorChat:
    """The operator's side of one chat."""

    def __init__(self, link: ConsoleLink, stage: Stage) -> None:
        """Work at `link`."""
        self._link: Final = link
        self._stage: Final = stage

    async def handle(self, session: SessionView) -> str:
        """Write with the customer and return what was agreed.

        Raises:
            OrderRefusedError: a message was refused.
        """
        hello, done = (line.text for line in self._stage.shared.operator_chat[:2])
        actions = session.context.next_actions
        offer = actions[0].say if actions and actions[0].say else done
        answers = 0
        for text in (hello, offer):
            await self._say(session, text)
            if await self._answered(session, self._read(session)):
                answers += 1
        self._stage.findings.answers_read[session.conversation_id] = answers
        return offer

    async def _answered(self, session: SessionView, before: int) -> bool:
        """Wait for a message of the customer beyond the first `before`."""
        return await self._link.until(lambda: self._read(session) > before, ANSWER_SECONDS)

    def _read(self, session: SessionView) -> int:
        """Return how many messages of this customer have been read."""
        return len(self._link.written.get(session.conversation_id, ()))

    async def _say(self, session: SessionView, text: str) -> None:
        """Show that we type, then send."""
        await self._link.order(Typing(id=self._link.new_id(), session_id=session.id, on=True))
        await self._stage.pace.type_out(text)
        await self._link.order(Say(id=self._link.new_id(), session_id=session.id, epoch=session.epoch, text=text))
        self._stage.tell(f"operator to {session.customer.name}: {text}")
