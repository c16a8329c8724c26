"""Be the AI assistant of one conversation: speak while it owns it, ask for a person, stop, and take over again.

It obeys ownership as any assistant must: what it says carries the number of the ownership it believes in, and a
refusal makes it read the conversation again instead of insisting.
"""

from typing import Final

from server.demo.case import Case
from server.demo.content import AGREED, Line, agreement
from server.demo.rest import RefusedError
from server.demo.stage import Casting, Stage
from server.wire.requests import NewConversation, NewHandoff, NewMessage
from server.wire.terms import Author, Outcome

FINISHED: Final = "finished"
"""Why a customer leaves who was served, returned to the assistant, and said goodbye."""
_CONFLICT: Final = 409


class ScriptedAssistant:
    """The assistant's side of one conversation, over REST and the event stream."""

    def __init__(self, stage: Stage, casting: Casting, case: Case) -> None:
        """Take up a conversation that exists already."""
        self.case: Final = case
        self._stage: Final = stage
        self._casting: Final = casting
        self._turns = 0

    @classmethod
    async def meet(cls, stage: Stage, casting: Casting) -> "ScriptedAssistant":
        """Begin the conversation with the customer and follow its events."""
        script = casting.script
        new = NewConversation(
            medium=script.medium,
            channel="phone" if script.is_call else "widget",
            customer_name=script.customer,
            customer_handle=casting.handle,
            external_id=casting.external_id,
            attributes=script.attributes,
        )
        case = Case(await stage.rest.start_conversation(new), stage.pace.clock)
        stage.feed.follow(case)
        return cls(stage, casting, case)

    async def say(self, text: str) -> bool:
        """Say something to the customer; false when the conversation is a person's."""
        self._turns += 1
        for _ in range(2):
            if not self.case.assistant_owns:
                return False
            try:
                await self._add(Author.ASSISTANT, text, self.case.conversation.owner_epoch)
            except RefusedError as refusal:
                if refusal.status != _CONFLICT:
                    raise
                self.case.conversation = await self._stage.rest.conversation(self.case.conversation.id)
                continue
            return True
        return False

    async def hear(self, text: str) -> None:
        """Write down what the customer said or wrote: the assistant's platform transcribes, whoever has the word."""
        self._turns += 1
        await self._add(Author.CUSTOMER, text, None)

    async def customer_types(self, *, on: bool) -> None:
        """Let the operator see that the customer writes, or stopped."""
        await self._stage.rest.typing(self.case.conversation.id, on=on)

    async def ask_for_person(self) -> None:
        """Request the handoff, with all that is known; asked twice it is one request."""
        handoff = self._casting.script.handoff
        new = NewHandoff(
            reason=handoff.reason,
            queue=handoff.queue,
            priority=handoff.priority,
            context=self._casting.script.context,
        )
        key = f"{self._casting.external_id}-handoff"
        session = await self._stage.rest.request_handoff(self.case.conversation.id, new, key)
        if self.case.session is None:
            self.case.session = session
        self._stage.tell(f"{session.number}: {self._casting.who} needs a person: {handoff.reason}")

    def return_line(self) -> Line:
        """Return what to say now that the conversation is the assistant's again."""
        returned = self.case.returned
        if returned is None or returned.session.outcome is Outcome.EXPIRED:
            return self._stage.shared.nobody[0]
        back = self._casting.script.back
        agreed = agreement(returned.session.note, returned.stretch)
        return Line(text=back.text.replace(AGREED, agreed), clip=back.clip)

    async def part(self, reason: str) -> None:
        """End the conversation: the customer has left."""
        if self.case.returned is not None and reason == FINISHED:
            self._stage.findings.returns.append(self.case.returned)
        if self.case.conversation.ended_at is None:
            await self._stage.rest.end_conversation(self.case.conversation.id, reason)
        self._stage.feed.forget(self.case)

    async def _add(self, author: Author, text: str, epoch: int | None) -> None:
        key = f"{self._casting.external_id}-{self._turns}"
        message = NewMessage(author=author, text=text, key=key, epoch=epoch)
        await self._stage.rest.add_message(self.case.conversation.id, message)
