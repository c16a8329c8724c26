"""Hold organisations to their plans: refuse what they have no room for, and say how much they use.

An installation without plans asks nothing of the store here.
"""

from server.broker.parts import Parts
from server.broker.ports.organisations import Organisation
from server.broker.ports.store import Unit
from server.core.errors import ConflictError, NotAllowedError, NotFoundError
from server.core.plans import UNLIMITED, Plan, check_feature, check_fits, check_room
from server.wire.organisations import OrganisationView, Used
from server.wire.terms import ConversationId, Feature, Limited, OrganisationId


def need_room(unit: Unit, parts: Parts, organisation_id: OrganisationId, what: Limited) -> None:
    """Refuse one more than the organisation's plan has room for.

    Raises:
        NotAllowedError: `plan_limit`.
    """
    plan = _plan(unit, parts, organisation_id)
    if what in plan.most:
        check_room(plan, what, unit.organisations.used(organisation_id, what))


def need_feature(unit: Unit, parts: Parts, organisation_id: OrganisationId, feature: Feature) -> None:
    """Refuse what the organisation's plan does not include.

    Raises:
        NotAllowedError: `not_in_plan`.
    """
    check_feature(_plan(unit, parts, organisation_id), feature)


def has_feature(unit: Unit, parts: Parts, organisation_id: OrganisationId, feature: Feature) -> bool:
    """Tell whether the organisation's plan includes a feature."""
    return feature in _plan(unit, parts, organisation_id).features


def need_handoff(unit: Unit, organisation_id: OrganisationId, conversation_id: ConversationId) -> None:
    """Refuse a request for a person from an assistant that may not ask for one.

    Raises:
        NotAllowedError: `handoff_off`.
    """
    if not unit.organisations.may_hand_off(organisation_id, conversation_id):
        raise NotAllowedError(
            "handoff_off",
            "This assistant may not ask for a person.",
            "An administrator can let it: operator-server keys handoff KEY on",
        )


async def take_in_configured(parts: Parts) -> None:
    """Add the organisations that the configuration names, and refuse accounts that their plans have no room for.

    Raises:
        NotAllowedError: `plan_limit`.
    """

    def work(unit: Unit) -> None:
        for organisation_id in sorted(parts.organisations):
            unit.roster.add_organisation(organisation_id, organisation_id, parts.clock.now())
            used = {Limited.CHANNELS: _accounts(parts, organisation_id)}
            check_fits(_plan(unit, parts, organisation_id), used)

    await parts.database.run(work)


async def all_organisations(parts: Parts) -> list[OrganisationView]:
    """Return every organisation with what it uses of its plan."""
    return await parts.database.read(lambda unit: [_view(unit, parts, one) for one in unit.organisations.all()])


async def add_organisation(parts: Parts, organisation_id: OrganisationId, name: str, plan: str) -> OrganisationView:
    """Add an organisation.

    Raises:
        ConflictError: `organisation_exists`.
        NotFoundError: `no_such_plan`.
    """
    _known(parts, plan)

    def work(unit: Unit) -> OrganisationView:
        if unit.organisations.load(organisation_id) is not None:
            raise ConflictError(
                "organisation_exists",
                f"{organisation_id} is there already.",
                "Change its plan, or choose another id.",
            )
        unit.roster.add_organisation(organisation_id, name, parts.clock.now())
        return _changed(unit, parts, organisation_id, name, plan)

    return await parts.database.run(work)


async def change_organisation(
    parts: Parts, organisation_id: OrganisationId, name: str | None, plan: str | None
) -> OrganisationView:
    """Give an organisation another name or plan; None leaves it.

    Raises:
        NotFoundError: `no_such_organisation`, `no_such_plan`.
        NotAllowedError: `plan_limit` when it has more than the plan has room for.
    """
    if plan is not None:
        _known(parts, plan)
    return await parts.database.run(lambda unit: _changed(unit, parts, organisation_id, name, plan))


def _changed(
    unit: Unit, parts: Parts, organisation_id: OrganisationId, name: str | None, plan: str | None
) -> OrganisationView:
    before = unit.organisations.load(organisation_id)
    if before is None:
        raise no_such_organisation()
    after = Organisation(
        id=before.id,
        created_at=before.created_at,
        name=before.name if name is None else name,
        plan=before.plan if plan is None else plan,
    )
    if after.plan != before.plan:
        check_fits(parts.plans.get(after.plan, UNLIMITED), _usage(unit, parts, organisation_id))
    unit.organisations.save(after)
    return _view(unit, parts, after)


def no_such_organisation() -> NotFoundError:
    """Return the refusal of an organisation that is not there."""
    return NotFoundError(
        "no_such_organisation", "There is no such organisation.", "List them: operator-server organisations list"
    )


def _known(parts: Parts, plan: str) -> None:
    if plan and plan not in parts.plans:
        there = ", ".join(sorted(parts.plans)) or "none are configured"
        raise NotFoundError("no_such_plan", f"There is no plan {plan}.", f"Plans: {there}. Add [plans.{plan}].")


def _plan(unit: Unit, parts: Parts, organisation_id: OrganisationId) -> Plan:
    """Return the organisation's plan; one that is not configured any more limits nothing."""
    if not parts.plans:
        return UNLIMITED
    organisation = unit.organisations.load(organisation_id)
    return parts.plans.get(organisation.plan, UNLIMITED) if organisation else UNLIMITED


def _usage(unit: Unit, parts: Parts, organisation_id: OrganisationId) -> dict[Limited, int]:
    return {**unit.organisations.usage(organisation_id), Limited.CHANNELS: _accounts(parts, organisation_id)}


def _accounts(parts: Parts, organisation_id: OrganisationId) -> int:
    return sum(1 for account in parts.channels.values() if account.organisation_id == organisation_id)


def _view(unit: Unit, parts: Parts, organisation: Organisation) -> OrganisationView:
    plan = parts.plans.get(organisation.plan, UNLIMITED)
    used = _usage(unit, parts, organisation.id)
    return OrganisationView(
        id=organisation.id,
        name=organisation.name,
        created_at=organisation.created_at,
        plan=organisation.plan,
        used={what: Used(used=count, most=plan.most.get(what)) for what, count in used.items()},
        features=tuple(feature for feature in Feature if feature in plan.features),
    )
