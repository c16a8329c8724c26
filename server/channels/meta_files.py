"""Read files that lie with Meta: only from its own hosts, and never a page in a file's place."""

from collections.abc import AsyncIterator, Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx

from server.broker.ports.channels import SendError, SendProblem
from server.channels.http import Http

_HOSTS: Final = ("fbcdn.net", "fbsbx.com", "cdninstagram.com", "facebook.com", "instagram.com", "whatsapp.net")
"""Where Meta's files lie; an address elsewhere is not followed, whoever signed it."""
_GONE: Final = frozenset({403, 404, 410})
"""What an address answers that has expired."""
_PAGE: Final = "text/html"
_REDIRECTS: Final = 3


def is_metas(address: str, api_base: str) -> bool:
    """Tell whether an address may be read: Meta's over TLS, or one beside `api_base`, as it is configured."""
    try:
        asked, own = urlsplit(address), urlsplit(api_base)
        host = (asked.hostname or "").lower()
        if (asked.scheme, host, asked.port) == (own.scheme, (own.hostname or "").lower(), own.port):
            return True
        usual = asked.port in {None, 443} and not asked.username
    except ValueError:
        return False
    return asked.scheme == "https" and usual and any(host == one or host.endswith(f".{one}") for one in _HOSTS)


async def bytes_of(http: Http, address: str, *, headers: Mapping[str, str] | None = None) -> AsyncIterator[bytes]:
    """Yield the bytes at an address of Meta.

    Args:
        http: The way there.
        address: As the platform gave it; redirects stay with Meta.
        headers: Such as the authorisation, where the address needs it.

    Raises:
        SendError: RETRY: not now; GONE: the address has expired; INVALID: it is not Meta's.
    """
    for _ in range(_REDIRECTS):
        if not is_metas(address, http.api_base):
            raise SendError(SendProblem.INVALID, "The file's address is not Meta's: it is not read.")
        try:
            async with http.client.stream("GET", address, headers=dict(headers or {})) as answer:
                if answer.next_request is not None:
                    address = str(answer.next_request.url)
                    continue
                _check(answer)
                async for piece in answer.aiter_bytes():
                    yield piece
                return
        except httpx.HTTPError as error:
            raise SendError(SendProblem.RETRY, f"The file cannot be read ({type(error).__name__}).") from error
    raise SendError(SendProblem.INVALID, "The file's address leads nowhere.")


def _check(answer: httpx.Response) -> None:
    """Refuse everything but a file.

    Raises:
        SendError: RETRY, GONE, INVALID.
    """
    if answer.status_code in _GONE:
        raise SendError(SendProblem.GONE, f"The file's address no longer works (HTTP {answer.status_code}).")
    if not answer.is_success:
        raise SendError(SendProblem.RETRY, f"The file cannot be read (HTTP {answer.status_code}).")
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() == _PAGE:
        raise SendError(SendProblem.GONE, "A page came in the file's place: its address no longer works.")
