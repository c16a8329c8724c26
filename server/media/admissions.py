"""Let a leg in once: the one-time tokens that the broker registered, by their hash.

Pure but for its own book: time is handed in. Before: an `Admission` from the broker. After: one leg of one call.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from server.broker.ports.media import Admission
from server.wire.terms import ConversationId, LegRole

MOST_PENDING: Final = 20_000
"""Admissions kept at once; the oldest goes first."""


class RefusedError(Exception):
    """A token that lets nobody in; `reason` is a stable word, told to the leg only as `refused`."""

    def __init__(self, reason: str) -> None:
        """Keep the word: unknown, used, expired, transport or external_id."""
        super().__init__(f"The token is refused: {reason}.")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Ticket:
    """A pending admission; `serial` orders the admissions of one role of a call."""

    admission: Admission
    expires_at: float
    serial: int


class AdmissionBook:
    """The pending admissions, at most one per role of a call, and the used tokens while they could be tried again."""

    def __init__(self) -> None:
        self._pending: Final[dict[str, Ticket]] = {}
        self._newest: Final[dict[tuple[ConversationId, LegRole], str]] = {}
        self._used: Final[dict[str, float]] = {}
        self._serial = 0

    def register(self, admission: Admission, now: float) -> None:
        """Take `admission`; an earlier unused one of its role is void, and one of a lower epoch than that is ignored.

        The same token again changes nothing, also after its use: a broker repeats itself after a crash.
        """
        key = admission.token_sha256.lower()
        if key in self._used or key in self._pending:
            return
        place = (admission.call_id, admission.role)
        earlier = self._newest.get(place)
        if earlier is not None:
            if self._pending[earlier].admission.epoch > admission.epoch:
                return
            self._drop(earlier)
        if len(self._pending) >= MOST_PENDING:
            self._drop(next(iter(self._pending)))
        self._serial += 1
        self._pending[key] = Ticket(admission, now + admission.expires_in_seconds, self._serial)
        self._newest[place] = key

    def redeem(self, token: str, transport: str, external_id: str, now: float) -> Ticket:
        """Return the ticket of `token` and burn it; a refusal burns nothing but an expired one.

        Raises:
            RefusedError: no leg may come in with it.
        """
        key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        ticket = self._pending.get(key)
        if ticket is None:
            raise RefusedError("used" if key in self._used else "unknown")
        if now >= ticket.expires_at:
            self._drop(key)
            raise RefusedError("expired")
        if ticket.admission.transport != transport:
            raise RefusedError("transport")
        if ticket.admission.external_id and ticket.admission.external_id != external_id:
            raise RefusedError("external_id")
        self._drop(key)
        self._used[key] = ticket.expires_at
        return ticket

    def forget_expired(self, now: float) -> None:
        """Drop what time has made worthless."""
        for key in [key for key, ticket in self._pending.items() if now >= ticket.expires_at]:
            self._drop(key)
        for key in [key for key, expires_at in self._used.items() if now >= expires_at]:
            del self._used[key]

    def drop_call(self, call_id: ConversationId) -> None:
        """Void what is pending for a call that ended."""
        for role in LegRole:
            key = self._newest.get((call_id, role))
            if key is not None:
                self._drop(key)

    def expects(self, call_id: ConversationId) -> bool:
        """Tell whether a leg of this call may still come."""
        return any((call_id, role) in self._newest for role in LegRole)

    def _drop(self, key: str) -> None:
        admission = self._pending.pop(key).admission
        del self._newest[admission.call_id, admission.role]
