"""Be a page beside the live desk: the call bar stays in view, mute works, and what the program has to say is said."""

from textual.app import ComposeResult

from operator_console.model.state import DeskModel
from operator_console.tui.layer import Layer
from operator_console.tui.widgets.call_bar import CallBar
from operator_console.tui.widgets.status import Notice


class BesideDesk(Layer[None]):
    """A page over the desk; subclasses yield `under` at the end of `compose`, and extend `draw` with what is theirs."""

    DEFAULT_CLASSES = "full"

    def __init__(self, model: DeskModel, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        """Take the model to begin with."""
        super().__init__(id=id)
        self._model = model
        self._bar = CallBar()
        self._notice = Notice()

    def under(self) -> ComposeResult:
        """Stack what stays of the desk: the call bar, and the line of notices."""
        yield self._bar
        yield self._notice

    def on_mount(self) -> None:
        """Draw what is known already."""
        self.draw()

    def show(self, model: DeskModel) -> None:
        """Draw the model."""
        self._model = model
        if self.is_mounted:
            self.draw()

    def draw(self) -> None:
        """Draw the live part."""
        self._bar.show(self._model)
        self._notice.show(self._model)

    def show_meters(self, model: DeskModel) -> None:
        """Draw the levels."""
        self._model = model
        if self.is_mounted:
            self._bar.show(model)

    def action_leave(self) -> None:
        """Go back to the desk."""
        _ = self.dismiss(None)
