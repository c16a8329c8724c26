"""Read numbers and spellings the way people say them: "double oh seven", "s as in sugar", "eight hundred forty two".

Pure. A *run* is a stretch of such words (or written digits) with what it reads as, cut into *chunks* where the speaker
paused for breath: "forty nine ninety nine" is one run of the chunks 49 and 99.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import Final

_UNITS: Final = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "naught": "0", "one": "1", "two": "2", "three": "3", "four": "4",
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "niner": "9",
}  # fmt: skip
_TEENS: Final = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS: Final = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_SCALES: Final = {"hundred": 100, "thousand": 1000}
_REPEATS: Final = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
_NATO: Final = {
    "alpha": "A", "alfa": "A", "bravo": "B", "charlie": "C", "delta": "D", "echo": "E", "foxtrot": "F", "golf": "G",
    "hotel": "H", "india": "I", "juliet": "J", "juliett": "J", "kilo": "K", "lima": "L", "mike": "M", "november": "N",
    "oscar": "O", "papa": "P", "quebec": "Q", "romeo": "R", "sierra": "S", "tango": "T", "uniform": "U", "victor": "V",
    "whiskey": "W", "whisky": "W", "xray": "X", "yankee": "Y", "zulu": "Z", "zed": "Z", "zee": "Z",
}  # fmt: skip
_MARKS: Final = {"dash": "-", "hyphen": "-", "minus": "-"}
_FILLERS: Final = frozenset({"uh", "um", "er", "erm", "then", "space", "comma"})
_TOKEN: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+")
_GAP: Final = re.compile(r"[\W_]{0,3}\Z")
_LIKENESS: Final = frozenset({"as", "for", "like"})


class Kind(IntEnum):
    """What a word can be in a run."""

    UNIT = auto()
    TEEN = auto()
    TENS = auto()
    SCALE = auto()
    NUMERAL = auto()
    REPEAT = auto()
    LETTER = auto()
    SPELLED = auto()
    MARK = auto()
    FILLER = auto()
    OTHER = auto()


_READINGS: Final[dict[str, tuple[Kind, str]]] = {
    **dict.fromkeys(_FILLERS, (Kind.FILLER, "")),
    **{word: (Kind.REPEAT, str(value)) for word, value in _REPEATS.items()},
    **{word: (Kind.SCALE, str(value)) for word, value in _SCALES.items()},
    **{word: (Kind.TENS, str(value)) for word, value in _TENS.items()},
    **{word: (Kind.TEEN, str(value)) for word, value in _TEENS.items()},
    **{word: (Kind.MARK, value) for word, value in _MARKS.items()},
    **{word: (Kind.SPELLED, value) for word, value in _NATO.items()},
    **{word: (Kind.UNIT, value) for word, value in _UNITS.items()},
}
"""What each word reads as."""
_NUMBERS: Final = frozenset({Kind.UNIT, Kind.TEEN, Kind.TENS})
_FIGURES: Final = _NUMBERS | {Kind.NUMERAL, Kind.REPEAT}
"""Without one of these there is no digit in a run."""
_SIGNS: Final = frozenset({Kind.SPELLED, Kind.MARK})
_ALONE: Final = frozenset({Kind.NUMERAL, Kind.FILLER, Kind.MARK})
SHORTEST_SPELLING: Final = 3
"""Fewer letters without a digit are no run."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word or numeral of a text, `start` to `end` in characters, with what it reads as."""

    kind: Kind
    word: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A few words said in one breath and the characters they stand for, at `start` to `end` of the text."""

    value: str
    start: int
    end: int
    spoken: bool


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring chunks; `value` is what they read as together."""

    chunks: tuple[Chunk, ...]

    @property
    def value(self) -> str:
        """Return the digits and capital letters, with dashes that were said."""
        return "".join(chunk.value for chunk in self.chunks)

    @property
    def start(self) -> int:
        """Return where it begins in the text."""
        return self.chunks[0].start

    @property
    def end(self) -> int:
        """Return where it ends in the text."""
        return self.chunks[-1].end

    @property
    def spoken(self) -> bool:
        """Tell whether a word, not only written digits, is part of it."""
        return any(chunk.spoken for chunk in self.chunks)


