"""Show the people of the desk: where they are, why, since when, what they have in hand, and who asks for a break."""

from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from typing_extensions import override

from operator_console.model.state import DeskModel
from operator_console.model.team import (
    asking,
    away_count,
    pending_words,
    presence_words,
    request_words,
    supervises,
    team,
)
from operator_console.model.wording import since
from operator_console.tui.keymap import bindings
from operator_console.tui.lines import Line, Role, cut, fitted
from operator_console.tui.screens.beside import BesideDesk
from operator_console.tui.widgets.line_pane import LinePane
from server.wire.terms import OperatorId, Presence
from server.wire.views import OperatorView

Decide = Callable[[OperatorId, bool], None]
"""Grants (True) or denies somebody's break."""

_ROLES: Final = {Presence.AVAILABLE: Role.GOOD, Presence.AWAY: Role.WARN, Presence.OFFLINE: Role.DIM}


def team_row(model: DeskModel, person: OperatorView, width: int) -> Line:
    """Return a person's row: name, presence and reason, since when, console, work in hand, request, what comes."""
    name = f"{person.name} (you)" if person.id == model.me else person.name
    work = _work(model, person, 3 if width >= 100 else 1)
    asks, pending = request_words(model, person), pending_words(person)
    line: Line = (
        (fitted(f" {name}", 19 if width < 100 else 24), Role.STRONG if person.id == model.me else Role.PLAIN),
        (" ", Role.PLAIN),
        (fitted(presence_words(person), 18 if width < 100 else 26), _ROLES[person.presence]),
        (f"{since(person.since, model.now):>8}", Role.PLAIN),
        (f"  {_console(person):<5}", Role.WARN if _console(person) == "GONE" else Role.DIM),
        (f"{work}  " if work else "", Role.MINE if person.id == model.me else Role.PLAIN),
        (f"{asks}  " if asks else "", Role.ALARM if supervises(model) else Role.WARN),
        (pending, Role.WARN),
    )
    return cut(line, width)


def _console(person: OperatorView) -> str:
    """Return whether somebody's console is there, in a word; GONE when they should be at one."""
    if person.connected:
        return "here"
    return "-" if person.presence is Presence.OFFLINE else "GONE"


def _work(model: DeskModel, person: OperatorView, most: int) -> str:
    """Return the numbers of what somebody has in hand, the rest counted."""
    numbers = [model.sessions[id_].number for id_ in person.sessions if id_ in model.sessions]
    more = len(person.sessions) - len(numbers[:most])
    return " ".join((*numbers[:most], *([f"+{more}"] if more else [])))


def team_title(model: DeskModel) -> str:
    """Return the pane's title: how many are where."""
    people = model.operators.values()
    on = sum(1 for one in people if one.presence is Presence.AVAILABLE and one.connected)
    most = f" of {model.policy.max_on_break} at most" if model.policy.max_on_break else ""
    asks = len(asking(model))
    told = f" · {asks} {'asks' if asks == 1 else 'ask'} for a break" if asks else ""
    return f"Team · {on} on duty · {away_count(model)} away{most}{told}"


class TeamList(LinePane):
    """The rows; the cursor stays on its person."""

    def __init__(self) -> None:
        """Start without a model."""
        super().__init__(id="team_list")
        self._model = DeskModel()
        self._people: tuple[OperatorView, ...] = ()
        self.selected: OperatorId | None = None

    def show(self, model: DeskModel) -> None:
        """Draw the model's people."""
        self._model = model
        self._people = team(model)
        ids = [person.id for person in self._people]
        if self.selected not in ids:
            self.selected = ids[0] if ids else None
        self.set_title(team_title(model))
        self.lines_changed()

    def move(self, step: int) -> None:
        """Move the cursor."""
        ids = [person.id for person in self._people]
        if self.selected is not None and self.selected in ids:
            at = min(max(ids.index(self.selected) + step, 0), len(ids) - 1)
            self.selected = ids[at]
            self.lines_changed()
            self.show_line(at)

    @override
    def line_count(self) -> int:
        """Return the number of rows, one at least to say why there are none."""
        return max(len(self._people), 1)

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return one row."""
        if not self._people:
            return (("Not connected yet.", Role.DIM),), None
        person = self._people[y]
        line = team_row(self._model, person, self.scrollable_content_region.width)
        return line, Role.CURSOR if person.id == self.selected else None

    def on_resize(self) -> None:
        """Fit the new width."""
        self.lines_changed()


class TeamScreen(BesideDesk):
    """The team beside the live desk: the call bar stays, mute works."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "leave", ""),
        ("down,j", "move(1)", ""),
        ("up,k", "move(-1)", ""),
        ("pagedown", "move(10)", ""),
        ("pageup", "move(-10)", ""),
        ("g", "decide(True)", ""),
        ("x", "decide(False)", ""),
        *bindings("call.mute", "duty.set", "break.ask"),
    ]
    AUTO_FOCUS = "#team_list"

    def __init__(self, model: DeskModel, decide: Decide) -> None:
        """Take the model to begin with, and what grants or denies a break."""
        super().__init__(model, id="team_screen")
        self._decide = decide
        self.rows = TeamList()

    @override
    def compose(self) -> ComposeResult:
        """Stack the list over call bar and notices."""
        yield self.rows
        yield from self.under()

    @override
    def draw(self) -> None:
        """Draw people and live part."""
        deciding = "g grants · x denies a break · " if supervises(self._model) else ""
        self.rows.set_hint(f"j k choose · {deciding}d duty · B break · esc back")
        self.rows.show(self._model)
        super().draw()

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self.rows.move(step)

    def action_decide(self, granted: bool) -> None:  # noqa: FBT001 - Textual passes what the key's line says
        """Grant or deny the break of the person under the cursor."""
        if self.rows.selected is not None:
            self._decide(self.rows.selected, granted)
