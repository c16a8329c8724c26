"""Rules of where a token may go."""

import pytest

from operator_console.client.address import is_loopback, parse_address, tls_context
from operator_console.client.errors import ClientError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("url", "rest", "console"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "ws://127.0.0.1:8080/v1/console"),
        ("http://localhost:8080/", "http://localhost:8080", "ws://localhost:8080/v1/console"),
        ("ws://[::1]:1", "http://[::1]:1", "ws://[::1]:1/v1/console"),
        (" https://desk.example.com ", "https://desk.example.com", "wss://desk.example.com/v1/console"),
        ("wss://example.com/desk/", "https://example.com/desk", "wss://example.com/desk/v1/console"),
    ],
)
def test_one_address_gives_both_the_rest_and_the_socket_url(url: str, rest: str, console: str) -> None:
    address = parse_address(url)
    assert (address.rest, address.console) == (rest, console)
    assert (tls_context(address, "") is not None) == address.secure


@pytest.mark.parametrize(
    "url",
    [
        "http://desk.example.com",
        "ws://10.0.0.5:8080",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://0.0.0.0:8080",
        "http://[fe80::1]:8080",
    ],
)
def test_a_token_never_goes_unencrypted_to_another_machine(url: str) -> None:
    with pytest.raises(ClientError) as refused:
        parse_address(url)
    assert refused.value.code == "token_over_plain"
    assert "https://" in refused.value.hint


@pytest.mark.parametrize(
    "url",
    ["", "desk", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://[::1", "http://127.0.0.1/?a=1"],
)
def test_what_is_no_address_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ClientError) as refused:
        parse_address(url)
    assert refused.value.code == "bad_address"
    assert "https://desk.example.com" in refused.value.hint


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ClientError) as refused:
        parse_address("https://olga:secret@desk.example.com")
    assert refused.value.code == "bad_address"
    assert "secret" not in refused.value.body.message


def test_only_this_machine_is_loopback() -> None:
    assert is_loopback("127.9.9.9")
    assert is_loopback("::1")
    assert not is_loopback("128.0.0.1")


def test_a_missing_certificate_file_is_named() -> None:
    with pytest.raises(ClientError, match=r"no-such\.pem"):
        tls_context(parse_address("https://desk.example.com"), "no-such.pem")
