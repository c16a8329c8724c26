"""Show what is stored, to people and assistants, in a number of queries that does not grow with what is shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, literal_column, select, tuple_

from server.broker.ports.records import Fed
from server.core.errors import CallerError
from server.storage import shown
from server.storage.cells import Cells, Row, as_number, as_text
from server.storage.columns import to_microseconds
from server.storage.conversations import CONVERSATION, MESSAGE_VIEW
from server.storage.conversations import LOAD as LOAD_CONVERSATION
from server.storage.line import Line
from server.storage.schema import events, feed, messages, operators, sessions
from server.storage.sessions import SESSION
from server.storage.statement import Statement, condition
from server.storage.telling import fill
from server.wire.terms import ConversationId, OrganisationId, Outcome, Presence, SessionId
from server.wire.views import ConversationView, MessageView, OperatorView, Page, SessionView

_e, _s, _m = events.c, sessions.c, messages.c
_ORGANISATION = _s.organisation_id == bindparam("organisation_id")
_CLOSED: Final = condition("sessions.state = 'closed'")
_NEWEST_FIRST = (_s.closed_at.desc(), _s.number.desc())

LAST_SEQ: Final = Statement(select(feed.c.last_seq).where(feed.c.organisation_id == bindparam("organisation_id")))
OLDEST_SEQ: Final = Statement(
    select(_e.seq).where(_e.organisation_id == bindparam("organisation_id")).order_by(_e.seq).limit(literal_column("1"))
)
EVENTS: Final = Statement(
    select(_e.seq, _e.kind, _e.at, _e.session_id, _e.conversation_id, _e.message_id, _e.operator_id)
    .where(_e.organisation_id == bindparam("organisation_id"), _e.seq > bindparam("after"))
    .order_by(_e.seq)
    .limit(bindparam("most"))
)
BY_NUMBER: Final = Statement(shown.shown_sessions(_ORGANISATION, _s.number == bindparam("number")))
NEWEST: Final = Statement(
    shown.shown_sessions(_ORGANISATION, _CLOSED).order_by(*_NEWEST_FIRST).limit(bindparam("most"))
)
OLDER: Final = Statement(
    shown.shown_sessions(
        _ORGANISATION, _CLOSED, tuple_(_s.closed_at, _s.number) < tuple_(bindparam("closed_at"), bindparam("number"))
    )
    .order_by(*_NEWEST_FIRST)
    .limit(bindparam("most"))
)
_PENDING: Final = condition("sessions.follow_up_at IS NOT NULL AND sessions.follow_up_done_at IS NULL")
FOLLOW_UPS: Final = Statement(
    shown.shown_sessions(
        _ORGANISATION,
        _PENDING,
        _s.state.in_([literal_column("'wrap_up'"), literal_column("'closed'")]),
        tuple_(_s.follow_up_at, _s.number) > tuple_(bindparam("follow_up_at"), bindparam("number")),
    )
    .order_by(_s.follow_up_at, _s.number)
    .limit(bindparam("most"))
)
MESSAGES: Final = Statement(
    select(*MESSAGE_VIEW.columns)
    .where(
        _m.conversation_id == bindparam("conversation_id"),
        _m.organisation_id == bindparam("organisation_id"),
        _m.position > bindparam("after"),
    )
    .order_by(_m.position)
    .limit(bindparam("most"))
)
LATEST_MESSAGES: Final = Statement(
    select(*MESSAGE_VIEW.columns)
    .where(_m.conversation_id == bindparam("conversation_id"), _m.organisation_id == bindparam("organisation_id"))
    .order_by(_m.position.desc())
    .limit(bindparam("most"))
)
NOTES_SINCE: Final = Statement(
    select(*MESSAGE_VIEW.columns)
    .where(
        _m.organisation_id == bindparam("organisation_id"),
        condition("messages.author = 'note'"),
        _m.at >= bindparam("since"),
    )
    .order_by(_m.at.desc())
    .limit(bindparam("most"))
)
FOLLOW_UPS_SINCE: Final = Statement(
    shown.shown_sessions(
        _ORGANISATION,
        _CLOSED,
        _s.closed_at >= bindparam("since"),
        condition("sessions.follow_up <> '' AND sessions.follow_up_done_at IS NULL"),
    )
    .order_by(*_NEWEST_FIRST)
    .limit(bindparam("most"))
)
TALKS: Final = Statement(
    shown.shown_sessions(
        _ORGANISATION,
        _s.conversation_id == bindparam("conversation_id"),
        _s.accepted_at.is_not(None),
        _s.ended_at.is_not(None),
    )
    .order_by(_s.number.desc())
    .limit(bindparam("most"))
)
OUTCOMES_SINCE: Final = Statement(
    select(_s.outcome, func.count())
    .where(_ORGANISATION, _CLOSED, _s.closed_at >= bindparam("since"))
    .group_by(_s.outcome)
)
PRESENCES: Final = Statement(
    select(operators.c.presence, func.count())
    .where(operators.c.organisation_id == bindparam("organisation_id"), operators.c.disabled_at.is_(None))
    .group_by(operators.c.presence)
)


class SqlViews:
    """What is shown, on one line."""

    def __init__(self, line: Line) -> None:
        """Read from this line."""
        self._line: Final = line

    def last_seq(self, organisation_id: OrganisationId) -> int:
        """Return the number of the newest event, 0 when there is none; those told in this transaction have none yet."""
        row = self._line.row(LAST_SEQ, {"organisation_id": organisation_id})
        return 0 if row is None else as_number(row[0])

    def oldest_seq(self, organisation_id: OrganisationId) -> int:
        """Return the number of the oldest event still kept, 0 when there is none."""
        row = self._line.row(OLDEST_SEQ, {"organisation_id": organisation_id})
        return 0 if row is None else as_number(row[0])

    def events(self, organisation_id: OrganisationId, after: int, limit: int) -> Sequence[Fed]:
        """Return events numbered above `after`, in order, with their views as they are now."""
        rows = self._line.rows(EVENTS, {"organisation_id": organisation_id, "after": after, "most": limit})
        return fill(self._line, organisation_id, rows)

    def open_sessions(self, organisation_id: OrganisationId) -> Sequence[SessionView]:
        """Return all open sessions with their last three turns, by place."""
        cells = {"organisation_id": organisation_id}
        rows = self._line.rows(shown.OPEN_SESSIONS, cells)
        return shown.sessions_of(self._line, rows, shown.OPEN_TURNS, cells)

    def session(self, organisation_id: OrganisationId, session_id: SessionId) -> SessionView | None:
        """Return one session, open or closed, by its id."""
        rows = self._line.rows(shown.ONE_SESSION, {"organisation_id": organisation_id, "id": session_id})
        views = shown.sessions_by_rows(self._line, organisation_id, rows)
        return views[0] if views else None

    def session_by_number(self, organisation_id: OrganisationId, number: int) -> SessionView | None:
        """Return one session by the number that people say."""
        rows = self._line.rows(BY_NUMBER, {"organisation_id": organisation_id, "number": number})
        views = shown.sessions_by_rows(self._line, organisation_id, rows)
        return views[0] if views else None

    def history(self, organisation_id: OrganisationId, before: str, limit: int) -> Page:
        """Return closed sessions, newest first; `before` is the last page's `next_before`.

        Raises:
            CallerError: `bad_page`: `before` did not come from a page.
        """
        cells: Cells = {"organisation_id": organisation_id, "most": limit + 1}
        if before:
            closed_at, number = _cursor(before)
            rows = self._line.rows(OLDER, {**cells, "closed_at": closed_at, "number": number})
        else:
            rows = self._line.rows(NEWEST, cells)
        page = rows[:limit]
        more = len(rows) > limit > 0
        return Page(
            sessions=tuple(shown.sessions_by_rows(self._line, organisation_id, page)),
            next_before=_mark(page[-1]) if more else "",
        )

    def follow_ups(self, organisation_id: OrganisationId, after: str, limit: int) -> Page:
        """Return ended sessions with something still to be done, the one due first at the top.

        Raises:
            CallerError: `bad_page`: `after` did not come from a page.
        """
        due, number = _cursor(after) if after else (0, 0)
        cells: Cells = {"organisation_id": organisation_id, "most": limit + 1, "follow_up_at": due, "number": number}
        rows = self._line.rows(FOLLOW_UPS, cells)
        views = shown.sessions_by_rows(self._line, organisation_id, rows[:limit])
        last = SESSION.read(rows[limit - 1]) if len(rows) > limit > 0 else None
        due_at = last.follow_up_at if last is not None else None
        more = f"{to_microseconds(due_at)}-{last.number}" if last is not None and due_at is not None else ""
        return Page(sessions=tuple(views), next_before=more)

    def talks(
        self, organisation_id: OrganisationId, conversation_id: ConversationId, limit: int
    ) -> Sequence[SessionView]:
        """Return the newest sessions of a conversation in which a person had the customer and has no more, in order."""
        cells: Cells = {"organisation_id": organisation_id, "conversation_id": conversation_id, "most": limit}
        return shown.sessions_by_rows(self._line, organisation_id, self._line.rows(TALKS, cells))[::-1]

    def conversation(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> ConversationView | None:
        """Return one conversation."""
        row = self._line.row(LOAD_CONVERSATION, {"id": conversation_id, "organisation_id": organisation_id})
        return None if row is None else shown.conversation_view(CONVERSATION.read(row))

    def messages(
        self, organisation_id: OrganisationId, conversation_id: ConversationId, after: int, limit: int
    ) -> Sequence[MessageView]:
        """Return messages whose position is above `after`, in order."""
        rows = self._line.rows(
            MESSAGES,
            {
                "organisation_id": organisation_id,
                "conversation_id": conversation_id,
                "after": after,
                "most": limit,
            },
        )
        return [MESSAGE_VIEW.read(row) for row in rows]

    def latest_messages(
        self, organisation_id: OrganisationId, conversation_id: ConversationId, limit: int
    ) -> Sequence[MessageView]:
        """Return the newest messages, in order."""
        cells: Cells = {"organisation_id": organisation_id, "conversation_id": conversation_id, "most": limit}
        return [MESSAGE_VIEW.read(row) for row in reversed(self._line.rows(LATEST_MESSAGES, cells))]

    def operators(self, organisation_id: OrganisationId) -> Sequence[OperatorView]:
        """Return the roster with everybody's work in hand, by name; without the disabled."""
        cells = {"organisation_id": organisation_id}
        return shown.operator_views(self._line.rows(shown.OPERATORS, cells), self._line.rows(shown.WORK, cells))

    def notes_since(self, organisation_id: OrganisationId, since: datetime, limit: int) -> Sequence[MessageView]:
        """Return the notes written since then, newest first."""
        cells: Cells = {"organisation_id": organisation_id, "since": to_microseconds(since), "most": limit}
        return [MESSAGE_VIEW.read(row) for row in self._line.rows(NOTES_SINCE, cells)]

    def follow_ups_since(self, organisation_id: OrganisationId, since: datetime, limit: int) -> Sequence[SessionView]:
        """Return sessions closed since then with something still to be done, newest first."""
        cells: Cells = {"organisation_id": organisation_id, "since": to_microseconds(since), "most": limit}
        return shown.sessions_by_rows(self._line, organisation_id, self._line.rows(FOLLOW_UPS_SINCE, cells))

    def outcomes_since(self, organisation_id: OrganisationId, since: datetime) -> dict[Outcome, int]:
        """Return how many sessions closed since then, by outcome."""
        cells: Cells = {"organisation_id": organisation_id, "since": to_microseconds(since)}
        rows = self._line.rows(OUTCOMES_SINCE, cells)
        return {Outcome(as_text(outcome)): as_number(count) for outcome, count in rows if outcome is not None}

    def presence_counts(self, organisation_id: OrganisationId) -> dict[Presence, int]:
        """Return how many operators chose each presence."""
        rows = self._line.rows(PRESENCES, {"organisation_id": organisation_id})
        return {Presence(as_text(presence)): as_number(count) for presence, count in rows}


def _mark(row: Row) -> str:
    """Return where the next page begins: behind this row."""
    session = SESSION.read(row)
    closed_at = 0 if session.closed_at is None else to_microseconds(session.closed_at)
    return f"{closed_at}-{session.number}"


def _cursor(before: str) -> tuple[int, int]:
    """Return the instant and number behind which a page begins."""
    closed_at, dash, number = before.partition("-")
    if not (dash and closed_at.isdecimal() and number.isdecimal() and len(before) <= 40):
        raise CallerError("bad_page", "`before` is not from a page.", "Pass on `next_before` of the last page.")
    return int(closed_at), int(number)
