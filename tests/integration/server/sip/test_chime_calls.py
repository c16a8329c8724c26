"""A caller of AWS Chime, from the Lambda function of the example to audio over SIP: sipp is the Voice Connector."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from server.bench.process import Running, running_broker
from server.wire.commands import Accept
from tests import needs
from tests.live import fresh, greeted, operator, rest
from tests.media_clients import StreamLeg, until
from tests.sip_audio import Telephone, sip_port
from tests.sip_peers import Sipp, comes, opening, scenario

pytestmark = [pytest.mark.integration, pytest.mark.alone, needs.sip_call]

SECRET = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
ARN = "arn:aws:chime:us-east-1:123456789012:vc/abcdefghijklmnop"
TRANSACTION = "tx-1"
LEG = {"CallId": "leg-a", "ParticipantTag": "LEG-A", "From": "+34600555042", "To": "+15550100", "Status": "Connected"}


class Chime(BaseHTTPRequestHandler):
    """The API, as far as calls are ordered about."""

    asked: ClassVar[list[tuple[str, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.path, json.loads(raw)))
        body = b'{"SipMediaApplicationCall": {"TransactionId": "tx-1"}}'
        self.send_response(202)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


async def invoked(broker: Running, kind: str, secret: str = SECRET, **data: object) -> dict[str, Any]:
    """Run the example's function with an event, as Lambda does."""
    event = {
        "SchemaVersion": "1.0",
        "Sequence": 2,
        "InvocationEventType": kind,
        "ActionData": data or None,
        "CallDetails": {"TransactionId": TRANSACTION, "AwsRegion": "us-east-1", "Participants": [LEG]},
    }
    code = "import handler, json, sys; print(json.dumps(handler.lambda_handler(json.load(sys.stdin), None)))"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd="examples/chime",
        env={**os.environ, "OPERATOR_DESK_URL": broker.url, "OPERATOR_RELAY_SECRET": secret},
    )
    out, _ = await process.communicate(json.dumps(event).encode())
    answer: dict[str, Any] = json.loads(out.splitlines()[-1])
    return answer


def bridged(answer: dict[str, Any]) -> dict[str, Any]:
    """Return where a call is bridged to."""
    (action,) = answer["Actions"]
    assert (action["Type"], action["Parameters"]["CallerIdNumber"]) == ("CallAndBridge", "+34600555042")
    (endpoint,) = action["Parameters"]["Endpoints"]
    assert (endpoint["BridgeEndpointType"], endpoint["Arn"]) == ("AWS", ARN)
    return dict(endpoint)


async def refuses_what_came_before(broker: Running) -> None:
    """Post one event twice, one with a time long gone, and one that is none."""

    def signed(body: bytes, at: datetime) -> dict[str, str]:
        message_id = f"msg_{fresh()}"
        signature = Webhook(SECRET).sign(message_id, at, body.decode())
        stamp = str(int(at.timestamp()))
        return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signature}

    event = b'{"InvocationEventType":"RINGING","CallDetails":{"TransactionId":"tx-0"}}'
    now = datetime.now(UTC)
    good = signed(event, now)
    async with httpx.AsyncClient(base_url=broker.url) as client:
        for headers, body, expected in (
            (good, event, (200, None)),
            (good, event, (403, "replayed")),
            (signed(event, now - timedelta(seconds=310)), event, (403, "bad_signature")),
            (signed(event, now), event + b" ", (403, "bad_signature")),
            (signed(b"[]", now), b"[]", (422, "bad_body")),
        ):
            answer = await client.post("/v1/chime/events", content=body, headers=headers)
            assert (answer.status_code, answer.json().get("code")) == expected


