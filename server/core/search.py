"""Read what people look for in old conversations, and cut the texts they look in, by one rule for both.

A word is a run of letters and digits, without case and accents; an ideograph, a syllable of scripts that leave no
spaces, and an emoji are words by themselves. So the same query finds the same turns on every database, and no
character of a query ever reaches a database's own query language.

Before: an operator wrote some words. After: `server.storage.search` finds the turns, and `excerpt` shows where.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from server.core.errors import CallerError

LONGEST_QUERY: Final = 500
"""Characters of a query."""
MOST_TERMS: Final = 24
"""Words and phrases of a query."""
LONGEST_WORD: Final = 64
"""Characters of a word that tell it from others."""
EXCERPT_BEFORE: Final = 40
"""Characters shown before the first word that was found."""
EXCERPT_LENGTH: Final = 160
"""Characters of an excerpt, ellipses not counted."""

_ALONE: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_EMOJI: Final = "\u2600-\u27bf\U0001f300-\U0001faff"
_PIECES: Final = re.compile(rf"[{_ALONE}{_EMOJI}]|[^\W_{_ALONE}{_EMOJI}]+")
_EMOJI_PIECE: Final = re.compile(f"[{_EMOJI}]")
_PLAIN: Final = re.compile(r"[^\W_]+")
_TERMS: Final = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must (or, with `excluded`, must not) follow each other; with `prefix` the last may go on."""

    words: tuple[str, ...]
    prefix: bool = False
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """All terms must hold; one of them at least asks for something."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a text, with the places (start, end) of the words that were found in it."""

    text: str
    marks: tuple[tuple[int, int], ...]


def words_of(text: str) -> list[str]:
    """Return the words of a text, in order."""
    return [word for _, _, words in _pieces(text) for word in words]


def read_query(text: str) -> Query:
    """Return what a line asks for: words, "a phrase", begin*, and -without; every other sign is a space.

    Raises:
        CallerError: `query_too_long`, or `query_empty` when nothing is left to look for.
    """
    if len(text) > LONGEST_QUERY:
        raise CallerError("query_too_long", f"A search has at most {LONGEST_QUERY} characters.", "Use fewer words.")
    terms = tuple(dict.fromkeys(_terms(text)))[:MOST_TERMS]
    if not any(not term.excluded for term in terms):
        raise CallerError(
            "query_empty", "There is no word to look for.", 'Write words, "a phrase", begin* or -without a word.'
        )
    return Query(terms)


def excerpt(text: str, query: Query) -> Excerpt:
    """Return the piece of `text` around the first word that `query` asks for, on one line."""
    found = [(start, end) for start, end, words in _pieces(text) if any(_asks(query, word) for word in words)]
    first = found[0][0] if found else 0
    start = max(first - EXCERPT_BEFORE, 0)
    end = min(start + EXCERPT_LENGTH, len(text))
    shown = re.sub(r"\s", " ", text[start:end])
    head = "…" if start else ""
    marks = tuple((left - start + len(head), right - start + len(head)) for left, right in found if right <= end)
    return Excerpt(f"{head}{shown}{'…' if end < len(text) else ''}", marks)


def _asks(query: Query, word: str) -> bool:
    """Tell whether a word of a text is one that the query asks for."""
    for term in query.terms:
        if term.excluded:
            continue
        if word in term.words or (term.prefix and word.startswith(term.words[-1])):
            return True
    return False


def _terms(text: str) -> Iterator[Term]:
    for minus, phrase, bare in _TERMS.findall(text):
        words = tuple(words_of(phrase or bare))
        if words:
            yield Term(words, prefix=not phrase and bare.endswith("*"), excluded=bool(minus))


def _pieces(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield where a piece of the text stands, and its words."""
    for piece in _PIECES.finditer(text):
        words = _folded(piece.group())
        if words:
            yield piece.start(), piece.end(), words


def _folded(piece: str) -> list[str]:
    """Return a piece without case, accents and width; one sign may become several words."""
    if piece.isascii():
        return [piece.lower()[:LONGEST_WORD]]
    if _EMOJI_PIECE.match(piece):
        return [f"emoji{ord(piece):x}"]
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", piece) if not unicodedata.combining(sign))
    return [word[:LONGEST_WORD] for word in _PLAIN.findall(bare.casefold())]
