"""Summarise a conversation in two or three sentences: the issue, what was tried, where it stands.

Extractive: the words are those that were said, put into the third person, and nothing else; so every number, id, date
and amount in it occurs in the transcript, which is checked at the end all the same.

Before: turns, redacted. After: `server.understanding.card` shows it, marked built-in.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.understanding.summary_person import told_of_customer, told_of_us
from server.understanding.summary_sentences import Sentence, asks_for_a_person, sentences

MOST_WORDS: Final = 60
"""Longer summaries are cut at a clause."""
HEAD_TURNS, TAIL_TURNS = 30, 120
"""Of a long conversation so many first and last turns are looked at."""
_STOP: Final = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "so",
        "to",
        "of",
        "in",
        "on",
        "at",
        "for",
        "with",
        "from",
        "by",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "am",
        "i",
        "me",
        "my",
        "we",
        "us",
        "our",
        "you",
        "your",
        "he",
        "she",
        "it",
        "its",
        "they",
        "them",
        "their",
        "this",
        "that",
        "these",
        "those",
        "do",
        "does",
        "did",
        "have",
        "has",
        "had",
        "not",
        "no",
        "can",
        "could",
        "will",
        "would",
        "should",
        "there",
        "here",
        "what",
        "which",
        "who",
        "when",
        "where",
        "why",
        "how",
        "just",
        "if",
        "as",
        "about",
        "into",
        "out",
        "up",
        "down",
        "over",
        "then",
        "than",
        "too",
        "very",
        "im",
        "ive",
        "dont",
        "cant",
        "its",
        "your",
        "please",
        "get",
        "got",
        "need",
        "want",
        "like",
        "know",
        "thanks",
    ]
)
_TERM: Final = re.compile(r"[a-z0-9']+")
_FIGURE: Final = re.compile(r"[\w$£€#@.+-]*\d[\w$£€#@.,:/+-]*")
_TRIED: Final = re.compile(
    r"\b(?:(?:i|we)(?:'ve|ve| have| had)?(?: already| just| even| also)? (?:tried|checked|restarted|reset"
    r"|rebooted|reinstalled|updated|resent|re-sent|refunded"
    r"|contacted|called|emailed|spoken|reported|unpaired|changed|sent|opened|raised|cleared|verified"
    r"|confirmed|cancelled|looked)|already (?:tried|done|called|contacted)"
    r"|have you tried|try (?:to )?\w+ing|please try)\b",
    re.IGNORECASE,
)
_REQUEST: Final = re.compile(r"^(?:(?:please|kindly|pls)\s+)(?P<deed>(?!note|be aware|accept)\w+\b.*)", re.IGNORECASE)
_CAN_YOU: Final = re.compile(
    r"^(?:can|could|would|will) (?:you|u|someone|anyone|somebody)(?: please| kindly| pls)? (?P<deed>\w+.*)",
    re.IGNORECASE,
)
_HAVE_YOU: Final = re.compile(r"^(?P<aux>have|are|were) you (?P<rest>.+)", re.IGNORECASE)
_SUBJECT: Final = re.compile(
    r"^(?:i|i'm|i've|ive|im|my|our|we|we're|we've|it|it's|its|this|that|the|there|there's|they|he|she|you"
    r"|your|you've|these|those|someone|nobody|both|all|one"
    r"|a|an|every|some|when i|after|since|because|if|as|due to|(?-i:[A-Z][\w'’]+))\b",
    re.IGNORECASE,
)
_VERB: Final = re.compile(
    r"\b(?:is|are|was|were|am|be|been|has|have|had|do|does|did|don't|doesn't|didn't|can|can't|cannot|could"
    r"|couldn't|will|won't|would|isn't|aren't|wasn't|haven't"
    r"|hasn't|i'm|im|i've|ive|it's|you're|they're|we're|there's|that's|keeps?|says?|said|want|need|tried"
    r"|got|get|went|came|take|took|told|made|paid|\w{3,}ed|\w{3,}s)\b",
    re.IGNORECASE,
)
_ASKED: Final = re.compile(
    r"^(?:(?:and|so|but|or) )?(?:(?:what|which|when|where|why|how|who)(?:'?s\b| (?:is|are|do|does|did|can"
    r"|could|would|will|was|were|have|has|should|much|many|long)\b)|(?:can|could|would|will|do|does|did|is"
    r"|are|was|were|have|has"
    r"|may|should) (?:i|we|you|u|it|they|he|she|the|this|that|there|my|your|any|anyone|someone|somebody)\b)",
    re.IGNORECASE,
)
_COMPLAINT: Final = re.compile(
    r"\b(?:not|never|no|n't|cant|wont|dont|still|problem|issue|wrong|broken|fail\w*|error|delay\w*|late"
    r"|lost|missing|cancel\w*|charged?|refund\w*|stuck|down|slow|locked"
    r"|damaged|waiting|unable|stopped|crash\w*|terrible|worst|awful|bad|poor|disappoint\w*|help|how|why"
    r"|where|when|what)\b",
    re.IGNORECASE,
)


class SummaryStatus(StrEnum):
    """How the summary came about; a code for programs."""

    OK = "ok"
    TOO_SHORT = "insufficient_conversation"
    UNGROUNDED = "ungrounded"


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary, empty unless its status is ok."""

    text: str
    status: SummaryStatus


