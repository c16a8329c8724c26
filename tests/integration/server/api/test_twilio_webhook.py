"""A call from Twilio: the signed webhook brings TwiML, its token brings the audio; the vendor's own SDK signs."""

import asyncio
import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from twilio.request_validator import RequestValidator

from server.bench.process import Running, running_broker
from tests.live import bearer, free_port
from tests.media_clients import TwilioCaller, until

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ACCOUNT, SECRET = "AC" + "1" * 32, "twilio-auth-token-of-this-test"
PUBLIC, MEDIA = "https://desk.example", "wss://media.example"
MEDIA_PORT = free_port()
SETTINGS = f'[twilio]\naccount_sid = "{ACCOUNT}"\n'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker() -> AsyncIterator[Running]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPERATOR_TWILIO_AUTH_TOKEN", SECRET)
        async with running_broker(
            SETTINGS, server=f'public_url = "{PUBLIC}"', media=f'port = {MEDIA_PORT}\npublic_url = "{MEDIA}"'
        ) as running:
            yield running


async def call(broker: Running, fields: dict[str, str], signature: str | None = None) -> httpx.Response:
    """Be Twilio: POST the form with the SDK's signature of the public address."""
    signed = RequestValidator(SECRET).compute_signature(f"{PUBLIC}/v1/twilio/voice", fields)
    async with httpx.AsyncClient(base_url=broker.url) as client:
        headers = {"X-Twilio-Signature": signed if signature is None else signature}
        return await client.post("/v1/twilio/voice", data=fields, headers=headers)


def stream_of(twiml: str) -> tuple[str, str]:
    """Return the address and the token that the TwiML names."""
    root = ET.fromstring(twiml)
    stream = root.find("./Connect/Stream")
    assert stream is not None
    parameter = stream.find("Parameter")
    assert parameter is not None
    assert (root.tag, parameter.get("name")) == ("Response", "token")
    assert [one.tag for one in root] == ["Connect", "Hangup"], "after the stream the line must drop"
    return str(stream.get("url")), str(parameter.get("value"))


async def test_a_signed_call_is_connected_and_its_assistant_hears_of_it(broker: Running) -> None:
    fields = {"CallSid": "CA" + "a" * 32, "From": "+34600555042", "To": "+15550100", "AccountSid": ACCOUNT}
    answer = await call(broker, fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(("application/xml", "text/xml"))
    url, token = stream_of(answer.text)
    assert url == f"{MEDIA}/twilio"
    repeated = stream_of((await call(broker, fields)).text)[1]
    assert repeated != token, "Twilio asked again: the last answer counts, the earlier token is void"
    local = re.sub(r"^wss://media\.example", f"ws://127.0.0.1:{MEDIA_PORT}", url)
    signature = RequestValidator(SECRET).compute_signature(url, {})
    async with TwilioCaller(fields["CallSid"]) as caller:
        await caller.open(local, repeated, {"X-Twilio-Signature": signature})
        async with httpx.AsyncClient(base_url=broker.url, headers=bearer(broker.key)) as client:
            body = {"medium": "voice", "channel": "twilio", "external_id": fields["CallSid"]}
            for _ in range(200):
                shown = (await client.post("/v1/conversations", json=body)).json()
                if shown.get("caller_connected"):
                    break
                await asyncio.sleep(0.02)
            assert shown["caller_connected"]
            assert shown["customer"]["handle"] == "+34600555042"
        await caller.hang_up()


async def test_a_forged_or_missing_signature_starts_nothing(broker: Running) -> None:
    fields = {"CallSid": "CA" + "b" * 32, "From": "+1", "To": "+2"}
    for signature in (
        "",
        "x",
        RequestValidator("another token").compute_signature(f"{PUBLIC}/v1/twilio/voice", fields),
    ):
        answer = await call(broker, fields, signature)
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
    changed = RequestValidator(SECRET).compute_signature(f"{PUBLIC}/v1/twilio/voice", fields)
    answer = await call(broker, {**fields, "From": "+1999"}, changed)
    assert answer.status_code == 403


async def test_a_token_of_another_call_is_refused(broker: Running) -> None:
    fields = {"CallSid": "CA" + "c" * 32, "From": "+1", "To": "+2"}
    url, token = stream_of((await call(broker, fields)).text)
    local = f"ws://127.0.0.1:{MEDIA_PORT}/twilio"
    signature = RequestValidator(SECRET).compute_signature(url, {})
    async with TwilioCaller("CA" + "d" * 32) as thief:
        await thief.open(local, token, {"X-Twilio-Signature": signature})
        await until(thief.gone.is_set, "the thief is thrown out")
    assert thief.close_code == 4401
