"""Draw lists of any length by the line: only what is in view is built, only what changed is painted.

Textual's line API (guide "Widgets", part "Line API"): `ScrollView`, `render_line`, `refresh(region)`.
"""

from typing import Final, cast
from weakref import WeakKeyDictionary

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.content import Content
from textual.dom import DOMNode
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget
from typing_extensions import override

from operator_console.tui.changed_cells import changed_cells
from operator_console.tui.lines import Line, Role

_ROLE_STYLES: Final[WeakKeyDictionary[App[object], tuple[str, dict[Role, Style]]]] = WeakKeyDictionary()
"""By app, the theme and what its roles look like."""


def role_style(widget: Widget, role: Role) -> Style:
    """Return what a role looks like in the theme of now, on whatever it is drawn.

    Roles look the same on all widgets, so each is looked up once, when it is first drawn. Textual's own way, component
    classes, looks all of them up for each widget, and again with each change of its classes: a third of the start.
    """
    app = cast("App[object]", widget.app)  # pyright: ignore[reportUnknownMemberType]
    theme, known = _ROLE_STYLES.get(app, ("", {}))
    if theme != app.theme:
        theme, known = _ROLE_STYLES[app] = app.theme, {}
    if role not in known:
        node = DOMNode(classes=role.value)
        node._attach(widget.screen)  # pyright: ignore[reportPrivateUsage]  # as Textual does for component classes
        app.stylesheet.apply(node, animate=False)  # pyright: ignore[reportUnknownMemberType]
        known[role] = node.styles.partial_rich_style
    return known[role]


class Styles:
    """Remembers what the roles look like for one widget, until its style changes."""

    def __init__(self, widget: Widget) -> None:
        """Start with nothing remembered."""
        self._widget = widget
        self._known: dict[tuple[Role | None, Role | None], Style] = {}

    def forget(self) -> None:
        """Look again: the theme, the focus or a class changed."""
        self._known.clear()

    def strip(self, line: Line, width: int, row: Role | None = None) -> Strip:
        """Return a line as Textual draws it: the widget's style, under the row's, under each span's."""
        segments = [Segment(text, self._style(row, role)) for text, role in line]
        return Strip(segments).adjust_cell_length(width, self._style(row, None))

    def _style(self, row: Role | None, role: Role | None) -> Style:
        known = self._known.get((row, role))
        if known is None:
            known = self._widget.rich_style
            for name in (row, role):
                if name is not None:
                    known += role_style(self._widget, name)
            self._known[row, role] = known
        return known


def repaint(widget: Widget, *regions: Region) -> None:
    """Have regions of a widget's content painted with the screen's next frame.

    `refresh` does the same by way of two messages, and forgets sizes and styles that a change of text leaves as they
    were; a desk that changes fifty times a second pays for that.
    """
    if not widget.is_mounted or not widget.is_attached:
        widget.refresh(*regions)
        return
    screen = widget.screen
    widget._set_dirty(*regions)  # pyright: ignore[reportPrivateUsage]  # Textual is pinned; tests compare the screens
    screen._dirty_widgets.add(widget)  # pyright: ignore[reportPrivateUsage]
    screen.check_idle()


class LineWidget(Widget, inherit_bindings=False):
    """A widget of a few lines that are all in view; subclasses say which by `set_lines`."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        """Start empty."""
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = ()
        self._looks = Styles(self)

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is drawn now."""
        return self._lines

    def set_lines(self, lines: tuple[Line, ...]) -> None:
        """Draw these lines; the same lines again cost nothing, a change costs the cells it changes."""
        before, self._lines = self._lines, lines
        if lines == before:
            return
        if len(lines) != len(before):
            self.refresh()
            return
        width = self.size.width
        for y, (old, new) in enumerate(zip(before, lines, strict=True)):
            first, last = changed_cells(old, new, width)
            if first < last:
                repaint(self, Region(first, y, last - first, 1))

    @override
    def render_line(self, y: int) -> Strip:
        """Return one line of the widget's content."""
        line = self._lines[y] if y < len(self._lines) else ()
        return self._looks.strip(line, self.size.width)

    @override
    def notify_style_update(self) -> None:
        """Forget what roles looked like."""
        self._looks.forget()
        super().notify_style_update()


