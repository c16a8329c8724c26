"""Plivo's messages, signatures, XML and requests: against Plivo's own page and library."""

import base64
import json
import xml.etree.ElementTree as ET
from typing import Any

import httpx
import plivo as vendor
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plivo import plivoxml
from plivo.utils.signature_v3 import get_signature_v3, validate_v3_signature
from requests import Response

from server.broker.ports.carrier import MovedCall, Moves, OutgoingCall
from server.core.errors import ProviderError
from server.telephony import plivo
from server.telephony.mulaw import CarrierFormatError
from server.telephony.plivo_calls import PlivoAccount, PlivoCalls, dial_of, e164
from server.telephony.plivo_signature import sign, validate
from server.telephony.plivo_xml import HANGUP, stream
from server.wire.terms import ConversationId, Dial
from server.wire.version import USER_AGENT

pytestmark = pytest.mark.unit

AUTH_ID, TOKEN = "MA" + "X" * 18, "plivo-token-of-this-test"
ACCOUNT = PlivoAccount(auth_id=AUTH_ID, auth_token=TOKEN, caller_number="+15550100")
CALL_ID = "12345678-1234-1234-1234-123456789abc"
WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)


# --- messages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        '"token=%s"',
        '"userId=1;token=%s"',
        '"token=%s,userId=1"',
        '"{\\"X-PH-token\\": \\"%s\\"}"',
        '{"X-PH-token": "%s"}',
        '{"token":"%s"}',
        '"X-PH-Token: x; token: %s"',
    ],
)
def test_the_token_is_found_however_the_headers_are_written(written: str) -> None:
    raw = '{"event":"start","start":{"streamId":"s","callId":"c"},"extra_headers":%s}' % (
        written % plivo.carried("one-time_token")
    )
    message = plivo.decode(raw.encode())
    assert message.start is not None
    assert (message.start.stream_id, message.start.call_id) == ("s", "c")
    assert plivo.token_of(bytes(message.extra_headers)) == "one-time_token"


@pytest.mark.parametrize("written", ["", "null", "7", '"token="', '"token=zz"', '"token=abc"', '"token=ff"', "[]"])
def test_a_garbled_token_is_none(written: str) -> None:
    assert plivo.token_of(written.encode()) == ""


def test_the_token_travels_as_letters_and_digits() -> None:
    assert plivo.carried("a-b_c").isalnum()


def test_numbers_may_be_strings() -> None:
    body = {"event": "start", "start": {"streamId": "s", "mediaFormat": {"sampleRate": "8000"}}}
    start = plivo.decode(json.dumps(body).encode()).start
    assert start is not None
    plivo.check_format(start.media_format)


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_whatever_comes_is_a_message_or_refused(raw: bytes | str) -> None:
    data = raw if isinstance(raw, bytes) else raw.encode()
    for text in (data, b'{"event":"media","media":' + data + b"}", b'{"event":"start","start":' + data + b"}"):
        try:
            plivo.decode(text)
        except CarrierFormatError:
            continue


def test_audio_goes_out_as_the_page_shows_it() -> None:
    assert json.loads(plivo.audio_message(b"\xff" * 160)) == {
        "event": "playAudio",
        "media": {
            "contentType": "audio/x-mulaw",
            "sampleRate": 8000,
            "payload": base64.b64encode(b"\xff" * 160).decode(),
        },
    }
    assert json.loads(plivo.clear_message('s"1')) == {"event": "clearAudio", "streamId": 's"1'}
    assert json.loads(plivo.dtmf_message("7")) == {"event": "sendDTMF", "dtmf": "7"}


# --- signatures -----------------------------------------------------------------------------------------------------


@given(st.dictionaries(WORDS, WORDS, max_size=4), st.dictionaries(WORDS, WORDS, max_size=3), WORDS)
def test_our_signature_is_the_vendors(params: dict[str, str], query: dict[str, str], nonce: str) -> None:
    url = f"https://desk.example/v1/plivo/answer{'?' if query else ''}{httpx.QueryParams(query)}"
    ours = sign(url, {name: [value] for name, value in params.items()}, nonce, TOKEN)
    assert validate_v3_signature("POST", url, nonce, TOKEN, ours, dict(params))
    assert validate(url, {name: [value] for name, value in params.items()}, nonce, f"x,{ours}", TOKEN)


def test_what_differs_in_anything_is_refused() -> None:
    url, nonce = "https://desk.example/v1/plivo/answer?token=aa", "n1"
    good = sign(url, {"CallUUID": ["x"]}, nonce, TOKEN)
    assert get_signature_v3(TOKEN, f"{url}.CallUUIDx", nonce).decode() == good
    assert validate(url, {"CallUUID": ["x"]}, nonce, good, TOKEN)
    for other in (
        (url.replace("aa", "ab"), {"CallUUID": ["x"]}, nonce, good),
        (url, {"CallUUID": ["y"]}, nonce, good),
        (url, {"CallUUID": ["x"]}, "n2", good),
        (url, {"CallUUID": ["x"]}, nonce, ""),
        (url, {"CallUUID": ["x"]}, nonce, "\ud800,é"),
        (url, {"CallUUID": ["x"]}, "", sign(url, {"CallUUID": ["x"]}, "", TOKEN)),
    ):
        assert not validate(*other, TOKEN)


# --- XML ------------------------------------------------------------------------------------------------------------


def shape(xml: str) -> Any:
    """Return tags, attributes and texts, in their order."""

    def of(element: ET.Element) -> Any:
        return (element.tag, element.attrib, (element.text or "").strip(), [of(child) for child in element])

    return of(ET.fromstring(xml))


