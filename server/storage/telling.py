"""Fill numbered events with the things they are about, as they are now: a whole batch in at most nine queries."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar, cast

from server.broker.ports.records import Conversation, Fed
from server.storage import shown
from server.storage.cells import Row, as_instant, as_number, as_text
from server.storage.conversations import CONVERSATION, MESSAGE_VIEW
from server.storage.line import Line
from server.storage.statement import Statement
from server.wire import events as e
from server.wire.terms import OrganisationId
from server.wire.views import MessageView, OperatorView, SessionView

T = TypeVar("T")

OF_SESSION: Final[Mapping[str, type[e.SessionEvent]]] = {
    "session.screening": e.SessionScreening,
    "session.asked": e.SessionAsked,
    "session.queued": e.SessionQueued,
    "session.offered": e.SessionOffered,
    "session.connecting": e.SessionConnecting,
    "session.active": e.SessionActive,
    "session.held": e.SessionHeld,
    "session.wrap_up": e.SessionWrapUp,
    "session.closed": e.SessionClosed,
    "session.updated": e.SessionUpdated,
}
"""Events about sessions by their tags."""


class _Kept(NamedTuple):
    """One event as it is kept."""

    seq: int
    kind: str
    at: datetime
    session_id: str
    conversation_id: str
    message_id: str
    operator_id: str


class _Things(NamedTuple):
    """All that a batch of events is about, by id."""

    conversations: dict[str, Conversation]
    sessions: dict[str, SessionView]
    messages: dict[str, MessageView]
    operators: dict[str, OperatorView]
    stretches: dict[str, tuple[MessageView, ...]]


def fill(line: Line, organisation_id: OrganisationId, rows: Sequence[Row]) -> list[Fed]:
    """Return the events of rows (seq, kind, at, session, conversation, message, operator), in order.

    An event about something that is not kept any more is left out.
    """
    kept = [_read(row) for row in rows]
    things = _gather(line, organisation_id, kept)
    return [fed for event in kept if (fed := _fed(event, things)) is not None]


def _read(row: Row) -> _Kept:
    seq, kind, at, *ids = row
    return _Kept(as_number(seq), as_text(kind), as_instant(at), *(as_text(one or "") for one in ids))


def _gather(line: Line, organisation_id: OrganisationId, kept: Sequence[_Kept]) -> _Things:
    """Read everything that the events are about."""

    def rows(statement: Statement, ids: Iterable[str]) -> Sequence[Row]:
        wanted = sorted({one for one in ids if one})
        cells = {"organisation_id": organisation_id, "ids": line.ids(wanted)}
        return line.rows(statement, cells) if wanted else ()

    conversations = rows(shown.CONVERSATIONS, (event.conversation_id for event in kept))
    sessions = rows(shown.SESSIONS, (event.session_id for event in kept))
    messages = rows(shown.MESSAGES, (event.message_id for event in kept))
    operators = rows(shown.SOME_OPERATORS, (event.operator_id for event in kept))
    work = rows(shown.WORK_OF, (event.operator_id for event in kept))
    returned = (event.session_id for event in kept if event.kind == "conversation.returned")
    return _Things(
        conversations=_by_id(map(CONVERSATION.read, conversations), lambda one: one.id),
        sessions=_by_id(shown.sessions_by_rows(line, organisation_id, sessions), lambda one: one.id),
        messages=_by_id(map(MESSAGE_VIEW.read, messages), lambda one: one.id),
        operators=_by_id(shown.operator_views(operators, work), lambda one: one.id),
        stretches=shown.group(rows(shown.STRETCHES, returned), by="session_id"),
    )


def _by_id(values: Iterable[T], key: Callable[[T], str]) -> dict[str, T]:
    return {key(value): value for value in values}


def _fed(event: _Kept, things: _Things) -> Fed | None:
    """Return the event with what it is about and whose conversation that is; None when that is gone."""
    told = _event(event, things)
    if told is None:
        return None
    conversation = things.conversations.get(event.conversation_id)
    return Fed(
        event=told,
        conversation_id=event.conversation_id,
        key_id=conversation.key_id if conversation else "",
    )


def _event(event: _Kept, things: _Things) -> e.Event | None:
    """Return the event with the views of what it is about."""
    message = things.messages.get(event.message_id)
    operator = things.operators.get(event.operator_id)
    match event.kind:
        case "message.added" if message:
            return e.MessageAdded(seq=event.seq, at=event.at, message=message)
        case "message.changed" if message:
            return e.MessageChanged(seq=event.seq, at=event.at, message=message)
        case "operator.changed" if operator:
            return e.OperatorChanged(seq=event.seq, at=event.at, operator=operator)
        case "conversation.changed" | "conversation.returned" | "assist.answered" | "approve.decided":
            return _conversation_event(event, things)
        case _:
            return _session_event(event, things)


def _conversation_event(event: _Kept, things: _Things) -> e.Event | None:
    """Return an event about a conversation."""
    conversation = things.conversations.get(event.conversation_id)
    if conversation is None:
        return None
    view = shown.conversation_view(conversation)
    if event.kind == "conversation.changed":
        return e.ConversationChanged(seq=event.seq, at=event.at, conversation=view)
    session = things.sessions.get(event.session_id)
    if session is None:
        return None
    if event.kind == "assist.answered":
        return e.AssistAnswered(seq=event.seq, at=event.at, conversation=view, session=session)
    if event.kind == "approve.decided":
        return e.ApproveDecided(seq=event.seq, at=event.at, conversation=view, session=session)
    stretch = things.stretches.get(event.session_id, ())
    return e.ConversationReturned(seq=event.seq, at=event.at, conversation=view, session=session, stretch=stretch)


def _session_event(event: _Kept, things: _Things) -> e.Event | None:
    """Return an event about a session."""
    kind = OF_SESSION.get(event.kind)
    session = things.sessions.get(event.session_id)
    if kind is None or session is None:
        return None
    return cast("e.Event", kind(seq=event.seq, at=event.at, session=session))
