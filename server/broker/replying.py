"""Store what an assistant answers: words, request for a person and facts in one transaction with the job's end.

Who owns the conversation is looked at in that transaction, so that no answer is stored over a person's words, however
long it took. A request for a person passes the guard as any other does.

Before: `server.broker.assisting` has an answer, or none. After: the turn is on its channel, the request in its queue.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from server.broker.cards import Cards
from server.broker.conversations import load_conversation
from server.broker.intake import Intake, add_turn, clean_attributes
from server.broker.minding import Minding
from server.broker.own_queue import own_queue
from server.broker.parts import Parts
from server.broker.ports.assistants import AssistantAnswer, AssistantPolicy, AssistantTurn
from server.broker.ports.records import Conversation, Principal
from server.broker.ports.store import Unit
from server.broker.ports.understanding import Assessment
from server.broker.redacting import redacted_turn
from server.broker.refused_sends import note_refused
from server.core.session import CONSULT_KINDS
from server.log import get_log
from server.wire.requests import NewHandoff, NewMessage
from server.wire.sanitize import clean_text
from server.wire.terms import Author, Outcome, Owner, SessionId
from server.wire.views import Attribute, Context, MessageView

FAILED_REASON: Final = "assistant failed"
"""Why a person is asked for when no answer came."""
_UNNAMED: Final = NewHandoff(reason="-")
"""A request that names no queue and no priority."""
_log = get_log(__name__)


class Said(StrEnum):
    """What became of an answer."""

    DONE = "done"
    STALE = "stale"
    """The conversation changed hands while the assistant thought, and may still be the assistant's: ask anew."""
    OVER = "over"
    """A person has the customer, or the customer has left: nothing is to be answered any more."""
    DECLINED = "declined"
    """The request for a person was not passed on, so that its words would promise what does not come."""


class _Reply(NamedTuple):
    """An answer, ready to be stored: clean words, the request, and what the guard makes of it."""

    text: str
    wish: NewHandoff | None
    assessment: Assessment | None
    attributes: dict[str, Attribute] | None


_Stored = tuple[Said, str, MessageView | None, SessionId | None]
"""What became of an answer and why, the turn that was added, the session that was opened."""


