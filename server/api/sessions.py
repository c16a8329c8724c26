"""Let people read the queue, single sessions and history."""

import re
from collections.abc import Sequence
from typing import Annotated

from litestar import Controller, get, post, put
from litestar.params import FromPath, QueryParameter

from server.api.auth import require
from server.api.conversations import BrokerDependency, PrincipalDependency
from server.broker.digest import digest
from server.broker.discretion import all_shown_to, shown_to
from server.broker.ports.records import Principal
from server.broker.ports.store import Unit
from server.core.errors import NotFoundError
from server.core.permissions import Action
from server.wire.requests import PresenceChange, TranslationWish
from server.wire.routing import WhyView
from server.wire.sanitize import clean_line
from server.wire.terms import OperatorId, SessionId
from server.wire.translation import TranslationView
from server.wire.views import Digest, MeView, Page, SessionView

_NUMBER = re.compile(r"^(?:[hH]-)?0*([0-9]{1,9})$")


class Sessions(Controller):
    """What operators look at, without a console."""

    path = "/v1"
    tags = ("sessions",)

    @get("/sessions", summary="The queue and what is in hand")
    async def open(self, broker: BrokerDependency, principal: PrincipalDependency) -> Sequence[SessionView]:
        """Return all open sessions by place."""
        require(principal, Action.VIEW)
        sessions = await broker.parts.database.read(lambda unit: unit.views.open_sessions(principal.organisation_id))
        return all_shown_to(principal, sessions, broker.parts.rules)

    @get("/sessions/{reference:str}", summary="One session")
    async def one(
        self, broker: BrokerDependency, principal: PrincipalDependency, reference: FromPath[str]
    ) -> SessionView:
        """Return a session by its id or by the number that people say: `H-0042`, `42`."""
        require(principal, Action.VIEW)
        view = await broker.parts.database.read(lambda unit: find_session(unit, principal, reference))
        if view is None:
            raise no_such_session()
        return shown_to(principal, view, broker.parts.rules)

    @get("/sessions/{reference:str}/why", summary="Why it rings where it rings")
    async def why(self, broker: BrokerDependency, principal: PrincipalDependency, reference: FromPath[str]) -> WhyView:
        """Return what each rule of routing says of each operator for this session, and what comes by itself."""
        require(principal, Action.VIEW)
        view = await broker.parts.database.read(lambda unit: find_session(unit, principal, reference))
        if view is None:
            raise no_such_session()
        return await broker.why.explain(principal, view)

    @post("/sessions/{reference:str}/translations", summary="What a reply would say", status_code=200)
    async def translate(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        reference: FromPath[str],
        data: TranslationWish,
    ) -> TranslationView:
        """Return a reply in the customer's language, or why none came; nothing is sent, and sending needs none."""
        require(principal, Action.HANDLE)
        view = await broker.parts.database.read(lambda unit: find_session(unit, principal, reference))
        if view is None:
            raise no_such_session()
        return await broker.translation.reply(principal, view.id, data.text)

    @get("/history", summary="Closed sessions")
    async def history(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        before: Annotated[str, QueryParameter(max_length=100, description="`next_before` of the last page.")] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    ) -> Page:
        """Return a page of closed sessions, newest first."""
        require(principal, Action.VIEW)
        return await broker.parts.database.read(
            lambda unit: unit.views.history(principal.organisation_id, before, limit)
        )

    @get("/me", summary="Whose token is this", tags=["operators"])
    async def me(self, broker: BrokerDependency, principal: PrincipalDependency) -> MeView:
        """Return the principal of the token that came with the request."""
        operators = await broker.parts.database.read(lambda unit: unit.views.operators(principal.organisation_id))
        mine = next((one for one in operators if principal.operator and one.id == principal.operator.id), None)
        return MeView(
            kind=principal.kind, name=principal.name, organisation_id=principal.organisation_id, operator=mine
        )

    @get("/me/digest", summary="What happened since I was last on", tags=["operators"])
    async def shift(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        hours: Annotated[float, QueryParameter(ge=0, le=720, description="So far back; 0: since I was last on.")] = 0.0,
    ) -> Digest:
        """Return who waits, what is still to be done, which notes name me, how sessions ended, who is on duty."""
        require(principal, Action.VIEW)
        return await digest(broker.parts, principal, hours)

    @put("/me/presence", summary="Go on or off duty", tags=["operators"])
    async def presence(self, broker: BrokerDependency, principal: PrincipalDependency, data: PresenceChange) -> MeView:
        """Set one's own presence; during a talk it takes effect after it."""
        require(principal, Action.HANDLE)
        if principal.operator is not None:
            await broker.attendance.choose(principal, data.presence, clean_line(data.reason, 80))
        operators = await broker.parts.database.read(lambda unit: unit.views.operators(principal.organisation_id))
        mine = next((one for one in operators if one.id == OperatorId(principal.id)), None)
        return MeView(
            kind=principal.kind, name=principal.name, organisation_id=principal.organisation_id, operator=mine
        )


def no_such_session() -> NotFoundError:
    """Return the refusal for a session that is not there."""
    return NotFoundError("no_such_session", "There is no such session.", "Look at the queue for its number.")


def find_session(unit: Unit, principal: Principal, reference: FromPath[str]) -> SessionView | None:
    """Return the session of this id, or of the number that people say."""
    number = _NUMBER.match(reference)
    if number is not None:
        return unit.views.session_by_number(principal.organisation_id, int(number.group(1)))
    return unit.views.session(principal.organisation_id, SessionId(reference))
