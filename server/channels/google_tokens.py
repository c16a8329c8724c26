"""Get the token with which a service account calls Google: a JWT of its own, signed, for an access token.

Source: https://developers.google.com/identity/protocols/oauth2/service-account (RFC 7523).
"""

import asyncio
from typing import Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from server.broker.ports.channels import SendError, SendProblem
from server.channels.http import Http
from server.channels.reading import decoded, number_at, text_at
from server.clock import Clock
from server.secret_files import SecretText

SCOPE: Final = "https://www.googleapis.com/auth/chat.bot"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS: Final = 3600
EARLY_SECONDS: Final = 120.0
"""A token is renewed so long before it expires."""
AUDIENCE: Final = "https://oauth2.googleapis.com/token"
"""To whom the JWT is made out, wherever it is sent."""
HOW_TO_GET_ONE: Final = "holds no key of a service account: make one under IAM, Service Accounts, Keys, type JSON"


class ServiceAccount:
    """One service account, and its token for as long as it is good."""

    def __init__(self, key_file: SecretText, http: Http, clock: Clock) -> None:
        """Read the key as Google's console downloads it; its own `token_uri` is where tokens come from.

        Raises:
            ValueError: it is none.
        """
        found = decoded(key_file.reveal().encode())
        self._email: Final = text_at(found, "client_email")
        self._key: Final = _key_of(text_at(found, "private_key"))
        self._key_id: Final = text_at(found, "private_key_id")
        self._token_uri: Final = text_at(found, "token_uri") or AUDIENCE
        self._http: Final = http
        self._clock: Final = clock
        self._token = ""
        self._good_until = 0.0
        self._asking: Final = asyncio.Lock()
        if not self._email:
            raise ValueError(HOW_TO_GET_ONE)

    async def token(self) -> str:
        """Return a token that is good for a while yet; several askers wait for one answer.

        Raises:
            SendError: AUTH: Google does not know the account; RETRY, RATE_LIMIT: not now.
        """
        async with self._asking:
            if self._clock.monotonic() >= self._good_until:
                await self._ask()
            return self._token

    def forget(self, token: str) -> None:
        """Ask for a new token next time: Google refuses this one."""
        if token == self._token:
            self._good_until = 0.0

    async def _ask(self) -> None:
        """Ask for a token.

        Raises:
            SendError: none was given; nothing has gone out.
        """
        form = {"grant_type": GRANT, "assertion": self._assertion()}
        try:
            answer = await self._http.call("POST", self._token_uri, data=form)
        except SendError as error:
            if error.problem is SendProblem.UNKNOWN_OUTCOME:
                raise SendError(SendProblem.RETRY, error.message) from error
            raise
        found = decoded(answer.content)
        token = text_at(found, "access_token")
        if not token:
            why = text_at(found, "error_description") or text_at(found, "error") or f"it answered {answer.status_code}"
            raise SendError(SendProblem.AUTH, f"Google does not take the service account's key: {why[:160]}.")
        self._token = token
        self._good_until = self._clock.monotonic() + (number_at(found, "expires_in") or 0) - EARLY_SECONDS

    def _assertion(self) -> str:
        """Return a JWT that says who we are."""
        issued = int(self._clock.now().timestamp())
        claims = {
            "iss": self._email,
            "scope": SCOPE,
            "aud": AUDIENCE,
            "iat": issued,
            "exp": issued + ASSERTION_SECONDS,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})


def _key_of(written: str) -> RSAPrivateKey:
    """Return a private key; it is read once, which takes a tenth of a second.

    Raises:
        ValueError: it is none.
    """
    try:
        found = load_pem_private_key(written.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(HOW_TO_GET_ONE) from error
    if not isinstance(found, RSAPrivateKey):
        raise ValueError(HOW_TO_GET_ONE)  # noqa: TRY004 - a wrong file, not a mistake in the program
    return found