class Replies:
    """How answers are stored."""

    def __init__(self, parts: Parts, intake: Intake, cards: Cards, minding: Minding) -> None:
        """Work on these parts; requests go through `intake`."""
        self._parts: Final = parts
        self._intake: Final = intake
        self._cards: Final = cards
        self._minding: Final = minding

    async def say(
        self, principal: Principal, turn: AssistantTurn, answer: AssistantAnswer, policy: AssistantPolicy, job_id: int
    ) -> tuple[Said, str]:
        """Store an answer, unless the conversation has changed hands; return what became of it, and why.

        `job_id` is finished with it.
        """
        wish = self._wish(turn, answer, policy)
        consults = wish is not None and wish.kind in CONSULT_KINDS
        told = policy.question_text if consults else policy.handoff_text
        words = answer.text.strip() or (told if wish is not None else "")
        assessment = None
        if wish is not None and not consults:
            assessment = await self._intake.screened(principal.organisation_id, turn.conversation.id)
        reply = _Reply(await self._clean(principal, turn, words), wish, assessment, answer.attributes)
        said, why, view, opened = await self._parts.database.run(
            lambda unit: self._store(unit, principal, turn, reply, job_id)
        )
        self._tell(principal, turn, view, opened)
        return said, why

    def _store(self, unit: Unit, principal: Principal, turn: AssistantTurn, reply: _Reply, job_id: int) -> _Stored:
        """Store an answer in one transaction with the job's end, where the conversation is still the assistant's."""
        conversation = load_conversation(unit, principal, turn.conversation.id)
        if is_over(conversation, self._parts.clock.now()):
            unit.ledger.finish_job(job_id)
            if conversation.ended_at is None:
                code = "operator_owns" if conversation.owner is Owner.OPERATOR else "person_elsewhere"
                note_refused(unit, self._parts, principal, conversation, code)
            return Said.OVER, "", None, None
        if conversation.owner_epoch != turn.conversation.owner_epoch:
            note_refused(unit, self._parts, principal, conversation, "stale_ownership")
            return Said.STALE, "", None, None
        if reply.attributes is not None:
            conversation = msgspec.structs.replace(conversation, attributes=clean_attributes(reply.attributes))
            unit.conversations.save(conversation)
        opened = None
        if reply.wish is not None and conversation.session_id is None:
            opened = self._intake.open_session(unit, principal, conversation.id, reply.wish, reply.assessment)
            why = _why_declined(unit, principal, opened)
            if why is not None:
                return Said.DECLINED, why, None, None
            conversation = load_conversation(unit, principal, conversation.id)
        view = self._add(unit, principal, conversation, turn, reply.text) if reply.text else None
        unit.ledger.finish_job(job_id)
        return Said.DONE, "", view, opened

    async def give_up(
        self, principal: Principal, turn: AssistantTurn, policy: AssistantPolicy, why: str, job_id: int
    ) -> None:
        """Tell the customer that no answer comes, and ask for a person: nobody is left silent."""
        text = await self._clean(principal, turn, policy.failure_text)
        wish = NewHandoff(
            reason=FAILED_REASON,
            queue=own_queue(self._parts, turn.conversation.account, policy.queue),
            priority=policy.priority,
            context=Context(tried=(f"The assistant could not answer: {why}",)),
            customer_asked=False,
        )

        def work(unit: Unit) -> tuple[MessageView | None, SessionId | None]:
            conversation = load_conversation(unit, principal, turn.conversation.id)
            unit.ledger.finish_job(job_id)
            if (
                is_over(conversation, self._parts.clock.now())
                or unit.conversations.message_by_key(conversation.id, turn.key) is not None
            ):
                return None, None
            view = self._add(unit, principal, conversation, turn, text)
            opened = None
            if conversation.session_id is None:
                opened = self._intake.open_session(unit, principal, conversation.id, wish, None)
            return view, opened

        view, opened = await self._parts.database.run(work)
        _log.warning("assistant_gave_up", assistant=principal.name, why=why)
        self._tell(principal, turn, view, opened)

    def _wish(self, turn: AssistantTurn, answer: AssistantAnswer, policy: AssistantPolicy) -> NewHandoff | None:
        """Return the request for a person; none where one waits already, or where one was just declined."""
        if answer.handoff is None or turn.conversation.owner is not Owner.ASSISTANT or turn.declined:
            return None
        named = answer.handoff
        usual = own_queue(self._parts, turn.conversation.account, policy.queue)
        return msgspec.structs.replace(
            named,
            queue=usual if named.queue == _UNNAMED.queue else named.queue,
            priority=policy.priority if named.priority == _UNNAMED.priority else named.priority,
        )

    async def _clean(self, principal: Principal, turn: AssistantTurn, text: str) -> str:
        return await redacted_turn(self._parts, principal.organisation_id, turn.conversation.id, clean_text(text))

    def _add(
        self, unit: Unit, principal: Principal, conversation: Conversation, turn: AssistantTurn, text: str
    ) -> MessageView | None:
        """Append the assistant's words once, under the turn's key."""
        if unit.conversations.message_by_key(conversation.id, turn.key) is not None:
            return None
        body = NewMessage(author=Author.ASSISTANT, text=text, key=turn.key, epoch=conversation.owner_epoch)
        return add_turn(unit, self._parts, principal, conversation, body)

    def _tell(
        self, principal: Principal, turn: AssistantTurn, view: MessageView | None, opened: SessionId | None
    ) -> None:
        """Let those look who read along."""
        if view is not None:
            self._cards.heard(view)
        if opened is not None:
            self._cards.want(principal.organisation_id, opened)
        self._minding.noticed(principal.organisation_id, turn.conversation.id)


def is_over(conversation: Conversation, now: datetime) -> bool:
    """Tell whether nothing is an assistant's to answer: a person has the customer, here or elsewhere, or nobody has."""
    elsewhere = conversation.elsewhere_until is not None and now < conversation.elsewhere_until
    return elsewhere or conversation.ended_at is not None or conversation.owner is Owner.OPERATOR


def _why_declined(unit: Unit, principal: Principal, session_id: SessionId) -> str | None:
    """Return why a request was not passed on; None when it was."""
    session = unit.views.session(principal.organisation_id, session_id)
    if session is None or session.outcome is not Outcome.REFUSED:
        return None
    return next((sign.reason for sign in session.context.signs), "the customer did not ask for a person")
