"""Take Telnyx's webhooks: signed events in, call commands out.

Before: somebody calls a number of a call control application whose webhook is `POST /v1/telnyx/events`. After: we have
answered, Telnyx streams the caller's audio with the one-time token, and the assistant of `[telnyx] assistant` hears of
it on its event stream.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from litestar import post
from litestar.handlers import HTTPRouteHandler

from server.api import carrier_calls
from server.api.errors import AnyRequest
from server.broker.broker import Broker
from server.broker.ports.carrier import MovedCall
from server.core.errors import NotAllowedError
from server.telephony.seen import Seen
from server.telephony.telnyx_calls import (
    ANSWERED,
    EVENTS_PATH,
    PLACED,
    Event,
    TelnyxCalls,
    decode_event,
    dial_of,
    read_state,
)
from server.telephony.telnyx_signature import HEADER, TIME_HEADER, WINDOW_SECONDS, validate
from server.wire.terms import ConversationId


def telnyx_routes(
    broker: Broker, calls: TelnyxCalls, *, key: Ed25519PublicKey, assistant: str
) -> list[HTTPRouteHandler]:
    """Return Telnyx's webhook.

    Args:
        broker: What it works on.
        calls: Answers and hangs up.
        key: The account's public key; signs every request.
        assistant: Name of the assistant's key that answers calls; empty when there is only one key.
    """
    told = Seen(2 * WINDOW_SECONDS)

    @post(EVENTS_PATH, summary="What happens to calls", tags=["telnyx"], status_code=204)
    async def events(request: AnyRequest) -> None:
        """Take one event; one that is told again does nothing."""
        body: bytes = await request.body()
        headers, now = request.headers, broker.parts.clock.now().timestamp()
        if not validate(body, headers.get(HEADER, ""), headers.get(TIME_HEADER, ""), key, now):
            raise NotAllowedError(
                "bad_signature", "The request is not signed by Telnyx, or not now.", "Check public_key and the clock."
            )
        event = decode_event(body)
        if event is None or told.has(event.id, now):
            return
        await _take(broker, calls, event, assistant)
        told.add(event.id, now)

    return [events]


async def _take(broker: Broker, calls: TelnyxCalls, event: Event, assistant: str) -> None:
    """Do what an event asks for."""
    call_id, state = event.payload.call_control_id, read_state(event.payload.client_state)
    if state.startswith(PLACED):
        dial = dial_of(event)
        if dial is not None:
            await carrier_calls.told(broker, state.removeprefix(PLACED), dial)
    if event.event_type == "call.initiated" and event.payload.direction == "incoming":
        caller = event.payload.caller or ""
        conversation_id = await carrier_calls.take_in(broker, "telnyx", assistant, call_id, caller)
        await calls.answer(call_id, conversation_id)
    elif event.event_type == "call.answered" and state.startswith(ANSWERED):
        await _connect(broker, calls, ConversationId(state.removeprefix(ANSWERED)), call_id)
    elif event.event_type in {"streaming.stopped", "streaming.failed"} and state:
        await calls.hang_up(call_id)


async def _connect(broker: Broker, calls: TelnyxCalls, conversation_id: ConversationId, call_id: str) -> None:
    """Bring the audio of a call that we answered."""
    grant = await carrier_calls.let_in(broker, "telnyx", conversation_id, call_id)
    await calls.stream(
        MovedCall(conversation_id=conversation_id, external_id=call_id, media_url=grant.url, media_token=grant.token)
    )