def tokens(text: str) -> list[Token]:
    """Return the words and numerals of a text, in order."""
    return [_token(found.group(), found.start(), found.end()) for found in _TOKEN.finditer(text)]


def runs(text: str, *, letters: bool = False) -> list[Run]:
    """Return every run of a text; with `letters`, spelled letters belong to runs as well as digits."""
    words = tokens(text)
    return list(_runs(text, words, letters=letters)) if _has_run(words, letters=letters) else []


def digits(text: str) -> str:
    """Return the digits among the characters of a text, in ASCII."""
    return "".join(str(int(char)) for char in text if char.isdecimal())


def ascii_digits(text: str) -> str:
    """Return the text with the digits of every script in ASCII."""
    return text if text.isascii() else "".join(str(int(char)) if char.isdecimal() else char for char in text)


def cardinal(chunk: str) -> int:
    """Return a chunk of digits as a number."""
    return int(chunk)


def _token(word: str, start: int, end: int) -> Token:
    low = word.lower()
    if word[0].isdecimal():
        return Token(Kind.NUMERAL, low, digits(word), start, end)
    kind, value = _read(low, word)
    return Token(kind, low, value, start, end)


def _read(low: str, word: str) -> tuple[Kind, str]:
    known = _READINGS.get(low)
    if known is not None:
        return known
    return (Kind.LETTER, word.upper()) if len(word) == 1 and word.isascii() else (Kind.OTHER, "")


def _has_run(words: Sequence[Token], *, letters: bool) -> bool:
    """Tell whether there can be a run at all: a digit, or three characters one by one. Most turns have none."""
    if any(word.kind in _FIGURES for word in words):
        return True
    return letters and sum(word.kind in _SIGNS or len(word.word) == 1 for word in words) >= SHORTEST_SPELLING


def _runs(text: str, words: Sequence[Token], *, letters: bool) -> Iterator[Run]:
    held: list[Chunk] = []
    at = 0
    while at < len(words):
        chunk, after = _chunk(words, at, letters=letters)
        if held and (chunk is None or not _near(text, words[at - 1].end, words[at].start)):
            yield from _closed(held)
            held = []
        if chunk is not None and chunk.value:
            held.append(chunk)
        at = after
    yield from _closed(held)


def _near(text: str, end: int, start: int) -> bool:
    return bool(_GAP.match(text, end, start)) and start - end <= 3


def _closed(held: list[Chunk]) -> Iterator[Run]:
    """Return the chunks as a run, without dashes at its ends and single stray letters."""
    while held and held[0].value == "-":
        held = held[1:]
    while held and held[-1].value == "-":
        held = held[:-1]
    if len(held) >= SHORTEST_SPELLING or any(char.isdigit() for chunk in held for char in chunk.value):
        yield Run(tuple(held))


def _chunk(words: Sequence[Token], at: int, *, letters: bool) -> tuple[Chunk | None, int]:
    """Return the chunk that begins at a word, None when none does, and the next word's place."""
    token = words[at]
    if token.kind in _ALONE:
        return Chunk(token.value, token.start, token.end, spoken=token.kind is not Kind.NUMERAL), at + 1
    if token.kind is Kind.REPEAT:
        return _repeated(words, at, letters=letters)
    if letters and (found := _spelled(words, at)) is not None:
        return found
    if token.kind in _NUMBERS:
        return _number(words, at)
    return None, at + 1


