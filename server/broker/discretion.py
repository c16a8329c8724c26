"""Show who supervises a session to supervisors, and to others only where the queue announces it.

Before: a view is about to leave the broker. After: it says no more than its reader may know.
"""

from collections.abc import Iterable

import msgspec

from server.broker.ports.records import Principal
from server.core.permissions import ALLOWED, Action
from server.core.session import Rules
from server.wire.events import Event, SessionEvent
from server.wire.terms import Supervision
from server.wire.views import SessionView


def may_supervise(principal: Principal) -> bool:
    """Tell whether somebody is shown every supervisor: supervisors and the installation's administrator."""
    if principal.operator is None:
        return principal.kind == "admin"
    return Action.SUPERVISE in ALLOWED[principal.operator.role]


def discreet(session: SessionView, rules: Rules) -> SessionView:
    """Return the session as everybody may see it."""
    if session.supervisor_id is None or rules.of(session.queue).announce_supervision:
        return session
    return msgspec.structs.replace(session, supervisor_id=None, supervision=Supervision.NONE)


def shown_to(principal: Principal, session: SessionView, rules: Rules) -> SessionView:
    """Return the session as one reader may see it."""
    return session if may_supervise(principal) else discreet(session, rules)


def all_shown_to(principal: Principal, sessions: Iterable[SessionView], rules: Rules) -> tuple[SessionView, ...]:
    """Return sessions as one reader may see them."""
    return tuple(shown_to(principal, session, rules) for session in sessions)


def discreet_event(event: Event, rules: Rules) -> Event:
    """Return the event as everybody may see it."""
    if not isinstance(event, SessionEvent):
        return event
    shown = discreet(event.session, rules)
    return event if shown is event.session else msgspec.structs.replace(event, session=shown)
