"""What is read of SIP messages, what may be dialled, and which settings are refused."""

import pytest

from server import config
from server.config_rules import ConfigError
from server.telephony.sip import trace
from server.telephony.sip.targets import request_uri
from server.telephony.sip.trace import AudioPlace, Party

pytestmark = pytest.mark.unit

INVITE = (
    "RX UDP 203.0.113.9:5060 -> 198.51.100.7:5060\n"
    "INVITE sip:+15550199@198.51.100.7 SIP/2.0\r\ni: abc@203.0.113.9\r\n\r\n"
    "v=0\r\nc=IN IP4 203.0.113.1\r\n"
    "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 203.0.113.2\r\nm=video 0 RTP/AVP 99\r\nc=IN IP4 203.0.113.3\r\n"
)


def test_a_request_shows_its_sender_its_target_and_where_its_audio_is() -> None:
    seen = trace.read(INVITE)
    assert seen is not None
    assert (seen.inbound, seen.sip_call_id, seen.peer, seen.method, seen.target) == (
        True, "abc@203.0.113.9", "203.0.113.9", "INVITE", "+15550199",
    )  # fmt: skip
    assert seen.audio == AudioPlace("203.0.113.2", 4000)


def test_what_is_no_traced_message_shows_nothing() -> None:
    for text in ("", "hello", "RX UDP a -> b\n", INVITE.replace("i: abc", "x: abc"), INVITE.replace("RX", "XX")):
        assert trace.read(text) is None


@pytest.mark.parametrize(
    ("header", "party"),
    [
        ('"Ada L" <sip:+15550142@h:5060;user=phone>;tag=x', Party("Ada L", "+15550142")),
        ("sip:bob@pbx.example.com;tag=1", Party("", "bob@pbx.example.com")),
        ("Anonymous <sip:anonymous@anonymous.invalid>", Party("Anonymous", "anonymous@anonymous.invalid")),
        ("<tel:+15550142>", Party("", "+15550142")),
        ("\x1b[31m<sip:x@y>", Party("[31m", "x@y")),
    ],
    ids=["number", "user", "anonymous", "tel", "control"],
)
def test_who_calls_is_shown_as_a_number_or_an_address(header: str, party: Party) -> None:
    assert trace.party(header).handle == party.handle


def test_numbers_extensions_and_addresses_become_requests_and_nothing_else_does() -> None:
    assert request_uri("+15550142", "gw:5080") == "sip:+15550142@gw:5080"
    assert request_uri("billing", "gw", "tcp") == "sip:billing@gw;transport=tcp"
    assert request_uri("sip:a@b.example;transport=tls", "gw") == "sip:a@b.example;transport=tls"
    for wrong in ("", "a b", "sip:a@b\r\nX: y", "sip:a@b?Replaces=c", "<sip:a@b>", "sip:a@b;x=y", "tel:+1", "a\n"):
        with pytest.raises(ValueError, match="is no number"):
            request_uri(wrong + "\x00" if wrong == "a\n" else wrong, "gw")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('listen = "203.0.113.7:5060"', "allow is missing"),
        ('listen = "sip.example.com:5060"', "write an address and a port"),
        ('listen = "127.0.0.1:5060"\nallow = ["everybody"]', "no address or network"),
        ('listen = "127.0.0.1:5060"\nsrtp = "required"', "clear text"),
        ('listen = "127.0.0.1:5060"\ntrunks = [{ host = "gw" }]', "has no user"),
        ('trunks = [{ host = "gw", user = "u" }]', "listen is not"),
        ('listen = "127.0.0.1:5060"\nrtp_first = 20000\nrtp_last = 20002', "eight ports"),
    ],
    ids=["strangers", "name", "network", "clear", "user", "listen", "ports"],
)
def test_settings_that_cannot_work_are_refused_with_what_to_write(written: str, said: str, tmp_path: object) -> None:
    settings = config.parse(f"[sip]\n{written}\n")
    with pytest.raises(ConfigError, match=said):
        config.resolve(settings, config.Path(str(tmp_path)), {})
