"""Know who asks: bearer tokens, hashed at rest, looked up at every request so that revoking bites at once."""

import hashlib
import hmac

from server.broker.plans import no_such_organisation
from server.broker.ports.records import Principal
from server.broker.ports.store import Database
from server.core.errors import NotAllowedError, NotAuthenticatedError
from server.core.permissions import Action, check_allowed
from server.wire.terms import OrganisationId

DEFAULT_ORGANISATION = OrganisationId("default")
"""The organisation of an installation that has only one."""


def sha256(token: str) -> str:
    """Return the hex SHA-256 under which a token is kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


ORGANISATION_HEADER = "operator-organisation"
"""Names the organisation in which the installation's own token acts; the default one without it."""


class Gate:
    """Turns a bearer token into a principal."""

    def __init__(self, database: Database, admin_sha256: str = "") -> None:
        """Look tokens up in `database`; `admin_sha256` is the hash of the administrator's token file, if any."""
        self._database = database
        self._admin_sha256 = admin_sha256

    async def principal(self, authorization: str | None, organisation: str = "") -> Principal:
        """Return whose `Authorization` header it is.

        Args:
            authorization: The header.
            organisation: In which organisation the installation's own token acts; empty: the default one. Everybody
                else acts in their own, and may name no other.

        Raises:
            NotAuthenticatedError: `no_token`, `bad_token`.
            NotFoundError: `no_such_organisation`.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotAuthenticatedError(
                "no_token", "This needs a token.", "Send the header Authorization: Bearer <token>."
            )
        digest = sha256(token.strip())
        if self._admin_sha256 and hmac.compare_digest(digest, self._admin_sha256):
            return await self._administrator(OrganisationId(organisation or DEFAULT_ORGANISATION))
        found = await self._database.read(lambda unit: unit.roster.principal(digest))
        if found is None:
            raise NotAuthenticatedError(
                "bad_token", "The token is unknown or revoked.", "Ask an administrator for a new one."
            )
        if organisation and organisation != found.organisation_id:
            raise no_such_organisation()
        return found

    async def _administrator(self, organisation_id: OrganisationId) -> Principal:
        """Return the holder of the installation's token, in an organisation that is there."""
        known = organisation_id == DEFAULT_ORGANISATION or await self._database.read(
            lambda unit: unit.organisations.load(organisation_id) is not None
        )
        if not known:
            raise no_such_organisation()
        return Principal(kind="admin", id="admin", organisation_id=organisation_id, name="administrator")


def require_assistant(principal: Principal) -> None:
    """Refuse whoever is not an assistant's key.

    Raises:
        NotAllowedError: `assistants_only`.
    """
    if principal.kind != "assistant":
        raise NotAllowedError("assistants_only", "Only an assistant's key can do that.", "Use a key of `keys add`.")


def require(principal: Principal, action: Action) -> None:
    """Refuse a person whose role does not cover `action`, and every assistant.

    Raises:
        NotAllowedError: `operators_only`, `not_allowed`.
    """
    if principal.kind == "admin":
        return
    if principal.operator is None:
        raise NotAllowedError("operators_only", "Only an operator can do that.", "Use an operator's token.")
    check_allowed(principal.operator.role, action)
