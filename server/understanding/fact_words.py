"""Find what is said in words: e-mail addresses and names."""

import re
from collections.abc import Iterator
from typing import Final

from server.understanding.facts_found import Found
from server.understanding.spoken import Kind, Token, runs, tokens

_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}(?!\w)")
_AT_DOMAIN: Final = re.compile(
    r"\bat\s+(?P<domain>[a-z0-9]+(?:\s?-\s?[a-z0-9]+|\s+(?:dash|hyphen)\s+[a-z0-9]+|\s+[a-z0-9]+){0,3}?)"
    r"\s+(?:dot|period|point)\s+(?P<top>[a-z]{2,6}(?:\s+(?:dot|period)\s+[a-z]{2,6})?)\b",
    re.IGNORECASE,
)
_SIGNS: Final = {
    "dot": ".",
    "period": ".",
    "point": ".",
    "underscore": "_",
    "dash": "-",
    "hyphen": "-",
    "minus": "-",
    "plus": "+",
}
_BEFORE_ADDRESS: Final = frozenset(
    [
        "is",
        "it",
        "its",
        "s",
        "it's",
        "email",
        "e-mail",
        "mail",
        "address",
        "my",
        "the",
        "to",
        "at",
        "me",
        "on",
        "for",
        "under",
        "use",
        "and",
        "a",
        "with",
        "that's",
        "thats",
        "so",
        "yes",
        "sure",
        "use",
        "using",
        "send",
        "reach",
        "contact",
        "of",
        "or",
        "as",
        "by",
        "ok",
        "okay",
    ]
)

_NAME_CUES: Final = re.compile(
    r"(?:\b(?:my|the|full|first|last|her|his|their) (?:full |first |last |sur|family )?name(?:'s| is| was)?(?: is)?"
    r"|\bname(?:'s| is|:)|\b(?:i'm|i am|im|this is|it's|its|it is|you're speaking (?:to|with)|speaking)(?="
    r" )|\bcall me\b"
    r"|\b(?:under|in)(?: the)? name(?: of)?|(?:,|^|;|\.|and)\s*name)\s*[:,]?\s+",
    re.IGNORECASE,
)
_STRONG_CUE: Final = re.compile(r"name|call me", re.IGNORECASE)
_PART: Final = (
    r"(?:[A-Z][A-Za-zÀ-ÿ]*(?:['’\-][A-Za-zÀ-ÿ]+)*\.?|(?:de|del|della|van|von|der|den|da|dos|la|le|bin|al|ter)(?= ))"
)
_CASED: Final = re.compile(rf"(?P<it>[A-ZÀ-Þ][A-Za-zÀ-ÿ]*(?:['’\-][A-Za-zÀ-ÿ]+)*(?:\s+{_PART}){{0,3}})")
_SMALL: Final = re.compile(r"(?P<it>[^\W\d_]+(?:['’\-][^\W\d_]+)*(?:\s+[^\W\d_]+(?:['’\-][^\W\d_]+)*){0,3})")
_NO_NAME: Final = frozenset(
    [
        "not",
        "calling",
        "here",
        "a",
        "an",
        "very",
        "trying",
        "so",
        "sorry",
        "the",
        "my",
        "your",
        "this",
        "that",
        "just",
        "having",
        "getting",
        "still",
        "in",
        "on",
        "at",
        "from",
        "with",
        "and",
        "or",
        "but",
        "really",
        "fine",
        "good",
        "ok",
        "okay",
        "sure",
        "yes",
        "no",
        "looking",
        "waiting",
        "going",
        "able",
        "unable",
        "about",
        "because",
        "for",
        "to",
        "is",
        "was",
        "it",
        "its",
        "i",
        "you",
        "we",
        "they",
        "he",
        "she",
        "on-hold",
        "happy",
        "angry",
        "upset",
        "frustrated",
        "tired",
        "done",
        "ready",
        "interested",
        "writing",
        "speaking",
        "hoping",
        "wondering",
        "asking",
        "being",
        "been",
        "also",
        "afraid",
        "glad",
        "new",
        "old",
        "only",
        "now",
        "then",
        "again",
        "wrong",
        "correct",
        "right",
        "customer",
        "account",
        "order",
        "member",
        "ridiculous",
        "urgent",
        "regarding",
        "account",
        "please",
        "thanks",
        "thank",
        "hello",
        "hi",
        "hey",
        "when",
        "what",
        "where",
        "why",
        "how",
        "phone",
        "number",
        "email",
        "address",
        "under",
        "spelled",
        "missing",
        "locked",
        "stuck",
        "unhappy",
        "disappointed",
        "furious",
        "confused",
        "concerned",
        "worried",
        "after",
        "due",
        "supposed",
        "expecting",
        "currently",
        "always",
        "never",
        "all",
        "too",
        "out",
        "off",
        "back",
        "home",
    ]
)
_STOP_AFTER: Final = frozenset(
    [
        "and",
        "i",
        "my",
        "the",
        "with",
        "from",
        "on",
        "calling",
        "speaking",
        "here",
        "is",
        "account",
        "order",
        "phone",
        "number",
        "email",
        "but",
        "at",
        "in",
        "for",
        "i'm",
        "im",
        "please",
        "from",
        "it's",
        "its",
        "customer",
        "a",
        "an",
        "you",
        "your",
        "we",
        "can",
        "could",
        "who",
        "that",
        "this",
        "to",
        "of",
        "or",
        "so",
        "thanks",
        "thank",
        "regarding",
        "about",
        "again",
        "date",
        "birth",
    ]
)


