"""Show what was done in sessions of others: by supervisors, and by assistants that spoke out of turn."""

from datetime import datetime

from server.wire.terms import AuditAction, OperatorId, SessionId
from server.wire.view import View


class AuditView(View, frozen=True, kw_only=True):
    """One step of a supervisor or an administrator: who did what in whose session, when, and why.

    Attributes:
        session_id: None, and `number` empty, for what is in no session; `about` is the contact's id then.
        entry: Its place in the organisation's chain, counted from 1.
    """

    id: str
    at: datetime
    action: AuditAction
    actor_id: OperatorId
    actor_name: str
    session_id: SessionId | None
    number: str
    about: str = ""
    entry: int = 0
    subject_id: OperatorId | None = None
    subject_name: str = ""
    reason: str = ""


class AuditPage(View, frozen=True, kw_only=True):
    """One page of the audit, newest first; pass `next_before` back to read on."""

    records: tuple[AuditView, ...] = ()
    next_before: str = ""


class AuditCheck(View, frozen=True, kw_only=True):
    """What a look through the whole chain of the audit found.

    Attributes:
        records: How many there are.
        head: The hex SHA-256 of the newest record, which stands for all before it: note it elsewhere.
        erased_reasons: How many reasons were erased with the contact they were about.
        broken: What does not fit, in words; empty when everything does.
    """

    records: int
    head: str
    erased_reasons: int = 0
    broken: tuple[str, ...] = ()
