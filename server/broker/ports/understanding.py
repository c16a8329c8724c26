"""Understand a conversation, off the broker's loop: who is asked, what comes back, and that it may always fail.

Adapters: `server.understanding.desk.WorkerUnderstanding` (its own process) and, in tests, one in the same process. An
answer that does not come in time is None: nothing waits for it, nobody is lost to it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from server.wire.requests import HouseRule
from server.wire.terms import Author, MoodLabel, OrganisationId
from server.wire.views import Attribute


class Turn(msgspec.Struct, frozen=True):
    """One turn as it is looked at; without a position it is counted."""

    author: Author
    text: str
    when: datetime | None = None
    position: int = 0


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One trigger that fires.

    Attributes:
        trigger: Its name: asks_for_person, complexity, mood, topic, too_long, or rule:NAME.
        reason: In a few words.
        span: The words that decided.
        turn: Where they stand, counted from 1.
        queue: Where the settings send such a conversation; empty for nowhere else.
        priority: Likewise; None leaves it.
        asks_for_handoff: It is a reason to request a handoff, not only to show it.
    """

    trigger: str
    reason: str
    span: str = ""
    turn: int | None = None
    score: float | None = None
    queue: str = ""
    priority: int | None = None
    asks_for_handoff: bool = True


class Judged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the guard says of the customer's wish for a person."""

    score: float
    reason: str
    span: str = ""
    turn: int | None = None


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What shows in a conversation; `course` has the customer's mood after each of their turns."""

    mood: MoodLabel
    score: float
    course: tuple[float, ...]
    operator_course: tuple[float, ...]
    topic: str
    language: str
    guard: Judged
    findings: tuple[Finding, ...]


class Understanding(Protocol):
    """Looks at conversations."""

    async def start(self) -> None:
        """Begin; does not wait for models to be loaded."""
        ...

    async def stop(self) -> None:
        """End, without waiting for what is under way."""
        ...

    async def assess(
        self, organisation_id: OrganisationId, turns: Sequence[Turn], facts: Mapping[str, Attribute]
    ) -> Assessment | None:
        """Return what shows in these turns; None when that takes too long or the worker is gone."""
        ...

    def rules(self, organisation_id: OrganisationId) -> tuple[HouseRule, ...]:
        """Return the rules that an organisation added over the API."""
        ...

    def check_rules(self, rules: Sequence[HouseRule]) -> None:
        """Refuse rules that cannot be read.

        Raises:
            CallerError: `bad_rule`, with the place.
        """
        ...

    def replace_rules(self, organisation_id: OrganisationId, rules: tuple[HouseRule, ...]) -> None:
        """Keep these rules of an organisation in place of those it had; on disk when this returns.

        Raises:
            CallerError: `bad_rule`.
        """
        ...

    def holding(self, rules: Sequence[HouseRule], facts: Mapping[str, Attribute]) -> tuple[HouseRule, ...]:
        """Return the rules that hold for these facts; for trying them."""
        ...
