"""Let administrators see, try and replace their organisation's own rules for calling a person."""

from litestar import Controller, get, post, put

from server.api.auth import require
from server.api.conversations import BrokerDependency, PrincipalDependency
from server.broker.broker import Broker
from server.broker.ports.understanding import Understanding
from server.core.errors import ConflictError
from server.core.permissions import Action
from server.wire.requests import HouseRules, RuleTrial


class Triggers(Controller):
    """Rules of the house over facts that the API brings."""

    path = "/v1/triggers"
    tags = ("triggers",)

    @get("/rules", summary="The organisation's own rules")
    async def rules(self, broker: BrokerDependency, principal: PrincipalDependency) -> HouseRules:
        """Return the rules that were added over the API; those of the configuration are not among them."""
        require(principal, Action.ADMINISTER)
        return HouseRules(rules=_understanding(broker).rules(principal.organisation_id))

    @put("/rules", summary="Replace the organisation's own rules")
    async def replace(self, broker: BrokerDependency, principal: PrincipalDependency, data: HouseRules) -> HouseRules:
        """Keep these rules in place of those before; they hold from the next turn on."""
        require(principal, Action.ADMINISTER)
        _understanding(broker).replace_rules(principal.organisation_id, data.rules)
        return data

    @post("/rules/try", summary="Try rules on facts", status_code=200)
    async def try_rules(self, broker: BrokerDependency, principal: PrincipalDependency, data: RuleTrial) -> HouseRules:
        """Return those of the rules that would fire for a conversation with these facts; nothing is kept."""
        require(principal, Action.ADMINISTER)
        understanding = _understanding(broker)
        understanding.check_rules(data.rules)
        return HouseRules(rules=understanding.holding(data.rules, data.attributes))


def _understanding(broker: Broker) -> Understanding:
    """Return what keeps the rules.

    Raises:
        ConflictError: `understanding_off`.
    """
    if broker.parts.understanding is None:
        raise ConflictError(
            "understanding_off", "Nothing looks at conversations here.", "Set [understanding] enabled = true."
        )
    return broker.parts.understanding
