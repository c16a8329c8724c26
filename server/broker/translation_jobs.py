"""Order that a conversation's turns are looked at for translation: a job beside the change, one lane a conversation.

Before: a turn was added or changed while people have the conversation, or a session opened. After:
`server.broker.translating` does it, never in the way of the commit.
"""

from typing import Final

import msgspec

from server.broker.parts import Parts
from server.broker.plans import has_feature
from server.broker.ports.store import Unit
from server.wire.terms import Author, ConversationId, Feature, OrganisationId
from server.wire.views import MessageView

TRANSLATE: Final = "translate"
"""The kind of outbox job that has turns translated."""
TRANSLATED: Final = frozenset({Author.CUSTOMER, Author.ASSISTANT})
"""Whose turns are translated for the desk."""


class TranslateJob(msgspec.Struct, frozen=True):
    """The body of a `translate` job; `again`: turns of which no translation came are tried once more."""

    conversation_id: ConversationId
    again: bool = False


def want_translation(
    unit: Unit, parts: Parts, organisation_id: OrganisationId, conversation_id: ConversationId, *, again: bool = False
) -> None:
    """Have the newest turns of a conversation translated, where anybody can."""
    if parts.translator is None or not has_feature(unit, parts, organisation_id, Feature.TRANSLATION):
        return
    body = msgspec.json.encode(TranslateJob(conversation_id, again))
    unit.ledger.add_job(organisation_id, f"translate:{conversation_id}", TRANSLATE, body, parts.clock.now())


def turn_wants_translation(unit: Unit, parts: Parts, organisation_id: OrganisationId, turn: MessageView) -> None:
    """Have a turn translated that was said, or changed, while people have the conversation."""
    if turn.session_id is not None and turn.author in TRANSLATED:
        want_translation(unit, parts, organisation_id, turn.conversation_id)
