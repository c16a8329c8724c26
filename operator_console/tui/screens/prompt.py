"""Ask for one command on the last line of the screen; the desk stays in view and goes on."""

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label
from typing_extensions import override

from operator_console.model.command_line import MOST_CHARS, Verb, candidates, completed
from operator_console.tui.lines import Line, Role, fitting
from operator_console.tui.widgets.line_pane import LineWidget


class CommandBox(Input):
    """The box after the colon: tab completes, the arrows bring back what was written before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "screen.complete", show=False),
        Binding("up", "screen.recall(-1)", show=False),
        Binding("down", "screen.recall(1)", show=False),
    ]

    def __init__(self) -> None:
        """Start empty."""
        super().__init__(id="command", max_length=MOST_CHARS, select_on_focus=False)
        self.cursor_blink = False

    def put(self, text: str) -> None:
        """Show a text, the cursor at its end."""
        self.value = text
        self.cursor_position = len(text)


class PromptScreen(ModalScreen[str]):
    """The prompt; it answers with the line that was written, esc with none."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "")]
    DEFAULT_CSS = """
    PromptScreen > Vertical { dock: bottom; height: 2; background: $surface; }
    PromptScreen Horizontal { height: 1; }
    PromptScreen Label { width: 1; color: $accent; text-style: bold; }
    PromptScreen #command { width: 1fr; padding: 0; }
    PromptScreen #candidates { height: 1; padding: 0 1; background: $surface; }
    """

    def __init__(
        self,
        verbs: Mapping[str, Verb],
        words: Mapping[str, Iterable[str]],
        history: list[str],
        explain: Callable[[Verb], str],
    ) -> None:
        """Take all commands, the words that can follow some, the lines written before, and what a command does."""
        super().__init__()
        self._verbs = verbs
        self._words = words
        self._history = history
        self._explain = explain
        self._at = len(history)
        self._box = CommandBox()
        self._told = LineWidget(id="candidates")

    @override
    def compose(self) -> ComposeResult:
        """Put what can be written above the box."""
        with Vertical():
            yield self._told
            with Horizontal():
                yield Label(":")
                yield self._box

    def on_mount(self) -> None:
        """Start in the box."""
        self.set_focus(self._box)
        self._show()

    def on_resize(self) -> None:
        """Fit the new width."""
        self._show()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what the words may become."""
        event.stop()
        self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with the line."""
        event.stop()
        text = event.value.strip()
        _ = self.dismiss(text or None)

    def action_cancel(self) -> None:
        """Leave without a command."""
        _ = self.dismiss(None)

    def action_complete(self) -> None:
        """Write as much of the last word as is certain."""
        found = candidates(self._box.value, self._verbs, self._words)
        self._box.put(completed(self._box.value, found, self._verbs))

    def action_recall(self, step: int) -> None:
        """Bring back a line written before, or after that one; past the newest the box is empty."""
        self._at = min(max(self._at + step, 0), len(self._history))
        self._box.put(self._history[self._at] if self._at < len(self._history) else "")

    def _show(self) -> None:
        self._told.set_lines((self._line(max(self.size.width - 2, 1)),))

    def _line(self, width: int) -> Line:
        name, space, _ = self._box.value.lstrip().partition(" ")
        verb = self._verbs.get(name)
        if verb is not None and (space or len(candidates(name, self._verbs, {})) == 1):
            usage = f"{name} {verb.usage}".strip()
            return fitting((((usage, Role.KEY),), ((self._explain(verb), Role.DIM),)), width, "  ") or (
                (usage, Role.KEY),
            )
        found = candidates(self._box.value, self._verbs, self._words)
        names: list[Line] = [((word, Role.DIM),) for word in found]
        return fitting(names, width, "  ")
