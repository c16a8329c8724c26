"""Know who else looks at or writes on what. Pure."""

from collections.abc import Mapping

from msgspec.structs import replace

from operator_console.model.state import DeskModel
from server.wire.frames import Ghost, Ghosts
from server.wire.terms import OperatorId, SessionId


def with_ghosts(model: DeskModel, frame: Ghosts) -> DeskModel:
    """Return the model after the broker told where people are."""
    known: Mapping[OperatorId, Ghost] = {} if frame.whole else model.ghosts
    told = {ghost.operator_id: ghost for ghost in frame.people}
    ghosts = {who: ghost for who, ghost in {**known, **told}.items() if ghost.session_id is not None}
    return replace(model, ghosts=ghosts)


def others_on(model: DeskModel, session_id: SessionId) -> tuple[tuple[str, bool], ...]:
    """Return the names of the others at a session, and whether each writes; who writes comes first.

    Whoever has the session in hand is there anyway, and counts only while they write.
    """
    session = model.sessions.get(session_id)
    found: list[tuple[str, bool]] = []
    for who, ghost in model.ghosts.items():
        person = model.operators.get(who)
        in_hand = session is not None and session.operator_id == who
        if person is None or who == model.me or ghost.session_id != session_id or (in_hand and not ghost.writing):
            continue
        found.append((person.name, ghost.writing))
    return tuple(sorted(found, key=lambda one: (not one[1], one[0].casefold())))


def writers_on(model: DeskModel, session_id: SessionId) -> tuple[str, ...]:
    """Return the names of the others who write at a session."""
    return tuple(name for name, writing in others_on(model, session_id) if writing)


def ghost_words(model: DeskModel, session_id: SessionId) -> str:
    """Return who else is at a session: Ana writes, Bo looks; empty when nobody is."""
    others = others_on(model, session_id)
    if not others:
        return ""
    name, writing = others[0]
    more = f" +{len(others) - 1}" if len(others) > 1 else ""
    return f"{name} {'writes' if writing else 'looks'}{more}"
