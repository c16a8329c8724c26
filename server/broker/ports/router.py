"""Say what the broker needs of a rule of the house that names whom to ring."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from server.wire.skills import Skill
from server.wire.terms import Medium, OperatorId, SessionId
from server.wire.views import Attribute


class RouterCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """An operator who may be rung: their work, and since when they have had none."""

    id: OperatorId
    name: str
    skills: tuple[Skill, ...]
    in_hand: int
    idle_since: datetime


class RouterQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule is asked: a session without a word of what was said, and who may be rung."""

    session_id: SessionId
    number: str
    queue: str
    medium: Medium
    priority: int
    waited_seconds: float
    skills: tuple[Skill, ...]
    attributes: Mapping[str, Attribute]
    candidates: tuple[RouterCandidate, ...]


class Router(Protocol):
    """A rule of the house."""

    async def name(self, question: RouterQuestion) -> tuple[OperatorId, ...]:
        """Return whom to ring, the first one first; those it does not name come after them.

        Raises:
            ProviderError: `router_failed`: it did not answer in time, or nothing that makes sense.
        """
        ...


Routers = Mapping[str, Router]
"""The rule of each queue that has one, by the queue's name."""
