"""Read the rows of a report: handoffs with their rings, and how conversations went that began in a stretch of time."""

from collections import defaultdict
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import bindparam, case, exists, func, select

from server.core.report import HandoffRow, TalkCounts
from server.storage.cells import Cell, Cells, Row, as_instant, as_number, as_text
from server.storage.columns import to_microseconds
from server.storage.line import Line
from server.storage.schema import conversations, events, sessions
from server.storage.statement import Statement, condition
from server.wire.terms import OperatorId, OrganisationId, Outcome

_s = sessions.c
_c = conversations.c
_e = events.c

HANDOFFS: Final = Statement(
    select(
        _s.id,
        _s.number,
        _s.queue,
        _s.medium,
        _s.outcome,
        _s.requested_at,
        _s.promise_at,
        _s.accepted_at,
        _s.active_at,
        _s.ended_at,
        _s.closed_at,
        _s.operator_id,
        _s.context,
    )
    .where(
        _s.organisation_id == bindparam("organisation_id"),
        _s.requested_at >= bindparam("since"),
        _s.requested_at < bindparam("until"),
        condition(
            "sessions.kind NOT IN ('assist', 'approve') AND (sessions.outcome IS NULL OR sessions.outcome <> 'refused')"
        ),
    )
    .order_by(_s.requested_at, _s.number)
)
TIMELINE: Final = Statement(
    select(_e.session_id, _e.kind, _e.at)
    .where(
        _e.organisation_id == bindparam("organisation_id"),
        _e.at >= bindparam("since"),
        _e.session_id.is_not(None),
        condition("events.kind LIKE 'session.%' AND events.kind <> 'session.updated'"),
    )
    .order_by(_e.seq)
)
_HANDED_OVER = exists().where(
    _s.conversation_id == _c.id,
    condition(
        "sessions.kind NOT IN ('assist', 'approve') AND (sessions.outcome IS NULL OR sessions.outcome <> 'refused')"
    ),
)
TALKS: Final = Statement(
    select(
        func.count(),
        func.sum(case((_HANDED_OVER, 1), else_=0)),
        func.sum(case((~_HANDED_OVER & _c.ended_at.is_not(None), 1), else_=0)),
    ).where(
        _c.organisation_id == bindparam("organisation_id"),
        _c.created_at >= bindparam("since"),
        _c.created_at < bindparam("until"),
    )
)


class _Sign(msgspec.Struct, frozen=True):
    name: str


class _Context(msgspec.Struct, frozen=True):
    summary: str = ""
    facts: list[msgspec.Raw] = []
    signs: list[_Sign] = []


_context = msgspec.json.Decoder(_Context)


def handoff_rows(
    line: Line, organisation_id: OrganisationId, since: datetime, until: datetime, queue: str
) -> list[HandoffRow]:
    """Return the takeovers requested from `since` up to `until`, in that order; of one queue, or of all ("")."""
    cells: Cells = {
        "organisation_id": organisation_id,
        "since": to_microseconds(since),
        "until": to_microseconds(until),
    }
    told: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for session_id, kind, at in line.rows(TIMELINE, {name: cells[name] for name in ("organisation_id", "since")}):
        told[as_text(session_id)].append((as_text(kind).removeprefix("session."), as_instant(at)))
    return [
        _row(row, tuple(told.get(as_text(row[0]), ())))
        for row in line.rows(HANDOFFS, cells)
        if not queue or as_text(row[2]) == queue
    ]


def _row(row: Row, told: tuple[tuple[str, datetime], ...]) -> HandoffRow:
    _, number, queue, medium, outcome, requested, promise, accepted, active, ended, closed, operator, context = row
    known = _context.decode(as_text(context))
    sign = next((one.name for one in known.signs if one.name != "guard"), "assistant")
    return HandoffRow(
        number=as_number(number),
        queue=as_text(queue),
        medium=as_text(medium),
        outcome=None if outcome is None else Outcome(as_text(outcome)),
        requested_at=as_instant(requested),
        promise_at=as_instant(promise),
        accepted_at=_at(accepted),
        active_at=_at(active),
        ended_at=_at(ended),
        closed_at=_at(closed),
        operator_id=None if operator is None else OperatorId(as_text(operator)),
        trigger=sign,
        attempts=sum(1 for what, _ in told if what == "offered") if told else None,
        with_context=bool(known.summary or known.facts),
        timeline=told,
    )


def _at(cell: Cell) -> datetime | None:
    return None if cell is None else as_instant(cell)


def talk_counts(line: Line, organisation_id: OrganisationId, since: datetime, until: datetime) -> TalkCounts:
    """Return how the conversations went that began from `since` up to `until`."""
    cells: Cells = {
        "organisation_id": organisation_id,
        "since": to_microseconds(since),
        "until": to_microseconds(until),
    }
    row = line.row(TALKS, cells)
    begun, handed_over, ended = (as_number(cell or 0) for cell in row or (0, 0, 0))
    return TalkCounts(begun=begun, handed_over=handed_over, ended_with_assistant=ended)