def test_the_xml_is_what_the_vendors_library_writes() -> None:
    oracle = plivoxml.ResponseElement()
    oracle.add(
        plivoxml.StreamElement(
            "wss://media.example/plivo",
            bidirectional=True,
            keepCallAlive=True,
            audioTrack="inbound",
            contentType="audio/x-mulaw;rate=8000",
            extraHeaders=f"token={b'one-time'.hex()}",
        )
    )
    oracle.add(plivoxml.HangupElement())
    assert shape(stream("wss://media.example/plivo", "one-time")) == shape(oracle.to_string())
    assert shape(HANGUP) == shape(plivoxml.ResponseElement().add(plivoxml.HangupElement()).to_string())


# --- requests -------------------------------------------------------------------------------------------------------


class Oracle:
    """The vendor's library, kept from the network: it remembers its requests."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, str, dict[str, Any]]] = []
        self.client = vendor.RestClient(AUTH_ID, TOKEN)
        self.client.session.send = self._send  # type: ignore[method-assign]

    def _send(self, request: Any, **_: Any) -> Any:
        body = json.loads(request.body) if request.body else {}
        self.made.append((request.method, httpx.URL(request.url).path, request.headers["Authorization"], body))
        made = Response()
        made.status_code = 204 if request.method == "DELETE" else 201
        made._content = b'{"request_uuid": "r", "api_id": "a", "message": "call fired"}'
        made.url = request.url
        return made


def answering(seen: list[httpx.Request], *answers: tuple[int, object]) -> PlivoCalls:
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        status, body = left.pop(0)
        return httpx.Response(status, json=body)

    return PlivoCalls(ACCOUNT, "https://desk.example/", transport=httpx.MockTransport(answer))


def made(request: httpx.Request) -> tuple[str, str, str, dict[str, Any]]:
    body: dict[str, Any] = json.loads(request.content) if request.content else {}
    return (request.method, request.url.path, request.headers["authorization"], body)


def matches(ours: tuple[str, str, str, dict[str, Any]], theirs: tuple[str, str, str, dict[str, Any]]) -> bool:
    """Tell whether ours is theirs; the library also sends the defaults of what it was not told."""
    return ours[:3] == theirs[:3] and ours[3].items() <= theirs[3].items()


CALL = OutgoingCall(
    conversation_id=ConversationId("c_1"),
    to="+15550142",
    ring_seconds=38,
    media_url="wss://media.example/plivo",
    media_token="one-time",
)
AT = "https://desk.example/v1/plivo/calls/c_1"


async def test_a_call_is_placed_with_the_request_of_the_vendors_own_library() -> None:
    seen: list[httpx.Request] = []
    oracle = Oracle()
    assert await answering(seen, (201, {"request_uuid": CALL_ID})).place(CALL) == CALL_ID
    oracle.client.calls.create(
        from_="15550100",
        to_="15550142",
        answer_url=f"{AT}/answer?token={b'one-time'.hex()}",
        ring_url=f"{AT}/status",
        hangup_url=f"{AT}/status",
        ring_timeout=38,
    )
    assert matches(made(seen[0]), oracle.made[0]), (made(seen[0]), oracle.made[0])
    assert seen[0].headers["user-agent"] == USER_AGENT


async def test_a_call_is_ended_or_its_ringing_cancelled() -> None:
    seen: list[httpx.Request] = []
    oracle = Oracle()
    await answering(seen, (404, {"error": "not found"}), (204, None)).hang_up(CALL_ID)
    oracle.client.calls.hangup(CALL_ID)
    oracle.client.calls.cancel(CALL_ID)
    assert [made(one)[:3] for one in seen] == [one[:3] for one in oracle.made]
    await answering(seen, (404, {}), (404, {})).hang_up(CALL_ID)  # it was over


async def test_a_running_call_is_moved_with_the_request_of_the_vendors_own_library() -> None:
    seen: list[httpx.Request] = []
    oracle = Oracle()
    calls = answering(seen, (202, {"message": "call transferred"}))
    assert isinstance(calls, Moves)
    await calls.move(
        MovedCall(
            conversation_id=ConversationId("c_1"), external_id=CALL_ID, media_url="wss://m/plivo", media_token="tok"
        )
    )
    oracle.client.calls.update(CALL_ID, legs="aleg", aleg_url=f"{AT}/answer?token={b'tok'.hex()}", aleg_method="POST")
    assert matches(made(seen[0]), oracle.made[0]), (made(seen[0]), oracle.made[0])


async def test_a_refusal_says_why() -> None:
    with pytest.raises(ProviderError, match="Plivo refused: to is not valid") as refused:
        await answering([], (400, {"api_id": "a", "error": "to is not valid\x1b[2J"})).place(CALL)
    assert (refused.value.code, "\x1b" in refused.value.message) == ("carrier_refused", False)
    with pytest.raises(ProviderError, match="names no call"):
        await answering([], (201, {"message": "call fired"})).place(CALL)
    with pytest.raises(ProviderError, match="status 401"):
        await answering([], (401, "nothing")).hang_up(CALL_ID)


def test_every_status_of_plivo_is_understood() -> None:
    known = ("ringing", "in-progress", "completed", "busy", "no-answer", "timeout", "cancel", "failed")
    assert None not in [dial_of(word) for word in known]
    assert (dial_of("in-progress"), dial_of("news")) == (Dial.ANSWERED, None)


def test_numbers_get_their_plus_and_names_stay() -> None:
    assert [e164(one) for one in ("15550142", "+15550142", "anonymous", "12", "")] == [
        "+15550142",
        "+15550142",
        "anonymous",
        "12",
        "",
    ]
