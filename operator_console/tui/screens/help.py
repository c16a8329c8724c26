"""Show every key, generated from the key table, with the reason beside those that can't act now."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen
from typing_extensions import override

from operator_console.model.keys import shown
from operator_console.model.state import DeskModel
from operator_console.tui.keymap import ACTIONS, Group, keys_shown
from operator_console.tui.lines import Line, Role, fitted, wrapped
from operator_console.tui.widgets.line_pane import LinePane

TWO_COLUMNS_FROM = 100
KEYS = 11
"""How many cells the keys take."""


def group_lines(model: DeskModel, group: Group, width: int) -> list[Line]:
    """Return one chapter: its title, and a line per action."""
    lines: list[Line] = [((fitted(group.value, width), Role.LABEL),)]
    for action in ACTIONS:
        if action.group is not group:
            continue
        able = action.why_not(model) is None
        keys = f"  {keys_shown(action, model):<{KEYS}}"
        texts = wrapped(action.help, max(width - len(keys), 12))
        role = Role.PLAIN if able else Role.DIM
        lines.append(((keys, Role.KEY if able else Role.DIM), (texts[0], role)))
        lines += [((" " * len(keys), Role.PLAIN), (more, role)) for more in texts[1:]]
    return [*lines, ()]


def macro_lines(model: DeskModel, width: int) -> list[Line]:
    """Return the chapter of the macros, if there are any: key, name, commands."""
    lines: list[Line] = [((fitted("Macros", width), Role.LABEL),)]
    for macro in model.macros:
        keys = f"  {shown(macro.key):<{KEYS}}"
        texts = wrapped(f":{macro.id}  {' · '.join(macro.lines)}", max(width - len(keys), 12))
        lines.append(((keys, Role.KEY), (texts[0], Role.PLAIN)))
        lines += [((" " * len(keys), Role.PLAIN), (more, Role.PLAIN)) for more in texts[1:]]
    return [*lines, ()] if model.macros else []


def help_lines(model: DeskModel, width: int) -> tuple[Line, ...]:
    """Return all chapters, in two columns where there is room."""
    if width < TWO_COLUMNS_FROM:
        chapters = [group_lines(model, group, width) for group in Group]
        return tuple(line for lines in (*chapters, macro_lines(model, width)) for line in lines)
    half = (width - 3) // 2
    left: list[Line] = []
    right: list[Line] = []
    for lines in (*(group_lines(model, group, half) for group in Group), macro_lines(model, half)):
        (left if len(left) <= len(right) else right).extend(lines)
    rows = max(len(left), len(right))
    left += [()] * (rows - len(left))
    right += [()] * (rows - len(right))
    return tuple((*_filled(one, half), ("   ", Role.PLAIN), *other) for one, other in zip(left, right, strict=True))


def _filled(line: Line, width: int) -> Line:
    used = sum(len(text) for text, _ in line)
    return (*line, (" " * (width - used), Role.PLAIN))


class HelpPane(LinePane):
    """The chapters, scrolling."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("down,j", "move(1)", ""),
        ("up,k", "move(-1)", ""),
        ("pagedown,space", "move(10)", ""),
        ("pageup", "move(-10)", ""),
    ]

    def __init__(self, model: DeskModel) -> None:
        """Show the keys as they can act in this model."""
        super().__init__(id="help")
        self._model = model
        self._help: tuple[Line, ...] = ()
        self.set_title("Keys · dim ones can't act now · esc closes")

    @override
    def line_count(self) -> int:
        """Return the number of lines."""
        return len(self._help)

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return one line."""
        return self._help[y], None

    def on_resize(self) -> None:
        """Fit the new width."""
        self._help = help_lines(self._model, self.scrollable_content_region.width)
        self.lines_changed()

    def action_move(self, lines: int) -> None:
        """Scroll."""
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False, force=True)


class HelpScreen(ModalScreen[None]):
    """All keys on one screen."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,question_mark,f1,q", "dismiss", "")]
    DEFAULT_CLASSES = "full"

    def __init__(self, model: DeskModel) -> None:
        """Show the keys as they can act in this model."""
        super().__init__()
        self._model = model

    @override
    def compose(self) -> ComposeResult:
        """Fill the screen with the pane."""
        yield HelpPane(self._model)
