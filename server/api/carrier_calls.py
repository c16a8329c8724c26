"""Do what the webhooks of every carrier have in common: take a call in, let its audio in, and hear how it goes on."""

from collections.abc import Sequence
from urllib.parse import parse_qs

from server.api.auth import DEFAULT_ORGANISATION
from server.api.errors import AnyRequest
from server.broker.answering import answering_key
from server.broker.broker import Broker
from server.wire.requests import NewConversation
from server.wire.terms import ConversationId, Dial, LegRole, Medium
from server.wire.views import MediaGrant

Fields = dict[str, list[str]]


async def take_in(broker: Broker, carrier: str, assistant: str, call_id: str, caller: str) -> ConversationId:
    """Start (or find) the conversation of a call that comes in over `carrier`.

    Raises:
        CallerError: `no_assistant`.
    """
    principal = await broker.parts.database.read(
        lambda unit: answering_key(unit, DEFAULT_ORGANISATION, assistant, carrier)
    )
    body = NewConversation(medium=Medium.VOICE, channel=carrier, customer_handle=caller[:200], external_id=call_id)
    return (await broker.intake.create_conversation(principal, body)).id


async def let_in(broker: Broker, carrier: str, conversation_id: ConversationId, call_id: str) -> MediaGrant:
    """Return a fresh token for the caller's audio, good for this call alone."""
    return await broker.calls.admit(conversation_id, LegRole.CALLER, carrier, external_id=call_id)


async def told(broker: Broker, reference: str, dial: Dial) -> None:
    """Take how far a call that we placed has got; told twice or out of order it does no harm."""
    await broker.desk.ring_backs.moved(ConversationId(reference), dial)


async def form_of(request: AnyRequest) -> Fields:
    """Return the fields of a form, each with all its values."""
    body: bytes = await request.body()
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200)


def first(fields: Sequence[str] | None) -> str:
    """Return a field's first value; empty when it is not there."""
    return fields[0] if fields else ""