class LinePane(ScrollView, can_focus=True, inherit_bindings=False):
    """A scrolling pane of lines; subclasses give `line_count` and `line_at`.

    The horizontal axis never scrolls: lines are made to fit.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        """Start empty."""
        super().__init__(id=id)
        self._drawn: dict[int, tuple[Line, Role | None]] = {}
        self._titled = ""
        self._hinted = ""
        self._looks = Styles(self)

    def set_hint(self, keys: str) -> None:
        """Put the keys of this pane into the lower border; the same ones again cost nothing."""
        if keys != self._hinted:
            self.border_subtitle = Content(keys)
        self._hinted = keys

    def set_title(self, title: str) -> None:
        """Put a text into the border; the same text again costs nothing, and brackets in it are only brackets.

        Textual's own setter paints the whole pane anew; a title that counts would do so many times a second. So a
        new text in place of an old one is stored where that setter stores it, and its line alone is painted.
        """
        if title == self._titled:
            return
        if self._titled and title:
            self._border_title = Content(title).expand_tabs(4)
            left, top = self.content_offset
            repaint(self, Region(-left, -top, self.outer_size.width, 1))
        else:
            self.border_title = Content(title)
        self._titled = title

    @override
    def notify_style_update(self) -> None:
        """Forget what roles looked like."""
        self._looks.forget()
        super().notify_style_update()

    def line_count(self) -> int:
        """Return how many lines there are."""
        raise NotImplementedError

    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return line `y` and the role of its whole row (None: the pane's own style)."""
        raise NotImplementedError

    @override
    def render_line(self, y: int) -> Strip:
        """Return the line that stands at `y` of the pane now."""
        width = self.scrollable_content_region.width
        at = y + self.scroll_offset.y
        if at >= self.line_count():
            return self._looks.strip((), width)
        drawn = self.line_at(at)
        self._drawn[at] = drawn
        return self._looks.strip(drawn[0], width, drawn[1])

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:  # noqa: FBT001 - Textual calls it so
        """Let a bar that appears begin where the pane stands: while it was away it heard of no scrolling."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def lines_changed(self) -> None:
        """Paint what differs from what is on the screen; call it after the content changed."""
        region = self.scrollable_content_region
        width, count = region.width, self.line_count()
        self._grow(Size(width, count))
        first = self.scroll_offset.y
        fresh: dict[int, tuple[Line, Role | None]] = {}
        for at in range(first, first + region.height):
            known = self._drawn.get(at)
            drawn = self.line_at(at) if at < count else None
            if drawn is not None:
                fresh[at] = drawn
            if drawn is known or drawn == known:
                continue
            start, end = 0, width
            if drawn is not None and known is not None and drawn[1] is known[1]:
                start, end = changed_cells(known[0], drawn[0], width)
            if start < end:
                repaint(self, Region(start, at - first, end - start, 1))
        self._drawn = fresh

    def _grow(self, size: Size) -> None:
        """Take the size of all lines together; the screen is laid out anew only where a pane is as high as its lines.

        Everywhere else the scroll bar follows, and nothing moves.
        """
        if size == self.virtual_size:
            return
        if self.styles.auto_dimensions or not self.container_size:
            self.virtual_size = size
            return
        self.set_reactive(LinePane.virtual_size, size)  # pyright: ignore[reportArgumentType]  # the class's own side
        self._scroll_update(size)

    def show_line(self, y: int) -> None:
        """Scroll as little as needed to have line `y` in view."""
        first = self.scroll_offset.y
        height = self.scrollable_content_region.height
        if y < first:
            self.scroll_to(y=y, animate=False, force=True)
        elif height and y >= first + height:
            self.scroll_to(y=y - height + 1, animate=False, force=True)
