"""Twilio's messages, as Twilio's own page shows them."""

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.telephony import twilio
from server.telephony.mulaw import CarrierFormatError

pytestmark = pytest.mark.unit

START = """{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC0","streamSid":"MZ1","callSid":"CA2",
"tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},
"customParameters":{"token":"secret","FirstName":"Jane"}},"streamSid":"MZ1"}"""
MEDIA = """{"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"1","timestamp":"5",
"payload":"//7+fw=="},"streamSid":"MZ1"}"""


def test_start_names_call_stream_format_and_token() -> None:
    start = twilio.decode(START.encode()).start
    assert start is not None
    assert (start.stream_sid, start.call_sid, start.parameters.token) == ("MZ1", "CA2", "secret")
    twilio.check_format(start.media_format)


def test_media_is_decoded_audio() -> None:
    message = twilio.decode(MEDIA.encode())
    assert message.media is not None
    assert message.media.payload == b"\xff\xfe\xfe\x7f"
    assert (message.stream_sid, message.media.track) == ("MZ1", "inbound")


def test_numbers_may_be_numbers_or_strings() -> None:
    for rate in ("8000", 8000):
        body = {"event": "start", "sequenceNumber": 1, "start": {"streamSid": "M", "mediaFormat": {"sampleRate": rate}}}
        start = twilio.decode(json.dumps(body).encode()).start
        assert start is not None
        assert start.media_format.sample_rate == 8_000
    for digit in (5, "5"):
        dtmf = twilio.decode(json.dumps({"event": "dtmf", "dtmf": {"digit": digit}}).encode()).dtmf
        assert dtmf is not None
        assert str(dtmf.digit) == "5"


@pytest.mark.parametrize("event", ["connected", "mark", "stop", "something-new"])
def test_other_events_keep_their_name_and_need_nothing(event: str) -> None:
    message = twilio.decode(json.dumps({"event": event, "protocol": "Call", "version": "1.0.0"}).encode())
    assert (message.event, message.start, message.media, message.dtmf) == (event, None, None, None)


@pytest.mark.parametrize(
    "media_format",
    [twilio.MediaFormat(encoding="audio/l16"), twilio.MediaFormat(sample_rate=16_000), twilio.MediaFormat(channels=2)],
)
def test_audio_of_another_format_is_refused(media_format: twilio.MediaFormat) -> None:
    with pytest.raises(CarrierFormatError):
        twilio.check_format(media_format)


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_message_or_a_named_error(raw: bytes) -> None:
    with contextlib.suppress(CarrierFormatError):
        assert isinstance(twilio.decode(raw), twilio.Message)


@given(st.binary(max_size=400), st.text(max_size=40))
def test_what_we_send_is_what_twilio_reads(mulaw: bytes, sid: str) -> None:
    sid = sid.encode("utf-8", "replace").decode()
    body = json.loads(twilio.media_message(twilio.media_prefix(sid), mulaw))
    assert body == {"event": "media", "streamSid": sid, "media": {"payload": base64.b64encode(mulaw).decode()}}
    assert json.loads(twilio.mark_message(sid, "m")) == {"event": "mark", "streamSid": sid, "mark": {"name": "m"}}
    assert json.loads(twilio.clear_message(sid)) == {"event": "clear", "streamSid": sid}
