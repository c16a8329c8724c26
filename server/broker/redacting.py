"""Redact what comes in, wherever it comes in, before it is written down.

Before: the text passed `server.wire.sanitize`. After: it may be stored, shown, logged and sent to a model.
"""

from typing import Final, TypeVar

import msgspec

from server.broker.parts import Parts
from server.broker.ports.store import Unit
from server.wire.terms import Author, ConversationId, OrganisationId
from server.wire.views import Context

LOOK_BACK_TURNS: Final = 8
"""How many turns before a number may say what it is."""
_TEXTS: Final = frozenset({"text", "written", "note", "reason", "disposition"})
_SPEAKERS: Final = frozenset({Author.CUSTOMER, Author.ASSISTANT, Author.OPERATOR})
_Order = TypeVar("_Order", bound=msgspec.Struct)


async def redacted_turn(
    parts: Parts, organisation_id: OrganisationId, conversation_id: ConversationId, text: str
) -> str:
    """Return a turn of a conversation without its secrets; what was asked before says what bare digits are.

    Where there is something to look at, that is done on a reading thread, so that no text holds up a commit.
    """
    if not parts.redactor.looks_back(text):
        return parts.redactor.redact(organisation_id, text)

    def work(unit: Unit) -> str:
        turns = unit.views.latest_messages(organisation_id, conversation_id, LOOK_BACK_TURNS)
        earlier = [(turn.author is Author.CUSTOMER, turn.text) for turn in turns if turn.author in _SPEAKERS]
        return parts.redactor.redact(organisation_id, text, earlier)

    return await parts.database.read(work)


def redacted_order(parts: Parts, organisation_id: OrganisationId, order: _Order) -> _Order:
    """Return an operator's order without the secrets in its texts."""
    changes = {
        name: parts.redactor.redact(organisation_id, value)
        for name in order.__struct_fields__
        if name in _TEXTS and isinstance(value := getattr(order, name), str)
    }
    return msgspec.structs.replace(order, **changes) if changes else order


def redacted_context(parts: Parts, organisation_id: OrganisationId, context: Context) -> Context:
    """Return a context package without the secrets in any of its texts."""

    def pen(text: str) -> str:
        return parts.redactor.redact(organisation_id, text)

    return msgspec.structs.replace(
        context,
        summary=pen(context.summary),
        facts=tuple(
            msgspec.structs.replace(fact, value=pen(f"{fact.name}: {fact.value}")[len(fact.name) + 2 :])
            for fact in context.facts
        ),
        tried=tuple(pen(step) for step in context.tried),
        next_actions=tuple(
            msgspec.structs.replace(step, label=pen(step.label), say=pen(step.say)) for step in context.next_actions
        ),
        topic=pen(context.topic),
    )
