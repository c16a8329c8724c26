"""Telnyx's messages, signatures and commands: against Telnyx's own page and library."""

import base64
import json
import time
from typing import Any

import httpx
import pytest
import telnyx as vendor
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from telnyx.lib.webhook_verification import verify_webhook_signature

from server.broker.ports.carrier import MovedCall, Moves, OutgoingCall
from server.core.errors import ProviderError
from server.telephony import telnyx
from server.telephony.mulaw import CarrierFormatError
from server.telephony.telnyx_calls import (
    ANSWERED,
    PLACED,
    TelnyxAccount,
    TelnyxCalls,
    decode_event,
    dial_of,
    read_state,
)
from server.telephony.telnyx_signature import WINDOW_SECONDS, public_key, validate
from server.wire.terms import ConversationId, Dial
from server.wire.version import USER_AGENT

pytestmark = pytest.mark.unit

KEY = "KEY-of-this-test"
ACCOUNT = TelnyxAccount(api_key=KEY, connection_id="1234567890", caller_number="+15550100")
CALL_ID = "v3:T02llQxIyaRkhfRKxgAP8nY511EhFLizdvdUKJiSw8d6A9BborherQ"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


# --- messages -------------------------------------------------------------------------------------------------------


def test_the_token_comes_before_the_call() -> None:
    first = telnyx.decode(b'{"event":"connected","version":"1.0.0","x-telnyx-streaming-auth-token":"one-time"}')
    assert (first.event, first.token) == ("connected", "one-time")


def test_numbers_may_be_strings() -> None:
    body = {
        "event": "media",
        "sequence_number": "4",
        "stream_id": "s",
        "media": {"track": "inbound", "chunk": "2", "timestamp": "5", "payload": "//7+fw=="},
    }
    media = telnyx.decode(json.dumps(body).encode()).media
    assert media is not None
    assert (media.chunk, media.payload) == (2, b"\xff\xfe\xfe\x7f")
    for rate in (8000, "8000"):
        start = {"call_control_id": "v3:x", "media_format": {"encoding": "PCMU", "sample_rate": rate, "channels": 1}}
        started = telnyx.decode(json.dumps({"event": "start", "start": start}).encode()).start
        assert started is not None
        telnyx.check_format(started.media_format)


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_whatever_comes_is_a_message_or_refused(raw: bytes | str) -> None:
    data = raw if isinstance(raw, bytes) else raw.encode()
    for text in (data, b'{"event":"media","media":' + data + b"}", b'{"event":"start","start":' + data + b"}"):
        try:
            telnyx.decode(text)
        except CarrierFormatError:
            continue
    decode_event(data)


def test_audio_goes_out_as_the_page_shows_it() -> None:
    payload = base64.b64encode(b"\xff" * 160).decode()
    assert json.loads(telnyx.audio_message(b"\xff" * 160)) == {"event": "media", "media": {"payload": payload}}
    assert json.loads(telnyx.CLEAR) == {"event": "clear"}


# --- signatures -----------------------------------------------------------------------------------------------------


def signed(body: bytes, at: int) -> str:
    return base64.b64encode(PRIVATE.sign(f"{at}|".encode() + body)).decode()


def test_what_we_believe_the_vendors_library_believes_too() -> None:
    body, now = b'{"data":{}}', int(time.time())
    signature = signed(body, now)
    verify_webhook_signature(body, {"Telnyx-Signature-Ed25519": signature, "Telnyx-Timestamp": str(now)}, PUBLIC)
    assert validate(body, signature, str(now), public_key(PUBLIC), float(now))


def test_what_is_old_or_differs_in_anything_is_refused() -> None:
    body, now, key = b"{}", 1_700_000_000, public_key(PUBLIC)
    good = signed(body, now)
    assert validate(body, good, str(now), key, now + WINDOW_SECONDS)
    for other in (
        (b"{} ", good, str(now), now),
        (body, good, str(now + 1), now),
        (body, good, str(now), now + WINDOW_SECONDS + 1),
        (body, good, str(now), now - WINDOW_SECONDS - 1),
        (body, "", str(now), now),
        (body, "not base64", str(now), now),
        (body, good[:-4], str(now), now),
        (body, good, "", now),
        (body, good, "soon", now),
        (body, signed(b"x", now), str(now), now),
    ):
        assert not validate(other[0], other[1], other[2], key, float(other[3]))


@pytest.mark.parametrize("text", ["", "short", "é", base64.b64encode(b"x" * 31).decode()])
def test_what_is_no_key_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError):
        public_key(text)


# --- commands -------------------------------------------------------------------------------------------------------


