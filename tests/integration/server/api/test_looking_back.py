"""Search, contacts, follow-ups and ring back over a real listener and the vendor's signature."""

import asyncio
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest
import pytest_asyncio
from twilio.request_validator import RequestValidator

from server.bench.process import Running, running_broker
from server.wire.commands import RingBack
from server.wire.terms import SessionKind, SessionState
from tests.live import fresh, greeted, operator, rest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ACCOUNT, SECRET = "AC" + "2" * 32, "twilio-auth-token-of-this-test"
PUBLIC, MEDIA = "https://desk.example", "wss://media.example"


class Vendor(BaseHTTPRequestHandler):
    """Twilio's REST API, as far as calls are placed and ended."""

    asked: ClassVar[list[tuple[str, dict[str, list[str]]]]] = []

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.asked.append((self.path, form))
        body = b'{"sid": "CA%s", "status": "queued"}' % (b"b" * 32)
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker() -> AsyncIterator[Running]:
    vendor = HTTPServer(("127.0.0.1", 0), Vendor)
    Thread(target=vendor.serve_forever, daemon=True).start()
    settings = (
        f'[twilio]\naccount_sid = "{ACCOUNT}"\ncaller_number = "+15550100"\n'
        f'api_url = "http://127.0.0.1:{vendor.server_port}"\n'
        '[transfers]\nallowed = ["+1555"]\n'
        '[queues.billing]\ndispositions = ["refund", "other"]\ndisposition_required = true\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPERATOR_TWILIO_AUTH_TOKEN", SECRET)
        async with running_broker(
            settings, server=f'public_url = "{PUBLIC}"', media=f'port = 0\npublic_url = "{MEDIA}"'
        ) as running:
            yield running
    vendor.shutdown()
    vendor.server_close()


async def talk(broker: Running, **known: str) -> dict[str, Any]:
    """Start a chat with a few words, and return the conversation."""
    async with rest(broker) as client:
        made = await client.post("/v1/conversations", json={"medium": "chat", "customer_name": "Zoë Adler", **known})
        conversation: dict[str, Any] = made.json()
        for author, text in (("customer", "Where is my durian?"), ("assistant", "Durians ship on Monday.")):
            path = f"/v1/conversations/{conversation['id']}/messages"
            assert (await client.post(path, json={"author": author, "text": text})).is_success
        return conversation


async def test_an_operator_finds_what_was_said_and_an_assistant_may_not_look(broker: Running) -> None:
    conversation = await talk(broker, customer_handle="+1 555 0142 33")
    token = await operator(broker, "Ann")
    async with rest(broker, token) as client:
        found = (await client.get("/v1/search", params={"q": "durian*", "sort": "newest", "limit": 1})).json()
        assert found["found"][0]["snippet"] == "Durians ship on Monday."
        assert found["found"][0]["marks"] == [[0, 7]]
        more = await client.get("/v1/search", params={"q": "durian*", "sort": "newest", "after": found["next_after"]})
        assert [one["position"] for one in more.json()["found"]] == [1]
        assert {one["conversation_id"] for one in more.json()["found"]} == {conversation["id"]}
        for bad, code in (("", "query_empty"), ('"', "query_empty"), ("x" * 501, "invalid_request")):
            refused = await client.get("/v1/search", params={"q": bad})
            assert refused.status_code in {400, 422}
            assert refused.json()["code"] == code, refused.text
        hostile = await client.get("/v1/search", params={"q": "'; DROP TABLE messages; -- \0 \u202e NEAR( ^ :"})
        assert hostile.json() == {}
    async with rest(broker) as client:
        assert (await client.get("/v1/search", params={"q": "durian"})).status_code == 403
        assert (await client.get("/v1/follow-ups")).status_code == 403


async def test_a_contact_is_looked_up_and_shows_all_that_is_theirs(broker: Running) -> None:
    conversation = await talk(broker, customer_handle="adler@example.com", channel="mail", customer_id="crm-9")
    token = await operator(broker, "Ben")
    async with rest(broker, token) as client:
        for words in ("crm-9", "ADLER@example.com"):
            (contact,) = (await client.get("/v1/contacts", params={"q": words})).json()
            assert contact["id"] == conversation["contact_id"]
        page = (await client.get(f"/v1/contacts/{contact['id']}")).json()
        assert [one["id"] for one in page["conversations"]] == [conversation["id"]]
        assert {one["kind"] for one in page["contact"]["identities"]} == {"external", "email"}
        missing = await client.get("/v1/contacts/p_gone")
        assert (missing.status_code, missing.json()["code"]) == (404, "no_such_contact")
        queues = (await client.get("/v1/queues")).json()
        assert queues == [{"name": "billing", "dispositions": ["refund", "other"], "disposition_required": True}]


async def status(broker: Running, conversation: str, word: str, *, secret: str = SECRET) -> httpx.Response:
    """Be Twilio: tell a status, signed by the SDK."""
    path, fields = f"/v1/twilio/calls/{conversation}/status", {"CallSid": "CA" + "b" * 32, "CallStatus": word}
    signature = RequestValidator(secret).compute_signature(PUBLIC + path, fields)
    async with httpx.AsyncClient(base_url=broker.url) as client:
        return await client.post(path, data=fields, headers={"X-Twilio-Signature": signature})


async def test_a_ring_back_reaches_the_carrier_once_and_shows_what_the_carrier_tells(broker: Running) -> None:
    conversation = await talk(broker, customer_handle="+1 555 0777 33", channel="sms")
    token = await operator(broker, "Cleo")
    async with rest(broker) as client:
        body = {"reason": "wants a call"}
        session = (await client.post(f"/v1/conversations/{conversation['id']}/handoffs", json=body)).json()
    async with greeted(broker, token) as (desk, snapshot):
        assert [queue.name for queue in snapshot.queues] == ["billing"]
        reply = await desk.order(RingBack(id=fresh(), session_id=session["id"], epoch=session["epoch"]))
        assert reply.session is not None
        assert (reply.session.state, reply.session.kind) == (SessionState.CONNECTING, SessionKind.CALLBACK)
        assert reply.session.operator_id == snapshot.me
        assert reply.media is not None
    called = msgspec.to_builtins(reply.session)
    async with rest(broker, token) as client:

        async def until(wanted: str) -> dict[str, Any]:
            for _ in range(1500):
                shown: dict[str, Any] = (await client.get(f"/v1/sessions/{called['id']}")).json()
                if shown["dial"] == wanted:
                    return shown
                await asyncio.sleep(0.02)
            raise AssertionError(shown)

        await until("queued")
        ((path, form),) = [one for one in Vendor.asked if one[1].get("To") == ["+1555077733"]]
        assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
        assert form["StatusCallback"] == [f"{PUBLIC}/v1/twilio/calls/{called['conversation_id']}/status"]
        assert f"{MEDIA}/twilio" in form["Twiml"][0]
        assert (await status(broker, called["conversation_id"], "ringing", secret="guess")).status_code == 403
        for word in ("ringing", "ringing", "initiated", "of tomorrow"):
            assert (await status(broker, called["conversation_id"], word)).status_code == 204
        await until("ringing")
        assert (await status(broker, "c_gone", "ringing")).status_code == 204
        await status(broker, called["conversation_id"], "no-answer")
        done = await until("no_answer")
        assert (done["state"], done["outcome"]) == ("closed", "failed")
        closed = (await client.get("/v1/history")).json()["sessions"]
        assert closed[0]["number"] == called["number"]
