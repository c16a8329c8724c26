"""Answer Plivo's calls: a signed request in, XML out that brings the caller's audio to the media listener.

Before: somebody calls a Plivo number whose answer URL is `POST /v1/plivo/answer`. After: Plivo opens an audio stream
with the one-time token, and the assistant of `[plivo] assistant` hears of it on its event stream.
"""

from typing import Final

from litestar import MediaType, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from server.api import carrier_calls
from server.api.carrier_calls import Fields, first
from server.api.errors import AnyRequest
from server.broker.broker import Broker
from server.core.errors import CallerError, NotAllowedError
from server.telephony.plivo import token_of
from server.telephony.plivo_calls import CALL_PATH, dial_of, e164
from server.telephony.plivo_signature import HEADER, NONCE_HEADER, validate
from server.telephony.plivo_xml import HANGUP, stream
from server.telephony.seen import Seen

REPLAY_SECONDS: Final = 3_600.0
"""A nonce that was used is refused for so long; Plivo's requests carry no time."""
_PATH: Final = CALL_PATH.replace("{reference}", "{reference:str}")


class _Signed:
    """Lets in what Plivo signed, once."""

    def __init__(self, broker: Broker, auth_token: str, public_url: str) -> None:
        """Check against `auth_token`; `public_url` is the address that Plivo signed."""
        self._clock: Final = broker.parts.clock
        self._auth_token: Final = auth_token
        self._public_url: Final = public_url.rstrip("/")
        self._used: Final = Seen(REPLAY_SECONDS)

    async def __call__(self, request: AnyRequest) -> Fields:
        """Return the fields of a signed form.

        Raises:
            NotAllowedError: `bad_signature`, `replayed`.
        """
        fields = await carrier_calls.form_of(request)
        query = f"?{request.url.query}" if request.url.query else ""
        url = f"{self._public_url}{request.url.path}{query}"
        nonce = request.headers.get(NONCE_HEADER, "")
        if not validate(url, fields, nonce, request.headers.get(HEADER, ""), self._auth_token):
            raise NotAllowedError(
                "bad_signature", "The request is not signed by Plivo.", "Check public_url and the auth token."
            )
        mark, now = f"{url} {nonce}", self._clock.now().timestamp()
        if self._used.has(mark, now):
            raise NotAllowedError("replayed", "This request came before.", "Plivo signs each with a nonce of its own.")
        self._used.add(mark, now)
        return fields


def connected(broker: Broker, request: AnyRequest) -> Response[str]:
    """Connect the audio of a call whose token was made before: Plivo brings it back to us."""
    token = token_of(f"token={request.query_params.get('token', '')}".encode())
    xml = stream(broker.parts.media.media_url("plivo"), token) if token else HANGUP
    return Response(xml, media_type=MediaType.XML)


def plivo_routes(broker: Broker, *, auth_token: str, public_url: str, assistant: str) -> list[HTTPRouteHandler]:
    """Return Plivo's webhooks.

    Args:
        broker: What they work on.
        auth_token: Of the Plivo account; signs every request.
        public_url: The address of the control listener as Plivo knows it: what it signed.
        assistant: Name of the assistant's key that answers calls; empty when there is only one key.
    """
    signed = _Signed(broker, auth_token, public_url)

    @post("/v1/plivo/answer", summary="An incoming call", tags=["plivo"], status_code=200, media_type=MediaType.XML)
    async def answer(request: AnyRequest) -> Response[str]:
        """Start (or find) the call's conversation and connect its audio."""
        fields = await signed(request)
        call_id = first(fields.get("CallUUID"))
        if not call_id:
            raise CallerError("no_call_id", "The request names no call.", "Point a Plivo answer URL here.")
        caller = e164(first(fields.get("From")))
        conversation_id = await carrier_calls.take_in(broker, "plivo", assistant, call_id, caller)
        grant = await carrier_calls.let_in(broker, "plivo", conversation_id, call_id)
        return Response(stream(grant.url, grant.token), media_type=MediaType.XML)

    @post(
        f"{_PATH}/answer",
        summary="A call that we placed was answered, or a running one comes to us",
        tags=["plivo"],
        status_code=200,
        media_type=MediaType.XML,
    )
    async def answered(request: AnyRequest, reference: FromPath[str]) -> Response[str]:
        """Connect the audio of whoever answered, or of a call that we take over."""
        await signed(request)
        return connected(broker, request)

    @post(f"{_PATH}/status", summary="How far a call that we placed has got", tags=["plivo"], status_code=204)
    async def status(request: AnyRequest, reference: FromPath[str]) -> None:
        """Take a status; told twice or out of order it does no harm."""
        fields = await signed(request)
        dial = dial_of(first(fields.get("CallStatus")))
        if dial is not None:
            await carrier_calls.told(broker, reference, dial)

    return [answer, answered, status]
