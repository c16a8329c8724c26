"""Rules of placing calls: the request is the one that the vendor's own library sends, and every refusal is told."""

from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from server.broker.ports.carrier import MovedCall, Moves, OutgoingCall
from server.core.errors import ProviderError
from server.telephony.twilio_calls import EVENTS, TwilioAccount, TwilioCalls, dial_of
from server.telephony.twiml import connect_stream
from server.wire.terms import ConversationId, Dial
from server.wire.version import USER_AGENT

pytestmark = pytest.mark.unit

SID, TOKEN = "AC" + "1" * 32, "auth-token-of-this-test"
ACCOUNT = TwilioAccount(account_sid=SID, auth_token=TOKEN, caller_number="+15550100")
CALL = OutgoingCall(
    conversation_id=ConversationId("c_1"),
    to="+15550142",
    ring_seconds=38,
    media_url="wss://media.example/twilio",
    media_token="one-time&token",
)
CALL_SID = "CA" + "a" * 32


class Captured(HttpClient):
    """The vendor's library, kept from the network: it remembers its request."""

    def __init__(self) -> None:
        super().__init__(None, False, None)
        self.request_made: httpx.Request | None = None

    def request(self, method: str, url: str, **rest: Any) -> Response:  # type: ignore[override]
        data = {name: value for name, value in rest["data"].items() if value is not None}
        with httpx.Client(auth=rest["auth"]) as client:
            request = client.build_request(method, url, data=data)
            request.headers["authorization"] = next(httpx.BasicAuth(*rest["auth"]).auth_flow(request)).headers[
                "authorization"
            ]
        self.request_made = request
        return Response(201, '{"sid": "%s"}' % CALL_SID)  # noqa: UP031 - braces of JSON


def answering(status: int, body: object, seen: list[httpx.Request]) -> TwilioCalls:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return (
            httpx.Response(status, json=body) if not isinstance(body, bytes) else httpx.Response(status, content=body)
        )

    return TwilioCalls(ACCOUNT, "https://desk.example/", transport=httpx.MockTransport(answer))


def shape(request: httpx.Request) -> tuple[str, str, str, dict[str, list[str]]]:
    """Return what reaches Twilio: method, address, whose it is, and the form."""
    return (request.method, str(request.url), request.headers["authorization"], parse_qs(request.content.decode()))


async def test_a_call_is_placed_with_the_request_of_the_vendors_own_library() -> None:
    seen: list[httpx.Request] = []
    assert await answering(201, {"sid": CALL_SID, "status": "queued"}, seen).place(CALL) == CALL_SID
    oracle = Captured()
    Client(SID, TOKEN, http_client=oracle).calls.create(
        to="+15550142",
        from_="+15550100",
        twiml=connect_stream("wss://media.example/twilio", "one-time&token"),
        timeout=38,
        status_callback="https://desk.example/v1/twilio/calls/c_1/status",
        status_callback_method="POST",
        status_callback_event=list(EVENTS),
    )
    assert oracle.request_made is not None
    assert shape(seen[0]) == shape(oracle.request_made)


async def test_a_call_is_ended_with_the_request_of_the_vendors_own_library() -> None:
    seen: list[httpx.Request] = []
    await answering(200, {"sid": CALL_SID}, seen).hang_up(CALL_SID)
    oracle = Captured()
    Client(SID, TOKEN, http_client=oracle).calls(CALL_SID).update(status="completed")
    assert oracle.request_made is not None
    assert shape(seen[0]) == shape(oracle.request_made)


async def test_a_running_call_is_moved_with_the_request_of_the_vendors_own_library() -> None:
    seen: list[httpx.Request] = []
    calls = answering(200, {"sid": CALL_SID}, seen)
    assert isinstance(calls, Moves)
    await calls.move(
        MovedCall(
            conversation_id=ConversationId("c_1"), external_id=CALL_SID, media_url="wss://m/twilio", media_token="tok"
        )
    )
    oracle = Captured()
    Client(SID, TOKEN, http_client=oracle).calls(CALL_SID).update(twiml=connect_stream("wss://m/twilio", "tok"))
    assert oracle.request_made is not None
    assert shape(seen[0]) == shape(oracle.request_made)
    assert seen[0].headers["user-agent"] == USER_AGENT


async def test_the_api_may_be_elsewhere() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"sid": CALL_SID})

    account = TwilioAccount(
        account_sid=SID, auth_token=TOKEN, caller_number="+15550100", api_url="http://127.0.0.1:9/x/"
    )
    await TwilioCalls(account, "https://desk.example", transport=httpx.MockTransport(answer)).place(CALL)
    assert str(seen[0].url) == f"http://127.0.0.1:9/x/2010-04-01/Accounts/{SID}/Calls.json"


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (400, {"code": 21211, "message": "Invalid 'To'\x1b[2J", "status": 400}, "Twilio refused: Invalid 'To'"),
        (401, {"code": 20003, "message": "Authenticate"}, "Authenticate (20003)"),
        (429, b"slow down", "Twilio refused: status 429"),
        (500, b"\xff", "Twilio refused: status 500"),
        (201, b"{}", "names no call"),
        (201, b"<xml/>", "names no call"),
    ],
)
async def test_a_refusal_says_why_and_carries_nothing_that_draws(status: int, body: object, told: str) -> None:
    with pytest.raises(ProviderError, match="Twilio") as refused:
        await answering(status, body, []).place(CALL)
    assert (refused.value.code, refused.value.retryable) == ("carrier_refused", False)
    assert told in refused.value.message
    assert "\x1b" not in refused.value.message


async def test_nobody_there_is_told_as_such_and_asked_once() -> None:
    tried: list[httpx.Request] = []

    def dead(request: httpx.Request) -> httpx.Response:
        tried.append(request)
        raise httpx.ConnectError("refused")

    carrier = TwilioCalls(ACCOUNT, "https://desk.example", transport=httpx.MockTransport(dead))
    with pytest.raises(ProviderError) as refused:
        await carrier.place(CALL)
    assert (refused.value.code, len(tried)) == ("carrier_unreachable", 1)


def test_every_status_of_twilio_is_understood() -> None:
    known = ("queued", "initiated", "ringing", "in-progress", "completed", "busy", "no-answer", "canceled", "failed")
    assert None not in [dial_of(word) for word in known]
    assert dial_of("in-progress") is Dial.ANSWERED
    assert dial_of("something new") is None