def _repeated(words: Sequence[Token], at: int, *, letters: bool) -> tuple[Chunk | None, int]:
    """Read "double oh", "triple five", "double s"."""
    token = words[at]
    if at + 1 >= len(words):
        return None, at + 1
    what = words[at + 1]
    known = {Kind.UNIT, Kind.LETTER, Kind.SPELLED} if letters else {Kind.UNIT}
    single = what.kind in known or (what.kind is Kind.NUMERAL and len(what.value) == 1)
    if not single:
        return None, at + 1
    return Chunk(what.value * int(token.value), token.start, what.end, spoken=True), at + 2


def _spelled(words: Sequence[Token], at: int) -> tuple[Chunk, int] | None:
    """Read one spelled letter: "b", "bravo", "x ray", "s as in sugar", "m for mother"."""
    token = words[at]
    if token.kind is Kind.SPELLED:
        return Chunk(token.value, token.start, token.end, spoken=True), at + 1
    letter = token.word.upper() if len(token.word) == 1 and token.word.isalpha() else ""
    if not letter:
        return None
    end = _likeness(words, at)
    if end is not None:
        return Chunk(letter, token.start, words[end - 1].end, spoken=True), end
    if letter == "X" and at + 1 < len(words) and words[at + 1].word == "ray":
        return Chunk("X", token.start, words[at + 1].end, spoken=True), at + 2
    if token.kind is Kind.UNIT:
        return None
    return Chunk(letter, token.start, token.end, spoken=True), at + 1


def _likeness(words: Sequence[Token], at: int) -> int | None:
    """Return where "as in sugar" after a letter ends; None when it does not follow."""
    rest = words[at + 1 : at + 4]
    if not rest or rest[0].word not in _LIKENESS:
        return None
    skipped = 2 if len(rest) > 2 and rest[0].word == "as" and rest[1].word == "in" else 1
    if skipped == 1 and rest[0].word == "as":
        return None
    like = rest[skipped] if len(rest) > skipped else None
    return at + skipped + 2 if like is not None and like.word.startswith(words[at].word) else None


def _number(words: Sequence[Token], at: int) -> tuple[Chunk, int]:
    """Read a number of units, teens, tens, hundreds and thousands that was said in one breath."""
    start = words[at].start
    text, after = _below_hundred(words, at)
    scale = words[after] if after < len(words) else None
    if scale is None or scale.kind is not Kind.SCALE:
        return Chunk(text, start, words[after - 1].end, spoken=True), after
    total, after = int(text) * int(scale.value), after + 1
    total, after = _rest(words, after, total, int(scale.value))
    return Chunk(str(total), start, words[after - 1].end, spoken=True), after


def _rest(words: Sequence[Token], at: int, total: int, scale: int) -> tuple[int, int]:
    """Add what follows "hundred" or "thousand": "two thousand nineteen", "eight hundred and forty two"."""
    joined = at + 1 if at < len(words) and words[at].word == "and" else at
    if joined >= len(words) or words[joined].kind not in _NUMBERS:
        if joined == at and at < len(words) and words[at].kind is Kind.SCALE and words[at].value == "1000":
            return _rest(words, at + 1, total * 1000, 1000)
        return total, at
    text, after = _below_hundred(words, joined)
    followed = after < len(words) and words[after].kind is Kind.UNIT
    if joined == at and words[joined].kind is Kind.UNIT and (followed or text == "0"):
        return total, at  # "eight hundred five five five" is 800 and then digits
    if scale == 1000 and after < len(words) and words[after].value == "100" and words[after].kind is Kind.SCALE:
        return _rest(words, after + 1, total + int(text) * 100, 100)
    return total + int(text), after


def _below_hundred(words: Sequence[Token], at: int) -> tuple[str, int]:
    token = words[at]
    if token.kind is Kind.TENS and at + 1 < len(words):
        unit = words[at + 1]
        if unit.kind is Kind.UNIT and unit.value != "0":
            return str(int(token.value) + int(unit.value)), at + 2
    return token.value, at + 1
