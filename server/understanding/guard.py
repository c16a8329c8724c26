"""Judge whether a turn really asks for a person: score, reason, and the words that decided.

Each clause is judged by itself, so that "give me my thirty pounds back, put me through to somebody" counts by its
second half. Rules find the wish and what takes it back; a linear model over the same clause, when there is one, adds
what no rule foresaw. No control decision reads the text itself: only this score is passed on.

Before: `server.understanding.assess` has a new turn. After: `server.core.triggers` compares the score.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from server.understanding import guard_rules
from server.understanding.guard_languages import tongues
from server.understanding.hashing import features
from server.understanding.language import language_of
from server.understanding.text import Clause, clauses, plain

THRESHOLD: Final = 0.5
"""From here on a wish counts as genuine."""
DENIED_SCORE: Final = 0.04
"""What is left of a wish that was taken back."""
SURE: Final = 0.9
"""How sure the model must be where no rule found anything."""
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


def judge(text: str) -> Verdict:
    """Return what the guard says of one turn of a customer."""
    said = plain(text)
    language = language_of(said)
    best = Verdict(0.0, NO_WISH, language=language)
    pieces = clauses(said)
    for clause in pieces:
        verdict = _by_rule(said, clause, language)
        if _tells_more(verdict, best):
            best = verdict
    return best if best.span else _by_model(said, pieces, language)


def _tells_more(one: Verdict, other: Verdict) -> bool:
    """Tell whether one verdict outweighs the other: by score, then by having found anything at all."""
    return (one.score, bool(one.span)) > (other.score, bool(other.span))


def _by_rule(said: str, clause: Clause, language: str) -> Verdict:
    """Return what the rules say of one clause."""
    for tongue in dict.fromkeys((language, *tongues())) if language != "en" else ():
        found = _in_tongue(clause, tongue, language)
        if found is not None:
            return found
    matches = [match for match in guard_rules.search(clause) if match.name != guard_rules.WEAK]
    if not matches:
        return Verdict(0.0, NO_WISH, language=language)
    best = matches[0]
    span = said[best.start : best.end]
    if best.denied:
        return Verdict(DENIED_SCORE, f"{best.name}, but {best.denied}", span, best.start, language)
    return Verdict(best.weight, best.name, span, best.start, language)


def _by_model(said: str, pieces: list[Clause], language: str) -> Verdict:
    """Return what the linear model says where no rule found anything: it must be sure."""
    scored = [(_likeness(piece.text), piece) for piece in (Clause(said, 0), *pieces)]
    likeness, piece = max(scored, key=lambda pair: pair[0])
    if likeness < SURE:
        return Verdict(round(likeness * THRESHOLD, 4), NO_WISH, language=language)
    return Verdict(likeness, "sounds like asking for a person", piece.text, piece.start, language)


def _likeness(text: str) -> float:
    """Return how much a clause is like those of customers who ask for a person, from 0 to 1."""
    numbers, values = features(text)
    if not len(numbers):
        return 0.0
    weights, bias = _weights()
    return float(1.0 / (1.0 + np.exp(-np.clip(weights[numbers] @ values + bias, -30.0, 30.0))))


@cache
def _weights() -> tuple[NDArray[np.float32], float]:
    """Return the trained weights, shape (BUCKETS,), and the bias."""
    with (files("server.understanding") / "weights" / "guard.npz").open("rb") as file, np.load(file) as found:
        return found["words"].astype(np.float32), float(found["bias"][0])


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
