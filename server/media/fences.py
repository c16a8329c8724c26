"""Say which legs a call's plan lets in, what its supervisor may do, and where its target stands.

Pure. Before: a leg comes, or a plan. After: `server.media.call` drops who is fenced off and asks the table.
"""

from collections.abc import Mapping
from typing import Final

from server.broker.ports.media import Admission, CallPlan, CallState
from server.core.legs import Hearing, OperatorLeg
from server.core.supervision import AUDIBLE
from server.media.leg import Leg
from server.wire.terms import CallPhase, LegRole, Supervision, TransferStage

FIRST_AUDIO_SECONDS: Final = 1.0
"""An operator leg that sends nothing for so long takes the caller all the same: its microphone may be broken."""


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


def operator_leg(plan: CallPlan, operator: Leg | None, now: float, *, known: bool) -> OperatorLeg:
    """Return how far the operator leg of the plan's epoch is; `known`: it was up before."""
    if operator is None or operator.epoch != plan.epoch:
        return OperatorLeg.LOST if known else OperatorLeg.AWAITED
    waited = now - operator.joined_at >= FIRST_AUDIO_SECONDS
    up = known or operator.has_spoken or is_muted(plan, operator) or waited
    return OperatorLeg.UP if up else OperatorLeg.READY


def state_of(plan: CallPlan, legs: Mapping[LegRole, Leg], *, bridged: bool) -> CallState:
    """Return what is held of a call."""
    return CallState(
        call_id=plan.call_id,
        phase=plan.phase,
        epoch=plan.epoch,
        version=plan.version,
        legs=tuple(leg.up() for leg in legs.values()),
        bridged=bridged,
    )


def talkers(plan: CallPlan, legs: Mapping[LegRole, Leg], hearing: Hearing, *, message: bool) -> dict[LegRole, Leg]:
    """Return the legs whose words are transcribed: of a talk with an operator, or of a `message`."""
    if message:
        return {role: leg for role, leg in legs.items() if role is LegRole.CALLER}
    if hearing.talks_with is not CallPhase.OPERATOR:
        return {}
    operator = legs.get(LegRole.OPERATOR)
    roles = {LegRole.CALLER} if is_muted(plan, operator) else {LegRole.CALLER, LegRole.OPERATOR}
    return {role: leg for role, leg in legs.items() if role in roles}
