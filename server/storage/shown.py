"""Build the views of sessions, conversations and operators from their rows; each kind in one or two queries.

Notes are for operators: they are never among a session's last turns nor in the stretch that an assistant gets back.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, func, literal_column, select

from server.broker.ports.records import Conversation
from server.core.presence import Operator
from server.core.session import label
from server.storage.cells import Cells, Row, as_number, as_text
from server.storage.conversations import CONVERSATION, MESSAGE_VIEW
from server.storage.line import Line
from server.storage.roster import OPERATOR
from server.storage.schema import conversations, messages, operators, sessions
from server.storage.sessions import IN_HAND, OPEN, SESSION
from server.storage.statement import Statement, any_of, condition, unsought
from server.wire.terms import ContactId, SessionId, Translating
from server.wire.views import Context, ConversationView, Customer, MessageView, OperatorView, SessionView

LAST_TURNS: Final = 3
"""How many turns a row of the queue shows."""
LONGEST_STRETCH: Final = 200
"""How many turns of the human stretch an assistant gets back: the newest ones."""

if TYPE_CHECKING:
    Query = Select[*tuple[object, ...]]

_s, _c, _m, _o = sessions.c, conversations.c, messages.c, operators.c
_turn = messages.alias("turn")
_ORGANISATION = _s.organisation_id == bindparam("organisation_id")
_BELONGS = unsought(_c.organisation_id) == bindparam("organisation_id")
_NOT_A_NOTE: Final = condition("messages.author <> 'note'")
_NOT_A_NOTE_EITHER: Final = condition("turn.author <> 'note'")


def shown_sessions(*conditions: ColumnElement[bool]) -> "Query":
    """Return the query of sessions with all that their views need except the last turns."""
    columns = (
        *SESSION.columns, _s.reason, _s.context, _c.customer_name, _c.customer_handle, _c.channel, _c.contact_id,
        _c.language, _c.translation,
    )  # fmt: skip
    return select(*columns).select_from(sessions.join(conversations, _c.id == _s.conversation_id)).where(*conditions)


def _last_turns(of: ColumnElement[bool]) -> "Query":
    """Return the query of the newest turns of conversations, by two seeks for each of them."""
    first_shown = (
        select(_turn.c.position)
        .where(_turn.c.conversation_id == _c.id, _NOT_A_NOTE_EITHER)
        .order_by(_turn.c.position.desc())
        .limit(literal_column("1"))
        .offset(literal_column(str(LAST_TURNS - 1)))
        .scalar_subquery()
    )
    return (
        select(*MESSAGE_VIEW.columns)
        .select_from(conversations.join(messages, _m.conversation_id == _c.id))
        .where(of, _m.position >= func.coalesce(first_shown, literal_column("0")), _NOT_A_NOTE)
        .order_by(_m.conversation_id, _m.position)
    )


_OURS = unsought(_s.organisation_id) == bindparam("organisation_id")

SESSIONS: Final = Statement(shown_sessions(_OURS, any_of(_s.id, "ids")))
ONE_SESSION: Final = Statement(shown_sessions(_ORGANISATION, _s.id == bindparam("id")))
OPEN_SESSIONS: Final = Statement(shown_sessions(_ORGANISATION, OPEN).order_by(_s.queued_at, _s.number))
OPEN_TURNS: Final = Statement(_last_turns(_c.id.in_(select(_s.conversation_id).where(_ORGANISATION, OPEN))))
TURNS: Final = Statement(_last_turns(any_of(_c.id, "ids")))
MESSAGES: Final = Statement(
    select(*MESSAGE_VIEW.columns).where(
        any_of(_m.id, "ids"), unsought(_m.organisation_id) == bindparam("organisation_id")
    )
)
STRETCHES: Final = Statement(
    select(*MESSAGE_VIEW.columns)
    .select_from(sessions.join(messages, _m.session_id == _s.id))
    .where(
        _OURS,
        any_of(_s.id, "ids"),
        _m.position
        >= func.coalesce(
            select(_turn.c.position)
            .where(_turn.c.session_id == _s.id, _NOT_A_NOTE_EITHER)
            .order_by(_turn.c.position.desc())
            .limit(literal_column("1"))
            .offset(literal_column(str(LONGEST_STRETCH - 1)))
            .scalar_subquery(),
            literal_column("0"),
        ),
        _NOT_A_NOTE,
    )
    .order_by(_m.session_id, _m.position)
)
CONVERSATIONS: Final = Statement(select(*CONVERSATION.columns).where(_BELONGS, any_of(_c.id, "ids")))
OPERATORS: Final = Statement(
    select(*OPERATOR.columns).where(_o.organisation_id == bindparam("organisation_id"), _o.disabled_at.is_(None))
)
SOME_OPERATORS: Final = Statement(
    select(*OPERATOR.columns).where(unsought(_o.organisation_id) == bindparam("organisation_id"), any_of(_o.id, "ids"))
)
WORK: Final = Statement(select(_s.operator_id, _s.id, _s.number).where(_ORGANISATION, IN_HAND))
WORK_OF: Final = Statement(
    select(_s.operator_id, _s.id, _s.number).where(_ORGANISATION, any_of(_s.operator_id, "ids"), IN_HAND)
)
_AFTER_SESSION: Final = len(SESSION.names)


def sessions_of(line: Line, rows: Sequence[Row], turns: Statement, cells: Cells) -> list[SessionView]:
    """Return the views of rows of `shown_sessions`, with the last turns that the query `turns` finds."""
    by_conversation = group(line.rows(turns, cells)) if rows else {}
    return [_session(row, by_conversation) for row in rows]


def sessions_by_rows(line: Line, organisation_id: str, rows: Sequence[Row]) -> list[SessionView]:
    """Return the views of rows of `shown_sessions`."""
    column = SESSION.names.index("conversation_id")
    ids = sorted({as_text(row[column]) for row in rows})
    return sessions_of(line, rows, TURNS, {"organisation_id": organisation_id, "ids": line.ids(ids)})


def group(rows: Iterable[Row], by: str = "conversation_id") -> dict[str, tuple[MessageView, ...]]:
    """Return the messages of rows, gathered by conversation or session."""
    found: dict[str, list[MessageView]] = {}
    for row in rows:
        message = MESSAGE_VIEW.read(row)
        owner = message.conversation_id if by == "conversation_id" else message.session_id
        found.setdefault(str(owner), []).append(message)
    return {owner: tuple(gathered) for owner, gathered in found.items()}


def _session(row: Row, turns: Mapping[str, tuple[MessageView, ...]]) -> SessionView:
    """Return the view of one row of `shown_sessions`."""
    session = SESSION.read(row)
    reason, context, name, handle, channel, contact, language, translation = row[_AFTER_SESSION:]
    return SessionView(
        id=session.id,
        number=label(session.number),
        conversation_id=session.conversation_id,
        medium=session.medium,
        kind=session.kind,
        state=session.state,
        epoch=session.epoch,
        version=session.version,
        queue=session.queue,
        priority=session.priority,
        reason=as_text(reason),
        customer=Customer(name=as_text(name), handle=as_text(handle), channel=as_text(channel)),
        context=msgspec.json.decode(as_text(context), type=Context),
        requested_at=session.requested_at,
        queued_at=session.queued_at,
        promise_at=session.promise_at,
        offered_to=session.offered_to,
        offer_expires_at=session.offer_expires_at,
        also_rings=session.also_rings,
        acknowledged_by=session.acknowledged_by,
        operator_id=session.operator_id,
        accepted_at=session.accepted_at,
        active_at=session.active_at,
        muted=session.muted,
        operator_lost_at=session.operator_lost_at,
        follow_up=session.follow_up,
        follow_up_at=session.follow_up_at,
        follow_up_done_at=session.follow_up_done_at,
        follow_up_done_by=session.follow_up_done_by,
        tickets=session.tickets,
        transfers=session.transfers,
        skills=session.skills,
        contact_id=ContactId(as_text(contact)) if contact else None,
        dial=session.dial,
        callback=session.callback,
        wrap_up_until=session.wrap_up_until,
        ended_at=session.ended_at,
        ended_by=session.ended_by,
        closed_at=session.closed_at,
        outcome=session.outcome,
        disposition=session.disposition,
        note=session.note,
        supervisor_id=session.supervisor_id,
        supervision=session.supervision,
        recording=session.recording,
        consent=session.consent,
        recording_failure=session.recording_failure,
        voicemail_at=session.voicemail_at,
        voicemail_seconds=session.voicemail_seconds,
        score=session.score,
        score_comment=session.score_comment,
        answer_by=session.answer_by,
        default_answer=session.default_answer,
        language=as_text(language),
        translation=Translating(as_text(translation)),
        last_turns=_until(session.ended_at, turns.get(session.conversation_id, ())),
    )


def _until(ended_at: datetime | None, turns: tuple[MessageView, ...]) -> tuple[MessageView, ...]:
    """Return the turns up to the end of the talk: what is said afterwards is no longer the session's."""
    return turns if ended_at is None else tuple(turn for turn in turns if turn.at <= ended_at)


