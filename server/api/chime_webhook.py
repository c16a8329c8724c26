"""Tell a Lambda function of AWS Chime what to do with its calls: signed events in, actions out.

Before: a SIP media application invokes the function of examples/chime, which posts the event to `/v1/chime/events`.
After: Chime bridges the call to our SIP line, where it is a call like any other.
"""

import hmac
from typing import Final

from litestar import post
from litestar.handlers import HTTPRouteHandler

from server.api import carrier_calls
from server.api.errors import AnyRequest
from server.broker.broker import Broker
from server.core.errors import CallerError, NotAllowedError
from server.notices.signed_post import sign
from server.telephony.chime import answer_to, decode_event, dial_of
from server.telephony.chime_calls import ChimeCalls
from server.telephony.seen import Seen

WINDOW_SECONDS: Final = 300.0
"""A request that was signed longer ago, or so far ahead, is refused."""


def chime_routes(broker: Broker, calls: ChimeCalls, *, key: bytes) -> list[HTTPRouteHandler]:
    """Return the one webhook.

    Args:
        broker: What it works on.
        calls: Whose Voice Connector leads to us.
        key: What the function signs with.
    """
    used = Seen(2 * WINDOW_SECONDS)

    @post("/v1/chime/events", summary="What happens to calls of Chime", tags=["chime"], status_code=200)
    async def events(request: AnyRequest) -> dict[str, object]:
        """Take one event and say what is done next."""
        body: bytes = await request.body()
        _check(request, body, key, used, broker.parts.clock.now().timestamp())
        event = decode_event(body)
        if event is None:
            raise CallerError("bad_body", "The body is no event of Chime.", "Post the event as the function got it.")
        reference, dial = event.asked.reference, dial_of(event)
        if reference and dial is not None:
            await carrier_calls.told(broker, reference, dial)
        return answer_to(event, calls.account.connector_arn)

    return [events]


def _check(request: AnyRequest, body: bytes, key: bytes, used: Seen, now: float) -> None:
    """Let in what our function signed, once.

    Raises:
        NotAllowedError: `bad_signature`, `replayed`.
    """
    headers = request.headers
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    wanted = sign(key, message_id, stamp, body).encode()
    given = headers.get("webhook-signature", "").split()[:8]
    fresh = stamp.isdecimal() and abs(now - float(stamp[:12])) <= WINDOW_SECONDS
    if not message_id or not fresh or not any(hmac.compare_digest(one.encode(), wanted) for one in given):
        raise NotAllowedError(
            "bad_signature",
            "The request is not signed by the function, or not now.",
            "Check [chime] relay_secret_file, the function's secret and the clock.",
        )
    if used.has(message_id, now):
        raise NotAllowedError("replayed", "This request came before.", "Give each invocation an id of its own.")
    used.add(message_id, now)
