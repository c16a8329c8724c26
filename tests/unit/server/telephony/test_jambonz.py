"""jambonz's messages, signatures, verbs and requests: against jambonz's own library and the schemas in it."""

import json
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jambonz_sdk._models._generated.callbacks.base import CallStatus
from jambonz_sdk._signature import verify_signature
from jambonz_sdk.client import JambonzClient
from jambonz_sdk.validator import JambonzValidator
from jambonz_sdk.websocket.audio_stream import AudioStream

from server.broker.ports.carrier import MovedCall, Moves, OutgoingCall, Referral, Refers
from server.core.errors import ProviderError
from server.telephony import jambonz
from server.telephony.jambonz_calls import JambonzAccount, JambonzCalls, decode_hook, dial_of
from server.telephony.jambonz_signature import WINDOW_SECONDS, sign, validate
from server.telephony.jambonz_verbs import HANGUP, dial, listen
from server.telephony.mulaw import CarrierFormatError
from server.wire.terms import ConversationId, Dial

pytestmark = pytest.mark.unit

SECRET, SID = "wh_secret_of_this_test", "3f1ab3f6-7b4d-4c3a-9f1c-4a8c6a3f9f00"
ACCOUNT = JambonzAccount(
    account_sid="9351f46a-678c-43f5-b8a6-d4eb58d131af",
    api_key="KEY",
    api_url="https://jambonz.example/api",
    caller_number="+15550100",
)
CALL_ID = "c_1"


# --- messages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ['"token":"one"', '"metadata":{"token":"one"}'])
def test_the_first_message_names_call_rate_and_token(where: str) -> None:
    start = jambonz.decode_start(b'{"callSid":"x","sampleRate":"16000","mixType":"mono",%s}' % where.encode())
    assert (start.call_sid, start.rate, start.one_time_token) == ("x", 16_000, "one")


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ('{"event":"dtmf","dtmf":"5","duration":"1600"}', "5"),
        ('{"type":"dtmf","digit":"#"}', "#"),
        ('{"event":"dtmf","dtmf":7}', "7"),
        ('{"type":"playDone","data":{"id":"1"}}', ""),
        ('{"type":"mark","digit":"1"}', ""),
    ],
)
def test_a_key_is_found_however_it_is_written(written: str, key: str) -> None:
    assert jambonz.decode(written.encode()).key == key


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_whatever_comes_is_a_message_or_refused(raw: bytes | str) -> None:
    data = raw if isinstance(raw, bytes) else raw.encode()
    for text in (data, b'{"callSid":' + data + b"}", b'{"metadata":' + data + b',"dtmf":' + data + b"}"):
        for decode in (jambonz.decode, jambonz.decode_start):
            try:
                decode(text)
            except CarrierFormatError:
                continue


def test_a_rate_that_no_leg_has_is_refused() -> None:
    jambonz.check_rate(8_000)
    with pytest.raises(CarrierFormatError, match="24000 Hz"):
        jambonz.check_rate(24_000)


async def test_what_we_say_is_what_the_vendors_library_says() -> None:
    said: list[Any] = []

    class Socket:
        async def send(self, message: object) -> None:
            said.append(message)

    theirs = AudioStream(Socket())
    await theirs.kill_audio()
    await theirs.disconnect()
    assert [json.loads(one) for one in said] == [json.loads(jambonz.KILL_AUDIO), json.loads(jambonz.DISCONNECT)]


# --- signatures -----------------------------------------------------------------------------------------------------


@given(st.binary(max_size=60))
def test_our_signature_is_the_vendors(body: bytes) -> None:
    second = int(time.time())
    header = sign(body, second, SECRET)
    assert verify_signature(body, header, SECRET)
    assert validate(body, header, SECRET, second)


def test_what_differs_in_anything_is_refused() -> None:
    body, second = b'{"call_sid":"x"}', 1_700_000_000
    good = sign(body, second, SECRET)
    assert validate(body, f"{good},v0=x", SECRET, second + WINDOW_SECONDS)
    for other in (
        (body + b" ", good, SECRET, second),
        (body, good, "another", second),
        (body, good, SECRET, second + WINDOW_SECONDS + 1),
        (body, good, SECRET, second - WINDOW_SECONDS - 1),
        (body, good.replace("t=1700000000", "t=1700000001"), SECRET, second),
        (body, "t=1700000000", SECRET, second),
        (body, good.partition(",")[2], SECRET, second),
        (body, "t=é,v1=é", SECRET, second),
        (body, "", SECRET, second),
    ):
        assert not validate(*other)


# --- verbs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "verbs",
    [
        HANGUP,
        listen("wss://media.example/jambonz", "one-time", 8_000),
        dial("+15550142", "+15550100", 30, "https://desk.example/v1/jambonz/calls/c_1/referred?token=x"),
        dial("sip:desk@pbx.example", "+15550100", 30, "https://desk.example/x"),
    ],
)
def test_the_vendors_schemas_take_our_verbs(verbs: list[dict[str, object]]) -> None:
    assert JambonzValidator().validate_app(verbs) == []


