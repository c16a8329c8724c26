"""Notices by SMS: five vendors' requests by their own libraries, their refusals, and what fits into a message."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from twilio.http import HttpClient
from twilio.http.response import Response as TwilioResponse
from twilio.rest import Client as TwilioClient

from server.clock import ManualClock
from server.core.errors import ProviderError
from server.notices.sms import Sms
from server.notices.sms_text import MOST_PARTS, is_gsm, parts, text_of
from server.notices.sms_vendors import KINDS, Account
from server.telephony.aws_signature import signed_headers
from server.wire.views import Context
from tests import needs
from tests.integration.server.notices.test_slack import NASTY, rich
from tests.integration.server.notices.vendor_fakes import FakeVendor, form_of

pytestmark = pytest.mark.integration

TO = "+4917612345678"
TAKEN = {
    "twilio": httpx.Response(201, json={"sid": "SM1", "status": "queued"}),
    "plivo": httpx.Response(202, json={"message": "message(s) queued", "message_uuid": ["u-1"], "api_id": "a"}),
    "telnyx": httpx.Response(200, json={"data": {"id": "m-1", "record_type": "message"}}),
    "vonage": httpx.Response(200, json={"message-count": "1", "messages": [{"status": "0", "message-id": "m"}]}),
    "sns": httpx.Response(
        200, text="<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>"
    ),
}


def sms(provider: str, vendor: FakeVendor, *to: str, sender: str = "+15550100") -> Sms:
    account = Account(account="AC1", secret="hush", sender=sender, region="eu-central-1" if provider == "sns" else "")
    return Sms(KINDS[provider], account, to or (TO,), ManualClock(), answers=True, transport=vendor.way)


class Recorder(HttpClient):
    """Keeps what Twilio's own library would send."""

    def __init__(self) -> None:
        super().__init__(None, False, None)  # type: ignore[no-untyped-call]
        self.sent: dict[str, Any] = {}

    def request(self, method: str, url: str, **rest: Any) -> TwilioResponse:  # type: ignore[override]
        self.sent = {"method": method, "url": url, **rest}
        return TwilioResponse(201, json.dumps({"sid": "SM1"}))


async def test_twilio_gets_what_its_own_library_sends() -> None:
    vendor, recorder = FakeVendor([TAKEN["twilio"]]), Recorder()
    await sms("twilio", vendor).send(rich())
    (request,) = vendor.requests
    form = form_of(request)
    TwilioClient("AC1", "hush", http_client=recorder).messages.create(to=TO, from_="+15550100", body=form["Body"])
    assert (request.method, str(request.url)) == (recorder.sent["method"], recorder.sent["url"])
    assert form == {name: value for name, value in recorder.sent["data"].items() if value is not None}
    assert recorder.sent["auth"] == ("AC1", "hush")
    assert request.headers["authorization"].startswith("Basic ")
    await sms("twilio", vendor, sender="MG12").send(rich())
    assert form_of(vendor.requests[1])["MessagingServiceSid"] == "MG12"


async def test_plivo_and_telnyx_get_json_with_their_names() -> None:
    vendor = FakeVendor([TAKEN["plivo"]])
    await sms("plivo", vendor).send(rich())
    (request,) = vendor.requests
    assert str(request.url) == "https://api.plivo.com/v1/Account/AC1/Message/"
    body = json.loads(request.content)
    assert (body["src"], body["dst"]) == ("+15550100", "4917612345678")
    vendor = FakeVendor([TAKEN["telnyx"]])
    await sms("telnyx", vendor).send(rich())
    (request,) = vendor.requests
    assert str(request.url) == "https://api.telnyx.com/v2/messages"
    assert request.headers["authorization"] == "Bearer hush"
    assert {name: json.loads(request.content)[name] for name in ("from", "to")} == {"from": "+15550100", "to": TO}


@needs.data
async def test_plivos_published_answer_is_taken_as_one() -> None:
    folder = needs.data_folder()
    assert folder is not None
    answer = json.loads((folder / "specs/plivo/messageSendResponse.json").read_text())
    await sms("plivo", FakeVendor([httpx.Response(202, json=answer)])).send(rich())


@needs.data
@pytest.mark.parametrize(("name", "kind"), [("Zoé", "text"), ("Зоя", "unicode")])
async def test_vonage_gets_the_fields_of_its_specification(name: str, kind: str) -> None:
    vendor = FakeVendor([TAKEN["vonage"]])
    await sms("vonage", vendor).send(rich(name))
    form = form_of(vendor.requests[0])
    folder = needs.data_folder()
    assert folder is not None
    known = (folder / "specs/vonage/nexmo-sms.yml").read_text()
    schemas = yaml.safe_load(known)["components"]["schemas"]
    assert set(form) <= set(schemas["NewMessage"]["properties"])
    assert set(schemas["NewMessage"]["required"]) <= set(form)
    assert form["type"] == kind
    assert form["to"] == "4917612345678"