def summarise(
    turns: Sequence[tuple[bool, str]], *, customer: str = "The customer", other: str = "The assistant"
) -> Summary:
    """Return the summary of a conversation.

    Args:
        turns: Each turn with whether the customer said it, oldest first.
        customer: What the customer is called at the start of a sentence.
        other: What the other side is called.
    """
    looked_at = list(turns) if len(turns) <= HEAD_TURNS + TAIL_TURNS else [*turns[:HEAD_TURNS], *turns[-TAIL_TURNS:]]
    said = sentences(looked_at)
    issue = _issue(said)
    if issue is None:
        return Summary("", SummaryStatus.TOO_SHORT)
    stands = _stands(said, issue)
    tried = _tried(said, issue, stands)
    parts = [_customer_says(issue, customer)]
    parts += (
        [_customer_says(tried, customer, again=True) if tried.customer else _other_says(tried, other)] if tried else []
    )
    if stands is not None:
        parts.append(_other_says(stands, other))
    elif asks_for_a_person(looked_at):
        parts.append("They ask for a person.")
    text = _bounded(parts)
    ok = is_grounded(text, (customer, other, *(words for _, words in turns)))
    return Summary(text, SummaryStatus.OK) if ok else Summary("", SummaryStatus.UNGROUNDED)


def figures_in(text: str) -> frozenset[str]:
    """Return every number, id, date and amount of a text, without the punctuation around it."""
    return frozenset(found.group().strip(".,:;/+-#@$£€").lower() for found in _FIGURE.finditer(text)) - {""}


def is_grounded(text: str, transcript: Iterable[str]) -> bool:
    """Tell whether every number, id, date and amount of a summary stands in the transcript."""
    wanted = figures_in(text)
    if not wanted:
        return True
    known: set[str] = set()
    for words in transcript:
        known |= figures_in(words)
    return wanted <= known


def _issue(said: Sequence[Sentence]) -> Sentence | None:
    """Return the sentence that says best what the customer came for."""
    mine = [one for one in said if one.customer and not one.empty and not one.about_handoff]
    if not mine:
        return next((one for one in said if one.customer and one.words >= 2 and not one.about_handoff), None)
    weights = _weights(said)
    first = mine[0].turn
    return max(mine, key=lambda one: _issue_score(one, weights, first))


def _issue_score(one: Sentence, weights: dict[str, float], first: int) -> float:
    terms = _terms(one.text)
    central = sum(weights.get(term, 0.0) for term in set(terms)) / math.sqrt(len(terms) + 4)
    early = 1.0 / (1.0 + 0.8 * (one.turn - first) + 0.08 * one.place)
    length = min(one.words, 22) / 22
    return central * (0.2 + early) * (0.5 + length) * (1.25 if _COMPLAINT.search(one.text) else 1.0)


