"""Count what supervisors measure queues by; a part of `server.broker.ports.store.Unit`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from server.core.figures import DayCounts
from server.core.report import HandoffRow, TalkCounts
from server.core.session import Rules
from server.wire.terms import OperatorId, OrganisationId


class QueueNow(NamedTuple):
    """How one queue stands: who waits, since when the longest, and how many an operator has."""

    waiting: int = 0
    waiting_since: datetime | None = None
    in_hand: int = 0


class OpenCount(NamedTuple):
    """How many handoffs of one medium are in one state."""

    medium: str
    state: str
    sessions: int


class Figures(Protocol):
    """What the queues are measured by, in a number of queries that does not grow with what is counted."""

    def now(self, organisation_id: OrganisationId) -> Mapping[str, QueueNow]:
        """Return how each queue stands that somebody waits in or is helped from."""
        ...

    def open_counts(self, organisation_id: OrganisationId) -> Sequence[OpenCount]:
        """Return how many handoffs are open, by medium and state."""
        ...

    def handle_seconds(self, organisation_id: OrganisationId, since: datetime) -> Mapping[OperatorId, float]:
        """Return each operator's mean time from accept to the end of the wrap-up, of sessions closed since then."""
        ...

    def mean_scores(self, organisation_id: OrganisationId, since: datetime) -> Mapping[OperatorId, float]:
        """Return each operator's mean score, of sessions closed since then that a customer has scored."""
        ...

    def counts(self, organisation_id: OrganisationId, since: datetime, rules: Rules) -> Mapping[str, DayCounts]:
        """Return what was counted by queue, of the sessions that were requested since an instant."""
        ...

    def handoffs(
        self, organisation_id: OrganisationId, since: datetime, until: datetime, queue: str
    ) -> Sequence[HandoffRow]:
        """Return the takeovers requested from `since` up to `until`, in that order; of one queue, or of all ("")."""
        ...

    def talks(self, organisation_id: OrganisationId, since: datetime, until: datetime) -> TalkCounts:
        """Return how the conversations went that began from `since` up to `until`."""
        ...
