"""Chime's events, actions and requests: against botocore, which knows the API's shapes and signs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import botocore.auth
import botocore.session
import httpx
import pytest
from botocore.awsrequest import AWSResponse

from server.broker.ports.carrier import BringsBySip, MovedCall, Moves, OutgoingCall
from server.clock import ManualClock
from server.core.errors import ProviderError
from server.telephony.chime import answer_to, decode_event, dial_of
from server.telephony.chime_calls import KEEP_SECONDS, ChimeAccount, ChimeCalls
from server.wire.terms import ConversationId, Dial

pytestmark = pytest.mark.unit

ARN = "arn:aws:chime:us-east-1:123456789012:vc/abcdefghijklmnop"
ACCOUNT = ChimeAccount(
    application_id="d6b7a8e0-1111-2222-3333-444455556666",
    region="us-east-1",
    key_id="AKIAIOSFODNN7EXAMPLE",
    secret_key="wJalrXUtnFEMI/K7MDENG",
    connector_arn=ARN,
    caller_number="+15550100",
)
MOVED = MovedCall(conversation_id=ConversationId("c_1"), external_id="tx-1", media_url="ws://m/sip", media_token="t")
LEGS = [
    {"CallId": "a", "From": "+34600555042", "To": "+15550100", "Status": "Connected"},
    {"CallId": "b", "From": "+34600555042", "To": "x", "Status": "Disconnected"},
]


def event(kind: str, arguments: dict[str, str] | None = None, kept: dict[str, str] | None = None) -> Any:
    details = {"TransactionId": "tx-1", "Participants": LEGS, "TransactionAttributes": kept}
    data = {"Type": "CallUpdateRequest", "Parameters": {"Arguments": arguments}} if arguments else None
    body = {"SchemaVersion": "1.0", "InvocationEventType": kind, "CallDetails": details, "ActionData": data}
    return decode_event(json.dumps(body).encode())


def kinds(answer: dict[str, Any]) -> list[str]:
    return [one["Type"] for one in answer["Actions"]]


# --- events and actions ---------------------------------------------------------------------------------------------


def test_an_update_bridges_or_hangs_up_what_is_left() -> None:
    asked = answer_to(event("CALL_UPDATE_REQUESTED", {"do": "bridge", "name": "d123"}), ARN)
    assert asked["Actions"][0]["Parameters"]["Endpoints"] == [{"BridgeEndpointType": "AWS", "Arn": ARN, "Uri": "d123"}]
    gone = answer_to(event("CALL_UPDATE_REQUESTED", {"do": "hangup"}), ARN)
    assert [one["Parameters"]["CallId"] for one in gone["Actions"]] == ["a"]
    assert kinds(answer_to(event("CALL_UPDATE_REQUESTED", {"do": "dance"}), ARN)) == []
    for over in ("HANGUP", "ACTION_FAILED"):
        assert kinds(answer_to(event(over), ARN)) == ["Hangup"], "nobody is left alone on the line"
    assert kinds(answer_to(event("ACTION_SUCCESSFUL"), ARN)) == []


def test_a_call_that_we_placed_is_bridged_when_it_is_answered_and_tells_how_far_it_is() -> None:
    asked = {"do": "bridge", "reference": "c_1", "name": "d123"}
    placed = event("NEW_OUTBOUND_CALL", asked)
    kept = answer_to(placed, ARN)["TransactionAttributes"]
    assert (kept, kinds(answer_to(placed, ARN))) == (asked, [])
    answered = event("CALL_ANSWERED", kept=asked)
    assert kinds(answer_to(answered, ARN)) == ["CallAndBridge"]
    told = [dial_of(event(kind, kept=asked)) for kind in ("RINGING", "CALL_ANSWERED", "HANGUP", "ACTION_SUCCESSFUL")]
    assert told == [Dial.RINGING, Dial.ANSWERED, Dial.FAILED, None]
    assert answered.asked.reference == "c_1"


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b'{"InvocationEventType":"RINGING"}', b'{"CallDetails":{}}'])
def test_what_is_no_event_is_told_apart(raw: bytes) -> None:
    assert decode_event(raw) is None


# --- requests -------------------------------------------------------------------------------------------------------


def theirs(operation: str, at: datetime, **params: Any) -> Any:
    """Return the request that botocore makes of these parameters, checked against the API's model, and signed."""
    made: list[Any] = []

    def keep(request: Any, **_: Any) -> AWSResponse:
        made.append(request)
        return AWSResponse(request.url, 202, {}, type("Raw", (), {"stream": lambda *_: iter([b"{}"])})())

    session = botocore.session.get_session()
    session.set_credentials(ACCOUNT.key_id, ACCOUNT.secret_key)
    client = session.create_client("chime-sdk-voice", region_name=ACCOUNT.region)
    client.meta.events.register("before-send", keep)
    with patch.object(botocore.auth, "get_current_datetime", lambda **_: at.replace(tzinfo=None)):
        getattr(client, operation)(SipMediaApplicationId=ACCOUNT.application_id, **params)
    return made[0]


