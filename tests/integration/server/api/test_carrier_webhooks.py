"""Calls over Plivo, Telnyx and jambonz, from the signed webhook to the caller's audio; the vendors' libraries sign."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import httpx
import pytest
import pytest_asyncio
from jambonz_sdk._signature import verify_signature
from jambonz_sdk.validator import JambonzValidator
from nacl.signing import SigningKey
from plivo.utils.signature_v3 import construct_post_url, get_signature_v3

from server.bench.process import Running, running_broker
from server.wire.commands import RingBack
from server.wire.terms import SessionState
from tests.carrier_callers import CarrierCaller, JambonzCaller, PlivoCaller, TelnyxCaller
from tests.live import free_port, fresh, greeted, operator, rest
from tests.media_clients import until

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

PUBLIC, MEDIA = "https://desk.example", "wss://media.example"
MEDIA_PORT = free_port()
JAMBONZ_SECRET = "jambonz-secret-of-this-test"
PLIVO_TOKEN = "plivo-token-of-this-test"
SIGNING = SigningKey(bytes(range(32)))
TELNYX_KEY = base64.b64encode(bytes(SIGNING.verify_key)).decode()


class Vendors(BaseHTTPRequestHandler):
    """All their REST APIs, as far as calls are ordered about."""

    asked: ClassVar[list[tuple[str, str, dict[str, Any]]]] = []

    def _answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.command, self.path, json.loads(raw) if raw else {}))
        ids = {"request_uuid": "plivo-call", "sid": "jambonz-call"}
        body = json.dumps(ids | {"data": {"call_control_id": "telnyx-call", "result": "ok"}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = _answer  # noqa: N815 - the name that the server calls
    do_PUT = _answer  # noqa: N815 - the same
    do_DELETE = _answer  # noqa: N815 - the same

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    @classmethod
    def orders(cls, part: str) -> list[dict[str, Any]]:
        """Return what was ordered at addresses that contain `part`."""
        return [body for _, path, body in list(cls.asked) if part in path]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder: Path = tmp_path_factory.mktemp("secrets")
    for name, text in (("plivo", PLIVO_TOKEN), ("telnyx", "KEY-of-this-test"), ("jambonz", JAMBONZ_SECRET)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    vendors = HTTPServer(("127.0.0.1", 0), Vendors)
    Thread(target=vendors.serve_forever, daemon=True).start()
    api = f'api_url = "http://127.0.0.1:{vendors.server_port}"\ncaller_number = "+15550100"\n'
    settings = (
        f'[plivo]\nauth_id = "MA{"X" * 18}"\nauth_token_file = "{folder / "plivo"}"\n{api}'
        f'[telnyx]\nconnection_id = "1234"\napi_key_file = "{folder / "telnyx"}"\npublic_key = "{TELNYX_KEY}"\n{api}'
        f'[jambonz]\naccount_sid = "a-1"\napi_key_file = "{folder / "telnyx"}"\n'
        f'webhook_secret_file = "{folder / "jambonz"}"\n{api}'
        '[calls]\ndial_with = "plivo"\n'
        '[transfers]\nallowed = ["+1555"]\n'
    )
    async with running_broker(
        settings, server=f'public_url = "{PUBLIC}"', media=f'port = {MEDIA_PORT}\npublic_url = "{MEDIA}"'
    ) as running:
        yield running
    vendors.shutdown()
    vendors.server_close()


async def plivo(broker: Running, path: str, fields: dict[str, str], nonce: str = "", token: str = "") -> httpx.Response:
    """Be Plivo: POST the form with its library's signature of the public address."""
    nonce = nonce or fresh()
    text = construct_post_url(f"{PUBLIC}{path}", dict(fields)).decode()
    headers = {
        "X-Plivo-Signature-V3": get_signature_v3(token or PLIVO_TOKEN, text, nonce).decode(),
        "X-Plivo-Signature-V3-Nonce": nonce,
    }
    async with httpx.AsyncClient(base_url=broker.url) as client:
        return await client.post(path, data=fields, headers=headers)


async def telnyx(
    broker: Running, kind: str, id_: str = "", at: float | None = None, signature: str = "", **payload: object
) -> httpx.Response:
    """Be Telnyx: POST an event signed by its time and body."""
    body = json.dumps({"data": {"id": id_ or fresh(), "event_type": kind, "payload": payload}}).encode()
    second = str(int(time.time() if at is None else at))
    good = base64.b64encode(SIGNING.sign(f"{second}|".encode() + body).signature).decode()
    headers = {"telnyx-signature-ed25519": signature or good, "telnyx-timestamp": second}
    async with httpx.AsyncClient(base_url=broker.url) as client:
        return await client.post("/v1/telnyx/events", content=body, headers=headers)


