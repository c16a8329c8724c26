"""Prepare what was said for the features: plain words, and the clauses of a turn that asks for several things."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

MOST_CHARACTERS: Final = 4000
"""More of one turn is not looked at: what matters is said early, and a flood must not hold up the worker."""
MOST_CLAUSES: Final = 40
"""More clauses of one turn are not looked at."""
SHORT_WORDS: Final = 2
"""A piece of at most so many words goes with the piece after it."""

_APOSTROPHES: Final = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "*": " "})
_SPACE: Final = re.compile(r"\s+")
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?", re.UNICODE)
_BREAK: Final = re.compile(
    r"(?<=[a-zà-ÿ\"')])\.(?=[A-Z])"
    r"|[.!?;:…。！？；，\n]+(?=\s|$|[^\d\s])"
    r"|(?<!\d),(?!\d)|,(?=\s)"
    r"|\s[-–—]+\s|\s(?=(?-i:Is there|Can|Could|Please|Why|How about|Let me|Get|Put|Give|Just)\s)"
    r"|\s(?:but|however|although|though|otherwise|instead of that|and then|and also|because"
    r"|and (?=(?:please|can|could|i|we|let|put|get|connect|transfer|speak|talk|then|just|would|may|is|are|do)\b)"
    r"|and (?=(?:what|how|when|where|tell|give|have)\b)|so (?=(?:i|can|please|let)\b)|since (?=(?:i|you)\b)"
    r"|or (?=(?:i|can|just|please|at least|let|get|put|connect|transfer)\b)"
    r"|pero|porque|aber|denn|sondern|mais|parce que|ma|perché|mas|porém|maar)\s",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a turn that can be judged by itself.

    Attributes:
        text: As it was said.
        start: Where it begins in the turn, in characters.
    """

    text: str
    start: int


def plain(text: str) -> str:
    """Return the text in composed form, with straight apostrophes and single spaces, cut at MOST_CHARACTERS."""
    short = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).translate(_APOSTROPHES)
    return _SPACE.sub(" ", short).strip()


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.lower())


def clauses(text: str) -> list[Clause]:
    """Return the clauses of a turn in order; a turn that is not compound is one clause.

    Args:
        text: As `plain` returns it.
    """
    pieces: list[Clause] = []
    start = 0
    for found in _BREAK.finditer(text):
        _add(pieces, text, start, found.start() + (1 if found.group()[:1] == "?" else 0))
        start = found.end()
        if len(pieces) >= MOST_CLAUSES:
            return pieces
    _add(pieces, text, start, len(text))
    return pieces


def _add(pieces: list[Clause], text: str, start: int, end: int) -> None:
    """Add the piece without the space around it; nothing when there is no word in it."""
    piece = text[start:end]
    if not _WORD.search(piece):
        return
    stripped = piece.strip()
    pieces.append(Clause(stripped, start + piece.index(stripped)))
