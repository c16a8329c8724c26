"""Answer Twilio's call: a signed request in, TwiML out that brings the caller's audio to the media listener.

Before: somebody calls a Twilio number whose voice webhook is `POST /v1/twilio/voice`. After: Twilio opens a media
stream with the one-time token, and the assistant of `[twilio] assistant` hears of it on its event stream.
"""

from litestar import MediaType, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from server.api import carrier_calls
from server.api.errors import AnyRequest
from server.broker.broker import Broker
from server.core.errors import CallerError, NotAllowedError
from server.telephony.twilio_calls import STATUS_PATH, dial_of
from server.telephony.twilio_signature import validate
from server.telephony.twiml import connect_stream


def twilio_routes(broker: Broker, *, auth_token: str, public_url: str, assistant: str) -> list[HTTPRouteHandler]:
    """Return Twilio's webhooks.

    Args:
        broker: What they work on.
        auth_token: Of the Twilio account; signs every request.
        public_url: The address of the control listener as Twilio knows it: what it signed.
        assistant: Name of the assistant's key that answers calls; empty when there is only one key.
    """

    async def signed(request: AnyRequest) -> dict[str, str]:
        form = await request.form()
        params = {str(name): str(value) for name, value in form.items()}
        url = f"{public_url.rstrip('/')}{request.url.path}"
        if not validate(url, params, request.headers.get("x-twilio-signature", ""), auth_token):
            raise NotAllowedError(
                "bad_signature", "The request is not signed by Twilio.", "Check public_url and the auth token."
            )
        return params

    @post("/v1/twilio/voice", summary="An incoming call", tags=["twilio"], status_code=200, media_type=MediaType.XML)
    async def voice(request: AnyRequest) -> Response[str]:
        """Start (or find) the call's conversation and connect its audio."""
        params = await signed(request)
        call_sid = params.get("CallSid", "")
        if not call_sid:
            raise CallerError("no_call_sid", "The request names no call.", "Point a Twilio voice webhook here.")
        conversation_id = await carrier_calls.take_in(broker, "twilio", assistant, call_sid, params.get("From", ""))
        grant = await carrier_calls.let_in(broker, "twilio", conversation_id, call_sid)
        return Response(connect_stream(grant.url, grant.token), media_type=MediaType.XML)

    @post(
        STATUS_PATH.replace("{conversation_id}", "{conversation_id:str}"),
        summary="How far a call that we placed has got",
        tags=["twilio"],
        status_code=204,
    )
    async def status(request: AnyRequest, conversation_id: FromPath[str]) -> None:
        """Take a status; told twice or out of order it does no harm."""
        params = await signed(request)
        dial = dial_of(params.get("CallStatus", ""))
        if dial is not None:
            await carrier_calls.told(broker, conversation_id, dial)

    return [voice, status]