def answering(seen: list[httpx.Request], clock: ManualClock, *answers: tuple[int, object]) -> ChimeCalls:
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        status, body = left.pop(0)
        return httpx.Response(status, json=body)

    return ChimeCalls(ACCOUNT, clock, transport=httpx.MockTransport(answer))


def same(ours: httpx.Request, other: Any) -> None:
    assert (ours.method, str(ours.url)) == (other.method, other.url)
    assert json.loads(ours.content) == json.loads(other.body)


async def test_a_running_call_is_updated_with_the_request_of_the_vendors_own_library() -> None:
    seen: list[httpx.Request] = []
    calls = answering(seen, clock := ManualClock(), (202, {}), (404, {"message": "gone"}))
    assert isinstance(calls, Moves)
    await calls.move(MOVED)
    await calls.hang_up("tx-1")
    arguments = json.loads(seen[0].content)["Arguments"]
    assert arguments["do"] == "bridge"
    same(seen[0], theirs("update_sip_media_application_call", clock.now(), TransactionId="tx-1", Arguments=arguments))
    same(
        seen[1],
        theirs("update_sip_media_application_call", clock.now(), TransactionId="tx-1", Arguments={"do": "hangup"}),
    )


async def test_the_signature_is_botocores() -> None:
    seen: list[httpx.Request] = []
    calls = answering(seen, clock := ManualClock(), (202, {}))
    await calls.move(MOVED)
    request = botocore.awsrequest.AWSRequest(
        "POST", str(seen[0].url), data=seen[0].content, headers={"content-type": "application/json"}
    )
    credentials = botocore.session.get_session()
    credentials.set_credentials(ACCOUNT.key_id, ACCOUNT.secret_key)
    with patch.object(botocore.auth, "get_current_datetime", lambda **_: clock.now().replace(tzinfo=None)):
        botocore.auth.SigV4Auth(credentials.get_credentials(), "chime", ACCOUNT.region).add_auth(request)
    assert seen[0].headers["authorization"] == request.headers["Authorization"]


async def test_a_call_is_placed_with_the_request_of_the_vendors_own_library() -> None:
    seen: list[httpx.Request] = []
    placed = {"SipMediaApplicationCall": {"TransactionId": "tx-9"}}
    calls = answering(seen, clock := ManualClock(), (201, placed), (201, {}), (403, {"message": "not yours"}))
    call = OutgoingCall(
        conversation_id=ConversationId("c_1"), to="+15550142", ring_seconds=30, media_url="ws://m/sip", media_token="t"
    )
    assert await calls.place(call) == "tx-9"
    arguments = json.loads(seen[0].content)["ArgumentsMap"]
    asked = {"FromPhoneNumber": "+15550100", "ToPhoneNumber": "+15550142", "ArgumentsMap": arguments}
    same(seen[0], theirs("create_sip_media_application_call", clock.now(), **asked))
    brought = calls.claim(arguments["name"])
    assert brought is not None
    assert (brought.conversation_id, brought.media_token) == ("c_1", "t")
    for words in ("names no call", "not yours"):
        with pytest.raises(ProviderError, match=words):
            await calls.place(call)


# --- names for once -------------------------------------------------------------------------------------------------


async def test_a_name_leads_to_its_call_once_and_for_a_while() -> None:
    seen: list[httpx.Request] = []
    calls = answering(seen, clock := ManualClock(), *[(202, {})] * 2)
    assert isinstance(calls, BringsBySip)
    await calls.move(MOVED)
    await calls.move(MOVED)
    first, second = (json.loads(one.content)["Arguments"]["name"] for one in seen)
    assert calls.claim("desk") is None
    assert calls.claim(first) == MOVED
    assert calls.claim(first) is None
    await clock.leap(timedelta(seconds=KEEP_SECONDS + 1).total_seconds())
    assert calls.claim(second) is None
    assert clock.now().tzinfo is UTC