def test_the_vendors_schemas_would_notice_a_wrong_verb() -> None:
    (wrong,) = listen("wss://media.example/jambonz", "one-time", 8_000)[:1]
    assert JambonzValidator().validate_app([wrong | {"mixType": "pigeon"}])


def test_what_we_play_is_streamed_and_keys_are_passed_on() -> None:
    (verb, after) = listen("wss://media.example/jambonz", "one-time", 16_000)
    assert verb["bidirectionalAudio"] == {"enabled": True, "streaming": True, "sampleRate": 16_000}
    assert (verb["passDtmf"], verb["metadata"], after) == (True, {"token": "one-time"}, {"verb": "hangup"})


# --- requests -------------------------------------------------------------------------------------------------------


class Oracle(JambonzClient):
    """The vendor's library, kept from the network: it remembers its requests."""

    def __init__(self) -> None:
        super().__init__(base_url=ACCOUNT.api_url, account_sid=ACCOUNT.account_sid, api_key=ACCOUNT.api_key)
        self.made: list[tuple[str, str, Any]] = []

    async def _request(self, method: str, path: str, *, json: Any = None, params: Any = None) -> Any:
        self.made.append((method, f"{self._api_base}{path}", json))
        return {"sid": SID}


def answering(seen: list[httpx.Request], *answers: tuple[int, object]) -> JambonzCalls:
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        status, body = left.pop(0)
        return httpx.Response(status, json=body)

    return JambonzCalls(ACCOUNT, "https://desk.example/", transport=httpx.MockTransport(answer))


def made(request: httpx.Request) -> tuple[str, str, Any]:
    return (request.method, str(request.url), json.loads(request.content) if request.content else None)


AT = "https://desk.example/v1/jambonz/calls/c_1"


async def test_a_call_is_placed_with_the_request_of_the_vendors_own_library() -> None:
    seen: list[httpx.Request] = []
    oracle = Oracle()
    call = OutgoingCall(
        conversation_id=ConversationId(CALL_ID), to="+15550142", ring_seconds=38, media_url="wss://m", media_token="t"
    )
    assert await answering(seen, (201, {"sid": SID})).place(call) == SID
    await oracle.calls.create(
        {
            "from": "+15550100",
            "to": {"type": "phone", "number": "+15550142"},
            "timeout": 38,
            "call_hook": {"url": f"{AT}/answer?token=t", "method": "POST"},
            "call_status_hook": {"url": f"{AT}/status", "method": "POST"},
        }
    )
    assert made(seen[0]) == oracle.made[0]
    assert seen[0].headers["authorization"] == "Bearer KEY"


async def test_a_running_call_is_moved_sent_on_and_ended_with_the_requests_of_the_vendors_own_library() -> None:
    seen: list[httpx.Request] = []
    oracle = Oracle()
    calls = answering(seen, (202, {}), (202, {}), (204, None), (404, {"msg": "no such call"}))
    assert isinstance(calls, Moves)
    assert isinstance(calls, Refers)
    here = ConversationId(CALL_ID)
    await calls.move(MovedCall(conversation_id=here, external_id=SID, media_url="wss://m", media_token="t"))
    await calls.refer(
        Referral(
            conversation_id=here, external_id=SID, to="+15550142", ring_seconds=30, back_url="wss://m", back_token="b"
        )
    )
    await calls.hang_up(SID)
    await calls.hang_up(SID)  # it was over
    await oracle.calls.redirect(SID, f"{AT}/answer?token=t")
    await oracle.calls.redirect(SID, f"{AT}/refer?to=%2B15550142&ring=30&token=b")
    for _ in range(2):
        await oracle.calls.delete(SID)
    assert [made(one) for one in seen] == oracle.made


async def test_a_refusal_says_why() -> None:
    call = OutgoingCall(
        conversation_id=ConversationId(CALL_ID), to="+1", ring_seconds=38, media_url="wss://m", media_token="t"
    )
    with pytest.raises(ProviderError, match="jambonz refused: insufficient permissions"):
        await answering([], (403, {"msg": "insufficient permissions"})).place(call)
    with pytest.raises(ProviderError, match="names no call"):
        await answering([], (201, {})).place(call)


def test_every_status_of_the_vendors_library_is_understood() -> None:
    assert None not in [dial_of(status.value) for status in CallStatus]
    assert (dial_of("in-progress"), dial_of("news")) == (Dial.ANSWERED, None)


def test_a_hook_that_is_none_is_told_apart() -> None:
    assert decode_hook(b'{"call_sid":"x","from":"+1","call_status":"trying","sip":{}}') is not None
    assert decode_hook(b"[]") is decode_hook(b"\xff") is None