def emails(text: str) -> Iterator[Found]:
    """Return every e-mail address, written or spoken ("j dot smith at example dot com"), in lower case."""
    for found in _EMAIL.finditer(text):
        yield Found("email", found.group().rstrip(".").lower(), found.start(), found.end(), 0.99)
    if " dot " not in text.lower() and " period " not in text.lower():
        return
    for found in _AT_DOMAIN.finditer(text):
        local, start = _local_part(text, found.start())
        domain = _joined(found["domain"])
        top = ".".join(re.split(r"\s+(?:dot|period)\s+", found["top"].lower()))
        if local:
            yield Found("email", f"{local}@{domain}.{top}", start, found.end(), 0.85)


def _local_part(text: str, end: int) -> tuple[str, int]:
    """Return what stands before "at", read backwards to the first word that is no part of an address."""
    said = tokens(text[:end])
    first = len(said)
    words = 0
    while first > 0 and len(said) - first < 24:
        token = said[first - 1]
        joined = first < len(said) and said[first].word in _SIGNS
        plain = token.kind in {Kind.OTHER, Kind.SPELLED} and token.word not in _SIGNS
        if token.word in _BEFORE_ADDRESS and not joined and not _spelled_on(said, first):
            break
        if plain and not joined and words and said[first].kind is Kind.OTHER:
            break
        words += plain
        first -= 1
    while first < len(said) and said[first].word in _SIGNS:
        first += 1
    return (_joined(text[said[first].start : end]), said[first].start) if first < len(said) else ("", end)


def _spelled_on(said: list[Token], first: int) -> bool:
    """Tell whether "a" or "s" before a place is a letter of a spelled address, not a word."""
    token = said[first - 1]
    return len(token.word) == 1 and first < len(said) and len(said[first].word) == 1


def _joined(words: str) -> str:
    """Return spoken words of an address in one: signs as signs, numbers in digits, letters as they are."""
    pieces: list[str] = []
    numbers = {run.start: run for run in runs(words, letters=True)}
    skip = 0
    for token in tokens(words):
        if token.start < skip:
            continue
        run = numbers.get(token.start)
        if token.word in _SIGNS:
            pieces.append(_SIGNS[token.word])
        elif run is not None and any(char.isalnum() for char in run.value):
            pieces.append(run.value.lower())
            skip = run.end
        else:
            pieces.append(token.word)
    return "".join(pieces)


def names(text: str) -> Iterator[Found]:
    """Return the name a customer gives: "my name is ...", "this is John O'Neill", "name Delgado"."""
    for cue in _NAME_CUES.finditer(text):
        strong = bool(_STRONG_CUE.search(cue.group()))
        found = _CASED.match(text, cue.end())
        if found is not None and found["it"].split()[0].lower() not in _NO_NAME:
            yield Found("name", _cut_name(found["it"]), cue.end(), found.end(), 0.9 if strong else 0.75)
            continue
        small = _SMALL.match(text, cue.end())
        if small is None or not (strong or _introduced(text, small)):
            continue
        value = _cut_name(small["it"])
        if value and value.split()[0].lower() not in _NO_NAME and len(value) > 1:
            yield Found("name", value, cue.end(), cue.end() + len(value), 0.75 if strong else 0.6)


def bare_name(text: str) -> Found | None:
    """Return the whole answer as a name, where a name was asked for."""
    answer = re.sub(
        r"^\W*(?:(?:yes|sure|ok|okay|hi|hello|of course|certainly|it's|its|it is|i'm|i am|this is|um|uh"
        r"|well)\b[\s,.]*)+",
        "",
        text,
        flags=re.IGNORECASE,
    )
    found = _SMALL.match(answer)
    if found is None or len(answer.split()) > 6:
        return None
    value = _cut_name(found["it"])
    words = value.split()
    if not words or len(words) > 4 or words[0].lower() in _NO_NAME:
        return None
    start = len(text) - len(answer)
    return Found("name", value, start, start + len(value), 0.8)


def _introduced(text: str, found: re.Match[str]) -> bool:
    """Tell whether lower-case words after "this is" are a name: "this is john smith calling"."""
    return bool(re.match(r"this is |speaking ", text[max(found.start() - 8, 0) : found.start()].lower())) and bool(
        re.search(r"\b(?:calling|speaking|here|from)\b", text[found.start() : found.end() + 12])
    )


def _cut_name(words: str) -> str:
    kept: list[str] = []
    for word in words.split():
        if word.lower().strip(".,") in _STOP_AFTER:
            break
        kept.append(word.strip(".,"))
    return " ".join(kept[:4])
