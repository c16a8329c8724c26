"""Believe who a site says its visitor is: a JSON Web Token that the site's server signed with our shared secret.

Only HS256 is taken, whatever the token's header says; it must say when it ends (RFC 7519, sections 4.1.2 and 4.1.4).
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from server.core.errors import NotAuthenticatedError
from server.wire.sanitize import clean_line

T = TypeVar("T")

LONGEST_SECONDS: Final = 24 * 3600
"""A token that would be good for longer than this from now is refused: it could be copied and kept."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a visitor is; `user_id` is the site's own name for them."""

    user_id: str
    name: str = ""
    email: str = ""


class _Header(msgspec.Struct):
    alg: str


class _Claims(msgspec.Struct):
    sub: str
    exp: float
    name: str = ""
    email: str = ""


def believed(token: str, secret: bytes, now: datetime) -> Identity:
    """Return who the token says this is.

    Raises:
        NotAuthenticatedError: `bad_identity`, `identity_expired`.
    """
    signed, _, signature = token.rpartition(".")
    header, _, claims = signed.partition(".")
    wanted = hmac.new(secret, signed.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    try:
        if not hmac.compare_digest(wanted, _bytes(signature)) or _read(header, _Header).alg != "HS256":
            raise _bad()
        told = _read(claims, _Claims)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise _bad() from error
    user_id = clean_line(told.sub, 120).strip()
    if not user_id:
        raise _bad()
    left = told.exp - now.timestamp()
    if not 0 < left <= LONGEST_SECONDS:
        raise NotAuthenticatedError(
            "identity_expired",
            "The visitor's identity is not valid now.",
            "Have the site's server sign a new one at each page; it may be valid for a day at most.",
        )
    return Identity(user_id=user_id, name=clean_line(told.name, 120), email=clean_line(told.email, 200))


def _read(part: str, kind: type[T]) -> T:
    return msgspec.json.decode(_bytes(part), type=kind)


def _bytes(part: str) -> bytes:
    """Return what a part says in base64url without padding (RFC 7515, section 2)."""
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _bad() -> NotAuthenticatedError:
    return NotAuthenticatedError(
        "bad_identity",
        "The visitor's identity is not signed by the site.",
        "Check that the site's server signs with the secret of [widget] identity_secret_file.",
    )
