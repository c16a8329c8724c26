"""Know that a request is Twilio's: check `X-Twilio-Signature` on webhooks and on the WebSocket upgrade.

Source: https://www.twilio.com/docs/usage/security#validating-requests. Base64 of HMAC-SHA1, keyed with the auth token,
over the address and the sorted form fields. The address is the public one that Twilio was told (for a media stream the
`wss://` one, without fields), never one made from the request's Host header.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

HEADER = "X-Twilio-Signature"
"""The request header that carries the signature."""


def sign(url: str, params: Mapping[str, str | Sequence[str]], auth_token: str) -> str:
    """Return the signature of `url` and the form fields `params` (a field's values: each once, sorted)."""
    text = url
    for name in sorted(params):
        values = params[name]
        several = [values] if isinstance(values, str) else sorted(set(values))
        text += "".join(name + value for value in several)
    digest = hmac.new(auth_token.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def validate(url: str, params: Mapping[str, str | Sequence[str]], signature: str, auth_token: str) -> bool:
    """Tell whether `signature` is Twilio's for this address, written with or without its port; in constant time."""
    given = signature.encode("utf-8", "surrogatepass")
    without_port, with_port = _both_ways(url)
    first = hmac.compare_digest(sign(without_port, params, auth_token).encode(), given)
    second = hmac.compare_digest(sign(with_port, params, auth_token).encode(), given)
    return first or second


def _both_ways(url: str) -> tuple[str, str]:
    """Return `url` without and with its port: Twilio signs either."""
    parts: SplitResult = urlsplit(url)
    host, port = parts.netloc, parts.port
    if port is None:
        usual = 443 if parts.scheme in {"https", "wss"} else 80
        return url, parts._replace(netloc=f"{host}:{usual}").geturl()
    return parts._replace(netloc=host.rpartition(":")[0]).geturl(), url
