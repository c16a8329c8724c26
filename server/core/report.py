"""Work a stretch of days out of its handoffs: what queues are measured by, hour by hour, and how each handoff went.

Pure. Before: the store read the rows. After: supervisors read shares between 0 and 1, seconds, and counts; None where
there is nothing to divide. docs/reports.md has the formulas.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from server.core.figures import DayCounts
from server.core.session import Rules
from server.wire.report import FORMULAS, HandoffReport, HourReport, QueueReport, ReportView, TalkReport
from server.wire.terms import OperatorId, Outcome

SHIFT_GAP: Final = timedelta(hours=1)
"""An operator with nothing in hand for longer than this was not on."""
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffRow:
    """One takeover as the report reads it.

    Attributes:
        trigger: What led to it: the broker's own sign, or `assistant` when it asked by itself.
        attempts: How often it rang at somebody; None when those events are not kept any more.
        with_context: It came with a summary or with facts.
        timeline: What happened and when, as far as events are kept.
    """

    number: int
    queue: str
    medium: str
    outcome: Outcome | None
    requested_at: datetime
    promise_at: datetime
    accepted_at: datetime | None = None
    active_at: datetime | None = None
    ended_at: datetime | None = None
    closed_at: datetime | None = None
    operator_id: OperatorId | None = None
    trigger: str = "assistant"
    attempts: int | None = None
    with_context: bool = False
    timeline: tuple[tuple[str, datetime], ...] = ()

    @property
    def seconds_to_human(self) -> float | None:
        """From the request to the first word with a person."""
        return (self.active_at - self.requested_at).total_seconds() if self.active_at else None

    @property
    def handle_seconds(self) -> float | None:
        """Talk, hold and wrap-up: from the accept to the close."""
        if self.accepted_at is None or self.closed_at is None or self.active_at is None:
            return None
        return (self.closed_at - self.accepted_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkCounts:
    """Conversations that began in the stretch: all, those handed over to a queue, and those that ended without."""

    begun: int = 0
    handed_over: int = 0
    ended_with_assistant: int = 0


def counted(row: HandoffRow, rules: Rules) -> DayCounts:
    """Return the counts of one handoff, as the wall counts it."""
    if row.active_at is not None:
        waited = (row.active_at - row.requested_at).total_seconds()
        return DayCounts(answered=1, answered_in_time=int(row.active_at <= row.promise_at), answer_seconds=waited)
    if row.outcome is Outcome.EXPIRED:
        return DayCounts(expired=1)
    if row.outcome is not Outcome.ABANDONED or row.ended_at is None:
        return DayCounts()
    if (row.ended_at - row.requested_at).total_seconds() < rules.of(row.queue).short_abandon_seconds:
        return DayCounts(abandoned_short=1)
    return DayCounts(abandoned=1, abandoned_in_time=int(row.ended_at <= row.promise_at))


def report(
    rows: Sequence[HandoffRow],
    talks: TalkCounts,
    rules: Rules,
    *,
    since: datetime,
    until: datetime,
    handoffs: bool = False,
) -> ReportView:
    """Return the report of the handoffs requested from `since` up to `until`.

    Args:
        rows: Those handoffs, in the order of their requests.
        talks: The conversations that began then.
        rules: Say after how long a customer who leaves counts.
        since: Aware.
        until: Aware; not a part of it.
        handoffs: List every handoff too.
    """
    queues: dict[str, list[HandoffRow]] = {}
    for row in rows:
        queues.setdefault(row.queue, []).append(row)
    return ReportView(
        since=since,
        until=until,
        total=_queue("", rows, rules),
        queues=tuple(_queue(name, queues[name], rules) for name in sorted(queues)),
        hours=_hours(rows, rules, since, until),
        talks=_talks(talks),
        occupancy=occupancy(rows),
        handoffs=tuple(_handoff(row) for row in rows) if handoffs else (),
        formulas=FORMULAS,
    )


def _queue(name: str, rows: Sequence[HandoffRow], rules: Rules) -> QueueReport:
    counts = sum((counted(row, rules) for row in rows), DayCounts())
    to_human = sorted(found for row in rows for found in (row.seconds_to_human,) if found is not None)
    handled = [found for row in rows for found in (row.handle_seconds,) if found is not None]
    attempts = [row.attempts for row in rows if row.attempts is not None]
    return QueueReport(
        name=name,
        requested=len(rows),
        answered=counts.answered,
        answered_in_time=counts.answered_in_time,
        abandoned=counts.abandoned,
        abandoned_in_time=counts.abandoned_in_time,
        abandoned_short=counts.abandoned_short,
        expired=counts.expired,
        service_level=counts.service_level,
        service_level_2=counts.service_level_2,
        average_answer_seconds=counts.average_answer_seconds,
        abandonment=counts.abandonment,
        average_handle_seconds=sum(handled) / len(handled) if handled else None,
        median_to_human_seconds=percentile(to_human, 0.5),
        p90_to_human_seconds=percentile(to_human, 0.9),
        longest_to_human_seconds=to_human[-1] if to_human else None,
        average_attempts=sum(attempts) / len(attempts) if attempts else None,
        with_context=sum(1 for row in rows if row.with_context) / len(rows) if rows else None,
        outcomes=_counter(str(row.outcome) if row.outcome else "open" for row in rows),
        triggers=_counter(row.trigger for row in rows),
    )


def _counter(names: Iterable[str]) -> Mapping[str, int]:
    return dict(Counter(sorted(names)).most_common())


def _hours(rows: Sequence[HandoffRow], rules: Rules, since: datetime, until: datetime) -> tuple[HourReport, ...]:
    """Return one entry for each hour that really passed: a day on which clocks change has 23 or 25."""
    length = max(-((since - until) // HOUR), 0)
    parts: list[list[HandoffRow]] = [[] for _ in range(length)]
    for row in rows:
        parts[(row.requested_at - since) // HOUR].append(row)
    found: list[HourReport] = []
    for place, part in enumerate(parts):
        counts = sum((counted(row, rules) for row in part), DayCounts())
        found.append(
            HourReport(
                at=since + place * HOUR,
                requested=len(part),
                answered=counts.answered,
                abandoned=counts.abandoned,
                expired=counts.expired,
                service_level=counts.service_level,
                average_answer_seconds=counts.average_answer_seconds,
            )
        )
    return tuple(found)


def _talks(counts: TalkCounts) -> TalkReport:
    over = counts.handed_over + counts.ended_with_assistant
    return TalkReport(
        begun=counts.begun,
        handed_over=counts.handed_over,
        ended_with_assistant=counts.ended_with_assistant,
        still_open=counts.begun - over,
        share_handed_over=counts.handed_over / over if over else None,
        share_with_assistant=counts.ended_with_assistant / over if over else None,
    )


def _handoff(row: HandoffRow) -> HandoffReport:
    return HandoffReport(
        number=row.number,
        queue=row.queue,
        medium=row.medium,
        outcome=str(row.outcome) if row.outcome else "open",
        trigger=row.trigger,
        requested_at=row.requested_at,
        seconds_to_human=row.seconds_to_human,
        handle_seconds=row.handle_seconds,
        attempts=row.attempts,
        timeline=tuple((what, (at - row.requested_at).total_seconds()) for what, at in row.timeline),
    )


def occupancy(rows: Sequence[HandoffRow]) -> float | None:
    """Return the share of their time on in which operators had somebody in hand; None without any such time.

    An operator is taken to be on from an accept to the last close before a gap of more than an hour.
    """
    held: dict[OperatorId, list[tuple[datetime, datetime]]] = {}
    for row in rows:
        if row.operator_id is not None and row.accepted_at is not None and row.closed_at is not None:
            held.setdefault(row.operator_id, []).append((row.accepted_at, row.closed_at))
    busy = on = timedelta()
    for stretches in held.values():
        ordered = sorted(stretches)
        until = ordered[0][0]
        for begin, end in ordered:
            gap = max(begin - until, timedelta())
            new = max(end - max(begin, until), timedelta())
            busy += new
            on += new + (gap if gap <= SHIFT_GAP else timedelta())
            until = max(until, end)
    return busy / on if on else None


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the value that this share of the ordered values does not exceed (nearest rank)."""
    if not ordered:
        return None
    return ordered[min(max(-int(-share * len(ordered) // 1) - 1, 0), len(ordered) - 1)]
