"""Know that a request is jambonz's: check `Jambonz-Signature` on webhooks.

Source: https://docs.jambonz.org/reference/webhooks/securing-webhooks. The header is `t=<unix second>,v1=<hex>`:
HMAC-SHA256, keyed with the account's webhook secret, over the second, a dot and the body. The address is not signed.
"""

import hashlib
import hmac
import re
from typing import Final

HEADER: Final = "Jambonz-Signature"
WINDOW_SECONDS: Final = 300.0
"""A request that is older, or newer, is refused."""
_TIME: Final = re.compile(r"(?:^|,)\s*t=([0-9]{1,12})(?:,|$)")
_SIGNATURE: Final = re.compile(r"(?:^|,)\s*v1=([0-9a-f]{64})(?:,|$)")


def sign(body: bytes, second: int, secret: str) -> str:
    """Return the whole header of a request with `body` sent in this unix second."""
    digest = hmac.new(secret.encode(), f"{second}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={second},v1={digest}"


def validate(body: bytes, header: str, secret: str, now: float) -> bool:
    """Tell whether jambonz signed this body within the window; in constant time."""
    at, given = _TIME.search(header), _SIGNATURE.findall(header)
    if at is None or not given or abs(now - int(at[1])) > WINDOW_SECONDS:
        return False
    right = sign(body, int(at[1]), secret).rpartition("=")[2].encode()
    return any(hmac.compare_digest(right, one.encode()) for one in given)
