"""Find or begin the conversations of a web page's visitor, and call people into them; what chats and calls share.

A visitor acts in the name of the assistant's key that owns the widget's conversations, and only ever on their own
chat and call: no request of a page names a conversation.
"""

from dataclasses import dataclass

import msgspec

from server.broker.intake import Intake
from server.broker.parts import Parts
from server.broker.ports.records import Conversation, Principal
from server.broker.ports.store import Unit
from server.broker.ports.visitors import Visitor
from server.core.errors import ConflictError
from server.wire.requests import NewConversation, NewHandoff
from server.wire.terms import Consent, ConversationId, Medium, OrganisationId
from server.wire.views import Attribute

CHANNEL = "widget"
"""What the channel of a widget's conversations is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WidgetPolicy:
    """How the widget works; from `[widget]`.

    Attributes:
        assistant: Name of the key that owns its conversations; empty when there is only one key.
        queue: Where its visitors wait.
        person_first: A person is called with the first word; there is no assistant.
        calls: Visitors may call.
        identity_secret: Signs identities; None: every visitor is a stranger.
        keep_days: A visitor who was not seen for so long is forgotten.
    """

    organisation_id: OrganisationId
    assistant: str = ""
    queue: str = "default"
    person_first: bool = False
    calls: bool = False
    identity_secret: bytes | None = None
    keep_days: int = 30


class PageConversations:
    """The conversations of visitors."""

    def __init__(self, parts: Parts, policy: WidgetPolicy, intake: Intake) -> None:
        """Work on these parts."""
        self.parts = parts
        self.policy = policy
        self.intake = intake

    async def chat(self, visitor: Visitor, key: str) -> ConversationId:
        """Return the visitor's open chat, or the one that has the turn of this key; begin one if there is none."""

        def look(unit: Unit) -> tuple[Conversation | None, bool]:
            found = unit.conversations.load(visitor.organisation_id, visitor.conversation_id)
            said = found is not None and bool(key) and unit.conversations.message_by_key(found.id, key) is not None
            return found, said

        found, said = await self.parts.database.read(look) if visitor.conversation_id else (None, False)
        if found is not None and (said or found.ended_at is None):
            return found.id
        body = self.new(visitor, Medium.CHAT, external_id(visitor))
        made = await self.intake.create_conversation(principal_of(visitor), body)
        await self.remember(visitor, conversation_id=made.id)
        return made.id

    @staticmethod
    def new(visitor: Visitor, medium: Medium, external_id: str) -> NewConversation:
        """Return what begins a conversation of this visitor."""
        facts: dict[str, Attribute] = {"signed_in": bool(visitor.user_id)}
        if visitor.language:
            facts["language"] = visitor.language
        return NewConversation(
            medium=medium,
            channel=CHANNEL,
            customer_name=visitor.name,
            customer_handle=visitor.email or visitor.id,
            customer_id=visitor.user_id,
            external_id=external_id,
            receipts=medium is Medium.CHAT,
            attributes=facts,
        )

    async def remember(
        self, visitor: Visitor, *, conversation_id: ConversationId | None = None, call_id: ConversationId | None = None
    ) -> None:
        """Note which chat or call is the visitor's newest."""

        def work(unit: Unit) -> None:
            now = unit.visitors.by_token(visitor.sha256) or visitor
            changed = msgspec.structs.replace(
                now,
                conversation_id=now.conversation_id if conversation_id is None else conversation_id,
                call_id=now.call_id if call_id is None else call_id,
            )
            unit.visitors.save(changed)

        await self.parts.database.run(work)

    async def call_for_person(
        self,
        visitor: Visitor,
        conversation_id: ConversationId,
        reason: str,
        *,
        asked: bool,
        consent: Consent = Consent.UNKNOWN,
    ) -> None:
        """Request a handoff; one that is open already is enough."""
        body = NewHandoff(reason=reason, queue=self.policy.queue, customer_asked=asked, consent=consent)
        try:
            await self.intake.request_handoff(principal_of(visitor), conversation_id, body, "")
        except ConflictError as error:
            if error.code != "handoff_open":
                raise


def principal_of(visitor: Visitor) -> Principal:
    """Return in whose name the visitor acts: that of the key that owns their conversations."""
    return Principal(kind="assistant", id=visitor.key_id, organisation_id=visitor.organisation_id, name=visitor.name)


def external_id(visitor: Visitor) -> str:
    """Return what makes the visitor's open chat one: their signed id on any device, else this browser."""
    return f"user:{visitor.user_id}" if visitor.user_id else visitor.id