def _stands(said: Sequence[Sentence], issue: Sentence) -> Sentence | None:
    """Return what the other side last said of substance."""
    theirs = [
        one for one in said if not one.customer and not one.empty and not one.about_handoff and one.turn > issue.turn
    ]
    if not theirs:
        return None
    weights = _weights(said)
    last = theirs[-1].turn

    def score(one: Sentence) -> float:
        terms = _terms(one.text)
        central = sum(weights.get(term, 0.0) for term in set(terms)) / math.sqrt(len(terms) + 4)
        return (0.5 + central) * (1.0 / (1.0 + 0.12 * (last - one.turn))) * (0.4 + min(one.words, 18) / 18)

    return max(theirs, key=score)


def _tried(said: Sequence[Sentence], issue: Sentence, stands: Sentence | None) -> Sentence | None:
    """Return a sentence that says what was done about it so far."""
    fits = [
        one
        for one in said
        if _TRIED.search(one.text)
        and one not in (issue, stands)
        and not one.about_handoff
        and not one.question
        and 4 <= one.words <= 22
        and one.turn >= issue.turn
    ]
    return fits[-1] if fits else None


def _weights(said: Sequence[Sentence]) -> dict[str, float]:
    """Return how often each content word is said, dampened."""
    counts = Counter(term for one in said for term in set(_terms(one.text)))
    return {term: math.log1p(min(count, 4)) for term, count in counts.items()}


def _terms(text: str) -> list[str]:
    return [term for term in _TERM.findall(text.lower()) if term not in _STOP and len(term) > 2]


def _customer_says(one: Sentence, who: str, *, again: bool = False) -> str:
    text = _clipped(one.text, 26)
    subject = "They" if again else who
    asked = _CAN_YOU.match(text) or _REQUEST.match(text)
    be = "are" if again else "is"
    if asked:
        return f"{subject} {be} asking us to {told_of_customer(asked['deed'])}."
    if one.question or _ASKED.match(text):
        return f'{subject} {be} asking: "{_capital(text)}?"'
    told = _small(told_of_customer(text))
    if not (_SUBJECT.match(text) and _VERB.search(text)):
        return f"{subject} {'say' if again else 'reports'}: {told}."
    if again:
        return f"They say that {told}."
    return f"{subject} is complaining that {told}." if _COMPLAINT.search(text) else f"{subject} says that {told}."


def _other_says(one: Sentence, who: str) -> str:
    text = _clipped(one.text, 24)
    asked = _CAN_YOU.match(text) or _REQUEST.match(text)
    if asked:
        return f"{who} asks them to {told_of_us(asked['deed'])}."
    have = _HAVE_YOU.match(text)
    if have:
        return f"{who} asks whether they {have['aux'].lower()} {told_of_us(have['rest'])}."
    if one.question or _ASKED.match(text):
        return f'{who} asks: "{_capital(text)}?"'
    if _SUBJECT.match(text) and _VERB.search(text):
        return f"{who} says that {_small(told_of_us(text))}."
    return f"{who} says: {_small(told_of_us(text))}."


def _clipped(text: str, most: int) -> str:
    """Return at most so many words, cut at the end of a clause where there is one."""
    words = text.split()
    if len(words) <= most:
        return text
    short = " ".join(words[:most])
    cut = max(short.rfind(", "), short.rfind(" - "), short.rfind("; "), short.rfind(" because "), short.rfind(" but "))
    if cut > len(short) // 2:
        return short[:cut]
    return re.sub(
        r"\s+(?:the|a|an|to|of|and|or|but|in|on|at|for|with|my|your|our|their|is|are|was|that|which|so|if"
        r"|as|by|from|this|i|we|you)\Z",
        "",
        short,
        flags=re.IGNORECASE,
    )


def _small(text: str) -> str:
    head = text.split(" ", 1)[0]
    return (
        text
        if head.isupper() or any(sign.isupper() for sign in head[1:]) or head == "I"
        else text[:1].lower() + text[1:]
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _bounded(parts: Sequence[str]) -> str:
    """Return the sentences that fit, the middle one left out first."""
    kept = list(parts)
    while len(" ".join(kept).split()) > MOST_WORDS and len(kept) > 1:
        del kept[1 if len(kept) > 2 else -1]
    return " ".join(kept)
