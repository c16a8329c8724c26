"""Paint only the lines that changed, and only their changed cells: what the desk does many times a second.

Textual's own compositor draws every line of every widget that a change lies near, cuts all of them up, and throws away
what is not asked for; with fifty changes a second that was half of the console's work. This one draws the asked lines
alone, from the same map of the screen, and sends each colour only where it changes.

Before: widgets said which of their regions changed. After: one string with the terminal's sequences.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console, ConsoleOptions, RenderResult
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import Compositor, CompositorUpdate
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from typing_extensions import override

RESET: Final = "\x1b[0m"
PLAIN: Final = Style()


class Piece(NamedTuple):
    """A part of a line at its place on the screen."""

    x: int
    y: int
    strip: Strip


class PiecesUpdate(CompositorUpdate):
    """What is to be painted."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        """Take the pieces; each is painted at its own place."""
        self.pieces: Final = pieces

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give the pieces to a console that is no terminal of ours."""
        for x, y, strip in self.pieces:
            yield Control.move_to(x, y).segment
            yield from strip

    @override
    def render_segments(self, console: Console) -> str:
        """Return the pieces as the terminal takes them."""
        system = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        parts: list[str] = []
        before = PLAIN
        for x, y, strip in self.pieces:
            text, before = terminal_text(strip, system, before)
            parts.append(f"\x1b[{y + 1};{x + 1}H{text}")
        return f"{''.join(parts)}{_change(before, PLAIN, system)}"


def terminal_text(segments: Iterable[Segment], system: ColorSystem, before: Style) -> tuple[str, Style]:
    """Return text and colours of a strip behind a style, and the style it ends with.

    What stays as it was, from one segment to the next, is not said again.
    """
    parts: list[str] = []
    for text, worn, _control in segments:
        style = worn or PLAIN
        if style.link:
            parts += [_change(before, PLAIN, system), Strip.render_style(style, text, system)]
            before = PLAIN
            continue
        parts += [_change(before, style, system), text]
        before = style
    return "".join(parts), before


@lru_cache(maxsize=4_096)
def _change(before: Style, after: Style, system: ColorSystem) -> str:
    """Return the sequence that makes a terminal go from one style to another."""
    was, will = _parts(before, system), _parts(after, system)
    if was == will:
        return ""
    if not any(will):
        return RESET
    if was[0] != will[0] or any(had and not has for had, has in zip(was, will, strict=True)):
        return f"\x1b[0;{';'.join(filter(None, will))}m"
    return f"\x1b[{';'.join(has for had, has in zip(was, will, strict=True) if had != has)}m"


@lru_cache(maxsize=4_096)
def _parts(style: Style, system: ColorSystem) -> tuple[str, str, str]:
    """Return what a style says of attributes, foreground and background, as numbers of SGR."""
    fore = Style(color=style.color) if style.color else PLAIN
    back = Style(bgcolor=style.bgcolor) if style.bgcolor else PLAIN
    return (
        Strip.render_ansi(style.without_color, system),
        Strip.render_ansi(fore, system),
        Strip.render_ansi(back, system),
    )


class _Seen(NamedTuple):
    """A part of a widget's line that nothing covers, at its place on the screen."""

    x: int
    y: int
    widget: Widget
    line: int
    first: int
    last: int


class LineCompositor(Compositor):
    """Textual's map of the screen, painted by the line."""

    @override
    def render_partial_update(self) -> PiecesUpdate | None:  # type: ignore[override]  # a sibling of Textual's ChopsUpdate
        """Return what changed since the last time; None when nothing did."""
        regions, self._dirty_regions = self._dirty_regions, set()
        screen = self.size.region
        pieces = self._pieces(self._regions_to_spans(region.intersection(screen) for region in regions))
        return PiecesUpdate(pieces) if pieces else None

    @override
    def render_full_update(self, simplify: bool = False) -> CompositorUpdate:  # type: ignore[override]  # as above
        """Return the whole screen; Textual's own way when it is for a picture (`simplify`)."""
        if simplify:
            return super().render_full_update(simplify=True)
        self._dirty_regions.clear()
        width, height = self.size
        return PiecesUpdate(self._pieces((y, 0, width) for y in range(height)))

    def _pieces(self, spans: Iterable[tuple[int, int, int]]) -> list[Piece]:
        """Return what is seen in spans of lines, each a line with its first cell and the one behind its last."""
        seen = [part for span in spans for part in self._in_view(*span)]
        drawn = _drawn(seen)
        return [Piece(part.x, part.y, drawn[part.widget, part.line].crop(part.first, part.last)) for part in seen]

    def _in_view(self, y: int, x1: int, x2: int) -> list[_Seen]:
        """Return what is seen in one span of a line, front to back: what is covered is not drawn."""
        gaps = [(x1, x2)]
        parts: list[_Seen] = []
        for widget, shown, region in self.layers_visible[y]:
            left, right = shown.x, shown.x + shown.width
            rest: list[tuple[int, int]] = []
            for start, end in gaps:
                first, last = max(start, left), min(end, right)
                if first >= last:
                    rest.append((start, end))
                    continue
                parts.append(_Seen(first, y, widget, y - region.y, first - region.x, last - region.x))
                rest += [gap for gap in ((start, first), (last, end)) if gap[0] < gap[1]]
            gaps = rest
            if not gaps:
                break
        return parts


def _drawn(seen: Iterable[_Seen]) -> dict[tuple[Widget, int], Strip]:
    """Return the lines of widgets that are seen, each run of neighbours drawn at once."""
    lines: dict[Widget, set[int]] = {}
    for part in seen:
        lines.setdefault(part.widget, set()).add(part.line)
    drawn: dict[tuple[Widget, int], Strip] = {}
    for widget, wanted in lines.items():
        for first, last in _runs(sorted(wanted)):
            strips = widget.render_lines(Region(0, first, widget.outer_size.width, last - first + 1))
            drawn.update(zip(((widget, line) for line in range(first, last + 1)), strips, strict=True))
    return drawn


def _runs(lines: Iterable[int]) -> list[tuple[int, int]]:
    """Return sorted numbers as runs of neighbours, first and last."""
    runs: list[tuple[int, int]] = []
    for line in lines:
        if runs and line <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], line)
        else:
            runs.append((line, line))
    return runs
