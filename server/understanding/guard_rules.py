"""Find wishes for a person in an English clause by rule: which words ask, and which words take it back.

A rule is a pattern with what it weighs; a match counts unless a denial, a third party or a past contact stands before
it in the same clause. The patterns are data, in words/guard_en.toml.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

import msgspec

from server.understanding.text import Clause
from server.understanding.words import read_words


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern.

    Attributes:
        name: Says in the reason what was found.
        pattern: What it looks for in a clause.
        weight: How sure it is by itself, 0 to 1.
    """

    name: str
    pattern: re.Pattern[str]
    weight: float


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule found in a turn.

    Attributes:
        name: The rule.
        weight: After what stands around it was weighed.
        start: In characters of the turn.
        end: Likewise, behind the last character.
        denied: Why it does not count ("negated", "past", "third party"); empty when it does.
    """

    name: str
    weight: float
    start: int
    end: int
    denied: str = ""


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule as it stands in the file."""

    name: str
    weight: float
    pattern: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of patterns: `parts` by name, what may stand around a wish, and the rules."""

    parts: dict[str, str]
    around: dict[str, str]
    rules: tuple[_Rule, ...]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The patterns, compiled once.

    Attributes:
        denials: Why a wish does not count, in the order they are tried, with the words that say so.
        homonym: The words in another meaning ("call me something else").
        denies: Words of denial, after `spared` was taken out.
        spared: What looks like a denial and is none ("why can't I").
        insists: Words after which a past wish counts still ("I keep asking").
    """

    rules: tuple[Rule, ...]
    denials: tuple[tuple[str, re.Pattern[str]], ...]
    homonym: re.Pattern[str]
    denies: re.Pattern[str]
    spared: re.Pattern[str]
    insists: re.Pattern[str]


@cache
def rulebook() -> Rulebook:
    """Return the rules of the file."""
    file = read_words("guard_en.toml", _File)

    def compiled(pattern: str) -> re.Pattern[str]:
        whole = pattern.replace("\n", "")
        while (found := _PART.search(whole)) is not None:
            whole = whole.replace(found.group(), file.parts[found.group(1)].replace("\n", ""))
        return re.compile(whole, re.IGNORECASE)

    around = {name: compiled(pattern) for name, pattern in file.around.items()}
    return Rulebook(
        rules=tuple(Rule(rule.name, compiled(rule.pattern), rule.weight) for rule in file.rules),
        denials=(
            ("past contact", around["past"]),
            ("third party", around["third"]),
        ),
        homonym=around["homonym"],
        denies=around["denies"],
        spared=around["not_a_denial"],
        insists=around["insists"],
    )


WEAK: Final = "asks for a way past the machine"
"""A rule that counts only with another one, or with a model."""
_PART: Final = re.compile(r"<([a-z_]+)>")
_AFTER: Final = 24
"""How many characters behind a match may show that it means something else."""
_NEAR: Final = 60
"""How many characters before a match a denial may stand."""


def search(clause: Clause) -> list[Match]:
    """Return what the rules find in one clause, heaviest first; those that do not count say why."""
    text = clause.text
    found = [
        _weighed(rule, text, hit.start(), hit.end(), clause.start)
        for rule in rulebook().rules
        if (hit := rule.pattern.search(text.rstrip(".!? "))) is not None
    ]
    return sorted(found, key=lambda match: (bool(match.denied), -match.weight))


def _weighed(rule: Rule, text: str, start: int, end: int, offset: int) -> Match:
    """Return the match with why it does not count, if so."""
    return Match(rule.name, rule.weight, offset + start, offset + end, _denial(rule, text, start, end))


def _denial(rule: Rule, text: str, start: int, end: int) -> str:
    """Say why a match does not count; empty when it does."""
    if rule.name == WEAK:
        return ""
    book = rulebook()
    before = text[max(start - _NEAR, 0) : start]
    scope = before + text[start:end]
    if book.insists.search(scope):
        return ""
    if book.homonym.search(scope + text[end : end + _AFTER]):
        return "another meaning"
    for why, pattern in book.denials:
        if pattern.search(scope):
            return why
    spared = book.spared.sub(" ", scope)
    return "negated" if book.denies.search(spared) else ""
