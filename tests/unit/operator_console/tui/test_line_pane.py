"""A pane of lines paints what changed and nothing else."""

import pytest
from textual.app import App, ComposeResult
from textual.strip import Strip
from typing_extensions import override

from operator_console.tui.lines import Line, Role
from operator_console.tui.widgets.line_pane import LinePane

pytestmark = pytest.mark.unit


class Counted(LinePane):
    """A pane that counts what it is asked to draw."""

    DEFAULT_CSS = "Counted { border: round; height: 12; }"

    def __init__(self) -> None:
        super().__init__(id="counted")
        self.texts = [f"line {n}" for n in range(50)]
        self.asked = 0

    @override
    def line_count(self) -> int:
        return len(self.texts)

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        return ((self.texts[y], Role.PLAIN),), None

    @override
    def render_line(self, y: int) -> Strip:
        self.asked += 1
        return super().render_line(y)


class OnePane(App[None]):
    """A screen with nothing but the pane."""

    def __init__(self) -> None:
        super().__init__()
        self.pane = Counted()

    @override
    def compose(self) -> ComposeResult:
        yield self.pane

    def shown(self) -> list[str]:
        """The lines on the screen."""
        strips = self.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


async def test_a_title_that_counts_is_painted_without_the_lines_below_it() -> None:
    app = OnePane()
    async with app.run_test(size=(40, 14)) as pilot:
        app.pane.set_title("1 waiting")
        app.pane.lines_changed()
        await pilot.pause()
        app.pane.asked = 0
        for count in range(2, 8):
            app.pane.set_title(f"{count} [waiting]")
            await pilot.pause()
        assert app.pane.asked == 0
        assert "7 [waiting]" in app.shown()[0]
        assert "line 0" in app.shown()[1]


async def test_one_changed_line_is_painted_alone() -> None:
    app = OnePane()
    async with app.run_test(size=(40, 14)) as pilot:
        for text in ("first", "second"):  # the first paint after the scroll bar came is of the whole pane
            app.pane.texts[3] = text
            app.pane.lines_changed()
            await pilot.pause()
        app.pane.asked = 0
        app.pane.texts[3] = "changed"
        app.pane.lines_changed()
        await pilot.pause()
        assert app.pane.asked == 1
        assert "changed" in app.shown()[4]
