"""Draw what a policy does second by second: one line a circumstance, in the terminal or as an SVG."""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

CELLS: Final = 64
"""Width of a line in the terminal."""
_WIDTH, _LEFT, _ROW, _TOP = 1000, 40, 22, 70
_COLOURS: Final = ("#3465a4", "#8f5902", "#4e9a06", "#75507b", "#c17d11", "#204a87")


class Band(NamedTuple):
    """One circumstance in words, and what happens in which second, in order; the last one ends the wait."""

    words: str
    marks: tuple[tuple[float, str], ...]


def as_text(band: Band) -> list[str]:
    """Return the line with its marks, numbered as the steps below it are, and the seconds at its ends."""
    end = max((at for at, _ in band.marks), default=0.0)
    line = ["─"] * CELLS
    for number, (at, _) in enumerate(band.marks, start=1):
        place = _place(at, end, CELLS - 1)
        while line[place] != "─" and place < CELLS - 1:
            place += 1
        line[place] = "┤" if number == len(band.marks) else str(number % 10)
    return [f"  0:00 {''.join(line)} {_moment(end)}"]


def as_svg(title: str, bands: Sequence[Band]) -> str:
    """Return a picture of all circumstances on one scale: a line each, a dot for each step, its words below."""
    end = max((at for band in bands for at, _ in band.marks), default=0.0)
    parts: list[str] = []
    y = _TOP
    for band in bands:
        parts.append(_label(_LEFT, y, band.words, bold=True))
        y += 24
        last = band.marks[-1][0] if band.marks else 0.0
        parts.append(_line(_x(0, end), _x(last, end), y))
        for number, (at, _) in enumerate(band.marks, start=1):
            parts.append(_dot(_x(at, end), y, number, ends=number == len(band.marks)))
        y += 30
        for number, (at, words) in enumerate(band.marks, start=1):
            parts.append(_label(_LEFT, y, f"{number}", colour=_colour(number, ends=number == len(band.marks))))
            parts.append(_label(_LEFT + 24, y, f"{_moment(at):>6}  {_shortened(words)}"))
            y += _ROW
        y += 22
    head = _label(_LEFT, 36, title, bold=True, size=18)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y}" viewBox="0 0 {_WIDTH} {y}" '
        f'font-family="sans-serif"><rect width="100%" height="100%" fill="#ffffff"/>{head}{"".join(parts)}</svg>\n'
    )


def _place(at: float, end: float, cells: int) -> int:
    return round(at / end * cells) if end else 0


def _x(at: float, end: float) -> float:
    return _LEFT + 10 + (_WIDTH - 2 * _LEFT - 20) * (at / end if end else 0)


def _line(begin: float, end: float, y: int) -> str:
    return f'<line x1="{begin:.1f}" y1="{y}" x2="{end:.1f}" y2="{y}" stroke="#888a85" stroke-width="3"/>'


def _dot(x: float, y: int, number: int, *, ends: bool) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y}" r="10" fill="{_colour(number, ends=ends)}"/>'
        f'<text x="{x:.1f}" y="{y + 4}" font-size="12" fill="#ffffff" text-anchor="middle">{number}</text>'
    )


def _colour(number: int, *, ends: bool) -> str:
    return "#a40000" if ends else _COLOURS[number % len(_COLOURS)]


def _label(x: int, y: int, words: str, *, bold: bool = False, size: int = 14, colour: str = "#2e3436") -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}"{weight}>{escape(words)}</text>'


def _shortened(words: str) -> str:
    return words if len(words) <= 110 else f"{words[:109]}…"


def _moment(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}" if rest % 1 else f"{int(minutes)}:{int(rest):02}"
