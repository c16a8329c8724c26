"""Keep what supervisors and administrators did, in a chain: each record's hash covers the one before it.

So a record that was changed, taken out or put in later breaks the chain at its place, and one that was cut off at the
end leaves the organisation's own count behind. Who can write to the database can also build the whole chain anew:
whoever must rule that out notes the newest hash elsewhere. A reason is covered by its hash, so that it can be erased
with the person whom it names.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import bindparam, func, insert, select, tuple_, update

from server.broker.ports.records import AuditRecord
from server.core.errors import CallerError
from server.core.session import label
from server.storage.cells import Cell, Cells, Row, Shape, as_number, as_text
from server.storage.columns import to_microseconds
from server.storage.line import Line
from server.storage.past_schema import audit
from server.storage.schema import operators, organisations, sessions
from server.storage.statement import Statement
from server.wire.audit import AuditCheck, AuditPage, AuditView
from server.wire.terms import AuditAction, OrganisationId, SessionId

RECORD: Final = Shape(AuditRecord, audit)
"""How a record lies in its row."""

_a = audit.c
_actor, _subject = operators.alias("actor"), operators.alias("subject")
_FROM = (
    audit.outerjoin(sessions, sessions.c.id == _a.session_id)
    .outerjoin(_actor, _actor.c.id == _a.actor_id)
    .outerjoin(_subject, _subject.c.id == _a.subject_id)
)
_PAGE = (
    select(*RECORD.columns, sessions.c.number, _actor.c.name, _subject.c.name, _a.entry)
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

_COUNT = select(func.count()).where(
    _a.organisation_id == bindparam("organisation_id"),
    _a.at >= bindparam("since"),
    _a.action == bindparam("action"),
)

ADD: Final = Statement(insert(audit), fills=[*RECORD.names, "reason_sha256", "entry", "sha256"])
_ORGANISATION: Final = organisations.c.id == bindparam("row_organisation")
NEXT: Final = Statement(
    update(organisations)
    .where(_ORGANISATION)
    .values(audit_entries=organisations.c.audit_entries + 1)
    .returning(organisations.c.audit_entries, organisations.c.audit_sha256)
)
"""Takes the next place; whoever else wants one waits until this transaction ends."""
SET_HEAD: Final = Statement(update(organisations).where(_ORGANISATION), fills=["audit_sha256"])
HEAD: Final = Statement(
    select(organisations.c.audit_entries, organisations.c.audit_sha256).where(
        organisations.c.id == bindparam("organisation_id")
    )
)
CHAIN: Final = Statement(
    select(*RECORD.columns, _a.reason_sha256, _a.entry, _a.sha256)
    .where(_a.organisation_id == bindparam("organisation_id"), _a.entry > bindparam("after"))
    .order_by(_a.entry)
    .limit(bindparam("most"))
)
PIECE: Final = 1_000
"""How many records are read at once."""
MOST_BROKEN: Final = 20
"""How many broken places are told."""
ALL: Final = Statement(_PAGE)
COUNT: Final = Statement(_COUNT)
COUNT_OF: Final = Statement(_COUNT.where(_a.actor_id == bindparam("actor_id")))
OF_SESSION: Final = Statement(_PAGE.where(_a.session_id == bindparam("session_id")))


class SqlAudit:
    """The audit on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line

    def add(self, record: AuditRecord) -> None:
        """Add a record at the end of its organisation's chain."""
        row = self._line.row(NEXT, {"row_organisation": record.organisation_id})
        if row is None:
            raise LookupError(f"an audit record is of organisation {record.organisation_id}, which is not there")
        entry, before = as_number(row[0]), as_text(row[1])
        cells = RECORD.cells(record)
        reason = _sha256(record.reason)
        own = digest(cells, reason, entry, before)
        self._line.change(ADD, {**cells, "reason_sha256": reason, "entry": entry, "sha256": own})
        self._line.change(SET_HEAD, {"row_organisation": record.organisation_id, "audit_sha256": own})

    def check(self, organisation_id: OrganisationId) -> AuditCheck:
        """Go through the whole chain of an organisation, oldest first."""
        found = self._line.row(HEAD, {"organisation_id": organisation_id})
        count, head = (0, "") if found is None else (as_number(found[0]), as_text(found[1]))
        broken: list[str] = []
        entry, last, erased = 0, "", 0
        for row in self._chain(organisation_id):
            cells = dict(zip(RECORD.names, row, strict=False))
            reason, at, kept = as_text(row[_AFTER_RECORD]), as_number(row[-2]), as_text(row[-1])
            if at != entry + 1:
                broken.append(f"after record {entry} comes record {at}")
            if cells["reason"] and _sha256(as_text(cells["reason"])) != reason:
                broken.append(f"the reason of record {at} was changed")
            erased += not cells["reason"] and reason != _NO_REASON
            if digest(cells, reason, at, last) != kept:
                broken.append(f"record {at} does not follow from the one before it")
            entry, last = at, kept
        if (count, head) != (entry, last):
            broken.append(f"the organisation counts {count} records, the chain ends with record {entry}")
        return AuditCheck(records=entry, head=last, erased_reasons=erased, broken=tuple(broken[:MOST_BROKEN]))

    def digest_at(self, organisation_id: OrganisationId, entry: int) -> str:
        """Return the hash of one record, empty when there is none at this place."""
        row = self._line.row(CHAIN, {"organisation_id": organisation_id, "after": entry - 1, "most": 1})
        return as_text(row[-1]) if row is not None and as_number(row[-2]) == entry else ""

    def _chain(self, organisation_id: OrganisationId) -> Iterator[Row]:
        after = -(1 << 31)
        while rows := self._line.rows(CHAIN, {"organisation_id": organisation_id, "after": after, "most": PIECE}):
            yield from rows
            after = as_number(rows[-1][-2])

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

    def count(self, organisation_id: OrganisationId, action: AuditAction, since: datetime, actor_id: str = "") -> int:
        """Return how often something was done since an instant, by anybody or by one person."""
        cells: dict[str, Cell] = {
            "organisation_id": organisation_id,
            "action": action,
            "since": to_microseconds(since),
        }
        rows = self._line.rows(COUNT_OF, {**cells, "actor_id": actor_id}) if actor_id else self._line.rows(COUNT, cells)
        return as_number(rows[0][0])


