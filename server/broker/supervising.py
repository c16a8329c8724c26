"""Let supervisors into other operators' talks, and out of them again, whatever becomes of their console.

The rules are in `server.core.supervision`; the road writes the audit. One person has one pair of ears: whoever begins
to supervise a session, or accepts one, leaves any other that they supervised.

Before: `server.broker.desk` has a supervisor's order. After: the session has moved on the road.
"""

from collections.abc import Sequence

from server.broker import road
from server.broker.parts import Parts
from server.broker.ports.records import Principal
from server.broker.ports.store import Unit
from server.core import inputs
from server.core.errors import CallerError
from server.core.permissions import Action, check_allowed
from server.core.session import Session
from server.core.supervision import AUDIBLE
from server.wire import commands as c
from server.wire.sanitize import clean_line
from server.wire.terms import OperatorId, OrganisationId, SessionId, Supervision

SupervisorOrder = c.Supervise | c.TakeOver | c.ForceWrapUp
"""Orders that need a supervisor."""

MOST_REASON_CHARS = 200
"""How much of a reason is kept."""


def leg_of(command: c.Supervise, operator_id: OperatorId) -> str:
    """Return the id of the audio leg that an order may need: the same when the order is repeated."""
    return f"leg_{operator_id}_{command.id}"


def supervisor_fact(command: SupervisorOrder, principal: Principal) -> inputs.Input:
    """Return the fact that a supervisor's order is for the session.

    Raises:
        NotAllowedError: `not_allowed`.
        CallerError: `reason_needed`.
    """
    if principal.operator is not None:
        check_allowed(principal.operator.role, Action.SUPERVISE)
    who, reason = OperatorId(principal.id), clean_line(command.reason, MOST_REASON_CHARS).strip()
    match command:
        case c.Supervise(epoch=epoch, mode=mode):
            return inputs.SupervisionChosen(who, epoch, reason, mode, leg_of(command, who))
        case c.TakeOver(epoch=epoch):
            return inputs.TakenOver(who, epoch, reason)
        case c.ForceWrapUp(epoch=epoch):
            if not reason:
                raise CallerError("reason_needed", "Ending somebody's wrap-up needs a reason.", "Say why; it is kept.")
            return inputs.WrapUpForced(who, epoch, reason)


def needs_ears(command: c.Command) -> bool:
    """Tell whether carrying out the order makes its giver hear a call."""
    audible = isinstance(command, c.Supervise) and command.mode in AUDIBLE
    return audible or isinstance(command, c.Accept | c.TakeOver)


def is_stopped_already(command: c.Command, session: Session, operator_id: OperatorId) -> bool:
    """Tell whether an order to stop finds nothing to stop: the talk may have ended meanwhile."""
    stops = isinstance(command, c.Supervise) and command.mode is Supervision.NONE
    return stops and session.supervisor_id != operator_id


def leave_others(unit: Unit, parts: Parts, principal: Principal, session_id: SessionId) -> None:
    """Take a person out of every session that they supervise but this one."""
    for other in unit.sessions.supervised_by(principal.organisation_id, OperatorId(principal.id)):
        if other.id != session_id:
            stop = inputs.SupervisionChosen(OperatorId(principal.id), other.epoch, "went to another session")
            road.apply(unit, parts, other.organisation_id, other.id, stop)


class Supervising:
    """Keeps the ladder honest: nobody is on it whose console is gone."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts."""
        self._parts = parts

    async def start(self) -> None:
        """Drop every ladder that a former broker left: its consoles are gone."""
        await self._parts.database.run(lambda unit: self._drop(unit, unit.sessions.supervised()))

    async def release(self, organisation_id: OrganisationId, operator_id: OperatorId) -> None:
        """Drop the ladder of somebody whose console is gone; the talks go on untouched."""
        await self._parts.database.run(
            lambda unit: self._drop(unit, unit.sessions.supervised_by(organisation_id, operator_id))
        )

    def _drop(self, unit: Unit, sessions: Sequence[Session]) -> None:
        for session in sessions:
            lost = inputs.SupervisorLost(session.supervisor_leg)
            road.apply(unit, self._parts, session.organisation_id, session.id, lost)
