"""Lay out the desk: queue, card, transcript, composer, call bar, and the lines around them."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import ClassVar, cast

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.geometry import Size
from textual.widgets import Input
from typing_extensions import override

from operator_console.model.replies import CannedReply
from operator_console.model.select import call_word, my_call
from operator_console.model.state import DeskModel, on_the_second
from operator_console.tui.keymap import bindings
from operator_console.tui.layer import Layer
from operator_console.tui.lines import Line, Role
from operator_console.tui.painting import LineCompositor
from operator_console.tui.widgets.call_bar import CallBar
from operator_console.tui.widgets.card import Card
from operator_console.tui.widgets.composer import Composer
from operator_console.tui.widgets.line_pane import LineWidget
from operator_console.tui.widgets.queue import QueueList
from operator_console.tui.widgets.status import Footer, Header
from operator_console.tui.widgets.tour_box import TourBox
from operator_console.tui.widgets.transcript import Transcript

LEAST_WIDTH = 50
LEAST_HEIGHT = 16
"""A smaller terminal shows one sentence instead of the desk."""
WIDE_FROM = 110
"""From this width on there are two columns."""
TALL_FROM = 30
"""From this height on panes have boxes; below, a title line each."""


class TooSmall(LineWidget):
    """The one thing a tiny terminal can show: how big it should be, and the state of my call."""

    def show(self, model: DeskModel) -> None:
        """Draw the sentence and the call's word."""
        width, height = self.screen.size
        lines: list[Line] = [
            (("Terminal too small", Role.WARN),),
            ((f"{width}x{height}, needs {LEAST_WIDTH}x{LEAST_HEIGHT}", Role.DIM),),
        ]
        if my_call(model):
            lines.insert(0, ((f"● {call_word(model).value}", Role.STRONG),))
        self.set_lines(tuple(lines))


class DeskScreen(Layer[None]):
    """The main screen; it draws the model it is told and asks nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(), ("escape", "app.leave", "")]
    AUTO_FOCUS = "#queue"

    def __init__(self, zone: tzinfo | None, canned: Sequence[CannedReply] = (), *, motion: bool = True) -> None:
        """Build the panes: where the operator's clock stands, what a slash finds, whether rows may flash."""
        super().__init__(id="desk")
        self._compositor = LineCompositor()
        self.header = Header(zone)
        self.queue = QueueList(motion=motion)
        self.card = Card()
        self.transcript = Transcript(zone)
        self.composer = Composer(canned)
        self.call_bar = CallBar()
        self.footer = Footer()
        self.tour = TourBox(id="tour")
        self.tour.display = False
        self.too_small = TooSmall(id="too_small")
        self.find = Input(
            id="find",
            placeholder="find: any words, mood:angry, is:mine; esc shows all",
            max_length=100,
            select_on_focus=False,
        )
        self.find.cursor_blink = False
        self.find.display = False
        self.zoomed: QueueList | Card | Transcript | None = None
        self._model = DeskModel()

    @override
    def compose(self) -> ComposeResult:
        """Stack header, panes, composer, call bar, footer."""
        app = cast("App[object]", self.app)  # pyright: ignore[reportUnknownMemberType]
        self._fit(app.size)  # before the panes are there: each class that comes later styles all of them anew
        yield self.too_small
        yield self.header
        yield self.tour
        with Container(id="panes"):
            with Vertical(id="left"):
                yield self.queue
                yield self.find
            with Vertical(id="right"):
                yield self.card
                yield self.transcript
                yield self.composer
                yield self.composer.completions
        yield self.call_bar
        yield self.footer

    def show(self, model: DeskModel) -> None:
        """Draw the model."""
        self._model = model = on_the_second(model)
        if not self.is_mounted or not self.too_small.is_attached:
            return
        self.composer.show(model)
        self.set_class(my_call(model) is not None or self.composer.display, "-busy")
        self.header.show(model)
        self.tour.show(model)
        self.queue.show(model)
        self.card.show(model)
        self.transcript.show(model)
        self.call_bar.show(model)
        self.footer.show(model, writing=self.composer.has_focus)
        self.too_small.show(model)

    def paint(self) -> None:
        """Paint now what was drawn anew, rather than with Textual's next tick: after a key nobody waits for a timer."""
        if self._dirty_widgets or self._layout_required or self._scroll_required:
            self._on_timer_update()

    def show_meters(self, model: DeskModel) -> None:
        """Draw only what levels change: ten times a second, the call bar alone."""
        self._model = model = on_the_second(model)
        if self.is_mounted:
            self.call_bar.show(model)

    def on_descendant_focus(self) -> None:
        """Show the keys of what has the focus now."""
        self.footer.show(self._model, writing=self.composer.has_focus)

    def on_mount(self) -> None:
        """Draw what is known already."""
        self.show(self._model)

    def on_resize(self) -> None:
        """Choose the lay-out for this size."""
        self._fit(self.size)
        self.show(self._model)

    def _fit(self, size: Size) -> None:
        width, height = size
        self.set_class(width >= WIDE_FROM, "-wide")
        self.set_class(height >= TALL_FROM, "-tall")
        self.set_class(width < LEAST_WIDTH or height < LEAST_HEIGHT, "-tiny")

    def pane(self) -> QueueList | Card | Transcript:
        """Return the pane that the moving keys act on."""
        for pane in (self.queue, self.card, self.transcript):
            if pane.has_focus:
                return pane
        return self.transcript if self.composer.has_focus else self.queue

    def focus_pane(self, pane: QueueList | Card | Transcript) -> None:
        """Give a pane the focus; a zoomed one gives its place to it."""
        self.set_focus(pane)
        if self.zoomed is not None and self.zoomed is not pane:
            self._zoom(None)
            self._zoom(pane)

    def focus_other(self, step: int) -> None:
        """Give the next pane the focus, round and round."""
        panes = (self.queue, self.card, self.transcript)
        at = next((n for n, pane in enumerate(panes) if pane.has_focus), 0 if step < 0 else -1)
        self.focus_pane(panes[(at + step) % len(panes)])

    def write(self) -> None:
        """Put the cursor into the composer."""
        if self.zoomed is self.queue:
            self._zoom(None)
        self.set_focus(self.composer)

    def open_find(self, text: str) -> None:
        """Open the filter with its present words."""
        self.find.display = True
        self.find.value = text
        self.find.cursor_position = len(text)
        self.set_focus(self.find)

    def leave(self) -> bool:
        """Step back: end a zoom, else go to the queue; tell whether the filter is to be emptied."""
        if self.zoomed is not None:
            self._zoom(None)
            return False
        self.find.display = False
        self.find.value = ""
        self.set_focus(self.queue)
        return True

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go on in the list."""
        if event.input is self.find:
            event.stop()
            self.find.display = bool(event.value.strip())
            self.set_focus(self.queue)

    def zoom(self) -> None:
        """Give the focused pane the whole screen, or end that."""
        self._zoom(None if self.zoomed is not None else self.pane())

    def _zoom(self, pane: QueueList | Card | Transcript | None) -> None:
        for known in (self.queue, self.card, self.transcript):
            known.set_class(known is pane, "-zoomed")
        self.zoomed = pane
        self.set_class(pane is not None, "-zoom")
        self.set_class(pane is self.queue, "-zoom-left")
