"""Follow-ups in a Google calendar: Google's own discovery document judges the event, google-auth the claims."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.oauth2 import service_account
from jsonschema import Draft202012Validator

from server.broker.ports.notices import Notice
from server.clock import SystemClock
from server.core.errors import ProviderError
from server.notices.google_calendar import GoogleCalendar, event_id
from server.secret_files import SecretText
from server.wire.terms import Outcome, SessionId, SessionState
from tests import needs
from tests.integration.server.notices.test_webhook import notice
from tests.integration.server.notices.vendor_fakes import FakeVendor, form_of

pytestmark = pytest.mark.integration

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
ACCOUNT = {
    "type": "service_account",
    "client_email": "desk@project.iam.gserviceaccount.com",
    "private_key": PEM,
    "private_key_id": "k1",
    "token_uri": "https://oauth2.googleapis.com/token",
}
USER = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
TOKEN = {"access_token": "ya29.token", "expires_in": 3600}
DUE = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)


def ended(name: str = "Zoë <script>", **changes: Any) -> Notice:
    facts = {
        "state": SessionState.CLOSED,
        "outcome": Outcome.RESOLVED,
        "follow_up": "call\r\nback",
        "follow_up_at": DUE,
    }
    return notice(name, **{**facts, **changes})


def calendar(vendor: FakeVendor, key: dict[str, str] = ACCOUNT) -> GoogleCalendar:
    return GoogleCalendar("desk@example.com", SecretText(json.dumps(key)), SystemClock(), transport=vendor.way)


def kept(**more: str) -> httpx.Response:
    return httpx.Response(200, json={"id": event_id(SessionId("s_1")), "status": "confirmed", **more})


def token() -> httpx.Response:
    return httpx.Response(200, json=TOKEN)


def schema() -> dict[str, Any]:
    """Return Google's discovery document as a JSON schema, strict about what it names; refs within it."""
    needs.require(needs.DATA)
    folder = needs.data_folder()
    assert folder is not None
    found = json.loads((folder / "specs/google/calendar.v3.json").read_text())
    defs = json.loads(json.dumps(found["schemas"]).replace('"$ref": "', '"$ref": "#/$defs/'))
    for one in defs.values():
        one.pop("id", None)
        one["additionalProperties"] = False
    return {"$defs": defs, "$ref": "#/$defs/Event"}


async def test_the_event_is_one_by_googles_own_description_and_shows_no_markup() -> None:
    vendor = FakeVendor([token(), kept()])
    await calendar(vendor).send(ended())
    asked, made = vendor.requests
    assert (made.method, str(made.url)) == (
        "POST",
        "https://www.googleapis.com/calendar/v3/calendars/desk@example.com/events",
    )
    assert made.headers["authorization"] == "Bearer ya29.token"
    event = json.loads(made.content)
    Draft202012Validator(schema(), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(event)
    assert set(event["id"]) <= set("0123456789abcdefghijklmnopqrstuv")
    assert 5 <= len(event["id"]) <= 1024
    assert event["summary"] == "H-0042: call back"
    assert (event["start"]["dateTime"], event["end"]["dateTime"]) == ("2026-03-09T09:30:00Z", "2026-03-09T10:00:00Z")
    assert "<script>" not in event["description"]
    assert "&lt;script&gt;" in event["description"]
    claims = jwt.decode(
        form_of(asked)["assertion"], KEY.public_key(), algorithms=["RS256"], audience=ACCOUNT["token_uri"]
    )
    theirs = service_account.Credentials.from_service_account_info(ACCOUNT, scopes=[claims["scope"]])
    google = jwt.decode(
        theirs._make_authorization_grant_assertion(), KEY.public_key(), ["RS256"], audience=ACCOUNT["token_uri"]
    )
    assert set(claims) == set(google), "the same claims as google-auth's own"
    assert (claims["iss"], claims["scope"]) == (google["iss"], google["scope"])


async def test_a_second_attempt_finds_the_event_by_its_id_and_makes_no_other() -> None:
    taken = httpx.Response(409, json={"error": {"message": "The requested identifier already exists."}})
    vendor = FakeVendor([token(), taken, kept(), taken, kept()])
    desk = calendar(vendor)
    await desk.send(ended())
    await desk.send(ended())
    _, first, update, again, _ = vendor.requests
    assert json.loads(first.content)["id"] == json.loads(again.content)["id"]
    assert update.method == "PUT"
    assert str(update.url).endswith("/events/" + event_id(SessionId("s_1")))
    assert len(vendor.requests) == 5, "the token is kept"


async def test_somebodys_own_key_gets_its_token_by_its_refresh_token() -> None:
    vendor = FakeVendor([token(), kept()])
    await calendar(vendor, USER).send(ended())
    assert form_of(vendor.requests[0]) == {
        "grant_type": "refresh_token",
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": "r",
    }


@pytest.mark.parametrize(
    ("answers", "code", "retryable"),
    [
        ([httpx.Response(400, json={"error": "invalid_grant"})], "notice_refused", False),
        ([httpx.Response(200, text="<html>")], "notice_refused", False),
        ([token(), httpx.Response(404, json={"error": {"message": "Not Found"}})], "notice_refused", False),
        ([token(), httpx.Response(200, json={"error": {"message": "no"}})], "notice_refused", False),
        ([token(), httpx.Response(401, json={})], "notice_refused", True),
        (
            [token(), httpx.Response(403, json={"error": {"errors": [{"reason": "userRateLimitExceeded"}]}})],
            "notice_refused",
            True,
        ),
        ([token(), httpx.Response(429, headers={"retry-after": "30"})], "notice_slow_down", True),
        ([token(), httpx.Response(503)], "notice_failed", True),
        ([token(), httpx.ReadTimeout("slow")], "notice_unreachable", True),
    ],
)
async def test_refusals_are_final_or_not(answers: list[Any], code: str, retryable: bool) -> None:
    with pytest.raises(ProviderError) as refusal:
        await calendar(FakeVendor(answers)).send(ended())
    assert (refusal.value.code, refusal.value.retryable) == (code, retryable)


async def test_where_nothing_is_to_be_done_google_is_not_asked() -> None:
    vendor = FakeVendor()
    await calendar(vendor).send(ended(follow_up="", follow_up_at=None))
    await calendar(vendor).send(notice())
    assert vendor.requests == []


@pytest.mark.parametrize("key", [{}, {"type": "service_account"}, {**ACCOUNT, "private_key": "none"}, {"type": "x"}])
def test_what_is_no_key_is_refused_when_it_is_configured(key: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="service account"):
        calendar(FakeVendor(), key)
