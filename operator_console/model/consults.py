"""Put into words what an assistant asks of an operator without giving the customer away, and say who may answer it."""

from datetime import datetime

from operator_console.model.allowed import may_send
from operator_console.model.select import is_pending, selected_session
from operator_console.model.state import DeskModel
from operator_console.model.wording import kind_word, left_words
from server.wire.commands import Answer, Decide
from server.wire.terms import SessionKind, SessionState
from server.wire.views import SessionView


def is_asked(session: SessionView) -> bool:
    """Tell whether the session is a question or a proposal that waits for an answer."""
    return session.state is SessionState.ASKED


def default_words(session: SessionView) -> str:
    """Return what happens when nobody answers."""
    if session.kind is SessionKind.APPROVE:
        return "it counts as approved" if session.default_answer == "approve" else "it counts as declined"
    return f"the AI reads “{session.default_answer}”" if session.default_answer else "the AI goes on without an answer"


def asked_words(session: SessionView, now: datetime) -> str:
    """Return what a question's row says: its kind, the time left, and what is asked."""
    return f"{kind_word(session)} {left_words(session, now)}: {session.reason}"


def clock_words(model: DeskModel, session: SessionView) -> str:
    """Return the countdown of an open box, or that there is nothing left to answer."""
    now = model.sessions.get(session.id)
    if now is None or not is_asked(now):
        return "It is answered already, or its time is over: esc leaves."
    return f"{left_words(session, model.now)}; then {default_words(session)}"


def answer(model: DeskModel) -> str | None:
    """Answer what the selected session asks."""
    return _why_not(model, None)


def decide(model: DeskModel) -> str | None:
    """Approve or decline the selected proposal at once."""
    return _why_not(model, SessionKind.APPROVE)


def _why_not(model: DeskModel, kind: SessionKind | None) -> str | None:
    blocked = may_send(model)
    if blocked:
        return blocked
    session = selected_session(model)
    if session is None or not is_asked(session):
        return "The selected session asks you nothing: look for ASSIST and APPROVE in the queue."
    if kind is not None and session.kind is not kind:
        return f"{session.number} is a question: it wants a line, not a decision."
    if is_pending(model, Answer, session.id) or is_pending(model, Decide, session.id):
        return f"Already answering {session.number}: waiting for the broker."
    return None
