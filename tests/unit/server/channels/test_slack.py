"""Who is believed to be Slack; Slack's own verifier is the oracle."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests import needs

pytest.importorskip("slack_sdk", reason=needs.PEERS.skip)

from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier

from server.broker.ports.channels import Incoming
from server.channels.slack import Slack
from server.core.errors import NotAuthenticatedError
from server.secret_files import SecretText

pytestmark = pytest.mark.unit

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
BODY = json.dumps({"type": "event_callback", "event_id": "Ev1", "event": {"type": "message", "text": "ü 😀"}}).encode()


class AtNow(SlackClock):
    def now(self) -> float:
        return NOW.timestamp()


ORACLE = SignatureVerifier(SECRET, AtNow())


def slack() -> Slack:
    return Slack(bot_token=SecretText("xoxb-1"), signing_secret=SecretText(SECRET))


def signed(body: bytes, at: datetime = NOW, **headers: str) -> Incoming:
    stamp = str(int(at.timestamp()))
    made = ORACLE.generate_signature(timestamp=stamp, body=body)
    assert made is not None
    return Incoming(body=body, headers={"x-slack-request-timestamp": stamp, "x-slack-signature": made} | headers)


def refusal(incoming: Incoming, now: datetime = NOW) -> str:
    with pytest.raises(NotAuthenticatedError) as refused:
        slack().verify(incoming, now)
    return refused.value.code


def test_what_slacks_own_library_signs_is_believed() -> None:
    slack().verify(signed(BODY), NOW)
    slack().verify(signed(b""), NOW)


def test_a_changed_body_time_or_signature_is_not_believed() -> None:
    good = signed(BODY)
    stamp, given = good.headers["x-slack-request-timestamp"], good.headers["x-slack-signature"]
    later = str(int(stamp) + 1)
    forged = [
        Incoming(body=BODY + b" ", headers=good.headers),
        Incoming(body=BODY, headers={**good.headers, "x-slack-request-timestamp": later}),
        Incoming(body=BODY, headers={**good.headers, "x-slack-signature": given[:-1] + "g"}),
        Incoming(body=BODY, headers={**good.headers, "x-slack-signature": given.upper()}),
        Incoming(body=BODY, headers={**good.headers, "x-slack-signature": "v0=\ud800"}),
        Incoming(body=BODY, headers={**good.headers, "x-slack-request-timestamp": "²"}),
        Incoming(body=BODY, headers={}),
    ]
    for one in forged:
        assert refusal(one) == "bad_signature"
    for one in forged[:3]:
        assert not ORACLE.is_valid(one.body, one.headers["x-slack-request-timestamp"], one.headers["x-slack-signature"])


def test_a_request_older_than_five_minutes_is_refused_as_a_replay() -> None:
    slack().verify(signed(BODY), NOW + timedelta(seconds=300))
    assert refusal(signed(BODY), NOW + timedelta(seconds=301)) == "stale_signature"
    assert refusal(signed(BODY, NOW + timedelta(seconds=301))) == "stale_signature"


def test_without_a_signing_secret_nobody_is_believed() -> None:
    with pytest.raises(NotAuthenticatedError):
        Slack(bot_token=SecretText("xoxb-1")).verify(signed(BODY), NOW)


def test_the_address_is_confirmed_only_to_slack() -> None:
    asked = json.dumps({"token": "x", "challenge": "3eZbrw1a", "type": "url_verification"}).encode()
    answer = slack().challenge(signed(asked))
    assert answer is not None
    assert (answer.status, answer.body) == (200, b"3eZbrw1a")
    with pytest.raises(NotAuthenticatedError):
        slack().challenge(Incoming(body=asked))
    assert slack().challenge(signed(BODY)) is None
