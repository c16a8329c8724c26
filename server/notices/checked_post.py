"""Post to an address that somebody wrote into the configuration, and to no other: resolved once, checked, connected to.

An address within this machine or a private network is refused, whatever name leads to it now or a moment later.
Redirects are not followed.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from typing import Final

import httpx

from server.core.errors import ProviderError
from server.notices.vendor import Transport, the_network
from server.wire.version import USER_AGENT

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 20.0


class CheckedPost:
    """One address."""

    def __init__(self, url: str, *, allow_private: bool = False, transport: Transport = the_network) -> None:
        """Post to `url`; `allow_private`: it may be one of this machine or of a private network."""
        self._url: Final = httpx.URL(url)
        self._allow_private: Final = allow_private
        self._transport: Final = transport

    async def post(
        self,
        content: bytes,
        headers: Mapping[str, str],
        *,
        most_bytes: int = 1,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> tuple[int, bytes]:
        """Post JSON once and return the status and, of the answer, at most `most_bytes`.

        Raises:
            ProviderError: `webhook_unreachable`, `webhook_address_private`.
        """
        address = await address_of(self._url, allow_private=self._allow_private)
        sent = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            **headers,
            "host": self._url.netloc.decode("ascii"),
        }
        try:
            async with (
                httpx.AsyncClient(
                    transport=self._transport(),
                    timeout=httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS),
                    follow_redirects=False,
                    trust_env=False,
                ) as client,
                client.stream(
                    "POST",
                    self._url.copy_with(host=address),
                    content=content,
                    headers=sent,
                    extensions={"sni_hostname": self._url.host},
                ) as answer,
            ):
                return answer.status_code, await _read(answer, most_bytes)
        except httpx.HTTPError as error:
            raise ProviderError(
                "webhook_unreachable", f"The webhook cannot be reached: {type(error).__name__}."
            ) from error


async def address_of(url: httpx.URL, *, allow_private: bool) -> str:
    """Return the address to connect to: resolved once and checked, so that no later answer can differ.

    Raises:
        ProviderError: `webhook_unreachable`, `webhook_address_private`.
    """
    loop = asyncio.get_running_loop()
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ProviderError("webhook_unreachable", f"{url.host} is not known to the network.") from error
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    if not allow_private:
        for address in addresses:
            if not address.is_global or address.is_multicast:
                raise ProviderError(
                    "webhook_address_private",
                    f"{url.host} is {address}: not an address of the public internet.",
                    "Set allow_private = true in its section if that is meant.",
                    retryable=False,
                )
    return str(addresses[0])


async def _read(answer: httpx.Response, most_bytes: int) -> bytes:
    """Return the beginning of an answer's body, and no more than that, however much is sent."""
    pieces = bytearray()
    async for piece in answer.aiter_bytes():
        pieces += piece
        if len(pieces) >= most_bytes:
            break
    return bytes(pieces[:most_bytes])
