"""Count what shows a mood in a turn: words of outrage, of waiting, of thanks; shouting, signs, questions."""

import re
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from server.understanding.words import read_words

MOST_HITS: Final = 3
"""More hits of one kind say no more."""
_SHOUTED: Final = re.compile(r"\b[A-Z]{3,}\b")
_LETTERS: Final = re.compile(r"\b[A-Za-z]{3,}\b")
_EXTRA: Final = 8


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    file = read_words("mood_cues.toml", dict[str, dict[str, str]])
    return {name: re.compile(entry["said"].replace("\n", "")) for name, entry in file.items()}


def cue_count() -> int:
    """Return how many numbers `cues` gives."""
    return 2 * len(_patterns()) + _EXTRA


def cue_hits(text: str) -> dict[str, int]:
    """Return how often each kind of word occurs."""
    lower = text.lower()
    return {name: sum(1 for _ in pattern.finditer(lower)) for name, pattern in _patterns().items()}


def cues(text: str) -> NDArray[np.float32]:
    """Return the cues of a turn; shape (cue_count(),), each from 0 to 1.

    For each kind of word: whether it occurs, and how often; then shouting, signs, length, and thanks beside a failure.
    """
    hits = cue_hits(text)
    numbers: list[float] = []
    for count in hits.values():
        numbers += [float(count > 0), min(count, MOST_HITS) / MOST_HITS]
    long_words = len(_LETTERS.findall(text))
    shouted = len(_SHOUTED.findall(text))
    trouble = hits["failing"] + hits["waiting"] + hits["letdown"]
    numbers += [
        min(shouted, 5) / 5,
        shouted / long_words if long_words >= 2 else 0.0,
        min(text.count("!"), MOST_HITS) / MOST_HITS,
        float("?!" in text or "!?" in text or "??" in text),
        float("?" in text),
        min(len(text), 280) / 280,
        float(hits["thanks"] > 0 and trouble > 0),
        float(hits["delight"] > 0 and trouble > 1),
    ]
    return np.array(numbers, np.float32)
