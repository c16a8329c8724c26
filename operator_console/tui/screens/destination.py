"""Ask where a session is to go: letters find, arrows choose, enter takes it."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input
from typing_extensions import override

from operator_console.model.destinations import Destination
from operator_console.tui.lines import Line, Role, fitted
from operator_console.tui.screens.dialog import TEXT_CELLS, Dialog, Text

MOST_LINES: Final = 12
FEW_LINES: Final = 8
"""How many destinations are in view at once, and in a low terminal."""
LOW: Final = 30
"""A terminal of fewer lines is low."""
NAME_CELLS: Final = 24
LONGEST: Final = 120
"""No destination is longer than this."""


class FindBox(Input):
    """The box of what is looked for."""

    def __init__(self, placeholder: str) -> None:
        """Start empty."""
        super().__init__(id="text", placeholder=placeholder, max_length=LONGEST, select_on_focus=False)
        self.cursor_blink = False

    @override
    async def action_submit(self) -> None:
        """Take what is under the cursor at once, by no message that keys typed ahead could overtake."""
        if isinstance(self.screen, DestinationDialog):
            self.screen.take(self.value)


class DestinationDialog(Dialog[Destination]):
    """A list that gets shorter as one writes; the answer is the line that was taken."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("down", "move(1)", ""),
        ("up", "move(-1)", ""),
        ("tab", "move(1)", ""),
        ("shift+tab", "move(-1)", ""),
    ]

    def __init__(self, title: str, placeholder: str, find: Callable[[str], Sequence[Destination]]) -> None:
        """Take the title, what the empty box says, and what fits something that was written."""
        super().__init__()
        self._title = title
        self._find = find
        self._box = FindBox(placeholder)
        self._found: tuple[Destination, ...] = ()
        self._at = 0
        self._longest = 0

    @override
    def compose(self) -> ComposeResult:
        """Stack the box and the list."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            yield self._box
            yield Text((), id="destinations")

    def on_mount(self) -> None:
        """Start in the box, with everything in the list."""
        self.set_focus(self._box)
        self._look(self._box.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Find what is written."""
        event.stop()
        self._look(event.value)

    def on_resize(self) -> None:
        """Fit the new height."""
        self._draw()

    def action_move(self, step: int) -> None:
        """Move the cursor, round and round."""
        if self._found:
            self._at = (self._at + step) % len(self._found)
            self._draw()

    def take(self, written: str) -> None:
        """Answer with the line under the cursor, or say why it can't be taken."""
        self._look(written)
        if not self._found:
            return
        picked = self._found[self._at]
        if picked.why_not:
            self._tell(f"{picked.why_not} Choose another")
        else:
            _ = self.dismiss(picked)

    def _look(self, written: str) -> None:
        found = tuple(self._find(written))
        self._longest = max(self._longest, len(found), 1)
        if found != self._found:
            self._found, self._at = found, 0
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        most = min(MOST_LINES if self.size.height >= LOW else FEW_LINES, self._longest)
        first = max(min(self._at - most // 2, len(self._found) - most), 0)
        shown = self._found[first : first + most]
        lines = [self._line(one, picked=first + n == self._at) for n, one in enumerate(shown)]
        if not lines:
            lines = [(("Nobody and nothing fits. A number starts with + or a digit.", Role.WARN),)]
        box = self.query_one("#destinations", Text)
        box.styles.height = most
        box.set_lines(tuple(lines) + ((),) * (most - len(lines)))
        where = f"{self._at + 1} of {len(self._found)} · " if self._found else ""
        self._tell(f"{where}↑↓ enter chooses · esc leaves")

    def _tell(self, words: str) -> None:
        self.query_one(".box", Vertical).border_subtitle = Content(words)

    @staticmethod
    def _line(one: Destination, *, picked: bool) -> Line:
        name = Role.DIM if one.why_not else Role.STRONG if picked else Role.PLAIN
        room = TEXT_CELLS - 2 - 11 - NAME_CELLS - 1
        return (
            ("› " if picked else "  ", Role.STRONG),
            (fitted(one.where.value, 11), Role.LABEL),
            (fitted(one.name, NAME_CELLS), name),
            (" ", Role.PLAIN),
            (fitted(one.note, room), Role.DIM),
        )
