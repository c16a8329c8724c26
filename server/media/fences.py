"""Say which legs a call's plan lets in, what its supervisor may do, and where its target stands.

Pure. Before: a leg comes, or a plan. After: `server.media.call` drops who is fenced off and asks the table.
"""

from collections.abc import Mapping

from server.broker.ports.media import Admission, CallPlan
from server.core.supervision import AUDIBLE
from server.media.leg import Leg
from server.wire.terms import LegRole, Supervision, TransferStage


def fences(plan: CallPlan, admission: Admission) -> bool:
    """Tell whether a leg is too late or not meant: an operator's of an older epoch, another's not in the plan.

    A leg of a newer epoch may be earlier than its plan: it comes in, and hears nothing yet.
    """
    if admission.role is LegRole.SUPERVISOR:
        return admission.leg_id != plan.supervisor_leg
    if admission.role is LegRole.TARGET:
        return admission.leg_id != plan.target_leg
    return admission.role is LegRole.OPERATOR and admission.epoch < plan.epoch


def supervision(plan: CallPlan, leg: Leg | None) -> Supervision:
    """Return what the supervisor's leg may do now: nothing unless it is the plan's, no more than hear when muted."""
    if leg is None or fences(plan, leg.admission):
        return Supervision.NONE
    return Supervision.LISTEN if leg.muted and plan.supervision in AUDIBLE else plan.supervision


def target(plan: CallPlan, leg: Leg | None) -> TransferStage:
    """Return where the target of a transfer stands: nowhere unless their leg is there, and the plan's."""
    return TransferStage.OVER if leg is None or fences(plan, leg.admission) else plan.target


def is_muted(plan: CallPlan, operator: Leg | None) -> bool:
    """Tell whether the operator is not heard: the plan says so, or the leg itself."""
    return plan.muted or (operator is not None and operator.muted)


def talkers(plan: CallPlan, legs: Mapping[LegRole, Leg]) -> dict[LegRole, Leg]:
    """Return the legs whose words are transcribed while caller and operator talk."""
    operator = legs.get(LegRole.OPERATOR)
    roles = {LegRole.CALLER} if is_muted(plan, operator) else {LegRole.CALLER, LegRole.OPERATOR}
    return {role: leg for role, leg in legs.items() if role in roles}