def _view(row: Row) -> AuditView:
    """Return what is shown of a row: the record, the session's number, the names of both people."""
    record = RECORD.read(row[:_AFTER_RECORD])
    number, actor, subject, entry = row[_AFTER_RECORD:]
    return AuditView(
        id=record.id,
        at=record.at,
        action=record.action,
        actor_id=record.actor_id,
        actor_name=as_text(actor or ""),
        session_id=record.session_id,
        number="" if number is None else label(as_number(number)),
        subject_id=record.subject_id,
        subject_name=as_text(subject or ""),
        about=record.about,
        reason=record.reason,
        entry=as_number(entry),
    )


def digest(cells: Cells, reason_sha256: str, entry: int, before: str) -> str:
    """Return the hash of a record: of everything in it but the reason's words, of its place, and of the hash before."""
    covered = [before, entry, reason_sha256, *(cells[name] for name in RECORD.names if name != "reason")]
    return hashlib.sha256(msgspec.json.encode(covered)).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


_NO_REASON: Final = _sha256("")


def _mark(record: AuditView) -> str:
    """Return where the next page begins: behind this record."""
    return f"{to_microseconds(record.at)}-{record.id}"


def _cursor(before: str) -> tuple[int, str]:
    """Return the instant and id behind which a page begins."""
    at, dash, id_ = before.partition("-")
    if not (dash and id_ and at.isdecimal() and at.isascii() and len(at) <= 18 and len(before) <= 100):
        raise CallerError("bad_page", "`before` is not from a page.", "Pass on `next_before` of the last page.")
    return int(at), id_
