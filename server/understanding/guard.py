"""Judge whether a turn really asks for a person: score, reason, and the words that decided.

Each clause is judged by itself, so that "give me my thirty pounds back, put me through to somebody" counts by its
second half. Rules find the wish and what takes it back; linear models over turn and clauses are weighed with them
(`server.understanding.guard_model`). No control decision reads the text itself: only this score is passed on.

Before: `server.understanding.assess` has a new turn. After: `server.core.triggers` compares the score.
"""

from dataclasses import dataclass
from typing import Final

from server.understanding import guard_rules
from server.understanding.encoder import Encoder
from server.understanding.guard_languages import tongues
from server.understanding.guard_model import ByRule, weigh
from server.understanding.language import language_of
from server.understanding.text import Clause, clauses, plain

THRESHOLD: Final = 0.5
"""From here on a wish counts as genuine."""
DENIED_SCORE: Final = 0.04
"""What is left of a wish that was taken back."""
ALONE: Final = 0.7
"""How sure the models must be where no rule found anything."""
SURE: Final = 0.9
"""How sure the models must be of a turn in a language they never learnt."""
KNOWN: Final = frozenset({"en", ""})
NO_WISH: Final = "no wish for a person"
TONGUE_WEIGHT: Final = 0.88
"""How sure a rule of another language is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard says of one turn.

    Attributes:
        score: From 0 (no wish for a person) to 1 (a genuine one).
        reason: In a few words, for the card.
        span: The words that decided, as they were said; empty when nothing did.
        start: Where the span begins in the plain text, in characters.
        language: ISO 639-1, or "" when it can't be told.
    """

    score: float
    reason: str
    span: str = ""
    start: int = 0
    language: str = ""

    @property
    def genuine(self) -> bool:
        """Whether the wish counts."""
        return self.score >= THRESHOLD


def judge(text: str, encoder: Encoder | None = None) -> Verdict:
    """Return what the guard says of one turn of a customer; with an encoder it also goes by the meaning."""
    said = plain(text)
    language = language_of(said)
    pieces = clauses(said)
    if not pieces:
        return Verdict(0.0, NO_WISH, language=language)
    matches = [match for piece in pieces for match in guard_rules.search(piece)]
    best = Verdict(0.0, NO_WISH, language=language)
    for piece in pieces:
        verdict = _in_tongues(piece, language)
        if verdict is not None and _tells_more(verdict, best):
            best = verdict
    in_english = any(not match.denied and match.name != guard_rules.WEAK for match in matches)
    if best.span and (best.genuine or not in_english):
        return best
    return _weighed(said, pieces, matches, language, encoder)


def _weighed(
    said: str, pieces: list[Clause], matches: list[guard_rules.Match], language: str, encoder: Encoder | None
) -> Verdict:
    """Return the verdict on what the rules found and how the turn sounds."""
    counting = [match for match in matches if match.name != guard_rules.WEAK]
    meant = max((match for match in counting if not match.denied), key=lambda match: match.weight, default=None)
    denied = next((match for match in counting if match.denied), None)
    found = ByRule(meant.weight if meant else 0.0, denied is not None, len(counting) < len(matches))
    likely = weigh(said, pieces, found, encoder)
    score = round(likely.score, 4)
    if meant is not None:
        reason = meant.name if score >= THRESHOLD else f"{meant.name}, but it hardly sounds meant"
        return Verdict(score, reason, said[meant.start : meant.end], meant.start, language)
    if score >= (ALONE if language in KNOWN else SURE):
        return Verdict(score, "sounds like asking for a person", likely.piece.text, likely.piece.start, language)
    score = min(score, THRESHOLD - 0.01)
    if denied is not None:
        reason = f"{denied.name}, but {denied.denied}"
        return Verdict(min(score, DENIED_SCORE), reason, said[denied.start : denied.end], denied.start, language)
    return Verdict(score, NO_WISH, language=language)


def _tells_more(one: Verdict, other: Verdict) -> bool:
    """Tell whether one verdict outweighs the other: by score, then by having found anything at all."""
    return (one.score, bool(one.span)) > (other.score, bool(other.span))


def _in_tongues(clause: Clause, language: str) -> Verdict | None:
    """Return what the rules of other languages say of one clause; None when they find nothing."""
    for tongue in dict.fromkeys((language, *tongues())) if language != "en" else ():
        found = _in_tongue(clause, tongue, language)
        if found is not None:
            return found
    return None


def _in_tongue(clause: Clause, tongue: str, language: str) -> Verdict | None:
    """Return what the rules of one language say of a clause; None when they find nothing."""
    rules = tongues().get(tongue)
    hit = rules.asks.search(clause.text) if rules else None
    if rules is None or hit is None:
        return None
    start = clause.start + hit.start()
    if rules.denies.search(clause.text):
        return Verdict(DENIED_SCORE, "asks for a person, but negated or past", hit.group(), start, language or tongue)
    return Verdict(TONGUE_WEIGHT, "asks for a person", hit.group(), start, language or tongue)