@given(body=st.binary(max_size=300), seconds=st.integers(0, 2_000_000_000))
def test_the_signature_is_the_one_that_amazons_library_makes(body: bytes, seconds: int) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    host = "sns.eu-central-1.amazonaws.com"
    ours = signed_headers(
        body, host=host, region="eu-central-1", service="sns", key_id="AKID", secret="s/ecret+", at=at
    )
    request = AWSRequest(
        "POST",
        f"https://{host}/",
        headers={"content-type": ours["content-type"], "host": host, "X-Amz-Date": ours["x-amz-date"]},
        data=body,
    )
    theirs = SigV4Auth(Credentials("AKID", "s/ecret+"), "sns", "eu-central-1")
    request.context["timestamp"] = ours["x-amz-date"]
    text = theirs.string_to_sign(request, theirs.canonical_request(request))
    assert ours["authorization"].endswith(f"Signature={theirs.signature(text, request)}")
    assert theirs.signed_headers(theirs.headers_to_sign(request)) in ours["authorization"]


async def test_sns_gets_a_signed_form() -> None:
    vendor = FakeVendor([TAKEN["sns"]])
    await sms("sns", vendor, sender="Desk").send(rich())
    (request,) = vendor.requests
    form = form_of(request)
    assert str(request.url) == "https://sns.eu-central-1.amazonaws.com/"
    assert (form["Action"], form["PhoneNumber"]) == ("Publish", TO)
    assert form["MessageAttributes.entry.2.Value.StringValue"] == "Desk"
    assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AC1/20")


@pytest.mark.parametrize(
    ("provider", "answer", "says", "retryable"),
    [
        ("twilio", httpx.Response(400, json={"code": 21610, "message": "unsubscribed"}), "unsubscribed", False),
        ("twilio", httpx.Response(200, text="<html>"), "status 200", False),
        ("twilio", httpx.Response(200, json={"error": "x"}), "status 200", False),
        ("plivo", httpx.Response(200, json={"error": "insufficient credit"}), "insufficient credit", False),
        ("telnyx", httpx.Response(422, json={"errors": [{"detail": "bad number"}]}), "bad number", False),
        ("telnyx", httpx.Response(200, json={"errors": [{"title": "odd"}]}), "odd", False),
        (
            "vonage",
            httpx.Response(200, json={"messages": [{"status": "4", "error-text": "Bad Credentials"}]}),
            "Bad Credentials",
            False,
        ),
        ("vonage", httpx.Response(200, json={"messages": [{"status": "1"}]}), "status 1", True),
        ("vonage", httpx.Response(200, json={"messages": []}), "status 200", False),
        (
            "sns",
            httpx.Response(400, text="<Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"),
            "Rate exceeded",
            True,
        ),
        ("sns", httpx.Response(403, text="<Error><Code>SignatureDoesNotMatch</Code></Error>"), "Signature", False),
        *((provider, httpx.Response(429), "slower", True) for provider in KINDS),
        *((provider, httpx.Response(500), "answered 500", True) for provider in KINDS),
        *((provider, httpx.ReadTimeout("x"), "gave no answer", True) for provider in KINDS),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_every_refusal_is_one_also_with_status_200(
    provider: str, answer: httpx.Response | Exception, says: str, retryable: bool
) -> None:
    with pytest.raises(ProviderError) as refusal:
        await sms(provider, FakeVendor([answer])).send(rich())
    assert says in refusal.value.message
    assert refusal.value.retryable is retryable


async def test_one_number_of_two_refused_is_said_and_not_repeated() -> None:
    vendor = FakeVendor([TAKEN["twilio"], httpx.Response(400, json={"message": "no such number"})])
    with pytest.raises(ProviderError) as refusal:
        await sms("twilio", vendor, TO, "+4917612345679").send(rich())
    assert (refusal.value.code, refusal.value.retryable) == ("sms_partly_refused", False)


@pytest.mark.parametrize(
    ("text", "gsm", "many"),
    [
        ("a" * 160, True, 1),
        ("a" * 161, True, 2),
        ("€" * 80, True, 1),
        ("€" * 81, True, 2),
        ("a" * 459, True, 3),
        ("a" * 460, True, 4),
        ("ж" * 70, False, 1),
        ("ж" * 71, False, 2),
        ("😀" * 35, False, 1),
        ("😀" * 36, False, 2),
    ],
    ids=["160", "161", "80 euro", "81 euro", "459", "460", "70 wide", "71 wide", "35 emoji", "36 emoji"],
)
def test_what_a_text_costs(text: str, gsm: bool, many: int) -> None:
    assert (is_gsm(text), parts(text)) == (gsm, many)


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=900),
    st.sampled_from(["", "ж", "😀", "€"]),
)
def test_a_notice_never_costs_more_than_three_messages_and_always_says_how_to_answer(said: str, more: str) -> None:
    one = rich("Zoë", reason=said, context=Context(summary=(said + more) * 3))
    text = text_of(one, answers=True)
    assert parts(text) <= MOST_PARTS
    assert text.endswith(f" I take it: {one.accept_url}")
    assert text.startswith("H-0042 waits")


def test_an_sms_is_text_alone() -> None:
    assert NASTY.split()[0] in text_of(rich(NASTY), answers=False), "nothing is markup in an SMS"
