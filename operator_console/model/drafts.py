"""Name the text boxes whose unsent text is kept: one reply per conversation, one text per dialog of a session."""

from enum import StrEnum

from operator_console.model.state import DeskModel
from server.wire.commands import Say
from server.wire.terms import ConversationId, SessionId


class Box(StrEnum):
    """The dialogs in which an operator writes about a session."""

    NOTE = "note"
    BACK = "back"
    RESOLVE = "resolve"
    REQUEUE = "requeue"
    FOLLOW_UP = "follow_up"
    DECLINE = "decline"
    ANSWER = "answer"


def reply_key(conversation_id: ConversationId) -> str:
    """Return the key of the reply being written in a conversation."""
    return f"reply:{conversation_id}"


def conversation_of(key: str) -> ConversationId | None:
    """Return the conversation whose reply has this key; None for a dialog's text."""
    kind, _, conversation = key.partition(":")
    return ConversationId(conversation) if kind == "reply" else None


def box_key(session_id: SessionId, box: Box) -> str:
    """Return the key of the text being written in a dialog about a session."""
    return f"{box.value}:{session_id}"


def unsent(model: DeskModel) -> dict[str, str]:
    """Return every text that a crash must not lose: drafts, and replies that the broker has not confirmed."""
    texts = dict(model.drafts)
    for pending in model.pending.values():
        command = pending.command
        session = model.sessions.get(command.session_id) if isinstance(command, Say) else None
        if isinstance(command, Say) and session is not None:
            key = reply_key(session.conversation_id)
            texts[key] = f"{command.written or command.text} {texts.get(key, '')}".rstrip()
    return texts
