"""Show supervisors the whole desk: the figures of the queues, and who does what now; from a row they step in."""

from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from typing_extensions import override

from operator_console.model.inputs import Input, Selected
from operator_console.model.keys import key_of
from operator_console.model.state import DeskModel, LinkState
from operator_console.model.supervising import doing_words
from operator_console.model.team import presence_words
from operator_console.model.wall import FIGURES, WallRow, doing_since, figure_words, wall_rows
from operator_console.model.wording import mood_mark, mood_word, since, state_words, who
from operator_console.tui.keymap import BY_ID, bindings
from operator_console.tui.lines import Line, Role, cut, fitted
from operator_console.tui.screens.beside import BesideDesk
from operator_console.tui.widgets.line_pane import LinePane
from server.wire.terms import MoodLabel, OperatorId, Presence, SessionId, SessionState
from server.wire.views import SessionView
from server.wire.wall import QueueFigures

STEPS: Final = (
    "supervise.watch",
    "supervise.listen",
    "supervise.whisper",
    "supervise.barge",
    "supervise.stop",
    "supervise.take_over",
    "supervise.force_wrap_up",
)
"""What can be done from a row."""
_CELLS: Final = (0, 5, 9, 6, 6, 7, 7, 8, 8, 6, 6)
"""How wide the figures are; the name has what is left."""
_PRESENCES: Final = {Presence.AVAILABLE: Role.GOOD, Presence.AWAY: Role.WARN, Presence.OFFLINE: Role.DIM}
_MOODS: Final = {MoodLabel.ANGRY: Role.BAD, MoodLabel.FRUSTRATED: Role.WARN, MoodLabel.HAPPY: Role.GOOD}


def figures_line(words: tuple[str, ...], role: Role, width: int) -> Line:
    """Return one line of figures: the name to the left, the numbers to the right of their columns."""
    name_cells = min(max(width - sum(_CELLS) - 1, 6), 24)
    numbers = "".join(f"{word:>{cells}}" for word, cells in zip(words[1:], _CELLS[1:], strict=True))
    return cut(((f" {fitted(words[0], name_cells)}", role), (numbers, role)), width)


def queue_lines(model: DeskModel, width: int) -> list[Line]:
    """Return the figures of all queues, their names above them and their sum below when they are several."""
    wall = model.wall
    if wall is None:
        return [((" The figures of the queues are on their way.", Role.DIM),)]
    lines = [figures_line(FIGURES, Role.LABEL, width)]
    lines += [figures_line(figure_words(one, model.now), _urgency(one), width) for one in wall.queues]
    if len(wall.queues) != 1:
        lines.append(figures_line(figure_words(wall.total, model.now), Role.STRONG, width))
    return lines


def _urgency(queue: QueueFigures) -> Role:
    return Role.WARN if queue.waiting else Role.PLAIN


def person_line(model: DeskModel, row: WallRow, width: int) -> Line:
    """Return one row: who, presence and since when; with whom, how long, in what mood, who supervises."""
    person = row.person
    wide = width >= 100
    name = f"{person.name} (you)" if person.id == model.me else person.name
    gone = "" if person.connected or person.presence is Presence.OFFLINE else " GONE"
    presence = f"{presence_words(person)}{gone}"
    line: Line = (
        (f" {fitted(name, 16 if wide else 12)} ", Role.STRONG if person.id == model.me else Role.PLAIN),
        (fitted(presence, 17 if wide else 11), Role.WARN if gone else _PRESENCES[person.presence]),
        (f"{since(person.since, model.now):>8}  ", Role.DIM),
        *(_work(model, row.session, wide=wide) if row.session else (("free", Role.DIM),)),
    )
    return cut(line, width)


def _work(model: DeskModel, session: SessionView, *, wide: bool) -> Line:
    mood, doing = session.context.mood, doing_words(model, session)
    word = state_words(model, session).split(" with ")[0]
    feeling = f"{mood_mark(mood)} {mood_word(mood)}" if wide and mood_word(mood) else mood_mark(mood)
    return (
        (fitted(session.number, 7), Role.LABEL),
        (f" {session.medium.value:<5} " if wide else " ", Role.DIM),
        (fitted(who(session.customer), 16 if wide else 11), Role.PLAIN),
        (f" {fitted(word, 10 if wide else 8)}", Role.WARN if session.state is SessionState.HELD else Role.PLAIN),
        (f"{since(doing_since(session), model.now):>7} ", Role.STRONG),
        (fitted(feeling, 9 if wide else 2), _MOODS.get(mood.label, Role.DIM)),
        (f" {doing if wide else '◉'}" if doing else "", Role.MINE),
    )


