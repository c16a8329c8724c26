"""Cut a text into messages that a platform takes, by the platform's own measure, never inside what people see as one.

Before: a message is about to be sent on a channel. After: each piece fits, nothing but white space is lost.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal

from server.wire.sanitize import boundary_before

Unit = Literal["characters", "utf16", "bytes"]
_BREAKS: Final = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…。！？])\s"), re.compile(r"\s"))
"""Where a text is cut rather than elsewhere, the best first."""
_MEASURES: Final[Mapping[Unit, Callable[[str], int]]] = {
    "characters": lambda _char: 1,
    "utf16": lambda char: 2 if ord(char) > 0xFFFF else 1,
    "bytes": lambda char: len(char.encode("utf-8", "replace")),
}


def measure(text: str, unit: Unit) -> int:
    """Return how long a text is in a platform's unit."""
    size = _MEASURES[unit]
    return sum(size(char) for char in text)


def pieces(text: str, longest: int, unit: Unit) -> list[tuple[int, int]]:
    """Return where each piece of `text` begins and ends, in code points; none is longer than `longest` in `unit`."""
    found: list[tuple[int, int]] = []
    start = _skipped(text, 0)
    while start < len(text):
        stop = _furthest(text, start, longest, unit)
        if stop < len(text):
            stop = _good_cut(text, start, stop)
        end = start + len(text[start:stop].rstrip())
        found.append((start, end))
        start = _skipped(text, stop)
    return found


def _skipped(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start


def _furthest(text: str, start: int, longest: int, unit: Unit) -> int:
    """Return the furthest place up to which the text fits; at least one character further on."""
    size, taken = _MEASURES[unit], 0
    for index in range(start, len(text)):
        taken += size(text[index])
        if taken > longest:
            return max(index, start + 1)
    return len(text)


def _good_cut(text: str, start: int, stop: int) -> int:
    """Return where to cut at or before `stop`: at a pause in the second half, else between two characters."""
    half = start + (stop - start) // 2
    for pause in _BREAKS:
        places = [found.end() for found in pause.finditer(text, half, stop)]
        if places:
            return places[-1]
    cut = boundary_before(text, stop)
    return cut if cut > start else stop
