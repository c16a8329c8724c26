"""Let whoever runs the installation add organisations, and say which plan each has."""

from collections.abc import Sequence

from litestar import Controller, get, patch, post
from litestar.params import FromPath

from server.api.conversations import BrokerDependency, PrincipalDependency
from server.broker.plans import add_organisation, all_organisations, change_organisation
from server.broker.ports.records import Principal
from server.core.errors import NotAllowedError
from server.wire.organisations import NewOrganisation, OrganisationChange, OrganisationView
from server.wire.sanitize import clean_line
from server.wire.terms import OrganisationId

MOST_NAME_CHARS = 60


class OrganisationsAdministration(Controller):
    """Every organisation of the installation."""

    path = "/v1/organisations"
    tags = ("organisations",)

    @get(summary="All organisations")
    async def all(self, broker: BrokerDependency, principal: PrincipalDependency) -> Sequence[OrganisationView]:
        """Return every organisation with what it uses of its plan."""
        _require_installation(principal)
        return await all_organisations(broker.parts)

    @post(summary="Add an organisation")
    async def add(
        self, broker: BrokerDependency, principal: PrincipalDependency, data: NewOrganisation
    ) -> OrganisationView:
        """Add an organisation; its people and keys are added with the header `Operator-Organisation`."""
        _require_installation(principal)
        organisation_id = OrganisationId(data.id)
        name = clean_line(data.name, MOST_NAME_CHARS) or data.id
        return await add_organisation(broker.parts, organisation_id, name, data.plan)

    @patch("/{organisation_id:str}", summary="Change an organisation")
    async def change(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        organisation_id: FromPath[str],
        data: OrganisationChange,
    ) -> OrganisationView:
        """Give an organisation another name or plan; a plan that is too small for what is there is refused."""
        _require_installation(principal)
        name = None if data.name is None else clean_line(data.name, MOST_NAME_CHARS)
        return await change_organisation(broker.parts, OrganisationId(organisation_id), name, data.plan)


def _require_installation(principal: Principal) -> None:
    """Refuse everybody but whoever holds the installation's own token.

    Raises:
        NotAllowedError: `installation_only`.
    """
    if principal.kind != "admin":
        raise NotAllowedError(
            "installation_only",
            "Only the installation's own token can do that.",
            "Use operator-server organisations on the broker's machine.",
        )
