"""Say how a visitor's chat or call stands, in one reading: who has them, their place, how long it may take.

Before: something was committed, or a page was opened. After: the page says it in words.
"""

from datetime import datetime
from typing import Final

from server.broker.pace import wait_seconds
from server.broker.parts import NOTICES
from server.broker.ports.records import Conversation
from server.broker.ports.store import Unit
from server.core.effects import Notice
from server.core.session import IN_HAND_STATES, WAITING_STATES, Session
from server.wire.terms import Author, ConversationId, OperatorId, OrganisationId, SessionId, SessionState
from server.wire.views import MessageView
from server.wire.widget import Stage, TalkState, WidgetMessage

_LINES: Final[dict[str, Notice]] = {text: notice for notice, text in NOTICES.items()}


def talk_state(
    unit: Unit, organisation_id: OrganisationId, conversation_id: ConversationId, now: datetime
) -> TalkState:
    """Return how one conversation stands; `Stage.NEW` when there is none."""
    conversation = unit.conversations.load(organisation_id, conversation_id) if conversation_id else None
    if conversation is None:
        return TalkState()
    session = unit.sessions.newest_of(organisation_id, conversation.id)
    stage = stage_of(conversation, session)
    waits = session if stage is Stage.WAITING else None
    return TalkState(
        stage=stage,
        conversation_id=conversation.id,
        operator=_operator(unit, session) if stage in {Stage.OPERATOR, Stage.HOLD} else "",
        position=unit.sessions.ahead_of(waits) + 1 if waits is not None else 0,
        wait_seconds=wait_seconds(unit, waits, now) if waits is not None else None,
        scores=scored_by(session),
        assistant_on_line=conversation.assistant_connected,
    )


def stage_of(conversation: Conversation, session: Session | None) -> Stage:
    """Return who has the customer, as the customer would say it."""
    if conversation.ended_at is not None:
        return Stage.ENDED
    if session is None:
        return Stage.ASSISTANT
    if session.state in WAITING_STATES or session.state is SessionState.CONNECTING:
        return Stage.WAITING
    if session.state is SessionState.HELD:
        return Stage.HOLD
    return Stage.OPERATOR if session.state in IN_HAND_STATES else Stage.ASSISTANT


def scored_by(session: Session | None) -> SessionId | None:
    """Return the session of which a score is asked now."""
    over = session is not None and session.state in {SessionState.WRAP_UP, SessionState.CLOSED}
    if session is None or not over or session.active_at is None or session.score:
        return None
    return session.id


def _operator(unit: Unit, session: Session | None) -> str:
    found = session.operator_id if session is not None else None
    operator = unit.roster.load(session.organisation_id, OperatorId(found)) if session is not None and found else None
    return operator.name if operator is not None else ""


def shown(message: MessageView) -> WidgetMessage | None:
    """Return a turn as the visitor sees it; None for internal notes."""
    if message.author is Author.NOTE:
        return None
    notice = _LINES.get(message.text) if message.author is Author.SYSTEM else None
    return WidgetMessage(
        id=message.id,
        position=message.position,
        version=message.version,
        author=message.author,
        text=message.text,
        at=message.at,
        name=message.author_name if message.author is Author.OPERATOR else "",
        notice=notice.value if notice is not None else "",
        files=message.files,
        edited=message.edited_at is not None,
        deleted=message.deleted_at is not None,
        delivery=message.delivery,
    )
