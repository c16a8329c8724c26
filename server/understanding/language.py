"""Name the language of a text by its script and its commonest words; enough to choose rules, and never a guess.

The word lists are the short function words of each language, which every text of some length holds.
"""

import unicodedata
from collections import Counter
from functools import cache
from typing import Final

from server.understanding.text import words
from server.understanding.words import read_words

LEAST_MARGIN: Final = 1
"""By how many words the best language must lead; else the answer is empty."""


@cache
def _common() -> dict[str, frozenset[str]]:
    """Return the commonest words of each language."""
    return {
        language: frozenset(listed.split()) for language, listed in read_words("common.toml", dict[str, str]).items()
    }


_SCRIPTS: Final = {
    "CYRILLIC": "ru",
    "GREEK": "el",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "THAI": "th",
    "CJK": "zh",
}
_SAMPLE: Final = 600
"""How many characters are looked at."""


def language_of(text: str) -> str:
    """Return the two letters of the text's language (ISO 639-1), or "" when it can't be told."""
    sample = text[:_SAMPLE]
    script = _script_of(sample)
    if script:
        return script
    said = words(sample)
    counts = {language: sum(1 for word in said if word in common) for language, common in _common().items()}
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])
    best, second = ranked[0], ranked[1]
    return best[0] if best[1] >= second[1] + LEAST_MARGIN else ""


def _script_of(sample: str) -> str:
    """Return the language that a script other than Latin stands for, when it prevails."""
    found: Counter[str] = Counter()
    letters = 0
    for character in sample:
        if not character.isalpha():
            continue
        letters += 1
        if not character.isascii():
            found[_SCRIPTS.get(unicodedata.name(character, "").split(" ")[0].split("-")[0], "")] += 1
    del found[""]
    if not found or letters == 0:
        return ""
    if found["ja"]:
        return "ja"
    language, count = found.most_common(1)[0]
    return language if count * 3 >= letters else ""
