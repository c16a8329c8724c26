"""Know who is there: consoles that come and go, presence that people choose, and what that means for their work.

Before: a console socket opens or closes. After: the roster is true on every screen; unanswered rings move on; an
operator who is gone for good loses their chats to the queue, where nobody is lost.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from server.broker import road
from server.broker.parts import Parts
from server.broker.ports.records import Principal
from server.broker.ports.store import Unit
from server.core import inputs
from server.core.errors import ConflictError, NotFoundError
from server.core.permissions import ALLOWED, Action
from server.core.presence import Operator, ask_break, choose, come, decide_break, go, on_break
from server.core.session import IN_HAND_STATES, Session
from server.wire.requests import OperatorChange
from server.wire.terms import Medium, OperatorId, OrganisationId, Presence, SessionState
from server.wire.views import OperatorView


class Attendance:
    """Who is connected and on duty."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts, with nobody connected."""
        self._parts = parts
        self._consoles: Counter[OperatorId] = Counter()

    async def start(self) -> None:
        """Take the roster over from a broker that is gone: nobody is connected until their console says hello again."""
        organisations = await self._parts.database.read(lambda unit: list(unit.roster.organisations()))
        for organisation_id in organisations:
            await self._forget_all(organisation_id)

    async def _forget_all(self, organisation_id: OrganisationId) -> None:
        """Mark everybody of one organisation as not connected."""

        def work(unit: Unit) -> None:
            for view in unit.views.operators(organisation_id):
                if view.connected:
                    self._set(unit, organisation_id, view.id, connected=False)

        await self._parts.database.run(work)

    async def connect(self, organisation_id: OrganisationId, operator_id: OperatorId) -> None:
        """Count a console in; the first one makes its operator connected."""
        self._consoles[operator_id] += 1
        if self._consoles[operator_id] == 1:
            await self._parts.database.run(lambda unit: self._set(unit, organisation_id, operator_id, connected=True))

    async def disconnect(self, organisation_id: OrganisationId, operator_id: OperatorId) -> None:
        """Count a console out; the last one makes its operator not connected."""
        self._consoles[operator_id] -= 1
        if self._consoles[operator_id] <= 0:
            del self._consoles[operator_id]
            await self._parts.database.run(lambda unit: self._set(unit, organisation_id, operator_id, connected=False))

    async def choose(self, principal: Principal, presence: Presence, reason: str) -> None:
        """Take in a choice of presence; during a talk it takes effect after it.

        Raises:
            ConflictError: `break_full`: as many are away already as may be.
        """

        def change(unit: Unit, operator: Operator, in_hand: int) -> Operator:
            if presence is Presence.AWAY:
                self._check_break(unit, operator)
            return choose(operator, presence, reason, in_hand=in_hand, now=self._parts.clock.now())

        await self._move(principal.organisation_id, OperatorId(principal.id), change)

    async def ask_break(self, principal: Principal, reason: str, *, on: bool) -> None:
        """Take in a request for a break, or its withdrawal."""

        def change(_unit: Unit, operator: Operator, _in_hand: int) -> Operator:
            return ask_break(operator, reason, on=on, now=self._parts.clock.now())

        await self._move(principal.organisation_id, OperatorId(principal.id), change)

    async def decide_break(self, principal: Principal, operator_id: OperatorId, note: str, *, granted: bool) -> None:
        """Grant or deny a request for a break; the supervisor's word stands above `max_on_break`.

        Raises:
            NotFoundError: `no_such_operator`.
            ConflictError: `no_break_asked`.
        """
        word = "granted" if granted else "denied"
        answer = f"{word} by {principal.name}" + (f": {note}" if note else "")

        def change(_unit: Unit, operator: Operator, in_hand: int) -> Operator:
            if operator.break_asked_at is None:
                raise ConflictError(
                    "no_break_asked", f"{operator.name} asks for no break.", "It was taken back or decided already."
                )
            return decide_break(operator, answer, granted=granted, in_hand=in_hand, now=self._parts.clock.now())

        if not await self._move(principal.organisation_id, operator_id, change):
            raise NotFoundError("no_such_operator", "There is no such operator.", "Look at the team for the name.")

    async def change(
        self, organisation_id: OrganisationId, operator_id: OperatorId, wanted: OperatorChange
    ) -> OperatorView | None:
        """Write down what an operator can do, and how much at once; None when there is no such operator."""
        given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not None}

        def work(unit: Unit) -> OperatorView | None:
            operator = unit.roster.load(organisation_id, operator_id)
            if operator is None:
                return None
            unit.roster.save(replace(operator, **given))
            unit.ledger.tell_operator(organisation_id, operator_id)
            return next(one for one in unit.views.operators(organisation_id) if one.id == operator_id)

        return await self._parts.database.run(work)

    def _check_break(self, unit: Unit, operator: Operator) -> None:
        """Refuse one more to be away than may be; who is away already may change the reason."""
        most = self._parts.policy.max_on_break
        supervises = Action.SUPERVISE in ALLOWED[operator.role]
        if not most or supervises or on_break(operator.presence, operator.pending):
            return
        away = [
            one.name
            for one in unit.views.operators(operator.organisation_id)
            if one.id != operator.id and on_break(one.presence, one.pending_presence)
        ]
        if len(away) >= most:
            raise ConflictError(
                "break_full",
                f"{most} may be away at once, and {', '.join(away[:5])} are.",
                "Ask for a break: a supervisor decides.",
                {"most": str(most)},
            )

    async def _move(
        self,
        organisation_id: OrganisationId,
        operator_id: OperatorId,
        change: Callable[[Unit, Operator, int], Operator],
    ) -> bool:
        """Change one operator, and stop what rings at them when they are not on duty any more; False: no such one."""

        def work(unit: Unit) -> bool:
            operator = unit.roster.load(organisation_id, operator_id)
            if operator is None:
                return False
            held = unit.sessions.held_by(organisation_id, operator_id)
            in_hand = sum(1 for session in held if session.state in IN_HAND_STATES)
            changed = change(unit, operator, in_hand)
            if changed != operator:
                unit.roster.save(changed)
                unit.ledger.tell_operator(organisation_id, operator_id)
            if changed.presence is not Presence.AVAILABLE:
                self._stop_ringing(unit, held, operator_id)
            return True

        return await self._parts.database.run(work)

    async def remove(self, organisation_id: OrganisationId, operator_id: OperatorId) -> bool:
        """Disable an operator, whose work goes back to its place in the queue; False when there is none."""

        def work(unit: Unit) -> bool:
            held = unit.sessions.held_by(organisation_id, operator_id)
            if not unit.roster.disable(organisation_id, operator_id, self._parts.clock.now()):
                return False
            self._stop_ringing(unit, held, operator_id)
            for session in held:
                if session.state is SessionState.CONNECTING:
                    self._apply(unit, session, inputs.ConnectFailed(session.epoch))
                elif session.state in IN_HAND_STATES:
                    self._apply(unit, session, inputs.OperatorLost(session.epoch))
                    self._apply(unit, session, inputs.OperatorGone(session.epoch))
            unit.ledger.tell_operator(organisation_id, operator_id)
            return True

        return await self._parts.database.run(work)

    def _apply(self, unit: Unit, session: Session, fact: inputs.Input) -> None:
        """Take one step along the road."""
        road.apply(unit, self._parts, session.organisation_id, session.id, fact)

    def _set(self, unit: Unit, organisation_id: OrganisationId, operator_id: OperatorId, *, connected: bool) -> None:
        """Record that an operator's first console came or last one went."""
        operator = unit.roster.load(organisation_id, operator_id)
        if operator is None or operator.connected == connected:
            return
        now = self._parts.clock.now()
        unit.roster.save(come(operator, now) if connected else go(operator, now))
        unit.ledger.tell_operator(organisation_id, operator_id)
        held = unit.sessions.held_by(organisation_id, operator_id)
        if not connected:
            self._stop_ringing(unit, held, operator_id)
        self._move_chats(unit, held, connected=connected)

    def _stop_ringing(self, unit: Unit, held: Sequence[Session], operator_id: OperatorId) -> None:
        """Let offers to an operator who is not there move on at once."""
        for session in held:
            if session.state is SessionState.OFFERED:
                self._apply(unit, session, inputs.OfferWithdrawn(operator_id))

    def _move_chats(self, unit: Unit, held: Sequence[Session], *, connected: bool) -> None:
        """Start or end the grace of the operator's chats; calls follow their media leg instead."""
        for session in held:
            if session.medium is Medium.CHAT and session.state in IN_HAND_STATES:
                kind = inputs.OperatorBack if connected else inputs.OperatorLost
                self._apply(unit, session, kind(session.epoch))
