"""Tell in the third person what somebody said in the first: "I was charged" becomes "they were charged".

The singular *they* takes the same verb forms as *I* and *you* take (but for am and was), so that the change of person
cannot break the grammar; numbers, ids and names are never touched.
"""

import re
from collections.abc import Mapping
from typing import Final

_VERB_NEXT: Final = (
    "are|were|have|had|can|could|will|would|should|do|did|don't|didn't|won't|can't|cannot|couldn't|haven't"
    "|hadn't|aren't|weren't|may|might|must"
    "|need|want|guys|just|already|still|never|also|all|really|always|keep|said|say|told|tell|charged|charge"
    "|sent|send|took|take|promised|know"
    "|see|please|get|got|make|made|think|offer|sell|ship|shipped|fix|refuse|refused|cancelled|owe|lost"
    "|claim|only|now|even|both|people|ever"
    "|receive|received|like|try|tried|use|used|give|gave|provide|find|found|look|contact|contacted|call"
    "|called|go|check|mean|let"
)
_OBJECT_YOU: Final = re.compile(rf"\byou\b(?!\s+(?:{_VERB_NEXT})\b)", re.IGNORECASE)
_INVERTED: Final = re.compile(
    r"\b(?:can|could|will|would|do|did|are|were|have|had|should|may|if|that|when|because|what|why|how|where|as"
    r"|and|but|so|since|until|once|while|after|before|than|which|who)\s+you\b",
    re.IGNORECASE,
)
_FIRST_VERBS: Final = re.compile(
    r"\bI (?P<adverb>(?:just|still|also|only|really|already|now) )?(?P<verb>am|was|wasn't|'m not)\b", re.IGNORECASE
)
_MIRROR: Final = {"am": "are", "was": "were", "wasn't": "weren't"}
_CUSTOMER: Final[Mapping[str, str]] = {
    "i": "they",
    "i'm": "they're",
    "im": "they're",
    "i've": "they've",
    "ive": "they've",
    "i'll": "they'll",
    "i'd": "they'd",
    "me": "them",
    "my": "their",
    "mine": "theirs",
    "myself": "themselves",
    "your": "our",
    "yours": "ours",
    "you're": "we're",
    "you've": "we've",
    "youve": "we've",
    "you'll": "we'll",
    "you'd": "we'd",
    "youre": "we're",
    "yourself": "ourselves",
    "yourselves": "ourselves",
}
_OTHER_SIDE: Final[Mapping[str, str]] = {
    "i": "we",
    "i'm": "we're",
    "im": "we're",
    "i've": "we've",
    "ive": "we've",
    "i'll": "we'll",
    "i'd": "we'd",
    "me": "us",
    "my": "our",
    "mine": "ours",
    "myself": "ourselves",
    "your": "their",
    "yours": "theirs",
    "you're": "they're",
    "youre": "they're",
    "you've": "they've",
    "youve": "they've",
    "you'll": "they'll",
    "you'd": "they'd",
    "yourself": "themselves",
    "wed": "we'd",
}
_WORD: Final = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")


def told_of_customer(text: str) -> str:
    """Return the customer's words in the third person; *you* becomes *we*, the operator's own side."""
    return _told(text, _CUSTOMER, subject="we", objective="us")


def told_of_us(text: str) -> str:
    """Return our side's words as told to a colleague: *I* becomes *we*, *you* becomes *they*, the customer."""
    return _told(text, _OTHER_SIDE, subject="they", objective="them")


def _told(text: str, words: Mapping[str, str], *, subject: str, objective: str) -> str:
    first = words["i"]
    agreed = _FIRST_VERBS.sub(lambda m: f"{first} {m['adverb'] or ''}{_MIRROR.get(m['verb'].lower(), m['verb'])}", text)
    marked = _INVERTED.sub(lambda m: re.sub(r"you\Z", subject, m.group(), flags=re.IGNORECASE), agreed)
    placed = _OBJECT_YOU.sub(lambda m: subject if m.start() == 0 else objective, marked)
    placed = re.sub(r"\byou\b", subject, placed, flags=re.IGNORECASE)
    return _WORD.sub(lambda m: _replaced(m.group(), words), placed)


def _replaced(word: str, words: Mapping[str, str]) -> str:
    return words.get(word.replace("’", "'").lower(), word)
