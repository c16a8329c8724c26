"""Say which legs a call's plan lets in, and what its supervisor may do: the plan's own leg and no other.

Pure. Before: a leg comes, or a plan. After: `server.media.call` drops who is fenced off and asks the table.
"""

from server.broker.ports.media import Admission, CallPlan
from server.core.supervision import AUDIBLE
from server.media.leg import Leg
from server.wire.terms import LegRole, Supervision


def fences(plan: CallPlan, admission: Admission) -> bool:
    """Tell whether a leg is too late or not meant: an operator's of an older epoch, a supervisor's not in the plan.

    A leg of a newer epoch may be earlier than its plan: it comes in, and hears nothing yet.
    """
    if admission.role is LegRole.SUPERVISOR:
        return admission.leg_id != plan.supervisor_leg
    return admission.role is LegRole.OPERATOR and admission.epoch < plan.epoch


def supervision(plan: CallPlan, leg: Leg | None) -> Supervision:
    """Return what the supervisor's leg may do now: nothing unless it is the plan's, no more than hear when muted."""
    if leg is None or fences(plan, leg.admission):
        return Supervision.NONE
    return Supervision.LISTEN if leg.muted and plan.supervision in AUDIBLE else plan.supervision