async def jambonz(
    broker: Running, path: str, at: float | None = None, secret: str = "", **told: object
) -> httpx.Response:
    """Be jambonz: POST a hook signed as its documentation says (its library only checks)."""
    body = json.dumps(told, separators=(",", ":")).encode()
    second = int(time.time() if at is None else at)
    digest = hmac.new((secret or JAMBONZ_SECRET).encode(), f"{second}.".encode() + body, hashlib.sha256).hexdigest()
    header = f"t={second},v1={digest}"
    if at is None and not secret:
        assert verify_signature(body, header, JAMBONZ_SECRET)
    async with httpx.AsyncClient(base_url=broker.url) as client:
        headers = {"Jambonz-Signature": header, "content-type": "application/json"}
        return await client.post(path, content=body, headers=headers)


def stream_of(xml: str) -> tuple[str, str]:
    """Return the address and the token that Plivo's XML names."""
    root = ET.fromstring(xml)
    assert [one.tag for one in root] == ["Stream", "Hangup"], "after the stream the line must drop"
    carried = re.fullmatch(r"token=([0-9a-f]+)", root[0].attrib["extraHeaders"])
    assert carried is not None
    return str(root[0].text), bytes.fromhex(carried[1]).decode()


async def is_there(broker: Running, channel: str, call_id: str) -> dict[str, Any]:
    """Return the conversation of a call once its caller is connected."""
    async with rest(broker) as client:
        body = {"medium": "voice", "channel": channel, "external_id": call_id}
        for _ in range(500):
            shown: dict[str, Any] = (await client.post("/v1/conversations", json=body)).json()
            if shown.get("caller_connected"):
                return shown
            await asyncio.sleep(0.04)
    raise AssertionError("the caller never came")


def local(url: str) -> str:
    return url.replace(MEDIA, f"ws://127.0.0.1:{MEDIA_PORT}")


