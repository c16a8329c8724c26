"""Say which records a step of a session leaves in the audit: every coming, going and deed of a supervisor, none twice.

Before: the machine made a step. After: the road writes the records beside it, so none can be missing.
"""

from dataclasses import dataclass

from server.core import inputs
from server.core.session import Session
from server.wire.terms import AuditAction, OperatorId, Supervision

LOST = "the connection was lost"
"""Why a supervisor stopped who did not say so."""
TALK_OVER = "the talk ended"
OTHER_TOOK_OVER = "another supervisor took over"

_CHOSEN = {
    Supervision.NONE: AuditAction.STOP,
    Supervision.WATCH: AuditAction.WATCH,
    Supervision.LISTEN: AuditAction.LISTEN,
    Supervision.WHISPER: AuditAction.WHISPER,
    Supervision.BARGE: AuditAction.BARGE,
}


@dataclass(frozen=True, slots=True)
class Deed:
    """What a supervisor did, and why."""

    action: AuditAction
    actor_id: OperatorId
    reason: str = ""


def deeds(before: Session, after: Session, fact: inputs.Input) -> tuple[Deed, ...]:
    """Return what a supervisor did by this step."""
    match fact:
        case inputs.SupervisionChosen(operator_id=who, mode=mode, reason=reason):
            return (Deed(_CHOSEN[mode], who, reason),)
        case inputs.TakenOver(operator_id=who, reason=reason):
            return (*_ended(before, after, OTHER_TOOK_OVER, but=who), Deed(AuditAction.TAKE_OVER, who, reason))
        case inputs.WrapUpForced(operator_id=who, reason=reason):
            return (Deed(AuditAction.FORCE_WRAP_UP, who, reason),)
        case inputs.SupervisorLost():
            return _ended(before, after, LOST)
        case _:
            return _ended(before, after, TALK_OVER)


def _ended(before: Session, after: Session, why: str, *, but: OperatorId | None = None) -> tuple[Deed, ...]:
    """Return that the supervisor who was there is not any more."""
    who = before.supervisor_id
    if who is None or who in {after.supervisor_id, but}:
        return ()
    return (Deed(AuditAction.STOP, who, why),)