def conversation_view(conversation: Conversation) -> ConversationView:
    """Return what is shown of a conversation."""
    return ConversationView(
        id=conversation.id,
        medium=conversation.medium,
        customer=Customer(
            name=conversation.customer_name, handle=conversation.customer_handle, channel=conversation.channel
        ),
        created_at=conversation.created_at,
        owner=conversation.owner,
        owner_epoch=conversation.owner_epoch,
        external_id=conversation.external_id,
        ended_at=conversation.ended_at,
        caller_connected=conversation.caller_connected,
        assistant_connected=conversation.assistant_connected,
        receipts=conversation.receipts,
        refused_sends=conversation.refused_sends,
        contact_id=conversation.contact_id,
        account=conversation.account,
        elsewhere_until=conversation.elsewhere_until,
        language=conversation.language,
        translation=conversation.translation,
    )


def operator_views(operators: Sequence[Row], work: Sequence[Row]) -> list[OperatorView]:
    """Return what is shown of operators, by name; `work` has rows of (operator, session, number)."""
    in_hand: dict[str, list[SessionId]] = {}
    for who, session_id, _ in sorted(work, key=lambda row: as_number(row[2])):
        in_hand.setdefault(as_text(who), []).append(SessionId(as_text(session_id)))
    views = (_operator(OPERATOR.read(row), in_hand) for row in operators)
    return sorted(views, key=lambda view: (view.name.casefold(), view.id))


def _operator(operator: Operator, in_hand: Mapping[str, Sequence[SessionId]]) -> OperatorView:
    return OperatorView(
        id=operator.id,
        name=operator.name,
        role=operator.role,
        presence=operator.presence,
        since=operator.since,
        reason=operator.reason,
        pending_presence=operator.pending,
        pending_reason=operator.pending_reason,
        break_asked_at=operator.break_asked_at,
        break_reason=operator.break_reason,
        break_answer=operator.break_answer,
        connected=operator.connected,
        skills=operator.skills,
        sessions=tuple(in_hand.get(operator.id, ())),
    )