async def test_a_signed_plivo_call_is_connected_and_its_assistant_hears_of_it(broker: Running) -> None:
    fields = {"CallUUID": "11111111-aaaa", "From": "34600555042", "To": "15550100", "CallStatus": "ringing"}
    answer = await plivo(broker, "/v1/plivo/answer", fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/xml")
    url, token = stream_of(answer.text)
    assert url == f"{MEDIA}/plivo"
    async with await PlivoCaller("11111111-aaaa").open(local(url), token):
        shown = await is_there(broker, "plivo", "11111111-aaaa")
        assert shown["customer"]["handle"] == "+34600555042"


async def test_what_plivo_did_not_sign_or_signed_before_starts_nothing(broker: Running) -> None:
    fields = {"CallUUID": "22222222-aaaa", "From": "1", "To": "2"}
    forged = await plivo(broker, "/v1/plivo/answer", fields, token="another")
    assert (forged.status_code, forged.json()["code"]) == (403, "bad_signature")
    assert (await plivo(broker, "/v1/plivo/answer", fields, "n-1")).status_code == 200
    again = await plivo(broker, "/v1/plivo/answer", fields, "n-1")
    assert (again.status_code, again.json()["code"]) == (403, "replayed")
    nameless = await plivo(broker, "/v1/plivo/answer", {"From": "1"})
    assert (nameless.status_code, nameless.json()["code"]) == (422, "no_call_id")


async def test_a_signed_telnyx_call_is_answered_and_streamed_once(broker: Running) -> None:
    call = "v3:incoming"
    known = {"call_control_id": call, "from": "+34600555042", "to": "+15550100"}
    for _ in range(2):
        assert (await telnyx(broker, "call.initiated", "ev-1", direction="incoming", **known)).status_code == 204
    (answered,) = Vendors.orders("v3%3Aincoming/actions/answer") or Vendors.orders("v3:incoming/actions/answer")
    state = answered["client_state"]
    assert base64.b64decode(state).startswith(b"answered:c_")
    for _ in range(2):
        assert (await telnyx(broker, "call.answered", "ev-2", client_state=state, **known)).status_code == 204
    (streamed,) = [one for one in Vendors.orders("actions/streaming_start") if one["stream_url"] == f"{MEDIA}/telnyx"]
    async with await TelnyxCaller(call).open(local(streamed["stream_url"]), streamed["stream_auth_token"]):
        shown = await is_there(broker, "telnyx", call)
        assert shown["customer"]["handle"] == "+34600555042"
    assert not Vendors.orders("actions/hangup")
    assert (await telnyx(broker, "streaming.stopped", client_state=state, **known)).status_code == 204
    assert len(Vendors.orders("actions/hangup")) == 1


async def test_what_telnyx_did_not_sign_just_now_does_nothing(broker: Running) -> None:
    forged = base64.b64encode(bytes(64)).decode()
    for at, signature in ((time.time() - 301, ""), (time.time() + 330, ""), (None, forged)):
        evil = {"direction": "incoming", "call_control_id": "v3:evil"}
        refused = await telnyx(broker, "call.initiated", "", at, signature, **evil)
        assert (refused.status_code, refused.json()["code"]) == (403, "bad_signature")
    assert not Vendors.orders("evil")
    assert (await telnyx(broker, "conference.created", call_control_id="v3:evil")).status_code == 204
    async with httpx.AsyncClient(base_url=broker.url) as client:
        assert (await client.post("/v1/telnyx/events", content=b"\xff")).status_code == 403


async def test_a_signed_jambonz_call_is_connected_and_its_assistant_hears_of_it(broker: Running) -> None:
    call = "jambonz-in"
    answer = await jambonz(broker, "/v1/jambonz/call", call_sid=call, **{"from": "+34600555042"})
    assert answer.status_code == 200, answer.text
    verbs = answer.json()
    assert JambonzValidator().validate_app(verbs) == []
    assert [one["verb"] for one in verbs] == ["listen", "hangup"]
    assert verbs[0]["url"] == f"{MEDIA}/jambonz"
    async with await JambonzCaller(call).open(local(verbs[0]["url"]), verbs[0]["metadata"]["token"]):
        shown = await is_there(broker, "jambonz", call)
        assert shown["customer"]["handle"] == "+34600555042"


async def test_what_jambonz_did_not_sign_just_now_or_said_before_does_nothing(broker: Running) -> None:
    call, path = "jambonz-evil", "/v1/jambonz/call"
    for at, secret in ((time.time() - 310, ""), (time.time() + 330, ""), (None, "another")):
        refused = await jambonz(broker, path, at, secret, call_sid=call)
        assert (refused.status_code, refused.json()["code"]) == (403, "bad_signature")
    second = time.time()
    assert (await jambonz(broker, path, second, call_sid=call)).status_code == 200
    again = await jambonz(broker, path, second, call_sid=call)
    assert (again.status_code, again.json()["code"]) == (403, "replayed")
    nameless = await jambonz(broker, path, call_sid="")
    assert (nameless.status_code, nameless.json()["code"]) == (422, "no_call_id")
    shapeless = await jambonz(broker, path, call_sid=["x"])
    assert (shapeless.status_code, shapeless.json()["code"]) == (422, "bad_body")


async def test_jambonz_dials_for_a_caller_and_brings_them_back_when_nobody_answers(broker: Running) -> None:
    at = "/v1/jambonz/calls/c_1"
    (verb,) = (await jambonz(broker, f"{at}/refer?to=%2B15550142&ring=30&token=back", call_sid="x")).json()
    assert JambonzValidator().validate_app([verb]) == []
    assert (verb["target"], verb["timeout"]) == ([{"type": "phone", "number": "+15550142"}], 30)
    after = verb["actionHook"].removeprefix(PUBLIC)
    for status in ("no-answer", "busy", "failed", "news"):
        verbs = (await jambonz(broker, after, call_sid="x", dial_call_status=status)).json()
        assert [one["verb"] for one in verbs] == ["listen", "hangup"]
        assert verbs[0]["metadata"] == {"token": "back"}
    talked = await jambonz(broker, after, call_sid="x", dial_call_status="completed")
    assert talked.json() == [{"verb": "hangup"}]
    assert (await jambonz(broker, f"{at}/answer", call_sid="x")).json() == [{"verb": "hangup"}]


@pytest.mark.parametrize(
    ("carrier", "kind"), [("plivo", PlivoCaller), ("telnyx", TelnyxCaller), ("jambonz", JambonzCaller)]
)
async def test_a_ring_back_goes_over_the_carrier_of_the_call(
    broker: Running, carrier: str, kind: type[CarrierCaller]
) -> None:
    async with rest(broker) as client:
        body = {"medium": "chat", "customer_handle": "+1 555 0777 33", "channel": carrier, "customer_name": carrier}
        conversation = (await client.post("/v1/conversations", json=body)).json()
        asked = {"reason": "wants a call"}
        session = (await client.post(f"/v1/conversations/{conversation['id']}/handoffs", json=asked)).json()
    Vendors.asked.clear()
    token = await operator(broker, f"Ann {carrier}")
    async with greeted(broker, token) as (desk, _):
        reply = await desk.order(RingBack(id=fresh(), session_id=session["id"], epoch=session["epoch"]))
        assert reply.session is not None
        assert reply.session.state is SessionState.CONNECTING
        id_ = reply.session.conversation_id
        async with rest(broker, token) as client:
            path = f"/v1/sessions/{reply.session.id}"

            async def dial() -> str:
                return str((await client.get(path)).json()["dial"])

            async def becomes(word: str) -> None:
                for _ in range(500):
                    if await dial() == word:
                        return
                    await asyncio.sleep(0.04)
                raise AssertionError(f"never {word}: {await dial()}")

            await until(lambda: Vendors.asked, "the carrier is asked")
            (order,) = [body for _, _, body in Vendors.asked]
            if carrier == "plivo":
                assert (order["to"], order["from"]) == ("1555077733", "15550100")
                path_of = order["answer_url"].removeprefix(PUBLIC)
                await plivo(broker, order["ring_url"].removeprefix(PUBLIC), {"CallStatus": "ringing"})
                await becomes("ringing")
                url, media_token = stream_of((await plivo(broker, path_of, {"CallUUID": "plivo-call"})).text)
            elif carrier == "jambonz":
                assert (order["to"]["number"], order["from"]) == ("+1555077733", "+15550100")
                status = order["call_status_hook"]["url"].removeprefix(PUBLIC)
                await jambonz(broker, status, call_sid="jambonz-call", call_status="ringing")
                await becomes("ringing")
                path_of = order["call_hook"]["url"].removeprefix(PUBLIC)
                (listen, _) = (await jambonz(broker, path_of, call_sid="jambonz-call")).json()
                url, media_token = listen["url"], listen["metadata"]["token"]
            else:
                assert (order["to"], order["from"], order["connection_id"]) == ("+1555077733", "+15550100", "1234")
                known = {"client_state": order["client_state"], "call_control_id": "telnyx-call"}
                await telnyx(broker, "call.answered", **known)
                await becomes("answered")
                url, media_token = order["stream_url"], order["stream_auth_token"]
                assert not Vendors.orders("streaming_start"), "it has its stream already"
            async with await kind(f"{carrier}-call").open(local(url), media_token) as callee:
                for _ in range(500):
                    async with rest(broker) as assistant:
                        if (await assistant.get(f"/v1/conversations/{id_}")).json().get("caller_connected"):
                            break
                    await asyncio.sleep(0.04)
                else:
                    raise AssertionError("never connected")
                assert not callee.gone.is_set()


async def test_a_busy_line_closes_the_session_with_its_reason(broker: Running) -> None:
    async with rest(broker) as client:
        body = {"medium": "chat", "customer_handle": "+1 555 0777 44", "channel": "web", "customer_name": "Bea"}
        conversation = (await client.post("/v1/conversations", json=body)).json()
        asked = {"reason": "wants a call"}
        session = (await client.post(f"/v1/conversations/{conversation['id']}/handoffs", json=asked)).json()
    Vendors.asked.clear()
    token = await operator(broker, "Bea's")
    async with greeted(broker, token) as (desk, _):
        reply = await desk.order(RingBack(id=fresh(), session_id=session["id"], epoch=session["epoch"]))
        assert reply.session is not None
        await until(lambda: Vendors.orders("/Call/"), "plivo dials for all")
        path = Vendors.orders("/Call/")[0]["hangup_url"].removeprefix(PUBLIC)
        for _ in range(2):
            assert (await plivo(broker, path, {"CallStatus": "busy"})).status_code == 204
        async with rest(broker, token) as client:
            shown = (await client.get(f"/v1/sessions/{reply.session.id}")).json()
        assert (shown["state"], shown["outcome"], shown["dial"]) == ("closed", "failed", "busy")
