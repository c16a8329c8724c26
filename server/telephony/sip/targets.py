"""Make a request's address out of a number or SIP address; pure, and refuses whatever could smuggle something in."""

import re
from typing import Final

_NUMBER: Final = re.compile(r"\A\+?[0-9*#]{1,32}\Z", re.ASCII)
_USER: Final = r"[A-Za-z0-9_.!~*'()&=+$,;/%-]{1,64}"
_HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
_URI: Final = re.compile(rf"\Asips?:{_USER}@{_HOST}(?:;transport=(?:udp|tcp|tls))?\Z", re.ASCII)
_AT_HOST: Final = re.compile(rf"\A{_USER}@{_HOST}\Z", re.ASCII)
_EXTENSION: Final = re.compile(r"\A[A-Za-z0-9_.-]{1,64}\Z", re.ASCII)


def request_uri(to: str, host: str, transport: str = "udp") -> str:
    """Return the SIP address of a number, an extension or a SIP address; numbers and extensions are at `host`.

    Raises:
        ValueError: it is none of these.
    """
    wanted = to.strip()
    suffix = "" if transport == "udp" else f";transport={transport}"
    if _NUMBER.match(wanted) or _EXTENSION.match(wanted):
        return f"sip:{wanted.replace('#', '%23')}@{host}{suffix}"
    if _AT_HOST.match(wanted):
        return f"sip:{wanted}{suffix}"
    if _URI.match(wanted):
        return wanted
    raise ValueError(f"{wanted[:60]!r} is no number, extension or SIP address")
