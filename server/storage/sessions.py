"""Keep handoff sessions: find them by place, by deadline and by operator, and save them by compare-and-set."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Text, bindparam, func, insert, literal_column, select, tuple_, type_coerce, union_all, update

from server.core.errors import NotFoundError
from server.core.routing import InHand
from server.core.session import Session, rung
from server.storage import problems
from server.storage.cells import Cell, Cells, Shape, as_instant, as_json, as_number, as_text
from server.storage.columns import to_microseconds
from server.storage.line import Line
from server.storage.schema import conversations, operators, organisations, sessions
from server.storage.statement import Statement, any_of, condition, unsought
from server.wire.terms import ContactId, ConversationId, Medium, OperatorId, OrganisationId, Outcome, SessionId
from server.wire.views import Context

SESSION: Final = Shape(Session, sessions)
"""How a session lies in its row."""

_s = sessions.c
OPEN: Final = condition("sessions.state <> 'closed'")
"""Said in the words of the partial indexes, as are the others."""
IN_HAND: Final = condition("sessions.state IN ('connecting', 'active', 'held')")
RINGING: Final = condition("sessions.state = 'offered'")
WRITING_UP: Final = condition("sessions.state = 'wrap_up'")
QUEUED: Final = condition("sessions.state = 'queued'")
_ORGANISATION = _s.organisation_id == bindparam("organisation_id")

LOAD: Final = Statement(select(*SESSION.columns).where(_s.id == bindparam("id"), _ORGANISATION), locks=True)
NEXT_NUMBER: Final = Statement(
    update(organisations)
    .where(organisations.c.id == bindparam("organisation"))
    .values(last_number=organisations.c.last_number + 1)
    .returning(organisations.c.last_number)
)
INSERT: Final = Statement(insert(sessions), fills=[*SESSION.names, "reason", "context", "deadline_at"])
SAVE: Final = Statement(
    update(sessions).where(
        _s.id == bindparam("row_id"),
        _s.organisation_id == bindparam("row_organisation"),
        _s.version == bindparam("row_version"),
    ),
    fills=[*(name for name in SESSION.names if name not in {"id", "organisation_id"}), "deadline_at"],
)
SET_CONTEXT: Final = Statement(
    update(sessions).where(_s.id == bindparam("row_id"), _s.organisation_id == bindparam("row_organisation")),
    fills=["context"],
)
ACCEPTED_SINCE: Final = Statement(
    select(_s.id)
    .where(
        _s.conversation_id == bindparam("conversation_id"),
        _s.organisation_id == bindparam("organisation_id"),
        _s.accepted_at >= bindparam("at"),
    )
    .limit(literal_column("1"))
)
DUE: Final = Statement(
    select(_s.organisation_id, _s.id)
    .where(_s.deadline_at.is_not(None), _s.deadline_at <= bindparam("now"))
    .order_by(_s.deadline_at, _s.id)
    .limit(bindparam("most"))
)
NEXT_DUE: Final = Statement(
    select(_s.deadline_at).where(_s.deadline_at.is_not(None)).order_by(_s.deadline_at).limit(literal_column("1"))
)
WAITING: Final = Statement(
    select(*SESSION.columns)
    .where(_ORGANISATION, QUEUED)
    .order_by(_s.priority, _s.queued_at, _s.number)
    .limit(bindparam("most"))
)
RINGS: Final = Statement(
    select(*SESSION.columns)
    .where(_ORGANISATION, RINGING)
    .order_by(_s.priority, _s.queued_at, _s.number)
    .limit(bindparam("most"))
)
RING_AT_SEVERAL: Final = Statement(
    select(*SESSION.columns).where(_ORGANISATION, RINGING, condition("sessions.also_rings <> '[]'"))
)
_KIND = _s.queue.concat("/").concat(_s.medium).concat("/").concat(type_coerce(_s.skills, Text))
WAITING_BUT: Final = Statement(
    select(*SESSION.columns)
    .where(_ORGANISATION, QUEUED, ~any_of(_KIND, "ids"))
    .order_by(_s.priority, _s.queued_at, _s.number)
    .limit(bindparam("most"))
)
AHEAD: Final = Statement(
    select(func.count()).where(
        _ORGANISATION,
        OPEN,
        condition("sessions.state IN ('queued', 'offered')"),
        _s.queue == bindparam("queue"),
        tuple_(_s.priority, _s.queued_at, _s.number)
        < tuple_(bindparam("priority"), bindparam("queued_at"), bindparam("number")),
    )
)
NEWEST_OF: Final = Statement(
    select(*SESSION.columns)
    .where(
        _s.conversation_id == bindparam("conversation_id"), unsought(_s.organisation_id) == bindparam("organisation")
    )
    .order_by(_s.number.desc())
    .limit(literal_column("1"))
)
REACHED: Final = Statement(
    select(func.count()).where(
        _ORGANISATION,
        _s.requested_at >= bindparam("since"),
        _s.queue == bindparam("queue"),
        _s.active_at.is_not(None),
    )
)
COUNTS: Final = Statement(
    union_all(
        select(_s.operator_id, _s.medium, func.count())
        .where(_ORGANISATION, IN_HAND)
        .group_by(_s.operator_id, _s.medium),
        select(_s.offered_to, _s.medium, func.count()).where(_ORGANISATION, RINGING).group_by(_s.offered_to, _s.medium),
        select(_s.operator_id, _s.medium, func.count())
        .where(_ORGANISATION, OPEN, WRITING_UP)
        .group_by(_s.operator_id, _s.medium),
    )
)
RUNG: Final = Statement(select(_s.offered_to).where(_ORGANISATION, RINGING, _s.offered_to.is_not(None)))
HELD_BY: Final = Statement(
    union_all(
        select(*SESSION.columns).where(_ORGANISATION, _s.operator_id == bindparam("operator"), IN_HAND),
        select(*SESSION.columns).where(_ORGANISATION, _s.offered_to == bindparam("operator"), RINGING),
        select(*SESSION.columns).where(_ORGANISATION, RINGING, _s.also_rings.like(bindparam("also"))),
    )
)
_CONTACT = select(conversations.c.contact_id).where(conversations.c.id == bindparam("conversation")).scalar_subquery()
LAST_OPERATOR: Final = Statement(
    select(_s.operator_id)
    .where(
        _s.conversation_id.in_(select(conversations.c.id).where(conversations.c.contact_id == _CONTACT)),
        unsought(_s.organisation_id) == bindparam("organisation_id"),
        _s.operator_id.is_not(None),
    )
    .order_by(_s.number.desc())
    .limit(literal_column("1"))
)
ABANDONED: Final = Statement(
    select(*SESSION.columns)
    .where(
        _s.conversation_id.in_(select(conversations.c.id).where(conversations.c.contact_id == bindparam("contact"))),
        unsought(_s.organisation_id) == bindparam("organisation_id"),
        _s.queue == bindparam("queue"),
        _s.outcome == bindparam("abandoned"),
        _s.closed_at >= bindparam("since"),
    )
    .order_by(_s.number.desc())
    .limit(literal_column("1"))
)
LOCK_OPERATOR: Final = Statement(
    select(operators.c.id).where(
        operators.c.id == bindparam("operator"), operators.c.organisation_id == bindparam("organisation_id")
    ),
    locks=True,
)
SUPERVISED: Final = Statement(select(*SESSION.columns).where(condition("sessions.supervisor_id IS NOT NULL")))
SUPERVISED_BY: Final = Statement(
    select(*SESSION.columns).where(
        condition("sessions.supervisor_id IS NOT NULL"), _s.supervisor_id == bindparam("operator"), _ORGANISATION
    )
)
ASKED: Final = Statement(
    select(*SESSION.columns).where(
        condition("sessions.state = 'asked'"), _s.conversation_id == bindparam("conversation_id"), _ORGANISATION
    )
)
OPEN_CALLS: Final = Statement(
    select(*SESSION.columns)
    .where(OPEN, condition("sessions.medium = 'voice'"), condition("sessions.state <> 'asked'"))
    .order_by(_s.id)
)


class SqlSessions:
    """Handoff sessions on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line

    def load(self, organisation_id: OrganisationId, session_id: SessionId) -> Session | None:
        """Return the session, locked until the transaction ends."""
        row = self._line.row(LOAD, {"id": session_id, "organisation_id": organisation_id})
        return None if row is None else SESSION.read(row)

    def next_number(self, organisation_id: OrganisationId) -> int:
        """Return the next number for people, counting from 1 without holes.

        Raises:
            NotFoundError: `no_such_organisation`.
        """
        row = self._line.row(NEXT_NUMBER, {"organisation": organisation_id})
        if row is None:
            raise NotFoundError("no_such_organisation", "There is no such organisation.", "Add it first.")
        return as_number(row[0])

    def insert(self, session: Session, *, reason: str, context: Context, deadline_at: datetime | None) -> None:
        """Add a new session with its reason and context package."""
        written = {"reason": reason, "context": as_json(context), "deadline_at": _maybe(deadline_at)}
        self._line.change(INSERT, {**SESSION.cells(session), **written})

    def save(self, session: Session, *, deadline_at: datetime | None) -> None:
        """Write the session over its predecessor of version - 1.

        Raises:
            ConflictError: `concurrent_change` when the row's version is another.
        """
        cells = SESSION.cells(session)
        row = {"row_id": cells.pop("id"), "row_organisation": cells.pop("organisation_id")}
        changed = {**cells, **row, "row_version": session.version - 1, "deadline_at": _maybe(deadline_at)}
        if self._line.change(SAVE, changed) != 1:
            raise problems.concurrent_change()

    def set_context(self, organisation_id: OrganisationId, session_id: SessionId, context: Context) -> None:
        """Replace the context package."""
        self._line.change(
            SET_CONTEXT, {"row_id": session_id, "row_organisation": organisation_id, "context": as_json(context)}
        )

    def accepted_since(self, organisation_id: OrganisationId, conversation_id: ConversationId, at: datetime) -> bool:
        """Tell whether an operator has accepted a session of this conversation since then."""
        whose = {"conversation_id": conversation_id, "organisation_id": organisation_id}
        return self._line.row(ACCEPTED_SINCE, {**whose, "at": to_microseconds(at)}) is not None

    def due(self, now: datetime, limit: int) -> Sequence[tuple[OrganisationId, SessionId]]:
        """Return sessions whose deadline has passed, oldest first."""
        rows = self._line.rows(DUE, {"now": to_microseconds(now), "most": limit})
        return [(OrganisationId(as_text(row[0])), SessionId(as_text(row[1]))) for row in rows]

    def next_due_at(self) -> datetime | None:
        """Return the earliest deadline of all."""
        row = self._line.row(NEXT_DUE, {})
        return None if row is None else as_instant(row[0])

    def queued(self, organisation_id: OrganisationId, limit: int, but: Sequence[Session] = ()) -> Sequence[Session]:
        """Return sessions in state QUEUED by (priority, place), lowest number and oldest first.

        Without those of the same queue, medium and skills as any of `but`.
        """
        if not but:
            rows = self._line.rows(WAITING, {"organisation_id": organisation_id, "most": limit})
            return [SESSION.read(row) for row in rows]
        cells = (SESSION.cells(one) for one in but)
        kinds = sorted({"/".join(as_text(cell[name]) for name in ("queue", "medium", "skills")) for cell in cells})
        found: Cells = {"organisation_id": organisation_id, "most": limit, "ids": self._line.ids(kinds)}
        return [SESSION.read(row) for row in self._line.rows(WAITING_BUT, found)]

    def newest_of(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> Session | None:
        """Return the conversation's newest session, open or closed."""
        row = self._line.row(NEWEST_OF, {"organisation": organisation_id, "conversation_id": conversation_id})
        return None if row is None else SESSION.read(row)

    def reached_since(self, organisation_id: OrganisationId, queue: str, since: datetime) -> int:
        """Return how many sessions of a queue that were requested since an instant have reached an operator."""
        cells: dict[str, Cell] = {"organisation_id": organisation_id, "since": to_microseconds(since), "queue": queue}
        row = self._line.row(REACHED, cells)
        return 0 if row is None else as_number(row[0])

    def ahead_of(self, session: Session) -> int:
        """Return how many wait in the same queue at a place before this session's, those that ring included."""
        place: dict[str, Cell] = {
            "organisation_id": session.organisation_id,
            "queue": session.queue,
            "priority": session.priority,
            "queued_at": to_microseconds(session.queued_at),
            "number": session.number,
        }
        row = self._line.row(AHEAD, place)
        return 0 if row is None else as_number(row[0])

    def in_hand(self, organisation_id: OrganisationId) -> InHand:
        """Return how many sessions each operator has ringing, in hand or in wrap-up, by medium."""
        found: dict[OperatorId, dict[Medium, int]] = {}
        for session in self.ringing_at_several(organisation_id):
            for ring in session.also_rings:
                held = found.setdefault(ring.operator_id, {})
                held[session.medium] = held.get(session.medium, 0) + 1
        for who, medium, count in self._line.rows(COUNTS, {"organisation_id": organisation_id}):
            held = found.setdefault(OperatorId(as_text(who)), {})
            held[Medium(as_text(medium))] = held.get(Medium(as_text(medium)), 0) + as_number(count)
        return found

    def ringing(self, organisation_id: OrganisationId, limit: int) -> Sequence[Session]:
        """Return sessions in state OFFERED in the order of the queue."""
        rows = self._line.rows(RINGS, {"organisation_id": organisation_id, "most": limit})
        return [SESSION.read(row) for row in rows]

    def ringing_at_several(self, organisation_id: OrganisationId) -> Sequence[Session]:
        """Return sessions that ring at more than one operator."""
        return [SESSION.read(row) for row in self._line.rows(RING_AT_SEVERAL, {"organisation_id": organisation_id})]

    def rung(self, organisation_id: OrganisationId) -> set[OperatorId]:
        """Return everybody at whom something rings."""
        found = {OperatorId(as_text(who)) for (who,) in self._line.rows(RUNG, {"organisation_id": organisation_id})}
        for session in self.ringing_at_several(organisation_id):
            found |= {ring.operator_id for ring in session.also_rings}
        return found

    def held_by(self, organisation_id: OrganisationId, operator_id: OperatorId) -> Sequence[Session]:
        """Return the sessions that ring at or are in hand of one operator, lowest number first.

        A writer locks the operator too, so that two brokers cannot both find them free.
        """
        who = {"organisation_id": organisation_id, "operator": operator_id, "also": f'%"{operator_id}"%'}
        if self._line.writes and self._line.dialect == "postgresql":
            self._line.row(LOCK_OPERATOR, who)
        found = [SESSION.read(row) for row in self._line.rows(HELD_BY, who)]
        held = [one for one in found if operator_id in (one.operator_id, *rung(one))]
        return sorted(held, key=lambda session: session.number)

    def last_operator(self, session: Session) -> OperatorId | None:
        """Return who had this session's customer last, in any conversation of the contact; None when nobody did."""
        row = self._line.row(
            LAST_OPERATOR, {"conversation": session.conversation_id, "organisation_id": session.organisation_id}
        )
        return None if row is None else OperatorId(as_text(row[0]))

    def abandoned(
        self, organisation_id: OrganisationId, contact_id: ContactId, queue: str, since: datetime
    ) -> Session | None:
        """Return the newest session that this contact abandoned in a queue since an instant."""
        cells: dict[str, Cell] = {"organisation_id": organisation_id, "contact": contact_id, "queue": queue}
        found = self._line.row(ABANDONED, {**cells, "since": to_microseconds(since), "abandoned": Outcome.ABANDONED})
        return None if found is None else SESSION.read(found)

    def supervised(self) -> Sequence[Session]:
        """Return the sessions of all organisations that a supervisor is in."""
        return sorted((SESSION.read(row) for row in self._line.rows(SUPERVISED, {})), key=lambda one: one.id)

    def supervised_by(self, organisation_id: OrganisationId, operator_id: OperatorId) -> Sequence[Session]:
        """Return the sessions that one operator supervises."""
        rows = self._line.rows(SUPERVISED_BY, {"organisation_id": organisation_id, "operator": operator_id})
        return sorted((SESSION.read(row) for row in rows), key=lambda one: one.number)

    def asked(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> Sequence[Session]:
        """Return the open questions and proposals of one conversation, oldest first."""
        rows = self._line.rows(ASKED, {"organisation_id": organisation_id, "conversation_id": conversation_id})
        return sorted((SESSION.read(row) for row in rows), key=lambda one: one.number)

    def open_calls(self) -> Sequence[Session]:
        """Return all open voice sessions of all organisations."""
        return [SESSION.read(row) for row in self._line.rows(OPEN_CALLS, {})]


def _maybe(at: datetime | None) -> int | None:
    return None if at is None else to_microseconds(at)
