"""Let somebody outside answer a notice with "I take it": no further notice goes out, and everybody sees who it is.

Before: `server.api.acknowledge` has a link's token, or an SMS with a code. After: the session shows who sees to it; the
customer still waits, and whoever took it acts by other ways.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from server.broker.parts import Parts
from server.broker.ports.alerts import Alert
from server.broker.ports.store import Unit
from server.broker.road import apply
from server.core.errors import NotFoundError
from server.core.inputs import NoticeAcknowledged
from server.core.session import WAITING_STATES
from server.wire.sanitize import clean_line
from server.wire.views import SessionView

NAME_CELLS: Final = 60
MOST_DIGITS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How a notice's handoff stands for whoever answers it.

    `by` is who sees to it or has it; `open` says that nobody does yet; `person` is to whom the notice went, by name.
    """

    number: str
    queue: str
    by: str
    open: bool
    person: str


def hash_of(token: str) -> str:
    """Return under what a link's token is kept."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def code_of(token: str) -> str:
    """Return the six digits that belong to a token; they say nothing of it."""
    digest = hashlib.sha256(b"code/" + token.encode("utf-8", "replace")).digest()
    return f"{int.from_bytes(digest[:8], 'big') % MOST_DIGITS:06d}"


class Acknowledging:
    """Answers to notices."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts."""
        self._parts = parts

    async def look(self, token: str) -> Standing:
        """Return how it stands; changes nothing.

        Raises:
            NotFoundError: `no_such_notice`.
        """
        return await self._parts.database.read(lambda unit: self._standing(unit, self._of_token(unit, token)))

    async def take(self, token: str, name: str = "") -> Standing:
        """Let the person of this notice see to it; of a list or a room, whoever `name` says.

        Raises:
            NotFoundError: `no_such_notice`: unknown, or too old.
        """
        return await self._parts.database.run(lambda unit: self._take(unit, self._of_token(unit, token), name))

    async def take_by_code(self, address: str, code: str) -> Standing:
        """Let whoever answered from `address` see to it.

        Raises:
            NotFoundError: `no_such_notice`: no notice with this code went to this address, or it is too old.
        """
        return await self._parts.database.run(
            lambda unit: self._take(unit, self._of_code(unit, address, code), address)
        )

    def _of_token(self, unit: Unit, token: str) -> Alert:
        alert = unit.alerts.by_token(hash_of(token))
        if alert is None or alert.expires_at <= self._parts.clock.now():
            raise _unknown()
        return alert

    def _of_code(self, unit: Unit, address: str, code: str) -> Alert:
        for alert in unit.alerts.by_code(code, self._parts.clock.now()):
            destination = self._parts.destinations.get(alert.destination)
            if destination is not None and destination.reaches(address):
                return alert
        raise _unknown()

    def _take(self, unit: Unit, alert: Alert, name: str) -> Standing:
        standing = self._standing(unit, alert)
        if not standing.open:
            return standing
        said = alert.person or clean_line(name, NAME_CELLS).strip() or alert.destination
        apply(unit, self._parts, alert.organisation_id, alert.session_id, NoticeAcknowledged(said, alert.destination))
        return self._standing(unit, alert)

    def _standing(self, unit: Unit, alert: Alert) -> Standing:
        session = unit.views.session(alert.organisation_id, alert.session_id)
        if session is None:
            raise _unknown()
        waits = session.state in WAITING_STATES and session.epoch == alert.epoch
        by = session.acknowledged_by if waits else self._holder(unit, alert, session)
        is_open = waits and (not session.acknowledged_by or _calls(session, alert))
        return Standing(session.number, session.queue, by, is_open, alert.person)

    @staticmethod
    def _holder(unit: Unit, alert: Alert, session: SessionView) -> str:
        operator = unit.roster.load(alert.organisation_id, session.operator_id) if session.operator_id else None
        return operator.name if operator else session.acknowledged_by


def _calls(session: SessionView, alert: Alert) -> bool:
    """Tell whether a step of the policy is calling whoever this notice went to, and it is not yet taken."""
    last = session.transfers[-1] if session.transfers else None
    under_way = last is not None and last.by_policy and last.outcome is None and bool(last.to_confirm)
    return last is not None and under_way and alert.destination in last.told


def _unknown() -> NotFoundError:
    return NotFoundError("no_such_notice", "This notice is not known, or too old.", "Look at the newest one.")
