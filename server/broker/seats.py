"""Know each open console: which of an operator's has the call's audio, and who looks at or writes on what.

All of it is kept in this process's memory and nowhere else: nothing is written for a look, and a broker that starts
knows nothing until consoles say it anew. Looks are gathered for a moment and told together.

Before: a console came, went, looked at something, or asked for a call's audio. After: the others see who is where,
and one call's audio is open in one console.
"""

from dataclasses import dataclass
from typing import Final

from server.broker.alarm import Alarm
from server.broker.passing import Listener, Passing
from server.clock import Clock
from server.core.errors import ConflictError
from server.core.session import Session, label
from server.wire import codec
from server.wire.commands import FollowUp, SessionOrder
from server.wire.frames import Ghost, Ghosts, Look
from server.wire.terms import Medium, OperatorId, OrganisationId, SessionId, SessionState

GATHER_SECONDS: Final = 0.25
"""Looks within this time are told together."""
LONGEST_ID: Final = 64
"""A longer id is no session's."""
MOST_HOLDERS: Final = 10_000
"""How many calls' holders are remembered; the oldest is forgotten."""
_IDLE_SECONDS: Final = 60.0
_LEG_UP: Final = frozenset({SessionState.ACTIVE, SessionState.HELD})


@dataclass(slots=True)
class _Seat:
    """One open console: what it looks at, and whether something is written there."""

    operator_id: OperatorId
    session_id: SessionId | None = None
    writing: bool = False
    turn: int = 0


class Seats:
    """All open consoles of this broker."""

    def __init__(self, passing: Passing, clock: Clock) -> None:
        """Tell consoles through `passing`."""
        self._passing = passing
        self._clock = clock
        self._alarm = Alarm(clock)
        self._seats: dict[Listener, _Seat] = {}
        self._holders: dict[SessionId, tuple[int, Listener]] = {}
        self._changed: set[tuple[OrganisationId, OperatorId]] = set()
        self._turns = 0

    def sit(self, console: Listener) -> None:
        """Count a console in."""
        self._seats[console] = _Seat(OperatorId(console.subject_id))

    def rise(self, console: Listener) -> None:
        """Count a console out: it looks at nothing any more, and what audio it had may be opened elsewhere."""
        if self._seats.pop(console, None) is not None:
            self._note(console)

    def look(self, console: Listener, look: Look) -> None:
        """Take in what a console looks at."""
        seat = self._seats.get(console)
        session_id = look.session_id if look.session_id and len(look.session_id) <= LONGEST_ID else None
        writing = look.writing and session_id is not None
        if seat is None or (seat.session_id, seat.writing) == (session_id, writing):
            return
        self._turns += 1
        seat.session_id, seat.writing, seat.turn = session_id, writing, self._turns
        self._note(console)

    def _note(self, console: Listener) -> None:
        self._changed.add((console.organisation_id, OperatorId(console.subject_id)))
        self._alarm.ring()

    def everybody(self, organisation_id: OrganisationId) -> Ghosts:
        """Return where everybody of an organisation is, for a console that has just come."""
        people = {OperatorId(one.subject_id) for one in self._seats if one.organisation_id == organisation_id}
        ghosts = (self._ghost(organisation_id, who) for who in sorted(people))
        return Ghosts(people=tuple(one for one in ghosts if one.session_id is not None), whole=True)

    def _ghost(self, organisation_id: OrganisationId, operator_id: OperatorId) -> Ghost:
        """Return where one person is: where they write, else what they looked at last."""
        seats = [
            seat
            for console, seat in self._seats.items()
            if console.organisation_id == organisation_id and seat.operator_id == operator_id
        ]
        looking = [seat for seat in seats if seat.session_id is not None]
        seat = max(looking, key=lambda one: (one.writing, one.turn), default=None)
        if seat is None:
            return Ghost(operator_id=operator_id)
        return Ghost(operator_id=operator_id, session_id=seat.session_id, writing=seat.writing)

    async def loop(self) -> None:
        """Tell what changed, gathered, for ever."""
        while True:
            await self._alarm.wait(_IDLE_SECONDS)
            await self._clock.sleep(GATHER_SECONDS)
            self.tell()

    def tell(self) -> None:
        """Tell every console of the organisations in which something changed."""
        changed, self._changed = self._changed, set()
        for organisation_id in {organisation for organisation, _ in changed}:
            people = sorted(who for organisation, who in changed if organisation == organisation_id)
            frame = Ghosts(people=tuple(self._ghost(organisation_id, who) for who in people))
            self._passing.to_consoles(organisation_id, codec.encode(frame))

    # Which console has the audio

    def hold(self, session: Session, console: Listener | None) -> None:
        """Remember that a call's audio is granted to a console; to none of them when a command line asked."""
        self._holders.pop(session.id, None)
        if console is not None and session.medium is Medium.VOICE:
            self._holders[session.id] = (session.epoch, console)
        while len(self._holders) > MOST_HOLDERS:
            del self._holders[next(iter(self._holders))]

    def check_audio(self, session: Session, console: Listener | None) -> None:
        """Refuse to open a call's audio where another console of the operator has it.

        A broker that has just started knows no holder: then an operator's leg that is up is taken for another's.

        Raises:
            ConflictError: `media_elsewhere`.
        """
        if console is None:
            return
        unknown = self._holders.get(session.id, (-1, console))[0] != session.epoch
        leg_up = session.state in _LEG_UP and session.operator_lost_at is None
        if (unknown and leg_up) or self._other_holds(session.id, session.epoch, console):
            raise ConflictError(
                "media_elsewhere",
                f"{label(session.number)} is open in your other console.",
                "Take it over here, or go on there.",
            )

    def check_order(self, command: SessionOrder, console: Listener | None) -> None:
        """Refuse an order about a call from a console while another one of the operator has its audio.

        Raises:
            ConflictError: `view_only_here`.
        """
        if console is None or isinstance(command, FollowUp):
            return
        if self._other_holds(command.session_id, command.epoch, console):
            raise ConflictError(
                "view_only_here",
                "Your other console has this call; this one only looks on.",
                "Take the call over here first.",
            )

    def _other_holds(self, session_id: SessionId, epoch: int, console: Listener) -> bool:
        """Tell whether another open console of the same operator has the call's audio, in this stay of the call."""
        held_at, holder = self._holders.get(session_id, (epoch, console))
        same_person = holder.subject_id == console.subject_id
        return held_at == epoch and same_person and holder is not console and holder in self._seats
