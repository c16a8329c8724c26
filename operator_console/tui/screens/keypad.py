"""Press keys on the caller's line, each as it is typed; show those, and what the caller pressed."""

from collections.abc import Callable
from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from typing_extensions import override

from operator_console.model import allowed
from operator_console.model.state import DeskModel
from operator_console.model.telephone import KEYS
from operator_console.tui.lines import Line, Role
from operator_console.tui.screens.dialog import Dialog, Text

MOST_SHOWN: Final = 24
_ROWS: Final = ("1 2 3", "4 5 6", "7 8 9", "* 0 #")


class KeypadScreen(Dialog[None]):
    """A telephone's keys over the desk; it stays until esc."""

    def __init__(self, model: DeskModel, press: Callable[[str], None]) -> None:
        """Start with this model; `press` is told each key."""
        super().__init__()
        self._model = model
        self._press = press
        self.pressed = ""

    @override
    def compose(self) -> ComposeResult:
        """Show the keys and what was pressed."""
        with Vertical(classes="box") as box:
            box.border_title = Content("Keypad")
            box.border_subtitle = Content("each key sounds at once · esc leaves")
            yield Text(self._lines(), id="keypad")

    def show(self, model: DeskModel) -> None:
        """Draw what the caller pressed meanwhile."""
        self._model = model
        if self.is_mounted:
            self.query_one("#keypad", Text).set_lines(self._lines())

    def show_meters(self, model: DeskModel) -> None:
        """Nothing of this moves with the levels."""
        self._model = model

    def on_key(self, event: events.Key) -> None:
        """Press what was typed, if it is a key of a telephone."""
        key = (event.character or "").upper()
        if not key or key not in KEYS:
            return
        event.stop()
        event.prevent_default()
        if allowed.press_keys(self._model) is None:
            self.pressed = (self.pressed + key)[-MOST_SHOWN:]
            self._press(key)
        self.show(self._model)

    def _lines(self) -> tuple[Line, ...]:
        why_not = allowed.press_keys(self._model)
        state: Line = ((why_not, Role.WARN),) if why_not else (("A B C D too", Role.DIM),)
        return (
            *(((f"    {row}", Role.KEY),) for row in _ROWS),
            state,
            (("you     ", Role.DIM), (self.pressed or "-", Role.STRONG)),
            (("caller  ", Role.DIM), (self._model.headset.pressed or "-", Role.CALLER)),
        )
