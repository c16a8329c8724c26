"""Let supervisors read what was done in others' sessions."""

from datetime import datetime
from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from server.api.auth import require
from server.api.conversations import BrokerDependency, PrincipalDependency
from server.api.sessions import find_session, no_such_session
from server.broker.ports.store import Unit
from server.broker.reporting import report_of
from server.core.permissions import Action
from server.wire.audit import AuditPage
from server.wire.report import ReportView
from server.wire.wall import WallView


class Supervision(Controller):
    """What only supervisors look at."""

    path = "/v1"
    tags = ("supervision",)

    @get("/wall", summary="How the queues stand")
    async def wall(self, broker: BrokerDependency, principal: PrincipalDependency) -> WallView:
        """Return every queue with who waits and today's figures, at most a second old."""
        require(principal, Action.SUPERVISE)
        return await broker.walls.view(principal.organisation_id)

    @get("/report", summary="A stretch of days in figures")
    async def report(  # noqa: PLR0917 - each is a parameter of the query
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        since: Annotated[datetime, QueryParameter(description="From this instant, with its zone.")],
        until: Annotated[datetime, QueryParameter(description="Up to this instant, at most 400 days later.")],
        queue: Annotated[str, QueryParameter(max_length=64, description="Only of this queue.")] = "",
        handoffs: Annotated[bool, QueryParameter(description="List every handoff with its timeline.")] = False,  # noqa: FBT002 - of the query
    ) -> ReportView:
        """Return service levels, waits, outcomes and triggers of what was requested then, by queue and by hour."""
        require(principal, Action.SUPERVISE)
        return await report_of(broker.parts, principal.organisation_id, since, until, queue, handoffs=handoffs)

    @get("/audit", summary="What supervisors did")
    async def audit(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        session: Annotated[str, QueryParameter(max_length=100, description="Only of this session: id or number.")] = "",
        before: Annotated[str, QueryParameter(max_length=100, description="`next_before` of the last page.")] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    ) -> AuditPage:
        """Return a page of what supervisors did, newest first."""
        require(principal, Action.SUPERVISE)

        def work(unit: Unit) -> AuditPage:
            view = find_session(unit, principal, session) if session else None
            if session and view is None:
                raise no_such_session()
            return unit.audit.page(principal.organisation_id, before, limit, view.id if view else None)

        return await broker.parts.database.read(work)
