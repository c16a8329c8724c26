"""Let assistants bring conversations, turns, handoffs and media legs."""

from collections.abc import Sequence
from typing import Annotated

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, QueryParameter, SkipValidation

from server.api.auth import require, require_assistant
from server.broker.broker import Broker
from server.broker.conversations import load_conversation
from server.broker.ports.records import Principal
from server.broker.ports.store import Unit
from server.core.permissions import Action
from server.wire.requests import (
    ConsentChange,
    DeliveryReport,
    EndConversation,
    MessageEdit,
    NewAttributes,
    NewCallback,
    NewConversation,
    NewHandoff,
    NewLeg,
    NewMessage,
    TypingChange,
)
from server.wire.terms import Author, ConversationId, MessageId
from server.wire.views import Context, ConversationView, MediaGrant, MessageView, RevisionView, SessionView

BrokerDependency = NamedDependency[SkipValidation[Broker]]
PrincipalDependency = NamedDependency[SkipValidation[Principal]]
IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        required=False,
        max_length=200,
        description="The same key with the same body gives the same answer and one effect, for seven days.",
    ),
]
MOST_MESSAGES = 500


class Conversations(Controller):
    """Conversations of one assistant."""

    path = "/v1/conversations"
    tags = ("conversations",)

    @post(summary="Start a conversation")
    async def create(
        self, broker: BrokerDependency, principal: PrincipalDependency, data: NewConversation
    ) -> ConversationView:
        """Start a conversation, or return the one that this `external_id` has already."""
        require_assistant(principal)
        return await broker.intake.create_conversation(principal, data)

    @get("/{conversation_id:str}", summary="Read a conversation")
    async def read(
        self, broker: BrokerDependency, principal: PrincipalDependency, conversation_id: FromPath[str]
    ) -> ConversationView:
        """Return who owns it now, and whether its caller is connected."""

        def work(unit: Unit) -> ConversationView | None:
            load_conversation(unit, principal, ConversationId(conversation_id))
            return unit.views.conversation(principal.organisation_id, ConversationId(conversation_id))

        view = await broker.parts.database.read(work)
        assert view is not None  # noqa: S101 - load_conversation has just seen it
        return view

    @post("/{conversation_id:str}/messages", summary="Append a turn")
    async def append(
        self, broker: BrokerDependency, principal: PrincipalDependency, conversation_id: FromPath[str], data: NewMessage
    ) -> MessageView:
        """Append what the customer or the assistant said."""
        require_assistant(principal)
        return await broker.intake.append_message(principal, ConversationId(conversation_id), data)

    @get("/{conversation_id:str}/messages", summary="Read turns")
    async def messages(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        conversation_id: FromPath[str],
        after: Annotated[int, QueryParameter(ge=0, description="Only positions above this.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MOST_MESSAGES)] = MOST_MESSAGES,
    ) -> Sequence[MessageView]:
        """Return turns in order; internal notes only to operators."""

        def work(unit: Unit) -> Sequence[MessageView]:
            load_conversation(unit, principal, ConversationId(conversation_id))
            return unit.views.messages(principal.organisation_id, ConversationId(conversation_id), after, limit)

        found = await broker.parts.database.read(work)
        return [view for view in found if principal.operator is not None or view.author is not Author.NOTE]

    @put("/{conversation_id:str}/messages/{message_id:str}", summary="A turn was changed")
    async def edit(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        conversation_id: FromPath[str],
        message_id: FromPath[str],
        data: MessageEdit,
    ) -> MessageView:
        """Take what the customer's (or the assistant's) turn says now; it keeps its place."""
        require_assistant(principal)
        return await broker.messages.edit(principal, ConversationId(conversation_id), MessageId(message_id), data)

    @delete("/{conversation_id:str}/messages/{message_id:str}", summary="A turn was taken back", status_code=200)
    async def take_back(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        conversation_id: FromPath[str],
        message_id: FromPath[str],
    ) -> MessageView:
        """Show the customer's (or the assistant's) turn as deleted; it keeps its place."""
        require_assistant(principal)
        return await broker.messages.delete(principal, ConversationId(conversation_id), MessageId(message_id))

    @put("/{conversation_id:str}/messages/{message_id:str}/delivery", summary="How far a message got")
    async def delivery(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        conversation_id: FromPath[str],
        message_id: FromPath[str],
        data: DeliveryReport,
    ) -> MessageView:
        """Take the channel's word on an operator's message; late and repeated reports do no harm."""
        require_assistant(principal)
        return await broker.messages.report(principal, ConversationId(conversation_id), MessageId(message_id), data)

    @get("/{conversation_id:str}/messages/{message_id:str}/revisions", summary="What a turn said before")
    async def revisions(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        conversation_id: FromPath[str],
        message_id: FromPath[str],
    ) -> Sequence[RevisionView]:
        """Return the former texts of a turn that was changed or taken back, oldest first; for supervisors."""
        require(principal, Action.SUPERVISE)

        def work(unit: Unit) -> Sequence[RevisionView]:
            load_conversation(unit, principal, ConversationId(conversation_id))
            return unit.conversations.revisions(principal.organisation_id, MessageId(message_id))

        return await broker.parts.database.read(work)

    @post("/{conversation_id:str}/handoffs", summary="Ask for a person")
    async def handoff(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        conversation_id: FromPath[str],
        data: NewHandoff,
        idempotency_key: IdempotencyKey = "",
    ) -> SessionView:
        """Queue a session with its context package; durable before this answers."""
        require_assistant(principal)
        return await broker.intake.request_handoff(principal, ConversationId(conversation_id), data, idempotency_key)

    @post("/{conversation_id:str}/callback", summary="Ask for a call back")
    async def callback(
        self,
        conversation_id: FromPath[ConversationId],
        broker: BrokerDependency,
        principal: PrincipalDependency,
        data: NewCallback,
        idempotency_key: IdempotencyKey = "",
    ) -> SessionView:
        """Queue a call back; who waits already keeps their place, and goes on with the assistant.

        The session is that of the call to come, in a conversation of its own. Its number must be one that may be
        called: docs/transfers.md has the rules.
        """
        require_assistant(principal)
        return await broker.callbacks.book(principal, conversation_id, data, idempotency_key)

    @put("/{conversation_id:str}/context", summary="Replace the context package")
    async def context(
        self, broker: BrokerDependency, principal: PrincipalDependency, conversation_id: FromPath[str], data: Context
    ) -> SessionView:
        """Replace the context package of the open session."""
        require_assistant(principal)
        return await broker.intake.update_context(principal, ConversationId(conversation_id), data)

    @put("/{conversation_id:str}/attributes", summary="Replace the facts that rules decide on")
    async def attributes(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        conversation_id: FromPath[str],
        data: NewAttributes,
    ) -> ConversationView:
        """Replace tier, order value, age and what else the rules of the house ask for."""
        require_assistant(principal)
        return await broker.intake.set_attributes(principal, ConversationId(conversation_id), data)

    @put("/{conversation_id:str}/consent", summary="Say what the customer said about being recorded")
    async def consent(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        conversation_id: FromPath[str],
        data: ConsentChange,
    ) -> SessionView:
        """Write it on the open session: a recording begins, or ends, with it."""
        require_assistant(principal)
        return await broker.intake.tell_consent(principal, ConversationId(conversation_id), data)

    @post("/{conversation_id:str}/legs", summary="Get a media token")
    async def leg(
        self, broker: BrokerDependency, principal: PrincipalDependency, conversation_id: FromPath[str], data: NewLeg
    ) -> MediaGrant:
        """Return where the caller's or the assistant's audio connects, with a one-time token."""
        require_assistant(principal)
        return await broker.calls.new_leg(principal, ConversationId(conversation_id), data)

    @post("/{conversation_id:str}/typing", summary="The customer writes", status_code=202)
    async def typing(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        conversation_id: FromPath[str],
        data: TypingChange,
    ) -> None:
        """Show consoles that the customer writes (or stopped), or the widget that the assistant does; kept nowhere."""
        require_assistant(principal)
        if data.assistant:
            await broker.intake.assistant_typing(principal, ConversationId(conversation_id), on=data.on)
            return
        await broker.intake.customer_typing(principal, ConversationId(conversation_id), on=data.on)

    @post("/{conversation_id:str}/end", summary="The customer left")
    async def end(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        conversation_id: FromPath[str],
        data: EndConversation,
    ) -> ConversationView:
        """End the conversation; whoever waits or talks is told."""
        require_assistant(principal)
        return await broker.intake.end_conversation(principal, ConversationId(conversation_id))
