"""Count what supervisors measure queues by: the answered are added up by the database, the few others one by one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, bindparam, case, cast, func, literal_column, select

from server.broker.ports.supervision import OpenCount, QueueNow
from server.core.figures import DayCounts
from server.core.report import HandoffRow, TalkCounts
from server.core.session import Rules
from server.storage.cells import Cells, Row, as_instant, as_number, as_text
from server.storage.columns import to_microseconds
from server.storage.line import Line
from server.storage.report_rows import handoff_rows, talk_counts
from server.storage.schema import sessions
from server.storage.sessions import IN_HAND, OPEN
from server.storage.statement import Statement, condition
from server.wire.terms import OperatorId, OrganisationId

_s = sessions.c
_ORGANISATION = _s.organisation_id == bindparam("organisation_id")
_TODAY = _s.requested_at >= bindparam("since")
_UNREACHED: Final = condition(
    "sessions.active_at IS NULL AND sessions.outcome IN ('abandoned', 'expired') AND "
    "sessions.kind NOT IN ('assist', 'approve')"
)
_WAITS: Final = condition("sessions.state <> 'closed' AND sessions.state IN ('queued', 'offered')")

WAITING: Final = Statement(
    select(_s.queue, func.count(), func.min(_s.queued_at)).where(_ORGANISATION, _WAITS).group_by(_s.queue)
)
HELD: Final = Statement(select(_s.queue, func.count()).where(_ORGANISATION, IN_HAND).group_by(_s.queue))
OPEN_COUNTS: Final = Statement(
    select(_s.medium, _s.state, func.count()).where(_ORGANISATION, OPEN).group_by(_s.medium, _s.state)
)
ANSWERED: Final = Statement(
    select(
        _s.queue,
        func.count(),
        cast(func.sum(case((_s.active_at <= _s.promise_at, 1), else_=0)), BigInteger),
        cast(func.sum(_s.active_at - _s.requested_at), BigInteger),
        cast(func.sum(case((_s.score > 0, 1), else_=0)), BigInteger),
        cast(func.sum(_s.score), BigInteger),
    )
    .where(_ORGANISATION, _TODAY, _s.active_at.is_not(None))
    .group_by(_s.queue)
)
HANDLED: Final = Statement(
    select(_s.operator_id, cast(func.avg(_s.closed_at - _s.accepted_at), BigInteger))
    .where(
        _ORGANISATION,
        condition("sessions.state = 'closed'"),
        _s.closed_at >= bindparam("since"),
        _s.operator_id.is_not(None),
        _s.accepted_at.is_not(None),
    )
    .group_by(_s.operator_id)
)
SCORED: Final = Statement(
    select(_s.operator_id, cast(func.avg(_s.score * 1000), BigInteger))
    .where(
        _ORGANISATION,
        condition("sessions.state = 'closed'"),
        _s.closed_at >= bindparam("since"),
        _s.operator_id.is_not(None),
        _s.score > literal_column("0"),
    )
    .group_by(_s.operator_id)
)
UNREACHED: Final = Statement(
    select(_s.queue, _s.outcome, _s.requested_at, _s.promise_at, _s.ended_at).where(_ORGANISATION, _TODAY, _UNREACHED)
)


class SqlFigures:
    """The figures on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line

    def now(self, organisation_id: OrganisationId) -> Mapping[str, QueueNow]:
        """Return how each queue stands that somebody waits in or is helped from."""
        cells: Cells = {"organisation_id": organisation_id}
        found = {
            as_text(queue): QueueNow(as_number(count), as_instant(since))
            for queue, count, since in self._line.rows(WAITING, cells)
        }
        for queue, count in self._line.rows(HELD, cells):
            found[as_text(queue)] = found.get(as_text(queue), QueueNow())._replace(in_hand=as_number(count))
        return found

    def open_counts(self, organisation_id: OrganisationId) -> Sequence[OpenCount]:
        """Return how many handoffs are open, by medium and state."""
        rows = self._line.rows(OPEN_COUNTS, {"organisation_id": organisation_id})
        return [OpenCount(as_text(medium), as_text(state), as_number(count)) for medium, state, count in rows]

    def handle_seconds(self, organisation_id: OrganisationId, since: datetime) -> Mapping[OperatorId, float]:
        """Return each operator's mean time from accept to the end of the wrap-up, of sessions closed since then."""
        rows = self._line.rows(HANDLED, {"organisation_id": organisation_id, "since": to_microseconds(since)})
        return {OperatorId(as_text(who)): as_number(microseconds) / 1e6 for who, microseconds in rows}

    def mean_scores(self, organisation_id: OrganisationId, since: datetime) -> Mapping[OperatorId, float]:
        """Return each operator's mean score, of sessions closed since then that a customer has scored."""
        rows = self._line.rows(SCORED, {"organisation_id": organisation_id, "since": to_microseconds(since)})
        return {OperatorId(as_text(who)): as_number(thousandths) / 1000 for who, thousandths in rows}

    def counts(self, organisation_id: OrganisationId, since: datetime, rules: Rules) -> Mapping[str, DayCounts]:
        """Return what was counted by queue, of the sessions that were requested since an instant."""
        cells: Cells = {"organisation_id": organisation_id, "since": to_microseconds(since)}
        found: dict[str, DayCounts] = {}
        for queue, count, in_time, microseconds, scored, scores in self._line.rows(ANSWERED, cells):
            found[as_text(queue)] = DayCounts(
                answered=as_number(count),
                answered_in_time=as_number(in_time),
                answer_seconds=as_number(microseconds) / 1e6,
                scored=as_number(scored),
                scores=as_number(scores),
            )
        for row in self._line.rows(UNREACHED, cells):
            queue = as_text(row[0])
            found[queue] = found.get(queue, DayCounts()) + _unreached(row, rules.of(queue))
        return found

    def handoffs(
        self, organisation_id: OrganisationId, since: datetime, until: datetime, queue: str
    ) -> Sequence[HandoffRow]:
        """Return the takeovers requested from `since` up to `until`, in that order; of one queue, or of all ("")."""
        return handoff_rows(self._line, organisation_id, since, until, queue)

    def talks(self, organisation_id: OrganisationId, since: datetime, until: datetime) -> TalkCounts:
        """Return how the conversations went that began from `since` up to `until`."""
        return talk_counts(self._line, organisation_id, since, until)


def _unreached(row: Row, rules: Rules) -> DayCounts:
    """Return the count of one customer whom nobody reached."""
    _, outcome, requested_at, promise_at, ended_at = row
    if as_text(outcome) == "expired":
        return DayCounts(expired=1)
    waited = as_instant(ended_at) - as_instant(requested_at)
    if waited < timedelta(seconds=rules.short_abandon_seconds):
        return DayCounts(abandoned_short=1)
    return DayCounts(abandoned=1, abandoned_in_time=int(as_number(ended_at) <= as_number(promise_at)))
