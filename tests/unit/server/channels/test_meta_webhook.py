"""What proves that a request is Meta's, and how its batches come apart."""

import hashlib
import hmac
import json

import pytest

from server.broker.ports.channels import EventKind, Incoming
from server.channels.meta_webhook import batch, challenge, verify
from server.core.errors import NotAuthenticatedError
from server.secret_files import SecretText

pytestmark = pytest.mark.unit

SECRET, TOKEN = SecretText("app-secret"), SecretText("verify-token")


def signed(body: bytes, signature: str = "") -> Incoming:
    by_hand = "sha256=" + hmac.new(b"app-secret", body, hashlib.sha256).hexdigest()
    return Incoming(headers={"x-hub-signature-256": signature or by_hand}, body=body)


def asks(**query: str) -> Incoming:
    return Incoming(method="GET", query={name.replace("_", ".", 1): value for name, value in query.items()})


def test_the_challenge_is_answered_as_it_came() -> None:
    answer = challenge(asks(hub_mode="subscribe", hub_verify_token="verify-token", hub_challenge="1158201444"), TOKEN)
    assert answer is not None
    assert (answer.status, answer.body, answer.media_type) == (200, b"1158201444", "text/plain")


@pytest.mark.parametrize("token", ["", "verify-toke", "VERIFY-TOKEN", "é\udcff"])
def test_a_challenge_with_another_token_is_refused(token: str) -> None:
    with pytest.raises(NotAuthenticatedError) as refused:
        challenge(asks(hub_mode="subscribe", hub_verify_token=token, hub_challenge="1"), TOKEN)
    assert refused.value.code == "bad_verify_token"


def test_a_get_that_does_not_subscribe_is_refused_and_a_post_asks_nothing() -> None:
    with pytest.raises(NotAuthenticatedError):
        challenge(asks(hub_mode="unsubscribe", hub_verify_token="verify-token"), TOKEN)
    assert challenge(Incoming(body=b"{}"), TOKEN) is None


def test_the_signature_is_over_the_bytes_as_meta_wrote_them() -> None:
    body = rb'{"object":"page","entry":[{"id":"1","messaging":[{"text":"Gr\u00fc\u00dfe \ud83d\ude00 https:\/\/x"}]}]}'
    verify(signed(body), SECRET)
    rewritten = json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()
    with pytest.raises(NotAuthenticatedError):
        verify(Incoming(headers=signed(body).headers, body=rewritten), SECRET)


@pytest.mark.parametrize("signature", ["sha256=", "sha256=00", "sha1=0123", "nonsense", "sha256=é"])
def test_another_signature_is_refused(signature: str) -> None:
    with pytest.raises(NotAuthenticatedError):
        verify(signed(b"{}", signature), SECRET)


def test_every_item_of_every_entry_comes_out_with_its_account_and_nothing_strange_is_lost() -> None:
    body = {
        "object": "page",
        "entry": [
            {"id": "1", "messaging": [{"a": 1}, "?", {"a": 2}], "standby": [{"b": 1}]},
            None,
            {"id": "2", "changes": [{"field": "f", "value": {"c": 1}}, {"field": "f"}, 7]},
            {"id": "3"},
        ],
    }
    items, strange = batch(Incoming(body=json.dumps(body).encode()), "page")
    assert [(one.account, one.list_name, one.value) for one in items] == [
        ("1", "messaging", {"a": 1}),
        ("1", "messaging", {"a": 2}),
        ("1", "standby", {"b": 1}),
        ("2", "f", {"c": 1}),
    ]
    assert [event.kind for event in strange] == [EventKind.UNKNOWN] * 5
    assert all(event.note for event in strange)
    assert len({event.key for event in strange}) == 5


def test_what_is_about_something_else_is_kept_as_unknown() -> None:
    for body in (b'{"object": "user", "entry": []}', b"[]", b"<html>", b""):
        items, (event,) = batch(Incoming(body=body), "page")
        assert (items, event.kind) == ([], EventKind.UNKNOWN)
