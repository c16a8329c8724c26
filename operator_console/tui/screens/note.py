"""Ask for a note over the desk; an @ in it offers the colleagues, who then see that the note is for them."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Label
from typing_extensions import override

from operator_console.model.offers import in_note
from operator_console.model.state import DeskModel
from operator_console.tui.messages import DraftChanged
from operator_console.tui.screens.dialog import Dialog, Field
from operator_console.tui.widgets.completions import Completions
from operator_console.tui.widgets.composer import MOST_CHARS
from operator_console.tui.widgets.offering_box import OfferingBox


class NoteBox(OfferingBox):
    """The box of a note: it tells its draft, and offers people after an @."""

    def __init__(self, field: Field, model: Callable[[], DeskModel]) -> None:
        """Start with the field's text; `model` is the desk as it is when a letter is typed."""
        super().__init__(
            field.text, id=field.name, placeholder=field.placeholder, max_length=MOST_CHARS, select_on_focus=False
        )
        self.cursor_blink = False
        self._draft = field.draft
        self.completions = Completions(id="people")
        self.offers = lambda written, cursor: in_note(written, cursor, model())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell every change, so that a note that is left is not lost."""
        self.post_message(DraftChanged(self._draft, event.value))


class NoteDialog(Dialog[dict[str, str]]):
    """One line of text that only operators see: enter saves, esc leaves, the text stays."""

    def __init__(self, title: str, field: Field, model: Callable[[], DeskModel]) -> None:
        """Take the title, the box to fill, and how to see the desk."""
        super().__init__()
        self._title = title
        self._label = field.label
        self._box = NoteBox(field, model)

    @override
    def compose(self) -> ComposeResult:
        """Stack label, box and what the box offers."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("enter saves · @ names a colleague · esc leaves, the text stays")
            yield Label(self._label, classes="label", markup=False)
            yield self._box
            yield self._box.completions

    def on_mount(self) -> None:
        """Start in the box."""
        self.set_focus(self._box)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the text over."""
        event.stop()
        _ = self.dismiss({"text": event.value.strip()})
