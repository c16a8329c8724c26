"""Carry out what operators order about people: presence, breaks and what supervisors decide on them, shifts that end.

Before: `server.broker.desk` has authenticated the operator. After: the roster says so on every console.
"""

from server.broker.handing_over import hand_over
from server.broker.parts import Parts
from server.broker.ports.records import Principal
from server.broker.ports.store import Unit
from server.broker.roster import Attendance
from server.core.permissions import Action, check_allowed
from server.wire import commands as c
from server.wire.frames import Reply
from server.wire.sanitize import clean_line
from server.wire.terms import OperatorId, Role
from server.wire.views import OperatorView

MOST_REASON = 80
"""How many cells a reason or a supervisor's note may take."""

TeamOrder = c.SetPresence | c.AskBreak | c.DecideBreak | c.HandOver
"""Orders about people."""


class Team:
    """What operators ask of the broker about themselves and each other."""

    def __init__(self, parts: Parts, attendance: Attendance) -> None:
        """Work on these parts."""
        self._parts = parts
        self._attendance = attendance

    async def execute(self, principal: Principal, command: TeamOrder) -> Reply:
        """Carry out one order; the reply shows the person it was about. Repeating an order changes nothing more.

        Raises:
            NotAllowedError: `not_allowed`: only supervisors decide on breaks.
            NotFoundError: `no_such_operator`.
            ConflictError: `break_full`, `no_break_asked`, `nothing_in_hand`, `colleague_away`.
        """
        who = OperatorId(principal.id)
        handed: tuple[str, ...] = ()
        match command:
            case c.HandOver():
                handed = await self._parts.database.run(lambda unit: hand_over(unit, self._parts, principal, command))
            case c.SetPresence(presence=presence, reason=reason):
                await self._attendance.choose(principal, presence, clean_line(reason, MOST_REASON))
            case c.AskBreak(reason=reason, on=on):
                await self._attendance.ask_break(principal, clean_line(reason, MOST_REASON) or "break", on=on)
            case c.DecideBreak(operator_id=who, granted=granted, note=note):
                check_allowed(principal.operator.role if principal.operator else Role.VIEWER, Action.SUPERVISE)
                await self._attendance.decide_break(principal, who, clean_line(note, MOST_REASON), granted=granted)
        return Reply(id=command.id, ok=True, operator=await self._shown(principal, who), handed_over=handed)

    async def _shown(self, principal: Principal, who: OperatorId) -> OperatorView | None:
        def look(unit: Unit) -> OperatorView | None:
            return next((one for one in unit.views.operators(principal.organisation_id) if one.id == who), None)

        return await self._parts.database.read(look)
