"""Twilio's signature, checked against Twilio's own validator."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from server.telephony.twilio_signature import sign, validate

pytestmark = pytest.mark.unit

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
PARAMS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
"""The example of Twilio's page on validating requests."""

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF), min_size=1, max_size=12)
URLS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["https", "http", "wss", "ws"]),
    st.sampled_from(["calls.example.org", "10.0.0.1", "localhost"]),
    st.sampled_from(["", ":443", ":80", ":8443"]),
    st.sampled_from(["", "/", "/twilio", "/voice?x=1&y=%20"]),
)


class Fields(dict[str, Sequence[str]]):
    """A form with several values per field, as Flask gives it to Twilio's validator."""

    def getall(self, name: str) -> Sequence[str]:
        return self[name]


def test_twilios_published_example_validates() -> None:
    assert sign(URL, PARAMS, "12345") == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert validate(URL, PARAMS, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "12345")


@given(URLS, st.dictionaries(NAMES, NAMES, max_size=6), st.text(min_size=1, max_size=32).map(repr))
def test_we_sign_as_twilio_does(url: str, params: dict[str, str], token: str) -> None:
    assert sign(url, params, token) == RequestValidator(token).compute_signature(url, params)


@given(URLS, st.dictionaries(NAMES, st.lists(NAMES, min_size=1, max_size=3), max_size=4))
def test_fields_with_several_values_are_signed_as_twilio_does(url: str, params: dict[str, list[str]]) -> None:
    assert sign(url, params, "token") == RequestValidator("token").compute_signature(url, Fields(params))


@given(URLS, URLS, st.dictionaries(NAMES, NAMES, max_size=3))
def test_we_accept_all_that_twilios_validator_accepts_of_https_addresses(
    signed: str, received: str, params: dict[str, str]
) -> None:
    signature = RequestValidator("token").compute_signature(signed, params)
    if received.startswith(("https:", "http:")):
        assert validate(received, params, signature, "token") == RequestValidator("token").validate(
            received, params, signature
        )


def test_a_media_stream_is_signed_with_or_without_its_port() -> None:
    plain, with_port = "wss://calls.example.org/twilio", "wss://calls.example.org:443/twilio"
    for signed in (plain, with_port):
        for received in (plain, with_port):
            assert validate(received, {}, sign(signed, {}, "token"), "token")
    assert not validate(plain, {}, sign("https://calls.example.org/twilio", {}, "token"), "token")


@pytest.mark.parametrize("signature", ["", "AAAA", "é", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "\udcff"])
def test_a_forged_signature_is_refused(signature: str) -> None:
    assert not validate(URL, PARAMS, signature, "12345")


def test_another_secret_or_a_changed_field_is_refused() -> None:
    signature = sign(URL, PARAMS, "12345")
    assert not validate(URL, PARAMS, signature, "12346")
    assert not validate(URL, PARAMS | {"Digits": "1235"}, signature, "12345")
    assert not validate(URL + "x", PARAMS, signature, "12345")
