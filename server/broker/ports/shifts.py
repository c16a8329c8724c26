"""Read what happened since an instant: what a digest is made of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from server.wire.terms import OrganisationId, Outcome
from server.wire.views import MessageView, SessionView


class ShiftViews(Protocol):
    """What somebody who comes is told."""

    def notes_since(self, organisation_id: OrganisationId, since: datetime, limit: int) -> Sequence[MessageView]:
        """Return the notes written since then, newest first."""
        ...

    def follow_ups_since(self, organisation_id: OrganisationId, since: datetime, limit: int) -> Sequence[SessionView]:
        """Return sessions closed since then with something still to be done, newest first."""
        ...

    def outcomes_since(self, organisation_id: OrganisationId, since: datetime) -> dict[Outcome, int]:
        """Return how many sessions closed since then, by outcome."""
        ...