async def test_a_call_that_a_bot_has_at_chime_is_brought_to_the_operator_over_sip(tmp_path: Path) -> None:
    api = HTTPServer(("127.0.0.1", 0), Chime)
    Thread(target=api.serve_forever, daemon=True).start()
    for name, text in (("relay", SECRET), ("key", "secret-key")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    port = sip_port()
    settings = (
        f'[sip]\nlisten = "127.0.0.1:{port}"\n'
        f'[chime]\napplication_id = "sma-1"\nkey_id = "AKIA"\nsecret_key_file = "{tmp_path / "key"}"\n'
        f'relay_secret_file = "{tmp_path / "relay"}"\nconnector_arn = "{ARN}"\n'
        f'api_url = "http://127.0.0.1:{api.server_port}"\n'
        "[desk]\nconnect_lease_seconds = 40\n"
    )
    sipp: Sipp | None = None
    async with running_broker(settings) as broker:
        phone = await Telephone().open()
        phone.speak(440)
        try:
            assert bridged(await invoked(broker, "NEW_INBOUND_CALL"))["Uri"] == "15550100"
            forged = await invoked(broker, "NEW_INBOUND_CALL", secret="whsec_" + "QUJD" * 11)
            assert [one["Type"] for one in forged["Actions"]] == ["Hangup"]
            await refuses_what_came_before(broker)
            async with rest(broker) as client:
                body = {"medium": "voice", "channel": "chime", "external_id": TRANSACTION}
                conversation = (await client.post("/v1/conversations", json=body)).json()
                asked = {"reason": "wants a person"}
                session = (await client.post(f"/v1/conversations/{conversation['id']}/handoffs", json=asked)).json()
            async with greeted(broker, await operator(broker, "Ann")) as (desk, _):
                reply = await desk.order(Accept(id=fresh(), session_id=session["id"], epoch=session["epoch"]))
            assert reply.media is not None
            async with await StreamLeg(8_000).open(reply.media.url, reply.media.token) as headset:
                headset.speak(880)
                await until(lambda: Chime.asked, "Chime is asked to update the call")
                (path, order) = Chime.asked[0]
                assert path == "/sip-media-applications/sma-1/calls/tx-1"
                told = {"Type": "CallUpdateRequest", "Parameters": order}
                name = bridged(await invoked(broker, "CALL_UPDATE_REQUESTED", **told))["Uri"]
                sipp = await Sipp.run(
                    tmp_path, scenario(opening(), comes("BYE")), port, audio=phone.port, service=name, caller="chime"
                )
                await headset.hears(440)
                await phone.hears(880)
            async with rest(broker) as client:
                shown = (await client.get(f"/v1/conversations/{conversation['id']}")).json()
            assert (shown["caller_connected"], shown["customer"]["channel"]) == (True, "chime")
        finally:
            if sipp is not None:
                await sipp.stop()
            phone.close()
            api.shutdown()
            api.server_close()


async def test_a_desk_that_cannot_be_reached_refuses_new_calls_alone() -> None:
    nowhere = Running(url="http://127.0.0.1:9", data_dir=Path(), pid=0, key="", operator="")
    assert [one["Type"] for one in (await invoked(nowhere, "NEW_INBOUND_CALL"))["Actions"]] == ["Hangup"]
    assert (await invoked(nowhere, "RINGING"))["Actions"] == []


@pytest.mark.parametrize("part", ["id", "time", "body"])
async def test_the_examples_signature_is_that_of_standard_webhooks(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATOR_RELAY_SECRET", SECRET)
    monkeypatch.setenv("OPERATOR_DESK_URL", "https://desk.example/")
    from examples.chime.handler import signed  # noqa: PLC0415 - reads the environment

    request = signed({"InvocationEventType": "RINGING"})
    assert request.full_url == "https://desk.example/v1/chime/events"
    headers = {name.lower(): value for name, value in request.header_items()}
    body = request.data
    assert isinstance(body, bytes)
    assert Webhook(SECRET).verify(body, headers)
    changed = {
        "id": ("webhook-id", "msg_other"),
        "time": ("webhook-timestamp", str(int(headers["webhook-timestamp"]) + 1)),
    }
    if part in changed:
        headers |= [changed[part]]
    else:
        body += b" "
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, headers)
