"""Post signed messages in the form of Standard Webhooks (https://www.standardwebhooks.com, spec 1.0.0).

The receiver checks `webhook-signature` with the shared secret and tells repeats by `webhook-id`, which stays the same.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import httpx

from server.clock import Clock
from server.core.errors import ProviderError
from server.secret_files import SecretText
from server.wire.version import VERSION

PREFIX: Final = "whsec_"
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 20.0


class SignedPost:
    """One address that takes signed messages."""

    def __init__(
        self,
        url: str,
        secret: SecretText,
        clock: Clock,
        *,
        allow_private: bool = False,
        transport: Callable[[], httpx.AsyncBaseTransport | None] = lambda: None,
    ) -> None:
        """Send to `url`, signed with `secret` (`whsec_` and base64, 24 to 64 bytes).

        Args:
            url: https, or http where `allow_private`.
            secret: Shared with the receiver.
            clock: Times the signature.
            allow_private: The address may be one of this machine or of a private network.
            transport: For tests: the way to the network; None is httpx's own.

        Raises:
            ValueError: the secret is not of that form; the sentence says how to make one.
        """
        self._url: Final = httpx.URL(url)
        self._key: Final = key_of(secret)
        self._clock: Final = clock
        self._allow_private: Final = allow_private
        self._transport: Final = transport

    async def post(
        self, message_id: str, content: bytes, *, most_bytes: int = 1, answer_seconds: float = ANSWER_SECONDS
    ) -> tuple[int, bytes]:
        """Post one message and return the status and, of the answer, at most `most_bytes`.

        Raises:
            ProviderError: `webhook_unreachable`, `webhook_address_private`.
        """
        stamp = str(int(self._clock.now().timestamp()))
        headers = {
            "content-type": "application/json",
            "user-agent": f"operator-console/{VERSION}",
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": sign(self._key, message_id, stamp, content),
        }
        address = await address_of(self._url, allow_private=self._allow_private)
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
                    headers={**headers, "host": self._url.netloc.decode("ascii")},
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


def key_of(secret: SecretText) -> bytes:
    """Return the bytes of a secret written as `whsec_` and base64.

    Raises:
        ValueError: it is not of that form.
    """
    text = secret.reveal()
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(_HOW_TO_MAKE_ONE) from error
    if not text.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError(_HOW_TO_MAKE_ONE)
    return key


_HOW_TO_MAKE_ONE: Final = (
    'A webhook secret is whsec_ and 24 to 64 bytes in base64; make one: echo "whsec_$(openssl rand -base64 32)"'
)


def sign(key: bytes, message_id: str, stamp: str, content: bytes) -> str:
    """Return the signature of one message, scheme v1: HMAC-SHA256 over `id.timestamp.content`, in base64."""
    signed = b".".join((message_id.encode(), stamp.encode(), content))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def check_url(url: str, *, allow_private: bool) -> str:
    """Return what is wrong with an address for webhooks; empty when nothing is."""
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        return "write a whole address, such as https://example.com/handoffs"
    if parts.username or parts.password:
        return "take user and password out of the address; the signature proves who sends"
    if parts.scheme == "http" and not allow_private:
        return "write https://, or set allow_private = true for an address of your own network"
    return ""
