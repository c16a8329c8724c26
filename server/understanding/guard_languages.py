"""Find wishes for a person in other languages: for each, the words that ask and the words that take it back.

Small on purpose: the patterns of words/guard_other.toml serve what customers say most, and what they miss goes on to
the assistant as before.
"""

import re
from dataclasses import dataclass
from functools import cache

import msgspec

from server.understanding.words import read_words


@dataclass(frozen=True, slots=True)
class Tongue:
    """How one language asks for a person, and how it says that it does not."""

    asks: re.Pattern[str]
    denies: re.Pattern[str]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language as it stands in the file."""

    asks: str
    denies: str


@cache
def tongues() -> dict[str, Tongue]:
    """Return the rules of each language, by ISO 639-1."""
    file = read_words("guard_other.toml", dict[str, _Entry])
    return {language: Tongue(_compiled(entry.asks), _compiled(entry.denies)) for language, entry in file.items()}


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("\n", ""), re.IGNORECASE)
