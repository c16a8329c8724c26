"""Take jambonz's webhooks: signed JSON in, verbs out.

Before: somebody calls a number of a jambonz application whose calling webhook is `POST /v1/jambonz/call`. After:
jambonz opens an audio socket with the one-time token, and the assistant of `[jambonz] assistant` hears of it on its
event stream.
"""

from typing import Final

from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from server.api import carrier_calls
from server.api.errors import AnyRequest
from server.broker.broker import Broker
from server.core.errors import CallerError, NotAllowedError
from server.telephony.jambonz_calls import CALL_PATH, Hook, JambonzCalls, decode_hook, dial_of
from server.telephony.jambonz_signature import HEADER, WINDOW_SECONDS, validate
from server.telephony.jambonz_verbs import HANGUP, Verb, dial, listen
from server.telephony.seen import Seen
from server.wire.terms import Dial

_PATH: Final = CALL_PATH.replace("{reference}", "{reference:str}")


class _Signed:
    """Lets in what jambonz signed, once."""

    def __init__(self, broker: Broker, secret: str) -> None:
        """Check against the account's webhook `secret`."""
        self._clock: Final = broker.parts.clock
        self._secret: Final = secret
        self._used: Final = Seen(2 * WINDOW_SECONDS)

    async def __call__(self, request: AnyRequest) -> Hook:
        """Return what a signed request tells.

        Raises:
            NotAllowedError: `bad_signature`, `replayed`.
            CallerError: `bad_body`.
        """
        body: bytes = await request.body()
        signature, now = request.headers.get(HEADER, ""), self._clock.now().timestamp()
        if not validate(body, signature, self._secret, now):
            raise NotAllowedError(
                "bad_signature",
                "The request is not signed by jambonz, or not now.",
                "Check [jambonz] webhook_secret_file and the clock.",
            )
        mark = f"{request.url.path} {signature}"
        if self._used.has(mark, now):
            raise NotAllowedError("replayed", "This request came before.", "jambonz signs each with its second.")
        self._used.add(mark, now)
        hook = decode_hook(body)
        if hook is None:
            raise CallerError("bad_body", "The body is no call of jambonz.", "Point a jambonz webhook here.")
        return hook


def jambonz_routes(broker: Broker, calls: JambonzCalls, *, secret: str, assistant: str) -> list[HTTPRouteHandler]:
    """Return jambonz's webhooks.

    Args:
        broker: What they work on.
        calls: Knows the account's number and rate.
        secret: The account's webhook secret; signs every request.
        assistant: Name of the assistant's key that answers calls; empty when there is only one key.
    """
    signed = _Signed(broker, secret)
    return [
        *_incoming(broker, calls, signed, assistant),
        *_answers(broker, calls, signed),
        *_referrals(broker, calls, signed),
    ]


def _incoming(broker: Broker, calls: JambonzCalls, signed: _Signed, assistant: str) -> list[HTTPRouteHandler]:
    """Return the webhooks of an application."""

    @post("/v1/jambonz/call", summary="An incoming call", tags=["jambonz"], status_code=200)
    async def call(request: AnyRequest) -> list[Verb]:
        """Start (or find) the call's conversation and connect its audio."""
        hook = await signed(request)
        if not hook.call_sid:
            raise CallerError("no_call_id", "The request names no call.", "Point a jambonz calling webhook here.")
        conversation_id = await carrier_calls.take_in(broker, "jambonz", assistant, hook.call_sid, hook.caller)
        grant = await carrier_calls.let_in(broker, "jambonz", conversation_id, hook.call_sid)
        return listen(grant.url, grant.token, calls.rate)

    @post("/v1/jambonz/status", summary="How far a call that came in has got", tags=["jambonz"], status_code=204)
    async def status(request: AnyRequest) -> None:
        """Take it and do nothing: the socket says all that matters of such a call."""
        await signed(request)

    return [call, status]


def _answers(broker: Broker, calls: JambonzCalls, signed: _Signed) -> list[HTTPRouteHandler]:
    """Return the webhooks of calls that we placed or take over."""

    @post(
        f"{_PATH}/answer",
        summary="A call that we placed was answered, or a running one comes to us",
        tags=["jambonz"],
        status_code=200,
    )
    async def answered(request: AnyRequest, reference: FromPath[str]) -> list[Verb]:
        """Connect the audio of whoever answered, or of a call that we take over."""
        await signed(request)
        return connected(broker, calls, request)

    @post(f"{_PATH}/status", summary="How far a call that we placed has got", tags=["jambonz"], status_code=204)
    async def status(request: AnyRequest, reference: FromPath[str]) -> None:
        """Take a status; told twice or out of order it does no harm."""
        hook = await signed(request)
        dial_now = dial_of(hook.call_status)
        if dial_now is not None:
            await carrier_calls.told(broker, reference, dial_now)

    return [answered, status]


def _referrals(broker: Broker, calls: JambonzCalls, signed: _Signed) -> list[HTTPRouteHandler]:
    """Return the webhooks of calls that jambonz sends on."""

    @post(f"{_PATH}/refer", summary="A call that is to be sent on", tags=["jambonz"], status_code=200)
    async def refer(request: AnyRequest, reference: FromPath[str]) -> list[Verb]:
        """Say whom to dial for the caller."""
        await signed(request)
        asked = request.query_params
        to, ring, token = (asked.get(name, "") for name in ("to", "ring", "token"))
        if not to or not ring.isdecimal():
            return connected(broker, calls, request)
        return dial(to, calls.caller_number, int(ring), calls.after_url(reference, token))

    @post(f"{_PATH}/referred", summary="How it went to send a call on", tags=["jambonz"], status_code=200)
    async def referred(request: AnyRequest, reference: FromPath[str]) -> list[Verb]:
        """Bring the caller back when the target did not answer; else the call is over."""
        hook = await signed(request)
        if hook.dial_call_status == "completed":
            return HANGUP
        await carrier_calls.told(broker, reference, dial_of(hook.dial_call_status) or Dial.FAILED)
        return connected(broker, calls, request)

    return [refer, referred]


def connected(broker: Broker, calls: JambonzCalls, request: AnyRequest) -> list[Verb]:
    """Connect the audio of a call whose token was made before; without one it ends."""
    token = request.query_params.get("token", "")
    return listen(broker.parts.media.media_url("jambonz"), token, calls.rate) if token else HANGUP
