"""Tell an operator who comes what happened while they were not there: read once, changed by nobody.

Before: an operator signs on, or asks. After: they know who waits, what is promised, who means them, who is there.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from server.broker.discretion import all_shown_to
from server.broker.parts import Parts
from server.broker.ports.records import Principal
from server.broker.ports.store import Unit
from server.core.errors import CallerError
from server.core.presence import Operator
from server.core.session import WAITING_STATES
from server.wire.mentions import mentioned
from server.wire.terms import OperatorId, OrganisationId, Presence
from server.wire.views import Digest, MessageView, OperatorView

FIRST_TIME: Final = timedelta(hours=24)
"""How far back the first digest of an operator goes."""
MOST_SHOWN: Final = 50
"""How many of each kind a digest lists; counts count all."""
MOST_NOTES: Final = 500
"""How many notes are looked through for names."""


def begins_at(operator: Operator, now: datetime) -> datetime:
    """Return since when an operator has not been told what happened."""
    return operator.digest_from or now - FIRST_TIME


async def digest(parts: Parts, principal: Principal, hours: float = 0.0) -> Digest:
    """Return what happened since the operator was last on, or within the last `hours` when that is not 0.

    Raises:
        CallerError: `operators_only`.
    """
    if principal.operator is None:
        raise CallerError("operators_only", "Only an operator has shifts.", "Use an operator's token.")
    who = principal.operator.id

    def look(unit: Unit) -> Digest:
        now = parts.clock.now()
        operator = unit.roster.load(principal.organisation_id, who) or principal.operator
        since = now - timedelta(hours=hours) if hours > 0 or operator is None else begins_at(operator, now)
        waiting = [one for one in unit.views.open_sessions(principal.organisation_id) if one.state in WAITING_STATES]
        people = unit.views.operators(principal.organisation_id)
        follow_ups = unit.views.follow_ups_since(principal.organisation_id, since, MOST_SHOWN)
        return Digest(
            since=since,
            until=now,
            waiting=all_shown_to(principal, waiting[:MOST_SHOWN], parts.rules),
            waiting_count=len(waiting),
            late_count=sum(1 for one in waiting if one.promise_at is not None and one.promise_at <= now),
            follow_ups=all_shown_to(principal, follow_ups, parts.rules),
            mentions=mentions_since(unit, principal.organisation_id, who, people, since),
            outcomes=unit.views.outcomes_since(principal.organisation_id, since),
            on_duty=tuple(one for one in people if one.presence is Presence.AVAILABLE and one.connected),
        )

    return await parts.database.read(look)


def mentions_since(
    unit: Unit, organisation_id: OrganisationId, who: OperatorId, people: Sequence[OperatorView], since: datetime
) -> tuple[MessageView, ...]:
    """Return the newest notes of others that name an operator, newest first."""
    names = {one.id: one.name for one in people}
    notes = unit.views.notes_since(organisation_id, since, MOST_NOTES)
    named = (note for note in notes if note.operator_id != who and who in mentioned(note.text, names))
    return tuple(named)[:MOST_SHOWN]
