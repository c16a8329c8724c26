"""Gather and erase what is personal: rows that figures and numbers count stay, empty; all else is dropped.

Which columns are personal is said here and nowhere else: `EMPTIED` of the rows that stay, and the tables in `_DROPPED`.
A test holds both against the schema, so that a new column has to be decided on.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, cast

from sqlalchemy import (
    BindParameter,
    Column,
    Table,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
    update,
)

from server.broker.ports.privacy import Belongings
from server.broker.ports.records import KeptFile
from server.core.session import label
from server.storage import shown
from server.storage.cells import Cell, Shape, as_number, as_text
from server.storage.channel_schema import channel_chats, channel_events, channel_parts
from server.storage.columns import Json, to_microseconds
from server.storage.conversations import CONVERSATION, MESSAGE_VIEW, REVISION
from server.storage.files import FILE
from server.storage.line import Line
from server.storage.past_schema import audit, contacts, identities, searchable, visitors
from server.storage.schema import conversations, files, messages, revisions, sessions
from server.storage.search import SqlSearch
from server.storage.statement import Statement, any_of
from server.storage.traces import PLACES, forget_answers, in_table
from server.wire.privacy import Erased, Trace, VisitorView
from server.wire.terms import ContactId, ConversationId, OrganisationId, SessionId
from server.wire.views import ConversationView, MessageView, RevisionView, SessionView

EMPTIED: Final[Mapping[Table, tuple[str, ...]]] = {  # type: ignore[explicit-any]  # in Table's own default
    conversations: ("customer_name", "customer_handle", "external_id", "attributes", "contact_id"),
    messages: ("text", "translation", "failure", "files", "key"),
    sessions: (
        *("reason", "context", "note", "follow_up", "follow_up_at", "follow_up_done_at", "follow_up_done_by"),
        *("tickets", "score_comment", "default_answer", "recording_failure"),
    ),
}
"""What is emptied of rows that stay."""
SHORTEST_MARK: Final = 5
"""Shorter numbers and handles stand in many places by chance and are not looked for."""

_c, _m, _s, _f, _v, _i = conversations.c, messages.c, sessions.c, files.c, visitors.c, identities.c
_OF: Final = "conversations"
_ERASED_AT: Final[BindParameter[datetime]] = bindparam("erased_at")
_THEIRS: Final = _c.id.label("id")
_TURNS: Final = select(_m.id).where(any_of(_m.conversation_id, _OF))
_NOTHING: Final = {"files": "'[]'", "tickets": "'[]'", "translation": "'null'"}
"""What a JSON column holds when there is nothing, where that is no empty object."""
_VISITOR: Final = Shape(VisitorView, visitors)


def _empty(column: Column[object]) -> object:
    """Return what an emptied column holds."""
    if column.nullable:
        return null()
    if isinstance(column.type, Json):
        return cast("object", literal_column(_NOTHING.get(column.name, "'{}'")))
    return cast("object", literal_column("''"))


def _emptying(table: Table, key: Column[str], **more: object) -> Statement:  # type: ignore[explicit-any]  # as above
    values = {name: _empty(table.c[name]) for name in EMPTIED[table]}
    return Statement(update(table).where(any_of(key, _OF)).values(**values, **more))


OF_CONTACT: Final = Statement(
    select(_THEIRS)
    .where(_c.organisation_id == bindparam("organisation_id"), _c.contact_id == bindparam("contact_id"))
    .order_by(_c.created_at, _c.id)
)
OLD: Final = Statement(
    select(_c.organisation_id, _c.id)
    .where(
        _c.erased_at.is_(None),
        _c.created_at < bindparam("before"),
        _c.session_id.is_(None),
        ~select(_s.id).where(_s.conversation_id == _c.id, _s.state != "closed").exists(),
        ~select(_s.id).where(_s.conversation_id == _c.id, _s.closed_at >= bindparam("before")).exists(),
        ~select(_m.id).where(_m.conversation_id == _c.id, _m.at >= bindparam("before")).exists(),
    )
    .order_by(_c.created_at)
    .limit(bindparam("most"))
)
HANDOFFS: Final = Statement(
    select(_s.id, _s.number, _s.state).where(any_of(_s.conversation_id, _OF)).order_by(_s.number)
)
CONNECTED: Final = Statement(select(_c.id).where(any_of(_c.id, _OF), _c.caller_connected == literal_column("1")))
FILES: Final = Statement(select(*FILE.columns).where(any_of(_f.conversation_id, _OF)).order_by(_f.at))
MARKS: Final = (
    Statement(select(_c.customer_handle).where(any_of(_c.id, _OF))),
    Statement(select(_c.external_id).where(any_of(_c.id, _OF))),
    Statement(select(_v.email).where(or_(any_of(_v.conversation_id, _OF), any_of(_v.call_id, _OF)))),
    Statement(select(_v.user_id).where(or_(any_of(_v.conversation_id, _OF), any_of(_v.call_id, _OF)))),
)
KNOWN_BY: Final = Statement(
    select(_i.value).where(_i.organisation_id == bindparam("organisation_id"), _i.contact_id == bindparam("contact_id"))
)
ONE: Final = Statement(select(*CONVERSATION.columns).where(_c.id == bindparam("id")))
SAID: Final = Statement(
    select(*MESSAGE_VIEW.columns).where(_m.conversation_id == bindparam("id")).order_by(_m.position)
)
SAID_BEFORE: Final = Statement(
    select(*REVISION.columns)
    .where(revisions.c.message_id.in_(select(_m.id).where(_m.conversation_id == bindparam("id"))))
    .order_by(revisions.c.message_id, revisions.c.version)
)
SESSIONS: Final = Statement(shown.shown_sessions(_s.conversation_id == bindparam("id")).order_by(_s.number))
VISITORS: Final = Statement(
    select(*_VISITOR.columns).where(or_(any_of(_v.conversation_id, _OF), any_of(_v.call_id, _OF)))
)
WORDS: Final = Statement(select(searchable.c.message_id).where(searchable.c.message_id.in_(_TURNS)))
EMPTY_CONVERSATIONS: Final = _emptying(
    conversations,
    _c.id,
    erased_at=_ERASED_AT,
    ended_at=func.coalesce(_c.ended_at, _ERASED_AT),
)
EMPTY_MESSAGES: Final = _emptying(messages, _m.conversation_id, deleted_at=func.coalesce(_m.deleted_at, _ERASED_AT))
EMPTY_NAMES: Final = Statement(
    update(messages)
    .where(any_of(_m.conversation_id, _OF), _m.author == "customer")
    .values(author_name=literal_column("''"))
)
EMPTY_SESSIONS: Final = _emptying(sessions, _s.conversation_id)
EMPTY_REASONS: Final = Statement(
    update(audit)
    .where(audit.c.session_id.in_(select(_s.id).where(any_of(_s.conversation_id, _OF))))
    .values(reason=literal_column("''"))
)
"""Their hashes stay, so that the chain holds."""
DROP_FORMER: Final = Statement(delete(revisions).where(revisions.c.message_id.in_(_TURNS)))
DROP_VISITORS: Final = Statement(delete(visitors).where(or_(any_of(_v.conversation_id, _OF), any_of(_v.call_id, _OF))))
DROP_FILES: Final = Statement(delete(files).where(any_of(_f.conversation_id, _OF)))
DROP_CHANNEL: Final = (
    Statement(delete(channel_parts).where(any_of(channel_parts.c.conversation_id, _OF))),
    Statement(delete(channel_events).where(any_of(channel_events.c.conversation_id, _OF))),
    Statement(
        delete(channel_chats).where(
            select(_c.id)
            .where(
                any_of(_c.id, _OF),
                _c.external_id != "",
                _c.account == channel_chats.c.account,
                _c.external_id == channel_chats.c.chat,
                _c.organisation_id == channel_chats.c.organisation_id,
            )
            .exists()
        )
    ),
)
DROP_IDENTITIES: Final = Statement(
    delete(identities).where(
        _i.organisation_id == bindparam("organisation_id"), _i.contact_id == bindparam("contact_id")
    )
)
DROP_CONTACT: Final = Statement(
    delete(contacts).where(
        contacts.c.organisation_id == bindparam("organisation_id"), contacts.c.id == bindparam("contact_id")
    )
)
OPTIMIZE: Final = Statement(text("INSERT INTO searchable_words (searchable_words) VALUES ('optimize')"))
"""Merges the whole index, so that words of erased turns are in no older part of it; SQLite only."""


class SqlPersonal:
    """What is personal, on one line."""

    def __init__(self, line: Line, search: SqlSearch) -> None:
        """Work on this line; `search` keeps the words of every message."""
        self._line: Final = line
        self._search: Final = search

    def conversations_of(self, organisation_id: OrganisationId, contact_id: ContactId) -> Sequence[ConversationId]:
        """Return all conversations of a contact, oldest first."""
        rows = self._line.rows(OF_CONTACT, {"organisation_id": organisation_id, "contact_id": contact_id})
        return [ConversationId(as_text(row[0])) for row in rows]

    def old(self, before: datetime, limit: int) -> Sequence[tuple[OrganisationId, ConversationId]]:
        """Return conversations that nobody has written in since `before`, with no open handoff, not erased yet."""
        rows = self._line.rows(OLD, {"before": to_microseconds(before), "most": limit})
        return [(OrganisationId(as_text(one)), ConversationId(as_text(other))) for one, other in rows]

    def belongings(
        self,
        organisation_id: OrganisationId,
        conversations: Sequence[ConversationId],
        contact_id: ContactId | None = None,
    ) -> Belongings:
        """Return what hangs on these conversations (and on the contact)."""
        of = self._of(conversations)
        handoffs = self._line.rows(HANDOFFS, of)
        marks = [as_text(row[0]) for statement in MARKS for row in self._line.rows(statement, of)]
        if contact_id is not None:
            known = self._line.rows(KNOWN_BY, {"organisation_id": organisation_id, "contact_id": contact_id})
            marks += [as_text(row[0]) for row in known]
        return Belongings(
            open=tuple(label(as_number(number)) for _, number, state in handoffs if state != "closed"),
            connected=self._line.row(CONNECTED, of) is not None,
            sessions=tuple(SessionId(as_text(row[0])) for row in handoffs),
            files=self._files(of),
            marks=tuple(sorted({mark for mark in marks if len(mark) >= SHORTEST_MARK})),
        )

    def view(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> ConversationView:
        """Return one conversation that is there."""
        del organisation_id  # its id was found in the organisation
        (row,) = self._line.rows(ONE, {"id": conversation_id})
        return shown.conversation_view(CONVERSATION.read(row))

    def messages(
        self, organisation_id: OrganisationId, conversation_id: ConversationId
    ) -> tuple[Sequence[MessageView], Sequence[RevisionView]]:
        """Return every turn in order, and what turns said before."""
        del organisation_id
        one = {"id": conversation_id}
        said = [MESSAGE_VIEW.read(row) for row in self._line.rows(SAID, one)]
        return said, [REVISION.read(row) for row in self._line.rows(SAID_BEFORE, one)]

    def sessions(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> Sequence[SessionView]:
        """Return every handoff of a conversation, oldest first."""
        rows = self._line.rows(SESSIONS, {"id": conversation_id})
        return shown.sessions_by_rows(self._line, organisation_id, rows)

    def visitors(
        self, organisation_id: OrganisationId, conversations: Sequence[ConversationId]
    ) -> Sequence[VisitorView]:
        """Return the browsers of these conversations."""
        del organisation_id
        return [_VISITOR.read(row) for row in self._line.rows(VISITORS, self._of(conversations))]

    def erase(self, organisation_id: OrganisationId, conversations: Sequence[ConversationId], at: datetime) -> Erased:
        """Empty these conversations, their turns and handoffs, and drop all else that hangs on them."""
        if not conversations:
            return Erased()
        of = self._of(conversations)
        sessions = [as_text(row[0]) for row in self._line.rows(HANDOFFS, of)]
        dated: dict[str, Cell] = {**of, "erased_at": to_microseconds(at)}
        for (message_id,) in self._line.rows(WORDS, of):
            self._search.change(as_text(message_id), "")
        if self._line.dialect == "sqlite":
            self._line.change(OPTIMIZE, {})
        channel = sum(self._line.change(statement, of) for statement in reversed(DROP_CHANNEL))
        for emptying in (EMPTY_NAMES, EMPTY_REASONS):
            self._line.change(emptying, of)
        return Erased(
            former=self._line.change(DROP_FORMER, of),
            messages=self._line.change(EMPTY_MESSAGES, dated),
            sessions=self._line.change(EMPTY_SESSIONS, of),
            files=self._line.change(DROP_FILES, of),
            visitors=self._line.change(DROP_VISITORS, of),
            channel=channel,
            answers=forget_answers(self._line, organisation_id, [*conversations, *sessions]),
            conversations=self._line.change(EMPTY_CONVERSATIONS, dated),
        )

    def forget_contact(self, organisation_id: OrganisationId, contact_id: ContactId) -> None:
        """Drop a contact with all by which they are recognised."""
        one = {"organisation_id": organisation_id, "contact_id": contact_id}
        self._line.change(DROP_IDENTITIES, one)
        self._line.change(DROP_CONTACT, one)

    def places(self) -> Sequence[str]:
        """Return the names of the tables that `traces` looks through."""
        return PLACES

    def traces(self, marks: Sequence[str]) -> Sequence[Trace]:
        """Return the tables in which any of these texts stands, with how many rows."""
        found = ((place, sum(in_table(self._line, place, mark) for mark in marks)) for place in PLACES)
        return [Trace(place=place, rows=rows) for place, rows in found if rows]

    def _files(self, of: Mapping[str, Cell]) -> tuple[KeptFile, ...]:
        return tuple(FILE.read(row) for row in self._line.rows(FILES, of))

    def _of(self, conversations: Sequence[ConversationId]) -> dict[str, Cell]:
        return {_OF: self._line.ids(conversations)}
