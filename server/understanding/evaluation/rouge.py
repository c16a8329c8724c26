"""Score a summary against a reference as the ROUGE paper does: shared words, word pairs, and the longest common thread.

F1 of stemmed tokens, as the usual scorers count them: lower case, letters and digits, words over three letters stemmed
(Lin, 2004; "ROUGE: A Package for Automatic Evaluation of Summaries").
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol, cast

import snowballstemmer  # type: ignore[import-untyped]

_WORD = re.compile(r"[a-z0-9]+")


class _Stemmer(Protocol):
    """What is used of the stemmer, which has no types."""

    def stemWord(self, word: str) -> str:  # noqa: N802 - its own name
        """Return the stem of a word."""
        ...


_STEMMER = cast("_Stemmer", snowballstemmer.stemmer("porter"))  # pyright: ignore[reportUnknownMemberType]


def tokens(text: str) -> tuple[str, ...]:
    """Return the stemmed tokens of a text."""
    return tuple(_stem(word) for word in _WORD.findall(text.lower()))


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    return _STEMMER.stemWord(word) if len(word) > 3 else word


def rouge_n(reference: Sequence[str], summary: Sequence[str], size: int) -> float:
    """Return the F1 of shared sequences of `size` tokens."""
    wanted, made = _grams(reference, size), _grams(summary, size)
    shared = sum((wanted & made).values())
    return _f1(shared, sum(wanted.values()), sum(made.values()))


def rouge_l(reference: Sequence[str], summary: Sequence[str]) -> float:
    """Return the F1 of the longest common subsequence."""
    row = [0] * (len(summary) + 1)
    for token in reference:
        corner = 0
        for at, other in enumerate(summary, 1):
            above = row[at]
            row[at] = corner + 1 if token == other else max(row[at], row[at - 1])
            corner = above
    return _f1(row[-1], len(reference), len(summary))


def _grams(words: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + size]) for at in range(len(words) - size + 1))


def _f1(shared: int, wanted: int, made: int) -> float:
    return 2 * shared / (wanted + made) if shared else 0.0
