"""Keep what makes a change whole: what is to be told, what is to be done, and what was answered.

Events told within a transaction wait here without a number. The writer numbers them at the end of the group, so that
each organisation's counter is held for the shortest time.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)

from server.broker.ports.ledger import PendingJobs
from server.broker.ports.records import Job, Stored
from server.clock import Clock
from server.core.session import Session
from server.storage.cells import Cell, Shape, as_bytes, as_instant, as_number, as_text
from server.storage.columns import to_microseconds
from server.storage.line import Line
from server.storage.schema import answers, cursors, events, feed, organisations, outbox
from server.storage.statement import Statement
from server.wire.terms import ConversationId, OperatorId, OrganisationId, SessionId
from server.wire.views import MessageView

JOB: Final = Shape(Job, outbox)
"""How a job lies in its row."""

_e = events.c
_j = outbox.c
_a = answers.c
_earlier = outbox.alias("earlier")

TAKE_SEQS: Final = Statement(
    update(feed)
    .where(feed.c.organisation_id == bindparam("row_organisation"))
    .values(last_seq=feed.c.last_seq + bindparam("count"))
    .returning(feed.c.last_seq)
)
ADD_EVENT: Final = Statement(insert(events), fills=[column.name for column in events.columns])
ADD_JOB: Final = Statement(
    insert(outbox).returning(_j.id),
    fills=["organisation_id", "lane", "kind", "body", "due_at"],
)
DUE_JOBS: Final = Statement(
    select(*JOB.columns)
    .where(
        _j.due_at <= bindparam("now"),
        _j.kind == bindparam("kind"),
        ~exists().where(
            _earlier.c.organisation_id == _j.organisation_id, _earlier.c.lane == _j.lane, _earlier.c.id < _j.id
        ),
    )
    .order_by(_j.due_at, _j.id)
    .limit(bindparam("most"))
)
_NEVER_TRIED = _j.attempts == literal_column("0")
_IS_DUE = _j.due_at <= bindparam("now")
PENDING: Final = Statement(
    select(
        _j.kind,
        cast(func.sum(case((_NEVER_TRIED & ~_IS_DUE, 1), else_=0)), BigInteger),
        cast(func.sum(case((_NEVER_TRIED & _IS_DUE, 1), else_=0)), BigInteger),
        cast(func.sum(case((~_NEVER_TRIED, 1), else_=0)), BigInteger),
        func.min(case((_IS_DUE, _j.due_at), else_=None)),
    )
    .group_by(_j.kind)
    .order_by(_j.kind)
)
FINISH_JOB: Final = Statement(delete(outbox).where(_j.id == bindparam("id")))
POSTPONE_JOB: Final = Statement(
    update(outbox)
    .where(_j.id == bindparam("row_id"))
    .values(attempts=_j.attempts + 1, due_at=bindparam("until"), error=bindparam("why"))
)
RECALL: Final = Statement(
    select(_a.fingerprint, _a.body).where(
        _a.organisation_id == bindparam("organisation_id"),
        _a.principal_id == bindparam("principal_id"),
        _a.key == bindparam("key"),
    )
)
REMEMBER: Final = Statement(insert(answers), fills=[column.name for column in answers.columns])
CURSOR: Final = Statement(
    select(cursors.c.seq).where(
        cursors.c.organisation_id == bindparam("organisation_id"), cursors.c.name == bindparam("name")
    )
)
ADD_CURSOR: Final = Statement(insert(cursors), fills=[column.name for column in cursors.columns])
MOVE_CURSOR: Final = Statement(
    update(cursors)
    .where(cursors.c.organisation_id == bindparam("row_organisation"), cursors.c.name == bindparam("row_name"))
    .values(seq=bindparam("to_seq"))
)
OLD_ANSWERS: Final = (
    select(_a.organisation_id, _a.principal_id, _a.key)
    .where(_a.at < bindparam("before"))
    .order_by(_a.at)
    .limit(bindparam("most"))
)
FORGET_ANSWERS: Final = Statement(
    delete(answers).where(tuple_(_a.organisation_id, _a.principal_id, _a.key).in_(OLD_ANSWERS))
)
ORGANISATIONS: Final = Statement(select(organisations.c.id).order_by(organisations.c.id))
OLDEST_EVENTS: Final = Statement(
    select(_e.seq, _e.at)
    .where(_e.organisation_id == bindparam("organisation_id"))
    .order_by(_e.seq)
    .limit(bindparam("most"))
)
FORGET_EVENTS: Final = Statement(
    delete(events).where(_e.organisation_id == bindparam("organisation_id"), _e.seq <= bindparam("up_to"))
)


class SqlLedger:
    """Events, effects and remembered answers on one line."""

    def __init__(self, line: Line, clock: Clock) -> None:
        """Work on this line; `clock` gives events their instant."""
        self._line: Final = line
        self._clock: Final = clock
        self._told: list[dict[str, Cell]] = []

    def take_told(self) -> list[dict[str, Cell]]:
        """Return the events told since the last time, in order, and forget them."""
        told, self._told = self._told, []
        return told

    def tell_session(self, organisation_id: OrganisationId, kind: str, session: Session) -> None:
        """Add an event about a session."""
        self._tell(organisation_id, kind, session_id=session.id, conversation_id=session.conversation_id)

    def tell_message(self, organisation_id: OrganisationId, kind: str, message: MessageView) -> None:
        """Add an event about a message."""
        self._tell(organisation_id, kind, message_id=message.id, conversation_id=message.conversation_id)

    def tell_operator(self, organisation_id: OrganisationId, operator_id: OperatorId) -> None:
        """Add `operator.changed`."""
        self._tell(organisation_id, "operator.changed", operator_id=operator_id)

    def tell_conversation(
        self,
        organisation_id: OrganisationId,
        kind: str,
        conversation_id: ConversationId,
        session_id: SessionId | None = None,
    ) -> None:
        """Add `conversation.changed` or `conversation.returned`."""
        self._tell(organisation_id, kind, conversation_id=conversation_id, session_id=session_id)

    def _tell(
        self,
        organisation_id: OrganisationId,
        kind: str,
        *,
        session_id: str | None = None,
        conversation_id: str | None = None,
        message_id: str | None = None,
        operator_id: str | None = None,
    ) -> None:
        event: dict[str, Cell] = {
            "organisation_id": organisation_id,
            "kind": kind,
            "at": to_microseconds(self._clock.now()),
            "session_id": session_id,
            "conversation_id": conversation_id,
            "message_id": message_id,
            "operator_id": operator_id,
        }
        self._told.append(event)

    def add_job(self, organisation_id: OrganisationId, lane: str, kind: str, body: bytes, due_at: datetime) -> int:
        """Add an effect to the outbox and return its id."""
        row = self._line.row(
            ADD_JOB,
            {
                "organisation_id": organisation_id,
                "lane": lane,
                "kind": kind,
                "body": body,
                "due_at": to_microseconds(due_at),
            },
        )
        return 0 if row is None else as_number(row[0])

    def due_jobs(self, kind: str, now: datetime, limit: int) -> Sequence[Job]:
        """Return jobs of a kind that are due, oldest first, the first of each lane only."""
        rows = self._line.rows(DUE_JOBS, {"kind": kind, "now": to_microseconds(now), "most": limit})
        return [JOB.read(row) for row in rows]

    def pending(self, now: datetime) -> Sequence[PendingJobs]:
        """Return what is not done, by kind."""
        return [
            PendingJobs(
                as_text(kind),
                as_number(planned),
                as_number(due),
                as_number(retrying),
                None if oldest is None else as_instant(oldest),
            )
            for kind, planned, due, retrying, oldest in self._line.rows(PENDING, {"now": to_microseconds(now)})
        ]

    def finish_job(self, job_id: int) -> None:
        """Remove a job that was carried out."""
        self._line.change(FINISH_JOB, {"id": job_id})

    def postpone_job(self, job_id: int, due_at: datetime, error: str) -> None:
        """Count an attempt and try again later."""
        self._line.change(POSTPONE_JOB, {"row_id": job_id, "until": to_microseconds(due_at), "why": error})

    def recall(self, organisation_id: OrganisationId, principal_id: str, key: str) -> Stored | None:
        """Return the remembered answer to an idempotency key."""
        wanted = {"organisation_id": organisation_id, "principal_id": principal_id, "key": key}
        row = self._line.row(RECALL, wanted)
        return None if row is None else Stored(fingerprint=as_text(row[0]), body=as_bytes(row[1]))

    def remember(
        self, organisation_id: OrganisationId, principal_id: str, key: str, stored: Stored, now: datetime
    ) -> None:
        """Remember an answer.

        Raises:
            ConflictError: `already_exists`: the key has an answer already (raised by the transaction).
        """
        self._line.change(
            REMEMBER,
            {
                "organisation_id": organisation_id,
                "principal_id": principal_id,
                "key": key,
                "fingerprint": stored.fingerprint,
                "body": stored.body,
                "at": to_microseconds(now),
            },
        )

    def cursor(self, organisation_id: OrganisationId, name: str) -> int | None:
        """Return how far a reader within the broker has got in the events; None when it has never read."""
        row = self._line.row(CURSOR, {"organisation_id": organisation_id, "name": name})
        return None if row is None else as_number(row[0])

    def move_cursor(self, organisation_id: OrganisationId, name: str, seq: int) -> None:
        """Write down how far it has got."""
        row: dict[str, Cell] = {"row_organisation": organisation_id, "row_name": name, "to_seq": seq}
        if self._line.change(MOVE_CURSOR, row) == 0:
            self._line.change(ADD_CURSOR, {"organisation_id": organisation_id, "name": name, "seq": seq})

    def forget_before(self, before: datetime, limit: int) -> int:
        """Drop remembered answers and events older than `before`, at most `limit` of each; return how many.

        Each organisation's newest event stays, so that the oldest kept number is always known.
        """
        instant = to_microseconds(before)
        dropped = self._line.change(FORGET_ANSWERS, {"before": instant, "most": limit})
        left = limit
        for (organisation_id,) in self._line.rows(ORGANISATIONS, {}):
            oldest = self._line.rows(OLDEST_EVENTS, {"organisation_id": organisation_id, "most": left + 1})
            old: list[int] = []
            for seq, at in oldest[:-1]:
                if as_number(at) >= instant:
                    break
                old.append(as_number(seq))
            if old:
                self._line.change(FORGET_EVENTS, {"organisation_id": organisation_id, "up_to": old[-1]})
                left -= len(old)
            if left <= 0:
                break
        return dropped + limit - left


def number_events(line: Line, told: Sequence[dict[str, Cell]]) -> dict[str, int]:
    """Give events their numbers, in the order told, write them, and return each organisation's newest number."""
    counts: dict[str, int] = {}
    for event in told:
        organisation = as_text(event["organisation_id"])
        counts[organisation] = counts.get(organisation, 0) + 1
    newest: dict[str, int] = {}
    for organisation in sorted(counts):
        row = line.row(TAKE_SEQS, {"row_organisation": organisation, "count": counts[organisation]})
        if row is None:
            raise LookupError(f"events were told for organisation {organisation}, which is not there")
        newest[organisation] = as_number(row[0])
    following = {organisation: last - counts[organisation] for organisation, last in newest.items()}
    for event in told:
        organisation = as_text(event["organisation_id"])
        following[organisation] += 1
        event["seq"] = following[organisation]
    if told:
        line.change_many(ADD_EVENT, told)
    return newest
