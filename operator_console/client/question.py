"""Ask the broker one question and wait for the answer, for commands that print it and end.

`operator_console.client.rest` does all of this and more, but an event loop and httpx take longer to load than a broker
to answer: two thirds of the processor time of `operator-console queue --json`. Where a proxy may stand in between the
other client is used; it knows them.

Before: an address and a token that may go there. After: the answer, typed, or the same `ClientError` as the other's.
"""

import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import msgspec

from operator_console.client.answer import ANSWER_SECONDS, MAX_ANSWER_BYTES, read_answer
from operator_console.client.errors import ClientError, not_reached, words
from server.wire.version import USER_AGENT

if TYPE_CHECKING:
    import ssl

    from operator_console.client.address import Address

T = TypeVar("T")


def is_direct(address: "Address", environment: Mapping[str, str]) -> bool:
    """Tell whether nothing but the network stands between this machine and the broker: no proxy, as far as is known."""
    if address.loopback:
        return True
    return sys.platform == "linux" and not any(name.lower().endswith("_proxy") for name in environment)


def ask(address: "Address", token: str, tls: "ssl.SSLContext | None", path: str, kind: type[T]) -> T:
    """Return the answer to a GET of `path` as a `kind`.

    Raises:
        ClientError: the broker refused, can't be reached, or answered something else.
    """
    base = urlsplit(address.rest)
    host = base.hostname or ""
    if tls is None:
        line = HTTPConnection(host, base.port, timeout=ANSWER_SECONDS)
    else:
        line = HTTPSConnection(host, base.port, timeout=ANSWER_SECONDS, context=tls)
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json", "Authorization": f"Bearer {token}"}
    try:
        line.request("GET", base.path + path, headers=headers)
        response = line.getresponse()
        status, raw = response.status, response.read(MAX_ANSWER_BYTES + 1)
        if response.length and len(raw) <= MAX_ANSWER_BYTES:
            raise IncompleteRead(raw, response.length)  # `read` with a limit says nothing of it
    except (OSError, HTTPException) as error:
        raise ClientError(not_reached(address.rest, _words(error))) from error
    finally:
        line.close()
    return read_answer(address.rest + path, status, raw, msgspec.json.Decoder(kind))


def _words(error: OSError | HTTPException) -> str:
    known = error.strerror if isinstance(error, OSError) and not isinstance(error, TimeoutError) else None
    return known[:200] if known else words(error)
