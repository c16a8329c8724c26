"""Make text from outside safe to draw: only printable characters, at a bounded size, ever reach a terminal.

Customers, assistants, providers, peers and file names are all outside. The broker cleans what it stores and the
console cleans again what it draws; cleaning twice changes nothing. What is kept is an allow-list:

* NFC; at most four combining marks on a base, none without one;
* tabs and every exotic space become spaces; CR LF is a newline; at most two newlines stand in a row;
* controls, surrogates, private use, unassigned, line separators and blank look-alikes become U+FFFD;
* invisible format characters (bidirectional controls, zero-width, tags) become a middle dot, except the joiners
  inside the scripts that need them and inside one emoji;
* length is cut last, between whole characters as people see them, and the cut is shown by an ellipsis.

Before: text as it came. After: text that a terminal draws in the cells it was given, and obeys in nothing.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

from server.wire.characters import KINDS, MAX_REMEMBERED, REGIONAL, Kind, within

REPLACEMENT: Final = "\ufffd"
"""Stands for a character that must not be drawn."""
DOT: Final = "\u00b7"
"""Stands for an invisible character, so that it can be seen."""
ELLIPSIS: Final = "\u2026"
"""Ends a text that was cut."""
MAX_MARKS: Final = 4
"""Combining marks kept on one base."""


def clean_line(text: str, max_cells: int = 200) -> str:
    """Return `text` as one line of at most `max_cells` terminal cells; newlines and tabs become one space each."""
    if max_cells < 1:
        return ""
    bound = max_cells * 16 + 256
    kept = text if len(text) <= bound else text[:bound]
    cleaned = _safe(kept).replace("\n", " ").replace("\t", " ")
    return _clip(cleaned, max_cells, cut=kept is not text)


def clean_text(text: str, max_chars: int = 20_000, max_lines: int = 400) -> str:
    r"""Return `text` with its newlines, at most `max_chars` code points in at most `max_lines` lines."""
    if max_chars < 1 or max_lines < 1:
        return ""
    bound = max_chars * 2 + 256
    kept = text if len(text) <= bound else text[:bound]
    cleaned = _NEWLINES.sub("\n\n", _safe(kept).replace("\t", "    "))
    cut = kept is not text
    lines = cleaned.split("\n", max_lines)
    if len(lines) > max_lines:
        cleaned, cut = "\n".join(lines[:max_lines]), True
    if len(cleaned) <= max_chars - cut:
        return cleaned + ELLIPSIS if cut else cleaned
    return cleaned[: boundary_before(cleaned, max_chars - 1)].rstrip(_JOINERS) + ELLIPSIS


def cell_width(text: str) -> int:
    """Return how many terminal cells cleaned `text` takes at most; a newline takes none."""
    if text.isascii():
        return len(text) - text.count("\n")
    return sum(_width(cluster) for cluster in _clusters(text))


_JOINERS: Final = "\u200c\u200d"
_ZWJ: Final = "\u200d"
_KEYCAP: Final = "\u20e3"
_MAX_JOINS: Final = 3
_NEWLINES: Final = re.compile(r"\n{3,}")
_PLAIN: Final = re.compile(
    "[\n\t -~\u00a1-\u00ac\u00ae-\u02ff\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u2010-\u2027\u2030-\u205e\u20a0-\u20c0"
    "\u3001-\u3029\u3041-\u3096\u30a1-\u30ff\u4e00-\u9fff\uac00-\ud7a3\ufffd]*"
)
"""Runs that need no filter: each code point in here is printable, a starter, and its own NFC."""
_SCRIPT_LETTERS: Final = (
    "\u0620-\u064a\u0671-\u06d3\u0d05-\u0d39"
    "\u0905-\u0939\u0985-\u09b9\u0a05-\u0a39\u0a85-\u0ab9\u0b05-\u0b39\u0b85-\u0bb9\u0c05-\u0c39\u0c85-\u0cb9"
)
"""Letters of scripts that spell with joiners."""
_SCRIPT_MARKS: Final = (
    "\u0610-\u061a\u064b-\u065f\u0d3e-\u0d4d"
    "\u093e-\u094d\u09be-\u09cd\u0a3e-\u0a4d\u0abe-\u0acd\u0b3e-\u0b4d\u0bbe-\u0bcd\u0c3e-\u0c4d\u0cbe-\u0ccd"
)
"""Their marks."""
_MARKS: Final = (
    f"{_SCRIPT_MARKS}\u0300-\u034e\u0350-\u036f\u0483-\u0489\u0591-\u05bd\u1161-\u11ff\u1ab0-\u1abe\u1dc0-\u1dff"
    "\u20d0-\u20f0\u3099\u309a\ud7b0-\ud7fb\ufe20-\ufe2f"
)
_BEARERS: Final = (
    f"{_SCRIPT_LETTERS}\\0-\\x09\\x0b-\u02ff\u0370-\u0482\u048a-\u0590\u05d0-\u060f\u1100-\u115e\u2000-\u200b"
    "\u200e-\u20cf\u2100-\u2bff\u3000-\u3029\u3030-\u3098\u309b-\ua66e\uac00-\ud7a3\uf900-\ufb1d\uff00-\uffff"
    "\U0001f000-\U0001faff\U00020000-\U0003ffff"
)
"""What may bear a mark: starters, but no newline."""
_EMOJI: Final = "[\u2600-\u2767\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]\ufe0f?"


@cache
def _pieces() -> re.Pattern[str]:
    """Return what the sieve takes as one: whole emoji, spelled runs, joined words, marks, starters; or one character.

    Spelled is what bears no more marks than it may, starters are what depends on no neighbour. What is hostile is long:
    taken in runs, a page of stacked marks costs no more than a page of text.
    """
    return re.compile(
        f"(?P<joined>(?:{_EMOJI}(?:{_ZWJ}{_EMOJI}){{1,{_MAX_JOINS}}}(?!{_ZWJ}))+)"
        f"|(?P<spelled>(?:[{_BEARERS}]++[{_MARKS}]{{1,{MAX_MARKS}}}+(?![{_MARKS}]))++)"
        f"|(?P<words>(?:[{_SCRIPT_LETTERS}]++[{_SCRIPT_MARKS}]{{0,{MAX_MARKS}}}+[{_JOINERS}](?=[{_SCRIPT_LETTERS}]))++)"
        f"|(?P<marks>[{_MARKS}]+)|(?P<starters>[{_BEARERS}\n]+(?!\ufe0f?{_ZWJ}))|.",
        re.DOTALL,
    )


@cache
def _piles() -> re.Pattern[str]:
    """Return what finds more marks on a starter than it may bear."""
    return re.compile(f"([{_BEARERS}][{_MARKS}]{{{MAX_MARKS}}})[{_MARKS}]+")


_JOINING_RANGES: Final = (
    *((0x0600, 0x08FF), (0x0900, 0x0DFF), (0x0F00, 0x109F), (0x1780, 0x18AF), (0x1B00, 0x1BFF)),
    *((0xA800, 0xA82F), (0xA980, 0xA9DF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFE), (0x11000, 0x11FFF)),
)
"""Blocks of the scripts that spell with joiners: the Arabic family and the Brahmic family."""


_SUBSTITUTES: Final = {Kind.SPACE: " ", Kind.DOT: DOT, Kind.REPLACE: REPLACEMENT, Kind.DROP: ""}


class _Substitutes(dict[int, str]):
    """Remember what `str.translate` puts for the code points whose neighbours do not matter."""

    def __missing__(self, point: int) -> str:
        char = chr(point)
        substitute = _SUBSTITUTES.get(KINDS[char], char)
        if len(self) < MAX_REMEMBERED:
            self[point] = substitute
        return substitute


_substitutes = _Substitutes()


def _safe(text: str) -> str:
    """Return `text` with only what may be drawn, plus newlines and tabs; not yet cut."""
    text = text.replace("\r\n", "\n")
    if _PLAIN.fullmatch(text):
        return text
    text = text.translate(_substitutes)
    for _ in range(4):  # NFC may unfold a mark into two or sort them, which the limit has to see again
        filtered = _Sieve().run(text)
        text = unicodedata.normalize("NFC", filtered)
        if text == filtered:
            break
    return text


@cache
def _chains() -> re.Pattern[str]:
    """Return what finds emoji joined to more than one may be made of."""
    return re.compile(f"(?<!{_ZWJ}){_EMOJI}(?:{_ZWJ}{_EMOJI}){{{_MAX_JOINS + 1},}}")


def _parted(chain: re.Match[str]) -> str:
    """Return a chain of emoji with a dot for each joiner that is one too many."""
    parts = chain.group().split(_ZWJ)
    whole = range(0, len(parts), _MAX_JOINS + 1)
    return DOT.join(_ZWJ.join(parts[at : at + _MAX_JOINS + 1]) for at in whole)


class _Sieve:
    """Decide about marks, emoji styles and joiners, from left to right.

    Marks are limited before NFC sees them, because sorting a long run of marks takes quadratic time.
    """

    __slots__ = ("joins", "marks", "out", "previous")

    def __init__(self) -> None:
        self.out: list[str] = []
        self.previous = "\n"
        self.marks = 0
        self.joins = 0

    def run(self, text: str) -> str:
        """Return `text` with each of its characters kept, replaced or dropped."""
        text = _piles().sub(r"\1", text)
        if _ZWJ in text:
            text = _chains().sub(_parted, text)
        for match in _pieces().finditer(text):
            name, run = match.lastgroup, match.group()
            if name == "starters":
                self._keep(run)
            elif name == "marks":
                self._pile(run)
            elif name and self.previous != _ZWJ:
                self._keep_whole(name, run)
            else:
                self._take_each(run, match.end(), text)
        return "".join(self.out)

    def _keep_whole(self, name: str, run: str) -> None:
        self._keep(run)
        if name == "spelled":
            self.marks = _marks_at_end(run)
        elif name == "joined":
            self.joins = _joins_at_end(run)

    def _take_each(self, run: str, end: int, text: str) -> None:
        for char, following in zip(run, (*run[1:], text[end : end + 1]), strict=True):
            self._take(char, following)

    def _take(self, char: str, following: str) -> None:
        kind = KINDS[char]
        if kind is Kind.MARK:
            self._pile(char)
        elif kind is Kind.STYLE:
            if self._styles(following):
                self._extend(char)
        elif kind is Kind.JOINER:
            self._join(char, following)
        else:
            self._keep(char)

    def _keep(self, run: str) -> None:
        if self.previous != _ZWJ or len(run) > 1:
            self.joins = 0
        self.marks = 0
        self._extend(run)

    def _extend(self, run: str) -> None:
        self.out.append(run)
        self.previous = run[-1]

    def _pile(self, marks: str) -> None:
        """Put marks on what they follow: as many as it may bear; what bears none becomes a base itself."""
        if self.previous == "\n":
            self._keep(REPLACEMENT)
            marks = marks[1:]
        kept = marks[: MAX_MARKS - self.marks]
        if kept:
            self.marks += len(kept)
            self._extend(kept)

    def _styles(self, following: str) -> bool:
        keycap = following == _KEYCAP and self.previous in "0123456789#*"
        return keycap or KINDS[self.previous] is Kind.EMOJI

    def _join(self, char: str, following: str) -> None:
        if following and (_spells(self.previous, following) or self._glues(char, following)):
            self._extend(char)
        else:
            self._keep(DOT)

    def _glues(self, char: str, following: str) -> bool:
        if char != _ZWJ or self.joins >= _MAX_JOINS or KINDS[following] is not Kind.EMOJI:
            return False
        if KINDS[self.previous] not in (Kind.EMOJI, Kind.TONE, Kind.STYLE):
            return False
        self.joins += 1
        return True


def _marks_at_end(run: str) -> int:
    """Return how many marks the last starter of a spelled run bears."""
    return next(n for n in range(1, MAX_MARKS + 1) if KINDS[run[-n - 1]] is not Kind.MARK)


def _joins_at_end(run: str) -> int:
    """Return how many joiners the last of some whole emoji has."""
    parts = run.replace("\ufe0f", "")
    return next((n for n in range(1, _MAX_JOINS) if parts[-2 * n - 2 : -2 * n - 1] != _ZWJ), _MAX_JOINS)


class _Spelling(dict[str, str]):
    """Remember what a character is in a script that spells with joiners: `L` a letter, `M` a mark, else nothing."""

    def __missing__(self, char: str) -> str:
        letter = unicodedata.category(char)[0] if within(ord(char), _JOINING_RANGES) else ""
        if len(self) < MAX_REMEMBERED:
            self[char] = letter
        return letter


_spelling = _Spelling()


def _spells(before: str, after: str) -> bool:
    """Tell whether a joiner between these two belongs to the spelling of a word."""
    return _spelling[before] in ("L", "M") and _spelling[after] == "L"


def _clip(text: str, max_cells: int, *, cut: bool) -> str:
    """Return `text` in at most `max_cells`, with an ellipsis if it was or is cut."""
    if len(text) * (1 if text.isascii() else 2) <= max_cells - cut:
        return text + ELLIPSIS if cut else text
    taken = cells = fits = 0
    for cluster in _clusters(text):
        cells += _width(cluster)
        if cells > max_cells:
            cut = True
            break
        taken += len(cluster)
        if cells < max_cells:
            fits = taken
    return text[:fits].rstrip(_JOINERS) + ELLIPSIS if cut else text


def boundary_before(text: str, limit: int) -> int:
    """Return the last place at or before `limit` where `text` may be cut."""
    anchor = limit
    while anchor and not _begins(text, anchor):
        anchor -= 1
    for cluster in _clusters(text[anchor : limit + 64]):
        if anchor + len(cluster) > limit:
            break
        anchor += len(cluster)
    return anchor


def _begins(text: str, index: int) -> bool:
    """Tell whether a character surely begins what people see as one, whatever stands before it."""
    kind = KINDS[text[index]]
    if kind is Kind.EMOJI:
        return text[index - 1] != _ZWJ
    return kind is Kind.KEEP and text[index] not in REGIONAL


def _clusters(text: str) -> Iterator[str]:
    """Yield what people see as one character each: a base with all that is drawn on it."""
    start = 0
    for index in range(1, len(text)):
        if not _continues(text, start, index):
            yield text[start:index]
            start = index
    if text:
        yield text[start:]


def _continues(text: str, start: int, index: int) -> bool:
    """Tell whether the character at `index` is drawn on the cluster that began at `start`."""
    char, before = text[index], text[index - 1]
    kind = KINDS[char]
    if kind is Kind.KEEP:
        return char in REGIONAL and before in REGIONAL and index - start == 1
    if kind is Kind.EMOJI:
        return before == _ZWJ
    return kind is not Kind.TONE or KINDS[before] in (Kind.EMOJI, Kind.STYLE)


def _width(cluster: str) -> int:
    """Return the cells that the least able terminal gives a cluster; a newline takes none."""
    return sum(map(_cells, cluster))


def _cells(char: str) -> int:
    """Return the cells of one character on its own; an emoji style may widen the one before it."""
    kind = KINDS[char]
    if kind is Kind.MARK:
        return int(unicodedata.category(char) == "Mc")
    if kind is Kind.JOINER or char in "\n\ufe0e":
        return 0
    return 2 if kind is not Kind.STYLE and unicodedata.east_asian_width(char) in "WF" else 1
