"""Know that a request is Plivo's: check `X-Plivo-Signature-V3` on webhooks.

Source: https://www.plivo.com/docs/voice/concepts/signature-validation. Base64 of HMAC-SHA256, keyed with the auth
token, over the address, its sorted query, the sorted form fields and a nonce. The address is the public one that Plivo
was told, never one made from the request's Host header. The header may carry several signatures.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

HEADER = "X-Plivo-Signature-V3"
NONCE_HEADER = "X-Plivo-Signature-V3-Nonce"
"""The request headers that carry the signature, and what it is salted with."""


def sign(url: str, params: Mapping[str, Sequence[str]], nonce: str, auth_token: str) -> str:
    """Return the signature of a POST to `url` (with its query) with the form fields `params`."""
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    asked = "&".join(f"{name}={value}" for name in sorted(query) for value in sorted(query[name]))
    told = "".join(f"{name}{value}" for name in sorted(params) for value in sorted(params[name]))
    text = parts._replace(query="", fragment="").geturl()
    if asked or params:
        text += f"?{asked}"
    if asked and params:
        text += "."
    digest = hmac.new(auth_token.encode(), f"{text}{told}.{nonce}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return base64.b64encode(digest.digest()).decode("ascii")


def validate(url: str, params: Mapping[str, Sequence[str]], nonce: str, signatures: str, auth_token: str) -> bool:
    """Tell whether one of `signatures` (separated by commas) is Plivo's for this request; in constant time."""
    right = sign(url, params, nonce, auth_token).encode()
    given = [one.strip().encode("utf-8", "surrogatepass") for one in signatures.split(",")]
    return bool(nonce) and any(hmac.compare_digest(right, one) for one in given)
