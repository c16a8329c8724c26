"""Say how much an organisation may have: a plan's limits and features, and the refusal of more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from server.core.errors import NotAllowedError
from server.wire.terms import Feature, Limited


@dataclass(frozen=True, slots=True)
class Plan:
    """What an organisation may have.

    Attributes:
        name: As the configuration calls it.
        most: How many of each; what is not there is not limited.
        features: What may be used.
    """

    name: str
    most: Mapping[Limited, int] = field(default_factory=dict[Limited, int])
    features: frozenset[Feature] = frozenset(Feature)


Plans = Mapping[str, Plan]
"""All plans of an installation, by name."""

UNLIMITED: Final = Plan("")
"""Of an organisation that has no plan: everything."""

_NAMES: Final = {
    Limited.OPERATORS: "people on the roster",
    Limited.ASSISTANTS: "assistants' keys",
    Limited.SESSIONS: "open handoffs",
    Limited.CHANNELS: "accounts on platforms",
}


def check_room(plan: Plan, what: Limited, used: int) -> None:
    """Refuse one more than the plan has room for.

    Args:
        plan: The organisation's.
        what: Of which one more is wanted.
        used: How many there are already.

    Raises:
        NotAllowedError: `plan_limit`, with `what`, `most` and `used` among its details.
    """
    most = plan.most.get(what)
    if most is not None and used >= most:
        raise _full(plan, what, most, used)


def check_feature(plan: Plan, feature: Feature) -> None:
    """Refuse what the plan does not include.

    Raises:
        NotAllowedError: `not_in_plan`, with `feature` among its details.
    """
    if feature not in plan.features:
        raise NotAllowedError(
            "not_in_plan",
            f"The plan {plan.name} does not include {feature.value}.",
            "Ask whoever runs this installation for a plan that does.",
            {"feature": feature.value, "plan": plan.name},
        )


def check_fits(plan: Plan, used: Mapping[Limited, int]) -> None:
    """Refuse a plan that is too small for what is there.

    Raises:
        NotAllowedError: `plan_limit`, naming the first thing of which there are too many.
    """
    for what, count in used.items():
        most = plan.most.get(what)
        if most is not None and count > most:
            raise _full(plan, what, most, count)


def _full(plan: Plan, what: Limited, most: int, used: int) -> NotAllowedError:
    return NotAllowedError(
        "plan_limit",
        f"The plan {plan.name} has room for {most} {_NAMES[what]}, and there are {used}.",
        "Remove one, or ask whoever runs this installation for a larger plan.",
        {"what": what.value, "most": str(most), "used": str(used), "plan": plan.name},
    )
