"""Count wrong words: what was said beside what was heard, both in plain words with digits spelled out.

Numbers below a hundred are their digits in both, so that "ten" and "10" are the same, as in Whisper's own normaliser.
"""

import re
from collections.abc import Sequence
from typing import Final

_DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS: Final = (
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBER: Final = re.compile(
    rf"\b(?:(?P<teen>{'|'.join(_TEENS)})|(?P<ten>{'|'.join(_TENS)})(?:[ -](?P<unit>{'|'.join(_DIGITS[1:])}))?)\b"
)
_SAME: Final[dict[str, str]] = {
    "mr": "mister", "mrs": "missus", "dr": "doctor", "st": "saint", "ok": "okay", "oh": "zero", "o": "zero",
    "won't": "will not", "can't": "can not", "cannot": "can not", "i'm": "i am", "it's": "it is", "let's": "let us",
}  # fmt: skip
_ENDINGS: Final = {"n't": " not", "'re": " are", "'ve": " have", "'ll": " will", "'d": " would"}
_WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)?|\d")
_FILLERS: Final = frozenset({"uh", "um", "hmm", "mm", "er"})


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are compared."""
    found: list[str] = []
    for word in map(str, _WORD.findall(_NUMBER.sub(_digits, text.lower().replace("’", "'")))):
        if word in _FILLERS:
            continue
        plain = _DIGITS[int(word)] if word.isdigit() else _SAME.get(word, word)
        found += _whole(plain).split()
    return found


def _digits(found: re.Match[str]) -> str:
    """Return a number below a hundred in its digits."""
    if found["teen"]:
        return str(10 + _TEENS.index(found["teen"]))
    return f"{2 + _TENS.index(found['ten'])}{_DIGITS.index(found['unit'] or 'zero')}"


def _whole(word: str) -> str:
    """Return a word without its contraction."""
    ending = next((ending for ending in _ENDINGS if word.endswith(ending)), "")
    return word.removesuffix(ending) + _ENDINGS[ending] if ending else word


def wrong_words(said: Sequence[str], heard: Sequence[str]) -> int:
    """Return how many words were replaced, left out or added, at the least."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(said, 1):
        before, row[0] = row[0], at
        for to, other in enumerate(heard, 1):
            best = min(row[to] + 1, row[to - 1] + 1, before + (word != other))
            before, row[to] = row[to], best
    return row[-1]
