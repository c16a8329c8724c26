"""Show what was done in sessions of others: by supervisors, and by assistants that spoke out of turn."""

from datetime import datetime

from server.wire.terms import AuditAction, OperatorId, SessionId
from server.wire.views import View


class AuditView(View, frozen=True, kw_only=True):
    """One step of a supervisor: who did what in whose session, when, and why."""

    id: str
    at: datetime
    action: AuditAction
    actor_id: OperatorId
    actor_name: str
    session_id: SessionId
    number: str
    subject_id: OperatorId | None = None
    subject_name: str = ""
    reason: str = ""


class AuditPage(View, frozen=True, kw_only=True):
    """One page of the audit, newest first; pass `next_before` back to read on."""

    records: tuple[AuditView, ...] = ()
    next_before: str = ""
