"""Keep organisations: who they are, which plan they have, and how much of it they use."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from server.wire.terms import ConversationId, Limited, OrganisationId


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of organisations; `plan` is a plan's name, empty for none."""

    id: OrganisationId
    name: str
    created_at: datetime
    plan: str = ""


class Organisations(Protocol):
    """Organisations and their plans."""

    def all(self) -> Sequence[Organisation]:
        """Return all, by id."""
        ...

    def load(self, organisation_id: OrganisationId) -> Organisation | None:
        """Return one; None when there is none."""
        ...

    def save(self, organisation: Organisation) -> None:
        """Write an organisation's name and plan over it; one that is not there stays away."""
        ...

    def used(self, organisation_id: OrganisationId, what: Limited) -> int:
        """Return how many there are; 0 for channels, which are in the configuration."""
        ...

    def usage(self, organisation_id: OrganisationId) -> Mapping[Limited, int]:
        """Return how many there are of everything but channels."""
        ...

    def may_hand_off(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> bool:
        """Tell whether the assistant whose conversation it is may ask for a person."""
        ...
