"""Complete the card: what the assistant did not say of a conversation is read out of its transcript.

What the assistant said stays; every part carries its source. A model, when configured, may put better words in the
place of built-in ones; what it answers is checked like anything from outside, and decides nothing.

Before: `server.broker.cards` has read the turns. After: it stores the package and tells the consoles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from server.understanding.actions import Actions
from server.understanding.custom_fields import CustomField
from server.understanding.facts import Said, facts_of, read_ahead, read_question_ahead
from server.understanding.summary import is_grounded, summarise
from server.understanding.summary_sentences import deeds_in
from server.wire.terms import Author, ConversationId, Source
from server.wire.views import Context, Fact, MessageView, NextAction

MOST_FACTS: Final = 12
MOST_TRIED: Final = 3
MOST_QUESTIONS: Final = 4096
"""Conversations whose last question is remembered while they stream."""
_OURS: Final = frozenset({Author.ASSISTANT, Author.OPERATOR})


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model made of a conversation, or why it made nothing."""

    status: str
    summary: str = ""
    tried: tuple[str, ...] = ()
    next_actions: tuple[NextAction, ...] = ()


class Model(Protocol):
    """A language model that is asked for a card."""

    async def card(self, turns: Sequence[Said], facts: Sequence[Fact]) -> ModelCard:
        """Return what it makes of the conversation; never raises for what goes wrong outside."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


class CardWriter:
    """Reads transcripts by rules, and asks a model when there is one."""

    def __init__(self, actions: Actions, fields: tuple[CustomField, ...] = (), model: Model | None = None) -> None:
        """Take the rules for next steps, the organisation's own fields, and a model if there is one."""
        self._actions: Final = actions
        self._fields: Final = fields
        self._model: Final = model
        self._questions: Final[dict[ConversationId, str]] = {}

    @property
    def model(self) -> "Model | None":
        """Who is asked for better words."""
        return self._model

    @property
    def has_model(self) -> bool:
        """Whether `improve` can do anything."""
        return self._model is not None

    def heard(self, message: MessageView) -> None:
        """Read a turn ahead: what it says in answer to the last question is remembered."""
        if message.author is not Author.CUSTOMER:
            read_question_ahead(message.text)
            self._questions.pop(message.conversation_id, None)
            self._questions[message.conversation_id] = message.text
            while len(self._questions) > MOST_QUESTIONS:
                del self._questions[next(iter(self._questions))]
            return
        read_ahead(self._questions.get(message.conversation_id, ""), message.text, self._fields)

    def understand(self, context: Context, turns: Sequence[MessageView]) -> Context:
        """Return the package, completed where the assistant gave nothing."""
        said = _said(turns)
        facts = self._facts(context, said)
        changes: dict[str, object] = {"facts": facts}
        if not context.summary or context.summary_source is not Source.ASSISTANT:
            made = summarise([(turn.customer, turn.text) for turn in said])
            source = Source.BUILT_IN if made.text else Source.ASSISTANT
            status = made.status.value if any(turn.customer for turn in said) else ""
            changes |= {"summary": made.text, "summary_source": source, "summary_status": status}
        if not context.tried:
            changes["tried"] = deeds_in([turn.text for turn in said if not turn.customer])[-MOST_TRIED:]
        if not context.next_actions:
            changes["next_actions"] = self._steps(context, facts, said)
        return msgspec.structs.replace(context, **changes)

    async def improve(self, context: Context, turns: Sequence[MessageView]) -> Context:
        """Return the package with a model's words in the place of built-in ones; the assistant's own stay."""
        if self._model is None:
            return context
        said = _said(turns)
        made = await self._model.card(said, context.facts)
        changes: dict[str, object] = {"summary_status": made.status}
        grounded = is_grounded(made.summary, (turn.text for turn in said))
        if made.summary and not grounded:
            changes["summary_status"] = "model_ungrounded"
        elif made.summary and context.summary_source is not Source.ASSISTANT:
            changes |= {"summary": made.summary, "summary_source": Source.MODEL}
        ours = any(step.source is Source.ASSISTANT for step in context.next_actions)
        if made.next_actions and grounded and not ours:
            changes["next_actions"] = made.next_actions
        return msgspec.structs.replace(context, **changes)

    async def close(self) -> None:
        """Let go of the model's connection."""
        if self._model is not None:
            await self._model.close()

    def _facts(self, context: Context, said: Sequence[Said]) -> tuple[Fact, ...]:
        """Return the assistant's facts, and those found here whose value it did not name."""
        own = tuple(fact for fact in context.facts if fact.source is Source.ASSISTANT)
        known = " ".join(_plain(fact.value) for fact in own)
        found = (
            Fact(name=one.name, value=one.value, turn=one.turn, confidence=one.confidence, source=Source.BUILT_IN)
            for one in facts_of(said, self._fields)
            if _plain(one.value) not in known
        )
        return (*own, *found)[: max(MOST_FACTS, len(own))]

    def _steps(self, context: Context, facts: Sequence[Fact], said: Sequence[Said]) -> tuple[NextAction, ...]:
        if not any(turn.customer for turn in said):
            return ()
        issues = self._actions.issues_in([turn.text for turn in said if turn.customer][-60:])
        values = {fact.name: fact.value for fact in facts}
        return tuple(
            NextAction(label=step.label, say=step.say, source=Source.BUILT_IN)
            for step in self._actions.recommend(issues, values, context.topic)
        )


def _said(turns: Sequence[MessageView]) -> list[Said]:
    return [
        Said(turn.author is Author.CUSTOMER, turn.text, turn.position)
        for turn in turns
        if turn.author is Author.CUSTOMER or turn.author in _OURS
    ]


def _plain(value: str) -> str:
    return "".join(sign for sign in value.lower() if sign.isalnum())
