"""Say of each character what the filter does with it: kept, replaced, shown as a dot, or up to its neighbours.

Before: `server.wire.sanitize` has a character. After: it knows its kind, from the tables here and Unicode's categories.
"""

import unicodedata
from enum import Enum, auto
from typing import Final


class Kind(Enum):
    """What the filter does with a code point; MARK, STYLE and JOINER depend on their neighbours."""

    KEEP = auto()
    EMOJI = auto()
    TONE = auto()
    MARK = auto()
    STYLE = auto()
    JOINER = auto()
    SPACE = auto()
    DOT = auto()
    DROP = auto()
    REPLACE = auto()


BLANKS: Final = frozenset("\u2800\u3164\uffa0\u115f\u1160\U0001d159")
_DROPPED: Final = frozenset("\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f")
"""Invisible marks that only choose a glyph or an order; variation selectors besides the emoji ones join them."""
_CATEGORY_KINDS: Final = {
    **dict.fromkeys(("Cc", "Cs", "Co", "Cn", "Zl", "Zp"), Kind.REPLACE),
    **dict.fromkeys(("Mn", "Mc", "Me"), Kind.MARK),
    "Cf": Kind.DOT,
    "Zs": Kind.SPACE,
}
_EMOJI_RANGES: Final = (
    *((0xA9, 0xA9), (0xAE, 0xAE), (0x203C, 0x203C), (0x2049, 0x2049), (0x2122, 0x2122), (0x2139, 0x2139)),
    *((0x2194, 0x2199), (0x21A9, 0x21AA), (0x231A, 0x2328), (0x23CF, 0x23FA), (0x24C2, 0x24C2), (0x25AA, 0x2767)),
    *((0x2794, 0x27BF), (0x2934, 0x2935), (0x2B05, 0x2B07), (0x2B1B, 0x2B1C), (0x2B50, 0x2B55), (0x3030, 0x3030)),
    *((0x303D, 0x303D), (0x3297, 0x3297), (0x3299, 0x3299), (0x1F000, 0x1F1E5), (0x1F200, 0x1FAFF)),
)
REGIONAL: Final = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
_SPECIAL: Final = {
    "\n": Kind.KEEP,
    "\t": Kind.KEEP,
    " ": Kind.KEEP,
    "\u200c": Kind.JOINER,
    "\u200d": Kind.JOINER,
    "\ufe0e": Kind.STYLE,
    "\ufe0f": Kind.STYLE,
    **dict.fromkeys(BLANKS, Kind.REPLACE),
    **dict.fromkeys(_DROPPED, Kind.DROP),
    **dict.fromkeys("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff", Kind.TONE),
}
MAX_REMEMBERED: Final = 16_384
"""How many characters each table below remembers: the ones in use, never all there are."""


def classify(char: str) -> Kind:
    """Return what to do with `char`; the tables above and its general category decide."""
    point = ord(char)
    if char in _SPECIAL:
        return _SPECIAL[char]
    if 0xFE00 <= point <= 0xFE0D or 0xE0100 <= point <= 0xE01EF:
        return Kind.DROP
    kind = _CATEGORY_KINDS.get(unicodedata.category(char), Kind.KEEP)
    if kind is not Kind.KEEP:
        return kind
    if 0x1161 <= point <= 0x11FF or 0xD7B0 <= point <= 0xD7FB:
        return Kind.MARK  # vowels and finals of Hangul: no cell of their own
    return Kind.EMOJI if within(point, _EMOJI_RANGES) else kind


def within(point: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    """Tell whether a code point lies in one of `ranges`, ends included."""
    return any(first <= point <= last for first, last in ranges)


class _Kinds(dict[str, Kind]):
    """Remember the kinds of characters."""

    def __missing__(self, char: str) -> Kind:
        kind = classify(char)
        if len(self) < MAX_REMEMBERED:
            self[char] = kind
        return kind


KINDS: Final = _Kinds()
"""The kind of each character, told when it is first asked for."""
