"""Make the plans of organisations from their sections."""

from collections.abc import Mapping

from server.config_plans import PlanSettings
from server.core.plans import Plan, Plans
from server.wire.terms import Limited


def plans_of(settings: Mapping[str, PlanSettings]) -> Plans:
    """Return the plans as the core takes them."""
    found: dict[str, Plan] = {}
    for name, one in settings.items():
        numbers = {
            Limited.OPERATORS: one.operators,
            Limited.ASSISTANTS: one.assistants,
            Limited.SESSIONS: one.sessions,
            Limited.CHANNELS: one.channels,
        }
        most = {what: number for what, number in numbers.items() if number}
        found[name] = Plan(name, most, frozenset(one.features))
    return found
