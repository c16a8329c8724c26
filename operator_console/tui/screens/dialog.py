"""Ask one thing over the desk: a confirmation, a few texts, or one of several choices."""

from collections.abc import Sequence
from typing import ClassVar, Final, Generic, TypeVar

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Label
from typing_extensions import override

from operator_console.tui.lines import Line, Role, fitted
from operator_console.tui.messages import DraftChanged
from operator_console.tui.widgets.composer import MOST_CHARS
from operator_console.tui.widgets.line_pane import LineWidget

T = TypeVar("T")
TEXT_CELLS: Final = 66
"""So wide is a line of a dialog, in a terminal of 80 columns too."""


class Dialog(ModalScreen[T], Generic[T]):
    """A box over the desk; esc leaves it without an answer."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "")]

    def action_cancel(self) -> None:
        """Leave without an answer."""
        _ = self.dismiss(None)


class Text(LineWidget):
    """Lines that stand still."""

    def __init__(self, lines: tuple[Line, ...], *, id: str = "text") -> None:  # noqa: A002 - Textual's own name for it
        """Show these lines."""
        super().__init__(id=id)
        self.set_lines(lines)
        self.styles.height = len(lines)


class Confirm(Dialog[bool]):
    """Ask once before something that can't be taken back: `y` does it, every other key cancels."""

    def __init__(self, title: str, detail: str) -> None:
        """Take what is about to happen."""
        super().__init__()
        self._title = title
        self._detail = detail

    @override
    def compose(self) -> ComposeResult:
        """Show what happens, and the key."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            yield Label(self._detail, classes="detail", markup=False)
            yield Text(
                ((("y", Role.KEY), (" does it   ", Role.DIM), ("any other key", Role.KEY), (" cancels", Role.DIM)),)
            )

    def on_key(self, event: events.Key) -> None:
        """Answer with the first key."""
        event.stop()
        event.prevent_default()
        _ = self.dismiss(event.key == "y")


class Field(msgspec.Struct, frozen=True):
    """One line of a form; `draft` is the box whose text is kept when the form is left."""

    name: str
    label: str
    text: str = ""
    placeholder: str = ""
    draft: str = ""


class FormInput(Input):
    """A box of a form that tells its draft."""

    def __init__(self, field: Field) -> None:
        """Start with the field's text."""
        super().__init__(
            field.text,
            id=field.name,
            placeholder=field.placeholder,
            max_length=MOST_CHARS,
            select_on_focus=False,
        )
        self.cursor_blink = False
        self._draft = field.draft

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell every change when the text is to be kept."""
        if self._draft:
            self.post_message(DraftChanged(self._draft, event.value))

    @override
    async def action_submit(self) -> None:
        """Go on at once, by no message that keys typed ahead could overtake."""
        if isinstance(self.screen, Form):
            self.screen.go_on(self)
        else:
            await super().action_submit()


class Form(Dialog[dict[str, str]]):
    """Ask for a few lines of text: enter goes to the next one, in the last one it is done."""

    def __init__(self, title: str, fields: Sequence[Field], *, detail: str = "", done: str = "done") -> None:
        """Take what to ask; `done` says what enter does at the end."""
        super().__init__()
        self._title = title
        self._fields = fields
        self._detail = detail
        self._done = done

    @override
    def compose(self) -> ComposeResult:
        """Stack label and box of each field."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content(f"enter {self._done} · esc leaves, the text stays")
            if self._detail:
                yield Label(self._detail, classes="detail", markup=False)
            for field in self._fields:
                yield Label(field.label, classes="label", markup=False)
                yield FormInput(field)

    def on_mount(self) -> None:
        """Start in the first field that is empty."""
        boxes = list(self.query(FormInput))
        first = next((box for box in boxes if not box.value), boxes[-1])
        self.set_focus(first)

    def go_on(self, done: FormInput) -> None:
        """Go on to the next box, or hand the texts over."""
        boxes = list(self.query(FormInput))
        at = boxes.index(done)
        if at + 1 < len(boxes):
            self.set_focus(boxes[at + 1])
            return
        _ = self.dismiss({box.id or "": box.value.strip() for box in boxes})


class Choice(msgspec.Struct, frozen=True):
    """One line of a choice: the key that takes it, its name, a few words, and what is answered."""

    key: str
    label: str
    answer: str
    note: str = ""


class Choose(Dialog[str]):
    """Ask for one of several; its key, or arrows and enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("down,j", "move(1)", ""),
        ("up,k", "move(-1)", ""),
        ("enter", "take", ""),
    ]

    def __init__(self, title: str, choices: Sequence[Choice], *, detail: str = "", at: int = 0) -> None:
        """Take what there is to choose from; `at` is under the cursor first."""
        super().__init__()
        self._title = title
        self._choices = choices
        self._detail = detail
        self._at = at

    @override
    def compose(self) -> ComposeResult:
        """Show one line per choice."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("esc leaves")
            if self._detail:
                yield Label(self._detail, classes="detail", markup=False)
            yield Text(self._lines(), id="choices")

    def _lines(self) -> tuple[Line, ...]:
        label = max(len(choice.label) for choice in self._choices) + 2
        lines: list[Line] = []
        for n, choice in enumerate(self._choices):
            role = Role.STRONG if n == self._at else Role.PLAIN
            lines.append(
                (
                    ("› " if n == self._at else "  ", Role.STRONG),
                    (f"{choice.key}  ", Role.KEY),
                    (f"{choice.label:<{label}}", role),
                    (fitted(choice.note, max(TEXT_CELLS - 5 - label, 0)).rstrip(), Role.DIM),
                )
            )
        return tuple(lines)

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self._at = (self._at + step) % len(self._choices)
        self.query_one("#choices", Text).set_lines(self._lines())

    def action_take(self) -> None:
        """Answer with the choice under the cursor."""
        _ = self.dismiss(self._choices[self._at].answer)

    def on_key(self, event: events.Key) -> None:
        """Answer with a choice's own key."""
        for choice in self._choices:
            if event.key == choice.key:
                event.stop()
                event.prevent_default()
                _ = self.dismiss(choice.answer)
