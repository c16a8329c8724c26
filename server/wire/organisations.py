"""Show organisations, and what they use of their plans."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from server.wire.requests import Body, Name
from server.wire.terms import Feature, Limited, OrganisationId
from server.wire.view import View

OrganisationName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")]
"""The id of an organisation, as people type it."""


class Used(View, frozen=True, kw_only=True):
    """How many there are, and how many there may be; no `most`: any number."""

    used: int
    most: int | None = None


class OrganisationView(View, frozen=True, kw_only=True):
    """One organisation; `plan` is empty when nothing is limited."""

    id: OrganisationId
    name: str
    created_at: datetime
    plan: str = ""
    used: dict[Limited, Used] = msgspec.field(default_factory=dict[Limited, Used])
    features: tuple[Feature, ...] = ()


class NewOrganisation(Body, frozen=True, kw_only=True):
    """Add an organisation."""

    id: OrganisationName
    name: Annotated[str, Meta(max_length=200)] = ""
    plan: str = ""


class OrganisationChange(Body, frozen=True, kw_only=True):
    """Change an organisation; what is left out stays."""

    name: Name | None = None
    plan: str | None = None
