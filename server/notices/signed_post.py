"""Post signed messages in the form of Standard Webhooks (https://www.standardwebhooks.com, spec 1.0.0).

The receiver checks `webhook-signature` with the shared secret and tells repeats by `webhook-id`, which stays the same.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final
from urllib.parse import urlsplit

from server.clock import Clock
from server.notices.checked_post import ANSWER_SECONDS, CheckedPost
from server.notices.vendor import Transport, the_network
from server.secret_files import SecretText

PREFIX: Final = "whsec_"


class SignedPost:
    """One address that takes signed messages."""

    def __init__(
        self,
        url: str,
        secret: SecretText,
        clock: Clock,
        *,
        allow_private: bool = False,
        transport: Transport = the_network,
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
        self._post: Final = CheckedPost(url, allow_private=allow_private, transport=transport)
        self._key: Final = key_of(secret)
        self._clock: Final = clock

    async def post(
        self, message_id: str, content: bytes, *, most_bytes: int = 1, answer_seconds: float = ANSWER_SECONDS
    ) -> tuple[int, bytes]:
        """Post one message and return the status and, of the answer, at most `most_bytes`.

        Raises:
            ProviderError: `webhook_unreachable`, `webhook_address_private`.
        """
        stamp = str(int(self._clock.now().timestamp()))
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": sign(self._key, message_id, stamp, content),
        }
        return await self._post.post(content, headers, most_bytes=most_bytes, answer_seconds=answer_seconds)


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
