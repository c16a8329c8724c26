"""Work out what an assistant is to be asked now: the turn, its history, and what people did in between.

Before: `server.broker.assisting` has a job. After: the assistant's adapter has all that it may know, already redacted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from server.broker.ports.assistants import (
    Assistant,
    AssistantJob,
    AssistantPolicy,
    Assistants,
    AssistantTurn,
    HumanStretch,
    Occasion,
)
from server.broker.ports.records import Credential, Principal
from server.broker.ports.store import Unit
from server.broker.replying import is_over
from server.wire.terms import Author, ConversationId, MessageId, OrganisationId, SessionId
from server.wire.views import ConversationView, MessageView, SessionView

MOST_STRETCHES: Final = 5
"""The newest talks with people that an assistant is told of."""
BUDGET_TIME: Final = timedelta(days=1)
"""The answers of so long a time are counted, and none from before a person had the customer: chats go on for years."""
REPLY_TO: Final = "reply-to:"
"""What the key of an answer begins with; the turn's id follows."""
_ANSWERS: Final = frozenset({Occasion.ANSWERED, Occasion.DECIDED})
_SHOWN: Final = frozenset({Author.CUSTOMER, Author.ASSISTANT, Author.OPERATOR, Author.SYSTEM})


@dataclass(frozen=True, slots=True)
class Due:
    """One question, ready to be asked.

    `hopeless` says why nobody need be asked any more, so that a person is called; empty when somebody is to be asked.
    """

    principal: Principal
    assistant: Assistant
    turn: AssistantTurn
    hopeless: str = ""

    @property
    def policy(self) -> AssistantPolicy:
        """How the assistant is treated."""
        return self.assistant.policy


def due_of(
    unit: Unit, organisation_id: OrganisationId, wanted: AssistantJob, assistants: Assistants, now: datetime
) -> Due | None:
    """Return what is to be asked; None when it is answered already, is a person's now, or is nobody's any more."""
    key = _key(unit, organisation_id, wanted.key_id)
    assistant = assistants.get(key.name) if key is not None else None
    stored = unit.conversations.load(organisation_id, ConversationId(wanted.conversation_id))
    if key is None or assistant is None or stored is None or is_over(stored, now):
        return None
    conversation = unit.views.conversation(organisation_id, stored.id)
    if conversation is None:
        return None
    policy = assistant.policy
    turns = unit.views.latest_messages(organisation_id, conversation.id, 4 * policy.history_turns)
    turn = _turn(
        unit, organisation_id, wanted, conversation, [one for one in turns if one.author in _SHOWN], policy=policy
    )
    if turn is None:
        return None
    principal = Principal(kind="assistant", id=wanted.key_id, organisation_id=organisation_id, name=key.name)
    return Due(principal, assistant, turn, _hopeless(wanted, policy, turns, turn, now))


def _key(unit: Unit, organisation_id: OrganisationId, key_id: str) -> Credential | None:
    """Return the key, unless it was revoked."""
    keys = unit.roster.credentials(organisation_id, "assistant")
    return next((one for one in keys if one.subject_id == key_id and one.revoked_at is None), None)


def _hopeless(
    wanted: AssistantJob, policy: AssistantPolicy, turns: Sequence[MessageView], asked: AssistantTurn, now: datetime
) -> str:
    """Return why a person is to be called instead: a promise was not kept, or a day's answers are spent."""
    if wanted.late:
        return "it did not answer in time"
    since = max([now - BUDGET_TIME, *(stretch.ended_at for stretch in asked.stretches)])
    answers = sum(turn.author is Author.ASSISTANT and turn.at > since for turn in turns)
    return "it has said as much as it may here" if 0 < policy.most_answers <= answers else ""


def _turn(
    unit: Unit,
    organisation_id: OrganisationId,
    wanted: AssistantJob,
    conversation: ConversationView,
    turns: Sequence[MessageView],
    *,
    policy: AssistantPolicy,
) -> AssistantTurn | None:
    """Return the turn to answer, with its history."""
    message = _message(unit, organisation_id, wanted, turns)
    session = unit.views.session(organisation_id, SessionId(wanted.session_id)) if wanted.session_id else None
    if message is None and (session is None or not (policy.every_turn or wanted.occasion in _ANSWERS)):
        return None
    key = f"{REPLY_TO}{message.id}" if message is not None else f"{REPLY_TO}{wanted.session_id}"
    if unit.conversations.message_by_key(conversation.id, key) is not None:
        return None
    if message is not None and _is_answered(message, wanted, turns, policy):
        return None
    until = message.position if message is not None and wanted.occasion is Occasion.TURN else None
    history = [turn for turn in turns if turn.deleted_at is None and (until is None or turn.position <= until)]
    return AssistantTurn(
        occasion=wanted.occasion,
        key=key,
        conversation=conversation,
        message=message,
        history=tuple(history[-policy.history_turns :]),
        stretches=_stretches(unit, organisation_id, conversation.id),
        session=session,
    )


def _message(
    unit: Unit, organisation_id: OrganisationId, wanted: AssistantJob, turns: Sequence[MessageView]
) -> MessageView | None:
    """Return the customer's turn to answer; after a return, the newest one that nobody has answered."""
    if wanted.occasion is Occasion.TURN:
        message = unit.conversations.message(organisation_id, MessageId(wanted.message_id))
        return message if message is not None and message.deleted_at is None else None
    if wanted.occasion in _ANSWERS:
        return None
    spoken = [turn for turn in turns if turn.author is not Author.SYSTEM and turn.deleted_at is None]
    return spoken[-1] if spoken and spoken[-1].author is Author.CUSTOMER else None


def _is_answered(
    message: MessageView, wanted: AssistantJob, turns: Sequence[MessageView], policy: AssistantPolicy
) -> bool:
    """Tell whether a newer turn makes this one's answer needless."""
    newer = [turn.author for turn in turns if turn.position > message.position]
    if wanted.late:
        return any(author in {Author.ASSISTANT, Author.OPERATOR, Author.CUSTOMER} for author in newer)
    return not policy.every_turn and Author.CUSTOMER in newer


def _stretches(
    unit: Unit, organisation_id: OrganisationId, conversation_id: ConversationId
) -> tuple[HumanStretch, ...]:
    """Return when people had the customer, oldest first."""
    talks = unit.views.talks(organisation_id, conversation_id, MOST_STRETCHES)
    names = {one.id: one.name for one in unit.views.operators(organisation_id)} if talks else {}
    return tuple(_stretch(talk, names.get(talk.operator_id, "") if talk.operator_id else "") for talk in talks)


def _stretch(talk: SessionView, operator: str) -> HumanStretch:
    """Return what the assistant must know of one talk."""
    pending = talk.follow_up and talk.follow_up_done_at is None
    assert talk.accepted_at and talk.ended_at and talk.outcome  # noqa: S101, PT018 - the query took no others
    return HumanStretch(
        session_id=talk.id,
        number=talk.number,
        operator=operator or "a person",
        began_at=talk.active_at or talk.accepted_at,
        ended_at=talk.ended_at,
        outcome=talk.outcome,
        agreed=talk.note,
        pending=talk.follow_up if pending else "",
        pending_at=talk.follow_up_at if pending else None,
    )
