"""Who is believed to be Google Chat; Google's own library is the oracle."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests import needs

pytest.importorskip("google.oauth2.id_token", reason=needs.PEERS.skip)

import jwt
from google.auth import exceptions
from google.oauth2 import id_token

from server.broker.ports.channels import Incoming, SendError
from server.channels.google_proof import Proof
from server.channels.http import Http
from server.clock import ManualClock
from server.core.errors import NotAuthenticatedError
from tests.contract.channel_kits.kit import Wire
from tests.fakes.google_platform import GOOGLE_KEY, NEXT_KEY, certificate, pem, proof, published
from tests.fakes.google_words import CHAT, PROJECT

pytestmark = pytest.mark.unit

NOW = datetime.now(UTC)
"""The oracle knows no other time."""
URL = "https://desk.example/v1/channels/google"
OPEN_ID: dict[str, Any] = {"iss": "https://accounts.google.com", "email": CHAT, "email_verified": True}


def checker(audience: str = PROJECT) -> Proof:
    made = Proof(Http("https://keys.example"), audience, ManualClock())
    made.take(published(g1=GOOGLE_KEY))
    return made


def shown(token: str) -> Incoming:
    return Incoming(headers={"authorization": f"Bearer {token}"}, body=b"{}")


def refusal(token: str, audience: str = PROJECT, now: datetime = NOW) -> str:
    with pytest.raises(NotAuthenticatedError) as refused:
        checker(audience).check(shown(token), now)
    return refused.value.code


class Certificates:
    """What Google's library fetches keys with."""

    def __call__(self, *_args: object, **_more: object) -> Any:
        answer = type("Answer", (), {})()
        answer.status, answer.data = 200, json.dumps({"g1": certificate(GOOGLE_KEY)}).encode()
        return answer


def by_google(token: str, audience: str) -> bool:
    """Tell whether Google's own library believes a token."""
    try:
        claims = id_token.verify_token(token, Certificates(), audience=audience, certs_url="https://keys.example")
    except (ValueError, exceptions.GoogleAuthError):
        return False
    if audience == PROJECT:
        return bool(claims["iss"] == CHAT)
    return claims["iss"] == "https://accounts.google.com" and claims.get("email") == CHAT


FORGED = {
    "another's key": proof(NOW, key=NEXT_KEY),
    "another audience": proof(NOW, audience="999"),
    "another issuer": proof(NOW, iss="somebody@example.com"),
    "expired": proof(NOW - timedelta(hours=2)),
    "not valid yet": proof(NOW + timedelta(hours=2)),
    "no expiry": proof(NOW, exp=None),
    "no signature": jwt.encode({"iss": CHAT, "aud": PROJECT}, None, "none", {"kid": "g1"}),
    "a shared secret": jwt.encode({"iss": CHAT, "aud": PROJECT}, "x" * 40, "HS256", {"kid": "g1"}),
    "not a token": "AbCdEf123456",
    "nothing": "",
}


@pytest.mark.parametrize("why", FORGED)
def test_what_google_would_not_believe_is_refused(why: str) -> None:
    assert not by_google(FORGED[why], PROJECT)
    code = refusal(FORGED[why])
    assert code == ("stale_signature" if why in {"expired", "not valid yet"} else "bad_signature")


def test_a_token_for_the_projects_number_is_believed() -> None:
    assert by_google(proof(NOW), PROJECT)
    checker().check(shown(proof(NOW)), NOW)
    checker().check(shown(proof(NOW)), NOW + timedelta(minutes=60, seconds=59))
    assert refusal(proof(NOW), now=NOW + timedelta(minutes=61, seconds=1)) == "stale_signature"


def test_a_token_for_our_address_has_to_name_google_chat() -> None:
    good = proof(NOW, audience=URL, **OPEN_ID)
    assert by_google(good, URL)
    checker(URL).check(shown(good), NOW)
    for wrong in ({"email": "me@gmail.com"}, {"email_verified": False}, {"iss": CHAT}):
        assert refusal(proof(NOW, audience=URL, **{**OPEN_ID, **wrong}), URL) == "bad_signature"
    assert refusal(proof(NOW, **OPEN_ID)) == "bad_signature"


def test_the_scheme_has_to_be_bearer() -> None:
    for value in (proof(NOW), f"Basic {proof(NOW)}", "Bearer"):
        with pytest.raises(NotAuthenticatedError):
            checker().check(Incoming(headers={"authorization": value}), NOW)
    with pytest.raises(NotAuthenticatedError):
        checker().check(Incoming(), NOW)


def keyed(clock: ManualClock) -> tuple[Proof, Wire]:
    wire = Wire(lambda _request: httpx.Response(200, json=published(g1=GOOGLE_KEY)))
    return Proof(Http("https://keys.example", transport=wire), PROJECT, clock), wire


async def test_keys_are_fetched_once_and_anew_when_google_changes_them() -> None:
    clock = ManualClock()
    made, wire = keyed(clock)
    for _ in range(3):
        await made.prepare(shown(proof(NOW)))
    assert len(wire.requests) == 1
    assert wire.requests[0].url.path == f"/service_accounts/v1/jwk/{CHAT}"
    wire.otherwise = lambda _request: httpx.Response(200, json=published(g2=NEXT_KEY))
    await clock.advance(61)
    later = shown(proof(NOW, key=NEXT_KEY, kid="g2"))
    await made.prepare(later)
    made.check(later, NOW)
    with pytest.raises(NotAuthenticatedError):
        made.check(shown(proof(NOW)), NOW)


async def test_forged_tokens_do_not_make_us_ask_google_again_and_again() -> None:
    clock = ManualClock()
    made, wire = keyed(clock)
    await asyncio.gather(*[made.prepare(shown(proof(NOW, kid=f"x{number}"))) for number in range(20)])
    assert len(wire.requests) == 1


async def test_broken_keys_change_nothing_and_a_failure_is_told() -> None:
    clock = ManualClock()
    made, wire = keyed(clock)
    await made.prepare(shown(proof(NOW)))
    for answer in ({"keys": [{"kid": "g1"}, 7, {"kty": "RSA", "n": "!", "e": "x"}]}, {}, []):
        wire.answers.append(httpx.Response(200, json=answer))
        await made.refresh()
        made.check(shown(proof(NOW)), NOW)
    wire.answers.append(httpx.ConnectError("refused"))
    with pytest.raises(SendError):
        await made.refresh()
    made.check(shown(proof(NOW)), NOW)


def test_the_private_key_of_the_test_is_one() -> None:
    assert pem(GOOGLE_KEY).startswith("-----BEGIN PRIVATE KEY-----")
