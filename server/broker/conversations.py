"""Find a principal's conversation, and end one; what intake and calls both need."""

import msgspec

from server.broker import road
from server.broker.parts import Parts
from server.broker.ports.records import Conversation, Principal
from server.broker.ports.store import Unit
from server.core import inputs
from server.core.errors import NotFoundError
from server.wire.terms import ConversationId


def load_conversation(unit: Unit, principal: Principal, conversation_id: ConversationId) -> Conversation:
    """Return a conversation of the principal's organisation (and, for an assistant's key, of that key).

    Raises:
        NotFoundError: `no_such_conversation`; the same whether it exists elsewhere or not.
    """
    conversation = unit.conversations.load(principal.organisation_id, conversation_id)
    if conversation is None or (principal.kind == "assistant" and conversation.key_id != principal.id):
        raise no_such_conversation()
    return conversation


def end_conversation(unit: Unit, parts: Parts, conversation: Conversation) -> None:
    """Record that the customer left, and let the open session know."""
    if conversation.ended_at is not None:
        return
    ended = msgspec.structs.replace(conversation, ended_at=parts.clock.now(), caller_connected=False)
    unit.conversations.save(ended)
    unit.ledger.tell_conversation(conversation.organisation_id, "conversation.changed", conversation.id)
    for asked in unit.sessions.asked(conversation.organisation_id, conversation.id):
        road.apply(unit, parts, conversation.organisation_id, asked.id, inputs.CustomerLeft())
    if conversation.session_id is not None:
        road.apply(unit, parts, conversation.organisation_id, conversation.session_id, inputs.CustomerLeft())


def no_such_conversation() -> NotFoundError:
    """Return the refusal for a conversation that is not there, or not this principal's."""
    return NotFoundError("no_such_conversation", "There is no such conversation.", "Create one first.")
