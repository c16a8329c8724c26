"""Report a stretch of days: what the store counted, worked out by the core."""

from datetime import datetime, timedelta
from typing import Final

from server.broker.parts import Parts
from server.broker.ports.store import Unit
from server.core.errors import CallerError
from server.core.report import report
from server.wire.report import ReportView
from server.wire.terms import OrganisationId

MOST_DAYS: Final = 400


async def report_of(
    parts: Parts,
    organisation_id: OrganisationId,
    since: datetime,
    until: datetime,
    queue: str = "",
    *,
    handoffs: bool = False,
) -> ReportView:
    """Return the report of what was requested from `since` up to `until`.

    Raises:
        CallerError: `bad_stretch`: without a zone, backwards, or too long.
    """
    if since.tzinfo is None or until.tzinfo is None:
        raise CallerError("bad_stretch", "An instant without a zone could be any.", "Write 2026-11-21T00:00:00Z.")
    if not timedelta() < until - since <= timedelta(days=MOST_DAYS):
        raise CallerError(
            "bad_stretch", f"A report covers more than nothing and at most {MOST_DAYS} days.", "Change since or until."
        )

    def work(unit: Unit) -> ReportView:
        rows = unit.figures.handoffs(organisation_id, since, until, queue)
        talks = unit.figures.talks(organisation_id, since, until)
        return report(rows, talks, parts.rules, since=since, until=until, handoffs=handoffs)

    return await parts.database.read(work)
