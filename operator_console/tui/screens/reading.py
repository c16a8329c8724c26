"""Show a page that is asked for once, when it is opened, beside the live call: chapters that scroll, closed by esc."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from typing_extensions import override

from operator_console.model.clean import clean_error
from operator_console.model.state import DeskModel
from operator_console.tui.keymap import bindings
from operator_console.tui.lines import Line, Role, wrapped
from operator_console.tui.ports import DeskError
from operator_console.tui.screens.beside import BesideDesk
from operator_console.tui.widgets.line_pane import LinePane

Chapters = Sequence[tuple[str, list[str]]]
"""Titles with their lines; a chapter without a title stands at the top, in bold."""


class PageRead(Message):
    """The page arrived, or why there is none."""

    def __init__(self, chapters: Chapters | None, told: str = "") -> None:
        """Carry it."""
        super().__init__()
        self.chapters = chapters
        self.told = told


def page_lines(chapters: Chapters, width: int) -> tuple[Line, ...]:
    """Return the chapters in lines of at most `width` cells."""
    lines: list[Line] = []
    for title, rows in chapters:
        if not title:
            lines += [((one, Role.STRONG),) for row in rows for one in wrapped(row, width)]
            continue
        lines += [(), ((title, Role.LABEL),)]
        lines += [((f"  {one}", Role.PLAIN),) for row in rows for one in wrapped(row, max(width - 2, 10))]
    return tuple(lines)


class PagePane(LinePane):
    """The chapters, scrolling."""

    def __init__(self, name: str) -> None:
        """Start before anything was read."""
        super().__init__(id=f"{name}_lines")
        self._chapters: Chapters | None = None
        self._told = "Reading …"
        self._drawn_lines: tuple[Line, ...] = ()

    def show(self, chapters: Chapters | None, told: str) -> None:
        """Draw a page, or why there is none."""
        self._chapters, self._told = chapters, told
        self.on_resize()

    @override
    def line_count(self) -> int:
        """Return the number of lines."""
        return len(self._drawn_lines)

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return one line."""
        return self._drawn_lines[y], None

    def on_resize(self) -> None:
        """Wrap to the new width."""
        width = max(self.scrollable_content_region.width, 20)
        told: tuple[Line, ...] = (((self._told, Role.DIM),),)
        self._drawn_lines = told if self._chapters is None else page_lines(self._chapters, width)
        self.lines_changed()


class ReadingScreen(BesideDesk):
    """One page beside the live desk: the call bar stays, mute works."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "leave", ""),
        ("down,j", "scroll_lines(1)", ""),
        ("up,k", "scroll_lines(-1)", ""),
        ("pagedown", "scroll_lines(10)", ""),
        ("pageup", "scroll_lines(-10)", ""),
        *bindings("call.mute"),
    ]

    def __init__(self, name: str, title: str, ask: Callable[[], Awaitable[Chapters]], model: DeskModel) -> None:
        """Take what the page is called, what brings it (or raises `DeskError`), and the model to begin with."""
        super().__init__(model, id=f"{name}_screen")
        self._title = title
        self._ask = ask
        self.pane = PagePane(name)

    @override
    def compose(self) -> ComposeResult:
        """Stack the page over the call bar."""
        yield self.pane
        yield from self.under()

    @override
    def on_mount(self) -> None:
        """Ask for it."""
        self.pane.set_title(self._title)
        self.pane.set_hint("j k PgUp PgDn scroll · esc back")
        self.pane.show(None, "Reading …")
        self.pane.focus()
        self.run_worker(self._read(), group="page", exclusive=True)

    async def _read(self) -> None:
        try:
            self.post_message(PageRead(await self._ask()))
        except DeskError as error:
            told = clean_error(error.body)
            self.post_message(PageRead(None, f"{told.message} {told.hint}".strip()))

    def on_page_read(self, message: PageRead) -> None:
        """Draw it."""
        self.pane.show(message.chapters, message.told)

    def action_scroll_lines(self, lines: int) -> None:
        """Scroll."""
        self.pane.scroll_to(y=self.pane.scroll_offset.y + lines, animate=False, force=True)