class Oracle:
    """The vendor's library, kept from the network: it remembers its requests."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, str, dict[str, Any]]] = []

        def answer(request: httpx.Request) -> httpx.Response:
            self.made.append(made(request))
            return httpx.Response(200, json={"data": {"call_control_id": CALL_ID, "result": "ok"}})

        self.client = vendor.Telnyx(api_key=KEY, http_client=httpx.Client(transport=httpx.MockTransport(answer)))


def made(request: httpx.Request) -> tuple[str, str, str, dict[str, Any]]:
    body: dict[str, Any] = json.loads(request.content) if request.content else {}
    return (request.method, str(request.url), request.headers["authorization"], body)


def answering(seen: list[httpx.Request], *answers: tuple[int, object]) -> TelnyxCalls:
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        status, body = left.pop(0)
        return httpx.Response(status, json=body)

    return TelnyxCalls(ACCOUNT, "https://desk.example/", transport=httpx.MockTransport(answer))


CALL = OutgoingCall(
    conversation_id=ConversationId("c_1"),
    to="+15550142",
    ring_seconds=38,
    media_url="wss://media.example/telnyx",
    media_token="one-time",
)
MOVED = MovedCall(
    conversation_id=ConversationId("c_1"), external_id=CALL_ID, media_url="wss://m/telnyx", media_token="tok"
)
OK = (200, {"data": {"result": "ok", "call_control_id": CALL_ID}})
STREAM: Any = {
    "stream_track": "inbound_track",
    "stream_codec": "PCMU",
    "stream_bidirectional_mode": "rtp",
    "stream_bidirectional_codec": "PCMU",
}


async def test_calls_are_placed_with_the_request_of_the_vendors_own_library() -> None:
    seen: list[httpx.Request] = []
    oracle = Oracle()
    assert await answering(seen, OK).place(CALL) == CALL_ID
    oracle.client.calls.dial(
        connection_id="1234567890",
        to="+15550142",
        from_="+15550100",
        timeout_secs=38,
        client_state=base64.b64encode(b"placed:c_1").decode(),
        command_id="c_1",
        webhook_url="https://desk.example/v1/telnyx/events",
        stream_url="wss://media.example/telnyx",
        stream_auth_token="one-time",
        **STREAM,
    )
    assert made(seen[0]) == oracle.made[0]
    assert seen[0].headers["user-agent"] == USER_AGENT


async def test_calls_are_answered_streamed_moved_and_ended_with_the_vendors_requests() -> None:
    seen: list[httpx.Request] = []
    oracle = Oracle()
    calls = answering(seen, *[OK] * 5)
    assert isinstance(calls, Moves)
    await calls.answer(CALL_ID, "c_1")
    await calls.stream(MOVED)
    await calls.move(MOVED)
    await calls.hang_up(CALL_ID)
    actions = oracle.client.calls.actions
    actions.answer(CALL_ID, client_state=base64.b64encode(b"answered:c_1").decode(), command_id="a-c_1")
    actions.start_streaming(CALL_ID, stream_url="wss://m/telnyx", stream_auth_token="tok", **STREAM)
    actions.stop_streaming(CALL_ID)
    actions.start_streaming(CALL_ID, stream_url="wss://m/telnyx", stream_auth_token="tok", **STREAM)
    actions.hangup(CALL_ID)
    assert httpx.URL(oracle.made[0][1]).path.endswith("/actions/answer")
    assert [(one[0], httpx.URL(one[1]).path, *one[2:]) for one in map(made, seen)] == [
        (one[0], httpx.URL(one[1]).path, *one[2:]) for one in oracle.made
    ]


async def test_a_call_that_is_over_is_ended_already_and_a_refusal_says_why() -> None:
    gone = (422, {"errors": [{"code": "90018", "title": "Call has already ended", "detail": "It is over."}]})
    await answering([], gone).hang_up(CALL_ID)
    with pytest.raises(ProviderError, match=r"Telnyx refused: It is over\. \(90018\)"):
        await answering([], gone).place(CALL)
    with pytest.raises(ProviderError, match="names no call"):
        await answering([], (200, {"data": {}})).place(CALL)


# --- events ---------------------------------------------------------------------------------------------------------


def event(kind: str, **payload: object) -> bytes:
    return json.dumps({"data": {"id": "e1", "event_type": kind, "payload": payload}}).encode()


@pytest.mark.parametrize(
    ("kind", "cause", "dial"),
    [
        ("call.initiated", None, Dial.QUEUED),
        ("call.answered", None, Dial.ANSWERED),
        ("call.hangup", "user_busy", Dial.BUSY),
        ("call.hangup", "call_rejected", Dial.BUSY),
        ("call.hangup", "timeout", Dial.NO_ANSWER),
        ("call.hangup", "no_answer", Dial.NO_ANSWER),
        ("call.hangup", "originator_cancel", Dial.CANCELLED),
        ("call.hangup", "normal_clearing", Dial.FAILED),
        ("call.hangup", None, Dial.FAILED),
        ("call.cost", None, None),
    ],
)
def test_every_event_is_understood(kind: str, cause: str | None, dial: Dial | None) -> None:
    told = decode_event(event(kind, hangup_cause=cause))
    assert told is not None
    assert dial_of(told) is dial


def test_a_state_is_read_back_only_if_it_is_ours() -> None:
    assert read_state(base64.b64encode(f"{PLACED}c_1".encode()).decode()) == "placed:c_1"
    assert read_state(base64.b64encode(f"{ANSWERED}c_1".encode()).decode()) == "answered:c_1"
    for other in (None, "", "é", "!!!", "aGF2ZSBhIG5pY2UgZGF5ID1d", base64.b64encode(b"\xff").decode()):
        assert read_state(other) == ""
