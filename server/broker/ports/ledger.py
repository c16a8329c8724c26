"""Keep what makes a change whole: the events it tells, the effects it orders, the answers it was given."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from server.broker.ports.records import Job, Stored
from server.core.session import Session
from server.wire.terms import ConversationId, OperatorId, OrganisationId, SessionId
from server.wire.views import MessageView


class PendingJobs(NamedTuple):
    """How many jobs of one kind are not done.

    Attributes:
        planned: Not due yet, and never tried.
        due: Due, and never tried.
        retrying: Tried, and not accepted.
        oldest_due_at: Since when the oldest of those that are due has been; None: none is.
    """

    kind: str
    planned: int = 0
    due: int = 0
    retrying: int = 0
    oldest_due_at: datetime | None = None


class Ledger(Protocol):
    """What makes a change whole: its events, its effects, its remembered answers, and media tokens."""

    def tell_session(self, organisation_id: OrganisationId, kind: str, session: Session) -> None:
        """Add an event about a session; `kind` is the tag of the event (`session.queued`, ...)."""
        ...

    def tell_message(self, organisation_id: OrganisationId, kind: str, message: MessageView) -> None:
        """Add an event about a message."""
        ...

    def tell_operator(self, organisation_id: OrganisationId, operator_id: OperatorId) -> None:
        """Add `operator.changed`."""
        ...

    def tell_conversation(
        self,
        organisation_id: OrganisationId,
        kind: str,
        conversation_id: ConversationId,
        session_id: SessionId | None = None,
    ) -> None:
        """Add `conversation.changed` or `conversation.returned`."""
        ...

    def add_job(self, organisation_id: OrganisationId, lane: str, kind: str, body: bytes, due_at: datetime) -> int:
        """Add an effect to the outbox and return its id."""
        ...

    def due_jobs(self, kind: str, now: datetime, limit: int) -> Sequence[Job]:
        """Return jobs of a kind that are due, oldest first, the first of each lane only."""
        ...

    def pending(self, now: datetime) -> Sequence[PendingJobs]:
        """Return what is not done, by kind."""
        ...

    def finish_job(self, job_id: int) -> None:
        """Remove a job that was carried out."""
        ...

    def postpone_job(self, job_id: int, due_at: datetime, error: str) -> None:
        """Count an attempt and try again later."""
        ...

    def recall(self, organisation_id: OrganisationId, principal_id: str, key: str) -> Stored | None:
        """Return the remembered answer to an idempotency key."""
        ...

    def remember(
        self, organisation_id: OrganisationId, principal_id: str, key: str, stored: Stored, now: datetime
    ) -> None:
        """Remember an answer."""
        ...

    def cursor(self, organisation_id: OrganisationId, name: str) -> int | None:
        """Return how far a reader within the broker has got in the events; None when it has never read."""
        ...

    def move_cursor(self, organisation_id: OrganisationId, name: str, seq: int) -> None:
        """Write down how far it has got."""
        ...

    def forget_before(self, before: datetime, limit: int) -> int:
        """Drop remembered answers and events older than `before`, at most `limit` of each; return how many."""
        ...
