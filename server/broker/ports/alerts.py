"""Say what is kept of notices that a customer waits: by what somebody answers one, and by what it is changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from server.wire.terms import OrganisationId, SessionId


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to send a notice.

    Attributes:
        token_sha256: Of the one-time word in its link; the word itself is kept nowhere.
        epoch: Of the session when it was sent; it answers for this wait alone.
        person: To whom it went, by name; empty for a list or a room.
        code: Six digits for an answer by SMS; good from the numbers that the notice went to.
        reference: By what its destination finds the message again; empty where it cannot.
    """

    token_sha256: str
    organisation_id: OrganisationId
    session_id: SessionId
    epoch: int
    destination: str
    code: str
    at: datetime
    expires_at: datetime
    person: str = ""
    reference: str = ""


class Alerts(Protocol):
    """Notices that went out."""

    def add(self, alert: Alert) -> None:
        """Keep one that is about to be sent."""
        ...

    def refer(self, token_sha256: str, reference: str) -> None:
        """Write down by what its destination finds it again."""
        ...

    def by_token(self, token_sha256: str) -> Alert | None:
        """Return the alert with this token, expired or not."""
        ...

    def by_code(self, code: str, now: datetime) -> Sequence[Alert]:
        """Return alerts with this code that have not expired, newest first, at most 20."""
        ...

    def of_session(self, session_id: SessionId) -> Sequence[Alert]:
        """Return a session's alerts that can be found again, newest first, at most 100."""
        ...

    def forget_before(self, before: datetime, limit: int) -> int:
        """Drop alerts that expired before then, at most `limit`, and return how many."""
        ...


class KeepsAlerts(Protocol):
    """A transaction that knows alerts."""

    @property
    def alerts(self) -> Alerts:
        """Notices that went out."""
        ...
