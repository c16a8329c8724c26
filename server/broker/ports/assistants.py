"""Say what the broker needs of an assistant that it asks itself: somebody's bot, a language model, a script.

An adapter turns one turn of a customer into one answer and knows nothing of ownership: whether the answer may still be
said is decided by the broker, in the transaction that stores it.

Before: a customer wrote to a conversation of the assistant's key. After: `server.broker.replying` stores the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from server.wire.requests import NewHandoff
from server.wire.terms import Outcome, SessionId
from server.wire.views import Attribute, ConversationView, MessageView, SessionView


class Occasion(StrEnum):
    """Why an assistant is asked."""

    TURN = "turn.added"
    """The customer said something."""
    RETURNED = "conversation.returned"
    """A person gave the conversation back, or nobody came."""
    ANSWERED = "assist.answered"
    """An operator answered the assistant's question, or nobody did in time."""
    DECIDED = "approve.decided"
    """The assistant's proposal was approved or declined, by an operator or by its default."""


class HumanStretch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an assistant must know of the time when a person had the customer.

    Attributes:
        number: As people call the session: H-0042.
        operator: The person's name.
        agreed: What the person wrote for the assistant when they gave the conversation back.
        pending: What is still to be done; empty when nothing is.
    """

    session_id: SessionId
    number: str
    operator: str
    began_at: datetime
    ended_at: datetime
    outcome: Outcome
    agreed: str = ""
    pending: str = ""
    pending_at: datetime | None = None


class AssistantTurn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an assistant is asked to answer.

    Attributes:
        key: The same at each attempt; the stored answer carries it.
        conversation: With `owner` and `owner_epoch` as they were when the assistant was asked.
        message: The turn to answer; None when there is none, after a return.
        history: The newest turns, oldest first, without internal notes; ends with `message`.
        stretches: When people had the customer before, oldest first.
        session: The session that ended: the talk, the question or the proposal; None for TURN.
        declined: Why a request for a person, made a moment ago for this turn, was not passed on; empty when none was.
    """

    occasion: Occasion
    key: str
    conversation: ConversationView
    message: MessageView | None = None
    history: tuple[MessageView, ...] = ()
    stretches: tuple[HumanStretch, ...] = ()
    session: SessionView | None = None
    declined: str = ""


class AssistantAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an assistant answers: words, a request for a person, facts about the customer, or that it answers later."""

    text: str = ""
    handoff: NewHandoff | None = None
    attributes: dict[str, Attribute] | None = None
    later: bool = False


class AssistantError(Exception):
    """No answer came that can be used.

    Attributes:
        code: For logs and counts; `str(error)` is a sentence for people.
        retry_after_seconds: What the other side asks for; None when it asks for nothing.
        lasting: Asking again will not help.
    """

    def __init__(
        self, code: str, message: str, *, retry_after_seconds: float | None = None, lasting: bool = False
    ) -> None:
        """Keep the parts."""
        super().__init__(message)
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        self.lasting = lasting


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantPolicy:
    """How the broker treats one assistant.

    Attributes:
        attempts: So often it is asked about one turn before a person is called.
        every_turn: It is told of each turn; else only of the newest, when several came while it was busy.
        history_turns: How many turns it is given.
        most_answers: Answers in one conversation, of a day and since the last person; then one is called. 0: any.
        later_seconds: Who said that they answer later, and does not for so long, has failed.
        queue: Where requests go that name no queue.
        priority: Of requests that name none.
        handoff_text: What the customer is told when it asks for a person without a word.
        question_text: What the customer is told when it asks an operator something without a word.
        failure_text: What the customer is told when it failed.
    """

    attempts: int = 2
    every_turn: bool = False
    history_turns: int = 40
    most_answers: int = 0
    later_seconds: float = 120.0
    queue: str = "default"
    priority: int = 5
    handoff_text: str = "I am asking a person to help you."
    question_text: str = "One moment, I am asking a colleague."
    failure_text: str = "I am sorry, I cannot answer right now. A person will help you."


class Assistant(Protocol):
    """One assistant that the broker asks."""

    @property
    def policy(self) -> AssistantPolicy:
        """How it is treated."""
        ...

    async def answer(self, turn: AssistantTurn) -> AssistantAnswer:
        """Return its answer, within a time of its own.

        Raises:
            AssistantError: none came, or none that can be used.
        """
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...


class AssistantJob(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an `assistant` job in the outbox: which assistant is asked about what.

    `late` looks whether an answer came that was promised.
    """

    occasion: Occasion
    key_id: str
    conversation_id: str
    message_id: str = ""
    session_id: str = ""
    late: bool = False


Assistants = Mapping[str, Assistant]
"""Every assistant by its name in the configuration, which is the name of its key."""
