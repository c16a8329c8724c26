"""Keep what supervisors did: records are added and read, newest first; nothing changes or removes one."""

from typing import Final

from sqlalchemy import bindparam, insert, select, tuple_

from server.broker.ports.records import AuditRecord
from server.core.errors import CallerError
from server.core.session import label
from server.storage.cells import Cell, Row, Shape, as_number, as_text
from server.storage.columns import to_microseconds
from server.storage.line import Line
from server.storage.past_schema import audit
from server.storage.schema import operators, sessions
from server.storage.statement import Statement
from server.wire.audit import AuditPage, AuditView
from server.wire.terms import OrganisationId, SessionId

RECORD: Final = Shape(AuditRecord, audit)
"""How a record lies in its row."""

_a = audit.c
_actor, _subject = operators.alias("actor"), operators.alias("subject")
_FROM = (
    audit.join(sessions, sessions.c.id == _a.session_id)
    .outerjoin(_actor, _actor.c.id == _a.actor_id)
    .outerjoin(_subject, _subject.c.id == _a.subject_id)
)
_PAGE = (
    select(*RECORD.columns, sessions.c.number, _actor.c.name, _subject.c.name)
    .select_from(_FROM)
    .where(
        _a.organisation_id == bindparam("organisation_id"),
        tuple_(_a.at, _a.id) < tuple_(bindparam("at"), bindparam("id")),
    )
    .order_by(_a.at.desc(), _a.id.desc())
    .limit(bindparam("most"))
)
_END_OF_TIME: Final = (1 << 62, "")
_AFTER_RECORD: Final = len(RECORD.names)

ADD: Final = Statement(insert(audit), fills=RECORD.names)
ALL: Final = Statement(_PAGE)
OF_SESSION: Final = Statement(_PAGE.where(_a.session_id == bindparam("session_id")))


class SqlAudit:
    """The audit on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line

    def add(self, record: AuditRecord) -> None:
        """Add a record."""
        self._line.change(ADD, RECORD.cells(record))

    def page(
        self, organisation_id: OrganisationId, before: str, limit: int, session_id: SessionId | None = None
    ) -> AuditPage:
        """Return records, newest first, of one session or of all; `before` is the last page's `next_before`.

        Raises:
            CallerError: `bad_page`: `before` did not come from a page.
        """
        at, id_ = _cursor(before) if before else _END_OF_TIME
        cells: dict[str, Cell] = {"organisation_id": organisation_id, "at": at, "id": id_, "most": limit + 1}
        if session_id is None:
            rows = self._line.rows(ALL, cells)
        else:
            rows = self._line.rows(OF_SESSION, {**cells, "session_id": session_id})
        records = tuple(_view(row) for row in rows[:limit])
        more = len(rows) > limit > 0
        return AuditPage(records=records, next_before=_mark(records[-1]) if more else "")


def _view(row: Row) -> AuditView:
    """Return what is shown of a row: the record, the session's number, the names of both people."""
    record = RECORD.read(row[:_AFTER_RECORD])
    number, actor, subject = row[_AFTER_RECORD:]
    return AuditView(
        id=record.id,
        at=record.at,
        action=record.action,
        actor_id=record.actor_id,
        actor_name=as_text(actor or ""),
        session_id=record.session_id,
        number=label(as_number(number)),
        subject_id=record.subject_id,
        subject_name=as_text(subject or ""),
        reason=record.reason,
    )


def _mark(record: AuditView) -> str:
    """Return where the next page begins: behind this record."""
    return f"{to_microseconds(record.at)}-{record.id}"


def _cursor(before: str) -> tuple[int, str]:
    """Return the instant and id behind which a page begins."""
    at, dash, id_ = before.partition("-")
    if not (dash and id_ and at.isdecimal() and at.isascii() and len(at) <= 18 and len(before) <= 100):
        raise CallerError("bad_page", "`before` is not from a page.", "Pass on `next_before` of the last page.")
    return int(at), id_
