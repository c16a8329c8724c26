"""TwiML says what we mean, whatever is in the token or the address."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import Connect, Stream, VoiceResponse

from server.telephony.twiml import connect_stream, hangup

pytestmark = pytest.mark.unit

PRINTABLE = st.text(
    st.characters(min_codepoint=32, max_codepoint=0xD7FF, exclude_characters="\x7f\x85\u2028"), max_size=60
)


def test_it_is_what_twilios_own_library_writes() -> None:
    theirs = VoiceResponse()
    stream = Stream(url="wss://x.example/twilio")
    stream.parameter(name="token", value="abc")
    connect = Connect()
    connect.append(stream)
    theirs.append(connect)
    theirs.hangup()
    ours = connect_stream("wss://x.example/twilio", "abc")
    assert ET.canonicalize(ours) == ET.canonicalize(str(theirs))


@given(PRINTABLE, PRINTABLE)
def test_address_and_token_survive_the_xml(url: str, token: str) -> None:
    root = ET.fromstring(connect_stream(url, token))
    assert [child.tag for child in root] == ["Connect", "Hangup"]
    stream = root.find("Connect/Stream")
    parameter = root.find("Connect/Stream/Parameter")
    assert stream is not None
    assert parameter is not None
    assert (stream.get("url"), parameter.get("name"), parameter.get("value")) == (url, "token", token)


def test_hanging_up_may_say_why() -> None:
    assert ET.fromstring(hangup()).find("Say") is None
    root = ET.fromstring(hangup('Sorry <b>& "goodbye"'))
    assert [child.tag for child in root] == ["Say", "Hangup"]
    assert root.findtext("Say") == 'Sorry <b>& "goodbye"'
