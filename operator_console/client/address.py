"""Know where the broker is, and refuse to send a token where others could read it."""

import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from operator_console.client.errors import BAD_ADDRESS, TOKEN_OVER_PLAIN, ClientError
from server.wire.errors import ErrorBody

if TYPE_CHECKING:
    import ssl

_SECURE: Final = {"http": False, "ws": False, "https": True, "wss": True}
CONSOLE_PATH: Final = "/v1/console"


class Address(msgspec.Struct, frozen=True):
    """One broker: `rest` and `socket` are base URLs without a slash at the end."""

    rest: str
    socket: str
    secure: bool
    loopback: bool

    @property
    def console(self) -> str:
        """The URL of the console socket."""
        return self.socket + CONSOLE_PATH


def parse_address(url: str) -> Address:
    """Return the broker's address from what a person wrote: http, https, ws or wss, with or without a path.

    Raises:
        ClientError: code `bad_address`; or `token_over_plain` for an address of another machine without TLS.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _bad(url, str(error)) from error
    if parts.scheme not in _SECURE:
        raise _bad(url, "it does not begin with https:// or http://")
    if not host:
        raise _bad(url, "it names no host")
    _refuse_extras(url, parts)
    secure, loopback = _SECURE[parts.scheme], is_loopback(host)
    if not secure and not loopback:
        raise ClientError(
            ErrorBody(
                TOKEN_OVER_PLAIN,
                f"{host} is another machine and {parts.scheme}:// is not encrypted: your token could be read.",
                "Use https://, or a tunnel that ends on 127.0.0.1.",
            )
        )
    place = f"[{host}]" if ":" in host else host
    where = f"{place}{f':{port}' if port is not None else ''}{parts.path.rstrip('/')}"
    return Address(
        rest=f"{'https' if secure else 'http'}://{where}",
        socket=f"{'wss' if secure else 'ws'}://{where}",
        secure=secure,
        loopback=loopback,
    )


def is_loopback(host: str) -> bool:
    """Tell whether a host can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def tls_context(address: Address, ca_file: str) -> "ssl.SSLContext | None":
    """Return what checks the broker's certificate, with the site's own authority if there is one; None without TLS.

    Raises:
        ClientError: code `bad_address` when `ca_file` can't be used.
    """
    if not address.secure:
        return None
    import ssl  # noqa: PLC0415 - a broker on this machine needs none

    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise ClientError(
            ErrorBody(BAD_ADDRESS, f"The certificate file {ca_file} can't be used: {error}.", "Check server.ca_file.")
        ) from error


def _refuse_extras(url: str, parts: SplitResult) -> None:
    if parts.username is not None or parts.password is not None:
        raise _bad(url.replace(parts.netloc, "…"), "it holds a name or password")
    if parts.query or parts.fragment:
        raise _bad(url, "it holds a ? or #")


def _bad(url: str, why: str) -> ClientError:
    return ClientError(
        ErrorBody(
            BAD_ADDRESS,
            f"{url[:200]!r} is not an address of a broker: {why}.",
            "Write it like https://desk.example.com or http://127.0.0.1:8080.",
        )
    )
