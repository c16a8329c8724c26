"""Know that a webhook is Telnyx's: an Ed25519 signature of its time and its body.

Source: https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks (signing), the Python SDK 4.189. The
key is the account's public one; what is older or newer than five minutes is refused.
"""

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HEADER: Final = "telnyx-signature-ed25519"
TIME_HEADER: Final = "telnyx-timestamp"
"""The request headers that carry the signature, and the second it was made at."""
WINDOW_SECONDS: Final = 300.0


def public_key(text: str) -> Ed25519PublicKey:
    """Return the key that Telnyx shows in its portal, 32 bytes in base64.

    Raises:
        ValueError: It is none.
    """
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def validate(body: bytes, signature: str, timestamp: str, key: Ed25519PublicKey, now: float) -> bool:
    """Tell whether Telnyx signed `body` within five minutes of `now`, a Unix second."""
    try:
        made_at = int(timestamp)
        given = base64.b64decode(signature, validate=True)
    except ValueError:
        return False
    if abs(now - made_at) > WINDOW_SECONDS:
        return False
    try:
        key.verify(given, timestamp.encode() + b"|" + body)
    except InvalidSignature:
        return False
    return True
