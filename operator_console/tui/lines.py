"""Build lines of the screen from spans of text and role: what widgets draw, and what tests can read without a screen.

A role is the name of a style (`theme.tcss` has one rule for each), so the same line works in every theme.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from rich.cells import cell_len, chop_cells, set_cell_size


class Role(StrEnum):
    """What a piece of text means; its colour follows."""

    PLAIN = "r--plain"
    DIM = "r--dim"
    STRONG = "r--strong"
    MATCH = "r--match"
    LABEL = "r--label"
    GOOD = "r--good"
    WARN = "r--warn"
    BAD = "r--bad"
    ALARM = "r--alarm"
    MUTED = "r--muted"
    KEY = "r--key"
    CALLER = "r--caller"
    AI = "r--ai"
    OPERATOR = "r--operator"
    NOTE = "r--note"
    MENTION = "r--mention"
    CURSOR = "r--cursor"
    CURSOR_DIM = "r--cursor-dim"
    MINE = "r--mine"
    FLASH = "r--flash"


Span = tuple[str, Role]
"""A piece of text and what it means."""
Line = tuple[Span, ...]
"""One line, left to right."""


def plain(line: Line) -> str:
    """Return the text of a line."""
    return "".join(text for text, _ in line)


def width_of(line: Line) -> int:
    """Return how many cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


def fitted(text: str, width: int) -> str:
    """Return a text in exactly `width` cells, cut with an ellipsis or filled with spaces."""
    if width <= 0:
        return ""
    cells = cell_len(text)
    if cells <= width:
        return text + " " * (width - cells)
    return set_cell_size(text, width - 1) + "…"


def cut(line: Line, width: int) -> Line:
    """Return a line in at most `width` cells, cut with an ellipsis."""
    kept: list[Span] = []
    left = width
    for text, role in line:
        cells = cell_len(text)
        if cells > left:
            if left > 0:
                kept.append((fitted(text, left), role))
            break
        kept.append((text, role))
        left -= cells
    return tuple(kept)


def spread(left: Line, right: Line, width: int) -> Line:
    """Return a line with `left` at the left edge and `right` at the right one; `left` gives way."""
    room = width - width_of(right)
    if room < 1:
        return cut(left, width)
    head = cut(left, room - 1) if right else cut(left, width)
    return (*head, (" " * (width - width_of(head) - width_of(right)), Role.PLAIN), *right)


def joined(parts: Iterable[Line], gap: str = "   ") -> Line:
    """Return the non-empty parts in one line, with a gap between."""
    spans: list[Span] = []
    for part in parts:
        if part:
            if spans:
                spans.append((gap, Role.PLAIN))
            spans.extend(part)
    return tuple(spans)


def fitting(parts: Sequence[Line], width: int, gap: str = "   ") -> Line:
    """Return as many whole parts, from the first on, as fit in `width` cells."""
    kept: list[Line] = []
    for part in parts:
        if width_of(joined((*kept, part), gap)) > width:
            break
        kept.append(part)
    return joined(kept, gap)


def filled(parts: Sequence[Line], width: int, gap: str = "   ") -> tuple[Line, ...]:
    """Return all parts in as many lines of at most `width` cells as they need; only a part wider than that is cut."""
    lines: list[list[Line]] = []
    for part in parts:
        if lines and width_of(joined((*lines[-1], part), gap)) <= width:
            lines[-1].append(part)
        else:
            lines.append([cut(part, width)])
    return tuple(joined(line, gap) for line in lines)


def wrapped(text: str, width: int) -> tuple[str, ...]:
    """Return a text in lines of at most `width` cells, broken at spaces where there are any."""
    width = max(width, 1)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        if len(paragraph) * 2 <= width or not _wider(paragraph, width):
            lines.append(paragraph)
        else:
            lines.extend((_broken_ascii if paragraph.isascii() else _broken)(paragraph, width))
    return tuple(lines) or ("",)


def _wider(text: str, width: int) -> bool:
    """Tell whether a text takes more than `width` cells; of a long one the beginning is looked at first."""
    begin = text[: 8 * width]  # enough even where each base bears as many marks as it may
    if len(begin) < len(text) and cell_len(begin) > width + 2:  # what is cut apart there may take two less as a whole
        return True
    return cell_len(text) > width


def _broken_ascii(paragraph: str, width: int) -> list[str]:
    """Break as `_broken` does, at the speed of `rfind`: every character takes one cell."""
    lines: list[str] = []
    at, end = 0, len(paragraph)
    while True:
        while at < end and paragraph[at] == " ":
            at += 1
        if end - at <= width:
            return [*lines, paragraph[at:]]
        space = paragraph.rfind(" ", at, at + width + 1)
        lines.append(paragraph[at : space if space > 0 else at + width])
        at = space + 1 if space > 0 else at + width


def _broken(paragraph: str, width: int) -> list[str]:
    lines: list[str] = []
    line = ""
    used = 0
    for word in paragraph.split(" "):
        long = _wider(word, width)
        if not long and used + bool(line) + cell_len(word) <= width:
            used += bool(used) + cell_len(word)
            line = f"{line} {word}" if line else word
            continue
        if line:
            lines.append(line)
        pieces = chop_cells(word, width) if long else [word]
        lines.extend(pieces[:-1])
        line = pieces[-1] if pieces else ""
        used = cell_len(line)
    return [*lines, line]