class WallList(LinePane):
    """The figures, then the people; the cursor stays on its row."""

    def __init__(self) -> None:
        """Start without a model."""
        super().__init__(id="wall_list")
        self._model = DeskModel()
        self._rows: tuple[WallRow, ...] = ()
        self._head: list[Line] = []
        self._key: tuple[OperatorId, SessionId | None] | None = None

    def show(self, model: DeskModel) -> None:
        """Draw the model."""
        self._model = model
        self._rows = wall_rows(model)
        self._head = [*queue_lines(model, self.scrollable_content_region.width), ()]
        at = self._at()
        self._key = self._rows[at].key if self._rows else None
        self.set_title(_title(model))
        self.lines_changed()

    def _at(self) -> int:
        """Return the cursor's row: its own, else another of the same person, else the first."""
        keys = [row.key for row in self._rows]
        if self._key in keys:
            return keys.index(self._key)
        person = self._key[0] if self._key else None
        return next((at for at, key in enumerate(keys) if key[0] == person), 0)

    @property
    def session_id(self) -> SessionId | None:
        """The session under the cursor."""
        return self._key[1] if self._key else None

    def move(self, step: int) -> None:
        """Move the cursor."""
        if self._rows:
            at = min(max(self._at() + step, 0), len(self._rows) - 1)
            self._key = self._rows[at].key
            self.lines_changed()
            self.show_line(at + len(self._head) if at else 0)

    @override
    def line_count(self) -> int:
        """Return the number of lines."""
        return len(self._head) + max(len(self._rows), 1)

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return one line."""
        if y < len(self._head):
            return self._head[y], None
        if not self._rows:
            return (("Not connected yet.", Role.DIM),), None
        row = self._rows[y - len(self._head)]
        line = person_line(self._model, row, self.scrollable_content_region.width)
        return line, Role.CURSOR if row.key == self._key else None

    def on_resize(self) -> None:
        """Fit the new width."""
        self.show(self._model)


def _title(model: DeskModel) -> str:
    since_word = f" · today since {model.wall.since.astimezone():%H:%M}" if model.wall else ""
    return f"Wall{since_word}"


class WallScreen(BesideDesk):
    """The wall; the call bar stays, so that what one hears and who hears one is always in view."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,enter", "leave", ""),
        ("down,j", "move(1)", ""),
        ("up,k", "move(-1)", ""),
        ("pagedown", "move(10)", ""),
        ("pageup", "move(-10)", ""),
        *bindings("call.mute", *STEPS),
    ]
    AUTO_FOCUS = "#wall_list"

    def __init__(self, model: DeskModel, show_wall: Callable[[bool], None], dispatch: Callable[[Input], None]) -> None:
        """Take the model to begin with, what asks for the figures, and where the cursor is told."""
        super().__init__(model, id="wall_screen")
        self._show_wall = show_wall
        self._dispatch = dispatch
        self._asked = False
        self.rows = WallList()

    @override
    def compose(self) -> ComposeResult:
        """Stack the list over call bar and notices."""
        yield self.rows
        yield from self.under()

    @override
    def on_mount(self) -> None:
        """Tell where the cursor is, beside drawing what is known already."""
        self._select()

    @override
    def draw(self) -> None:
        """Draw people, figures and live part, and ask for the figures."""
        self._ask()
        keys = "  ".join(f"{key_of(self._model.keys, id_, BY_ID[id_].keys[0])} {_short(id_)}" for id_ in STEPS)
        self.rows.set_hint(f"{keys}  esc back")
        self.rows.show(self._model)
        super().draw()

    def _ask(self) -> None:
        """Ask for the figures once for each connection."""
        live = self._model.link.state is LinkState.LIVE
        if live and not self._asked:
            self._asked = True
            self._show_wall(True)  # noqa: FBT003 - a switch
        self._asked = self._asked and self._model.link.state is not LinkState.LOST

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self.rows.move(step)
        self._select()

    def _select(self) -> None:
        """Tell which session the steps are about."""
        self._dispatch(Selected(self.rows.session_id))

    @override
    def action_leave(self) -> None:
        """Go back to the desk, where the session under the cursor is shown, and ask for no more figures."""
        if self._asked:
            self._show_wall(False)  # noqa: FBT003 - a switch
        super().action_leave()


def _short(id_: str) -> str:
    shorter = {"supervise.force_wrap_up": "end", "supervise.barge": "barge", "supervise.take_over": "take"}
    return shorter.get(id_, BY_ID[id_].label.lower())
