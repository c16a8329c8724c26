"""Name what operators can do and sessions need."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta


class Skill(msgspec.Struct, frozen=True, kw_only=True):
    """Something that an operator can do, or a session needs: `level` is 1 (a little) to 9 (nobody better)."""

    name: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")]
    level: Annotated[int, Meta(ge=1, le=9)] = 1


def in_words(skills: Iterable[Skill]) -> str:
    """Return skills for people: `billing 3, german 1`; "none" where there are none."""
    return ", ".join(f"{skill.name} {skill.level}" for skill in skills) or "none"
