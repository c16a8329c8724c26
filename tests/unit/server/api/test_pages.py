"""Who a page's request is counted by, what an origin is, and that a throttle forgets before it grows."""

import pytest

from server.api import throttle
from server.api.origins import origin_of
from server.api.throttle import Throttle, whose_address
from server.clock import ManualClock
from server.core.errors import TooManyError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxy", "counted"),
    [
        ("203.0.113.9", "198.51.100.1", False, "203.0.113.9"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.1", True, "198.51.100.1"),
        ("127.0.0.1", "", True, "127.0.0.1"),
        ("127.0.0.1", "garbage", True, "unknown"),
        ("2001:db8:1:2:3:4:5:6", "", False, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "", False, "203.0.113.9"),
        ("", "", False, "unknown"),
    ],
)
def test_what_a_page_could_have_written_itself_is_not_counted_by(
    peer: str, forwarded: str, proxy: bool, counted: str
) -> None:
    assert whose_address(peer, forwarded, behind_proxy=proxy) == counted


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://shop.example.com", "https://shop.example.com"),
        ("https://Shop.Example.com:443/path", "https://shop.example.com"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("null", ""),
        ("ftp://shop.example.com", ""),
        ("", ""),
    ],
)
def test_an_origin_is_what_browsers_write(address: str, origin: str) -> None:
    assert origin_of(address) == origin


def test_who_did_nothing_for_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_KNOWN", 2)
    held = Throttle(ManualClock())
    for who in ("a", "a", "a", "b", "c"):
        held.take("person", who)
    held.take("person", "a")
    held.take("person", "a")
    held.take("person", "a")
    with pytest.raises(TooManyError) as refusal:
        held.take("person", "a")
    assert refusal.value.details == {"retry_after_seconds": "20"}
