"""Know that a request is Google Chat's: check the bearer token, a signed JWT.

Source: https://developers.google.com/workspace/chat/verify-requests-from-chat. Made out to a project's number it is
signed by Chat itself; made out to the endpoint's address it is an OpenID Connect token of Google for Chat's own e-mail
address. The keys are fetched apart from the check, which does no I/O.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

import jwt

from server.broker.ports.channels import Incoming
from server.channels.http import Http
from server.channels.reading import at, decoded, list_at, number_at, text_at
from server.clock import Clock
from server.core.errors import NotAuthenticatedError
from server.log import get_log

CHAT: Final = "chat@system.gserviceaccount.com"
"""Who signs, or is named in, every token of Google Chat."""
GOOGLES: Final = frozenset({"https://accounts.google.com", "accounts.google.com"})
LEEWAY_SECONDS: Final = 60
FRESH_SECONDS: Final = 3600.0
"""How long fetched keys are taken as they are."""
LEAST_SECONDS: Final = 60.0
"""A token with a key we do not know makes us ask Google no more often than this."""
_log: Final = get_log(__name__)


class Proof:
    """What tells Google Chat's requests from others."""

    def __init__(self, keys: Http, audience: str, clock: Clock) -> None:
        """Believe tokens made out to `audience`, a project's number or an address; `keys` leads to Google's keys."""
        self._http: Final = keys
        self._audience: Final = audience
        self._clock: Final = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at: float | None = None

    @property
    def by_project(self) -> bool:
        """Whether tokens are made out to a project's number."""
        return self._audience.isdecimal()

    async def prepare(self, incoming: Incoming) -> None:
        """Fetch Google's keys when they are old, or when a token names one that is not known.

        Raises:
            SendError: they cannot be fetched now.
        """
        since = None if self._asked_at is None else self._clock.monotonic() - self._asked_at
        unknown = _key_id(_token(incoming)) not in self._keys
        if since is None or since >= FRESH_SECONDS or (unknown and since >= LEAST_SECONDS):
            await self.refresh()

    async def refresh(self) -> None:
        """Fetch Google's keys.

        Raises:
            SendError: they cannot be fetched now.
        """
        self._asked_at = self._clock.monotonic()
        path = f"/service_accounts/v1/jwk/{CHAT}" if self.by_project else "/oauth2/v3/certs"
        self.take(decoded((await self._http.call("GET", path)).content))

    def take(self, keys: object) -> None:
        """Take Google's keys as it publishes them (RFC 7517); without one that is understood nothing changes."""
        found: dict[str, jwt.PyJWK] = {}
        for one in list_at(keys, "keys"):
            try:
                found[text_at(one, "kid")] = jwt.PyJWK(cast("dict[str, str]", one), algorithm="RS256")
            except (jwt.PyJWTError, TypeError, AttributeError, ValueError):
                _log.warning("google_key_not_understood", key_id=text_at(one, "kid")[:60])
        if found:
            self._keys = found

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def check(self, incoming: Incoming, now: datetime) -> None:
        """Check who sent a request.

        Raises:
            NotAuthenticatedError: `bad_signature`, `stale_signature`.
        """
        token = _token(incoming)
        key = self._keys.get(_key_id(token))
        if key is None:
            raise _refused("bad_signature", "The request is not signed with a key of Google's.")
        claims = self._claims(token, key)
        if not self._is_chats(claims):
            raise _refused("bad_signature", "The request is Google's, but not Google Chat's.")
        issued, expires = number_at(claims, "iat"), number_at(claims, "exp")
        at_seconds = now.timestamp()
        if issued is None or expires is None or not issued - LEEWAY_SECONDS <= at_seconds <= expires + LEEWAY_SECONDS:
            raise _refused("stale_signature", "The request's proof has expired, or is not valid yet.")

    def _claims(self, token: str, key: jwt.PyJWK) -> Mapping[str, object]:
        """Return what a token says, if it is signed with this key and made out to us.

        Raises:
            NotAuthenticatedError: `bad_signature`.
        """
        # Times are compared with our own clock, in `check`.
        try:
            return cast(
                "Mapping[str, object]",
                jwt.decode(
                    token,
                    key,
                    algorithms=["RS256"],
                    audience=self._audience,
                    options={
                        "require": ["aud", "iss", "iat", "exp"],
                        "verify_exp": False,
                        "verify_iat": False,
                        "verify_nbf": False,
                    },
                ),
            )
        except jwt.InvalidAudienceError as error:
            message = "The request's proof is made out to somebody else."
            raise _refused("bad_signature", message, "Check audience in the channel's section.") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise _refused("bad_signature", "The request's proof is not valid.") from error

    def _is_chats(self, claims: Mapping[str, object]) -> bool:
        issuer = text_at(claims, "iss")
        if self.by_project:
            return issuer == CHAT
        return issuer in GOOGLES and text_at(claims, "email") == CHAT and at(claims, "email_verified") is True


def _token(incoming: Incoming) -> str:
    scheme, _, token = incoming.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _key_id(token: str) -> str:
    try:
        return text_at(cast("object", jwt.get_unverified_header(token)), "kid")
    except (jwt.PyJWTError, ValueError, TypeError):
        return ""


def _refused(code: str, message: str, hint: str = "") -> NotAuthenticatedError:
    return NotAuthenticatedError(code, message, hint or "Check that only Google Chat calls this address.")
