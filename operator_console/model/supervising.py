"""Ask the model about supervision: which session I am in as a supervisor, who is in mine, and why I may not.

Pure. The call bar, the wall and the supervisor's commands are drawn from here.
"""

from collections.abc import Callable
from typing import Final

from operator_console.model.allowed import may_send
from operator_console.model.select import (
    MINE,
    group_ids,
    is_pending,
    is_talking,
    my_call,
    operator_me,
    selected_session,
)
from operator_console.model.state import DeskModel
from operator_console.model.wording import name_of
from server.wire.commands import ForceWrapUp, Supervise, TakeOver
from server.wire.terms import Medium, Role, SessionState, Supervision
from server.wire.views import SessionView

AUDIBLE: Final = frozenset({Supervision.LISTEN, Supervision.WHISPER, Supervision.BARGE})
"""Steps of the ladder with audio."""
SUPERVISORS: Final = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
"""Who may supervise."""
_MINE: Final = {
    Supervision.WATCH: "WATCHING",
    Supervision.LISTEN: "LISTENING",
    Supervision.WHISPER: "WHISPERING",
    Supervision.BARGE: "BARGED IN",
}
_THEIRS: Final = {
    Supervision.WATCH: "WATCHES",
    Supervision.LISTEN: "LISTENS",
    Supervision.WHISPER: "WHISPERS TO YOU",
    Supervision.BARGE: "IS IN THE CALL",
}
_HEARD: Final = {
    Supervision.WATCH: "",
    Supervision.LISTEN: "nobody hears you",
    Supervision.WHISPER: "only the operator hears you",
    Supervision.BARGE: "both hear you",
}


def may_supervise(model: DeskModel) -> bool:
    """Tell whether this console's operator is a supervisor."""
    me = operator_me(model)
    return me is not None and me.role in SUPERVISORS


def my_supervised(model: DeskModel) -> SessionView | None:
    """Return the session that I supervise."""
    if not may_supervise(model):
        return None
    return next((one for one in model.sessions.values() if one.supervisor_id == model.me), None)


def my_words(session: SessionView) -> tuple[str, str]:
    """Return what I do in a session that I supervise, and who hears me."""
    return _MINE.get(session.supervision, ""), _HEARD.get(session.supervision, "")


def told_words(model: DeskModel) -> str:
    """Return who is in a session of mine and how; empty when nobody is, or the queue does not announce it."""
    mine = (model.sessions[id_] for id_ in group_ids(model, MINE))
    watched = [one for one in mine if one.supervisor_id is not None and one.supervision in _THEIRS]
    words = [f"{name_of(model, one.supervisor_id).upper()} {_THEIRS[one.supervision]}{_where(one)}" for one in watched]
    return " ".join(words)


def _where(session: SessionView) -> str:
    return f" {session.number}" if session.medium is Medium.CHAT else ""


def doing_words(model: DeskModel, session: SessionView) -> str:
    """Return by whom a session is supervised and how, for lists; empty when it is not."""
    if session.supervisor_id is None or session.supervision is Supervision.NONE:
        return ""
    return f"{session.supervision.value}: {name_of(model, session.supervisor_id)}"


def supervisor_only(model: DeskModel) -> str | None:
    """Only supervisors may."""
    me = operator_me(model)
    if me is None or me.role in SUPERVISORS:
        return None
    return f"Your role is {me.role.value}: this needs a supervisor. Ask an administrator for the role."


def open_wall(model: DeskModel) -> str | None:
    """Open the wall; who only looks may too."""
    return supervisor_only(model) if model.boot else "Not connected yet."


def step_to(mode: Supervision) -> Callable[[DeskModel], str | None]:
    """Return the rule that says why I can't go to this step in the selected session."""
    return lambda model: _step_reason(model, mode)


def _step_reason(model: DeskModel, mode: Supervision) -> str | None:
    session = selected_session(model)
    reason = _others_talk(model, session)
    if reason is not None or session is None:
        return reason
    if session.supervisor_id not in {None, model.me}:
        return f"{name_of(model, session.supervisor_id)} is in {session.number} already."
    if session.supervisor_id == model.me and session.supervision is mode:
        return f"You are doing that in {session.number} already."
    if is_pending(model, Supervise, session.id):
        return f"Already asked for {session.number}: waiting for the broker."
    return _unheard(model, session) if mode in AUDIBLE else None


def _unheard(model: DeskModel, session: SessionView) -> str | None:
    """Need a call to hear, and free ears."""
    if session.medium is not Medium.VOICE:
        return f"{session.number} is a chat: watch it, write a note, or take it over."
    call = my_call(model)
    return f"You are in a call ({call.number}): end it or give it back first." if call else None


def _others_talk(model: DeskModel, session: SessionView | None) -> str | None:
    """Need a conversation between somebody else and a customer."""
    blocked = may_send(model) or supervisor_only(model)
    if blocked:
        return blocked
    if session is None:
        return "Select a session first."
    if session.operator_id == model.me:
        return f"{session.number} is your own."
    if not is_talking(session) or session.state is SessionState.CONNECTING:
        return f"Nobody talks in {session.number} now."
    return None


def stop(model: DeskModel) -> str | None:
    """Leave the session that I supervise."""
    return may_send(model) or (None if my_supervised(model) else "You supervise no session now.")


def take_over(model: DeskModel) -> str | None:
    """Be in charge of another's talk."""
    session = selected_session(model)
    reason = _others_talk(model, session)
    if reason is not None or session is None:
        return reason
    if is_pending(model, TakeOver, session.id):
        return f"Already asked for {session.number}: waiting for the broker."
    return _unheard(model, session) if session.medium is Medium.VOICE else None


def force_wrap_up(model: DeskModel) -> str | None:
    """End another's wrap-up."""
    blocked = may_send(model) or supervisor_only(model)
    if blocked:
        return blocked
    session = selected_session(model)
    if session is None or session.state is not SessionState.WRAP_UP:
        return "Select a session in wrap-up first."
    pending = is_pending(model, ForceWrapUp, session.id)
    return f"Already asked for {session.number}: waiting for the broker." if pending else None
