"""Get access tokens from Google with a key file: of a service account, or of somebody who has allowed it (OAuth).

Source: https://developers.google.com/identity/protocols/oauth2/service-account (RFC 7523) and RFC 6749, section 6.
"""

import asyncio
from typing import Annotated, Final

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from server.clock import Clock
from server.notices.vendor import Vendor, read
from server.secret_files import SecretText
from server.wire.sanitize import clean_line

TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS: Final = 3600
EARLY_SECONDS: Final = 120.0
"""A token is renewed so long before it expires."""
HOW: Final = (
    "holds no key of Google's: download one of a service account (IAM, Service Accounts, Keys, JSON), or write a JSON "
    'object of type "authorized_user" with client_id, client_secret and refresh_token'
)
_Word = Annotated[str, msgspec.Meta(min_length=1)]


class _ServiceAccount(msgspec.Struct, frozen=True, tag="service_account"):
    client_email: _Word
    private_key: _Word
    private_key_id: str = ""
    token_uri: str = TOKEN_URI


class _AuthorizedUser(msgspec.Struct, frozen=True, tag="authorized_user"):
    client_id: _Word
    client_secret: _Word
    refresh_token: _Word
    token_uri: str = TOKEN_URI


class _Token(msgspec.Struct, frozen=True):
    access_token: str = ""
    expires_in: float = 0.0
    error: str = ""
    error_description: str = ""


class GoogleToken:
    """One identity, and its token for as long as it is good."""

    def __init__(self, key_file: SecretText, scope: str, vendor: Vendor, clock: Clock) -> None:
        """Read the key file; tokens are asked for through `vendor`.

        Raises:
            ValueError: it holds none.
        """
        try:
            self._key = msgspec.json.decode(key_file.reveal(), type=_ServiceAccount | _AuthorizedUser)
            if isinstance(self._key, _ServiceAccount):
                load_pem_private_key(self._key.private_key.encode(), password=None)
        except (msgspec.DecodeError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(HOW) from error
        self._scope: Final = scope
        self._vendor: Final = vendor
        self._clock: Final = clock
        self._token = ""
        self._good_until = 0.0
        self._asking: Final = asyncio.Lock()

    async def token(self) -> str:
        """Return a token that is good for a while yet.

        Raises:
            ProviderError: none was given.
        """
        async with self._asking:
            if self._clock.monotonic() >= self._good_until:
                await self._ask()
            return self._token

    def forget(self) -> None:
        """Ask for a new one next time."""
        self._good_until = 0.0

    async def _ask(self) -> None:
        answer = await self._vendor.post(self._key.token_uri, data=self._form())
        found = read(answer, _Token) or _Token()
        if not found.access_token:
            why = found.error_description or found.error or f"it answered {answer.status_code}"
            raise self._vendor.refused(f"no token for the key file ({clean_line(why, 120)})")
        self._token = found.access_token
        self._good_until = self._clock.monotonic() + found.expires_in - EARLY_SECONDS

    def _form(self) -> dict[str, str]:
        key = self._key
        if isinstance(key, _AuthorizedUser):
            return {
                "grant_type": "refresh_token",
                "client_id": key.client_id,
                "client_secret": key.client_secret,
                "refresh_token": key.refresh_token,
            }
        issued = int(self._clock.now().timestamp())
        claims = {
            "iss": key.client_email,
            "scope": self._scope,
            "aud": TOKEN_URI,
            "iat": issued,
            "exp": issued + ASSERTION_SECONDS,
        }
        signed = jwt.encode(claims, key.private_key, algorithm="RS256", headers={"kid": key.private_key_id})
        return {"grant_type": GRANT, "assertion": signed}
