"""Draw the list of sessions: what is mine, who waits and how long, what the rest of the team has."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import msgspec
from textual import events
from typing_extensions import override

from operator_console.model.consults import asked_words, is_asked
from operator_console.model.ghosts import ghost_words, writers_on
from operator_console.model.listing import ListKey, Sort, eye_word
from operator_console.model.select import (
    is_mine,
    is_talking,
    is_waiting,
    mentions_of_me,
    muted,
    past_promise,
    row_of,
    unread,
    unread_at_least,
    unread_in_all,
    visible_keys,
    waiting_count,
)
from operator_console.model.state import DeskModel, OrderKey
from operator_console.model.wording import (
    is_past_promise,
    mood_mark,
    mood_word,
    since,
    span,
    state_words,
    talk_seconds,
    who,
)
from operator_console.tui.lines import Line, Role, fitted
from operator_console.tui.messages import RowClicked
from operator_console.tui.widgets.line_pane import LinePane
from server.wire.terms import Medium, MoodLabel, SessionId, SessionState
from server.wire.views import SessionView

_MOOD_ROLES: Final = {
    MoodLabel.ANGRY: Role.BAD,
    MoodLabel.FRUSTRATED: Role.WARN,
    MoodLabel.HAPPY: Role.GOOD,
    MoodLabel.NEUTRAL: Role.DIM,
    MoodLabel.UNKNOWN: Role.DIM,
}

MOST_ROWS: Final = 500
"""So many built rows are kept."""


class Columns(msgspec.Struct, frozen=True):
    """How wide the parts of a row are, in cells; 0 leaves a part out."""

    name: int
    mood: int
    rest: int


def columns(width: int) -> Columns:
    """Return how a row of `width` cells is divided: name first, then the mood's word, then what it is about."""
    fixed = 2 + 7 + 1 + 1 + 5 + 1  # mark, wait, gap, gap, medium, gap
    left = max(width - fixed, 8)
    mood = 8 if left >= 28 else 2
    name = min(max(left - mood - 2 - (8 if left >= 26 else 0), 8), 22)
    return Columns(name, mood, max(left - mood - 1 - name - 1, 0))


def row(model: DeskModel, session: SessionView, width: int) -> Line:
    """Return a session's row: mark, wait, who, medium, mood, and where it stands or what it is about."""
    parts = columns(width)
    wait, wait_role = _wait(model, session)
    mood = session.context.mood
    mark = f"{mood_mark(mood):<2}"
    mood_text = mark if parts.mood == 2 else f"{mark} {mood_word(mood):<5}"
    about, about_role = _about(model, session)
    return (
        (_mark(model, session), Role.STRONG),
        (f"{wait:>7}", wait_role),
        (" ", Role.PLAIN),
        (fitted(who(session.customer), parts.name), Role.MINE if is_mine(session, model.me) else Role.PLAIN),
        (" ", Role.PLAIN),
        (f"{session.medium.value:<5}", Role.DIM),
        (" ", Role.PLAIN),
        (fitted(mood_text, parts.mood), _MOOD_ROLES[mood.label]),
        (" ", Role.PLAIN),
        (fitted(about, parts.rest), about_role),
    )


def _mark(model: DeskModel, session: SessionView) -> str:
    if session.id == model.selected:
        return "› "
    if is_mine(session, model.me):
        return "● "
    return "* " if eye_word(session, model.now) else "  "


def _wait(model: DeskModel, session: SessionView) -> tuple[str, Role]:
    if session.state is SessionState.WRAP_UP:
        if session.wrap_up_until is None:
            return "", Role.DIM
        return span((session.wrap_up_until - model.now).total_seconds()), Role.DIM
    if is_talking(session):
        return span(talk_seconds(session, model.now)), Role.DIM
    waited = since(session.queued_at, model.now)
    if is_waiting(session) and is_past_promise(session, model.now):
        return f"{waited}!", Role.BAD
    return waited, Role.PLAIN if is_waiting(session) else Role.DIM


def _about(model: DeskModel, session: SessionView) -> tuple[str, Role]:
    """Return where a session stands if that is news, else what it is about."""
    news = news_words(model, session)
    if news:
        return news, Role.WARN
    if session.state is SessionState.OFFERED and session.rings_at(model.me):
        return rings_words(model, session), Role.WARN
    ghosts = ghost_words(model, session.id)
    if ghosts:
        return ghosts, Role.WARN if writers_on(model, session.id) else Role.LABEL
    if is_mine(session, model.me):
        silent = session.medium is Medium.VOICE and is_talking(session) and muted(model, session)
        return ("muted", Role.WARN) if silent else (state_words(model, session), Role.MINE)
    return _others_words(model, session)


def _others_words(model: DeskModel, session: SessionView) -> tuple[str, Role]:
    """Return what a session is about that is not mine: it asks, it waits, or somebody has it."""
    if is_asked(session):
        return asked_words(session, model.now), Role.WARN
    if session.state is SessionState.QUEUED:
        return _queued_words(model, session)
    return state_words(model, session), Role.DIM


def rings_words(model: DeskModel, session: SessionView) -> str:
    """Return that a session rings at me, and how long it still will."""
    ends_at = session.ring_ends(model.me)
    if ends_at is None:
        return "RINGS at you"
    others = f" and {len(session.also_rings)} more" if session.also_rings else ""
    return f"RINGS at you{others} {span((ends_at - model.now).total_seconds())}"


def _queued_words(model: DeskModel, session: SessionView) -> tuple[str, Role]:
    """Return what a waiting session is about, behind the word for why it wants eyes, and its channel if that counts."""
    about = session.context.topic or session.reason
    if model.sort is Sort.CHANNEL and session.customer.channel:
        about = f"{session.customer.channel} {about}"
    word = eye_word(session, model.now)
    if not word:
        return about, Role.DIM
    return f"{word} {about}", Role.PLAIN if word == "NEW" else Role.WARN


def flashes(model: DeskModel, session: SessionView) -> bool:
    """Tell whether a row is drawn bright this second: every other one, while it wants eyes."""
    return bool(eye_word(session, model.now)) and int(model.now.timestamp()) % 2 == 0


def news_words(model: DeskModel, session: SessionView) -> str:
    """Return what I have not looked at: how many turns of the customer, and whether a note names me."""
    new = unread(model, session)
    more = "+" if new and unread_at_least(model, session) else ""
    named = mentions_of_me(model, session)
    words = f"{new}{more} new" if new else ""
    if not named:
        return words
    return f"@you, {words}" if words else f"{named} @you"


def title(model: DeskModel) -> str:
    """Return the pane's title: how many wait, what I have not looked at, and the filter."""
    late, new, named = len(past_promise(model)), unread_in_all(model), sum(model.mentions.values())
    counted = f"{waiting_count(model)} waiting" + (f" · {late} past promise" if late else "")
    counted += (f" · {new} new" if new else "") + (f" · {named} @you" if named else "")
    counted += "" if model.sort is Sort.PROMISE else f" · by {model.sort}"
    return f"1 Queue · {counted}" + (f" · find: {model.filter}" if model.filter else "")


_NOT_IN_ROWS: Final = frozenset(
    {
        "local_now",
        "skew",
        "sessions",
        "order",
        "listed",
        "found",
        "selected",
        "seq",
        "resync_wanted",
        "filter",
        "drafts",
    }
    | {"pending", "headset", "notice", "moving", "tour", "rings", "turns", "seen", "typing", "mute_wish"}
    | {"keys", "macros", "link", "wall", "version"}
)
"""Fields of the model that no row depends on, apart from its own session and the cursor, unless the session is mine."""
_IN_ROWS: Final = attrgetter("now", *(name for name in DeskModel.__struct_fields__ if name not in _NOT_IN_ROWS))


class Rows:
    """The rows that are built already: a row is built anew when its session, the cursor or the second changes.

    Rows of sessions that are mine depend on much more (what I have read, my microphone), are few, and are never kept.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._known: dict[SessionId, tuple[SessionView, bool, Line]] = {}
        self._made_for: tuple[object, ...] = ()
        self._width = 0

    def begin(self, model: DeskModel, width: int) -> None:
        """Forget what no longer holds for this model; call it before a frame."""
        made_for: tuple[object, ...] = _IN_ROWS(model)
        same = width == self._width and len(made_for) == len(self._made_for)
        if not same or any(a is not b and a != b for a, b in zip(made_for, self._made_for, strict=True)):
            self._known.clear()
        self._made_for, self._width = made_for, width

    def row(self, model: DeskModel, session: SessionView, width: int) -> Line:
        """Return a session's row for the model given to `begin`."""
        selected = session.id == model.selected
        known = self._known.get(session.id)
        if known is not None and known[0] is session and known[1] is selected and width == self._width:
            return known[2]
        line = row(model, session, width)
        if width == self._width and not is_mine(session, model.me):
            if len(self._known) >= MOST_ROWS:
                self._known.clear()
            self._known[session.id] = (session, selected, line)
        return line


class QueueList(LinePane):
    """The list; the cursor follows the session's id, never the row."""

    def __init__(self, *, motion: bool = True) -> None:
        """Start without a model; without `motion` nothing flashes."""
        super().__init__(id="queue")
        self._motion = motion
        self._model = DeskModel()
        self._keys: Sequence[OrderKey | ListKey] = ()
        self._rows = Rows()
        self._row_width = 0

    def show(self, model: DeskModel) -> None:
        """Draw the model's list."""
        keys, selected = self._keys, self._model.selected
        self._keys, self._model = visible_keys(model), model
        self._row_width = self.scrollable_content_region.width  # asking Textual for each row took as long as the rows
        self._rows.begin(model, self._row_width)
        self.set_title(title(model))
        self.lines_changed()
        if self._keys is not keys or model.selected != selected:
            self._show_cursor()

    def _show_cursor(self) -> None:
        at = row_of(self._model, self._model.selected)
        if at is not None:
            self.show_line(at)

    @override
    def line_count(self) -> int:
        """Return the number of rows, one at least to say that there are none."""
        return max(len(self._keys), 1)

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return a session's row; the one under the cursor is set off."""
        if not self._keys:
            return ((self._empty(), Role.DIM),), None
        session = self._model.sessions[self._keys[y][-1]]
        line = self._rows.row(self._model, session, self._row_width)
        if session.id != self._model.selected:
            return line, Role.FLASH if self._motion and flashes(self._model, session) else None
        return line, Role.CURSOR if self.has_focus else Role.CURSOR_DIM

    def _empty(self) -> str:
        if self._model.filter:
            return "  Nothing matches. esc shows all."
        return "  Nobody waits." if self._model.boot else "  Not connected yet."

    def moved(self, rows: int) -> SessionId | None:
        """Return the session `rows` below the cursor (above, when negative), kept inside the list."""
        if not self._keys:
            return None
        at = row_of(self._model, self._model.selected) or 0
        return self._keys[min(max(at + rows, 0), len(self._keys) - 1)][-1]

    def on_resize(self) -> None:
        """Make the rows fit the new width and keep the cursor in view."""
        self.show(self._model)
        self._show_cursor()

    def on_focus(self) -> None:
        """Draw the cursor as focused."""
        self.lines_changed()

    def on_blur(self) -> None:
        """Draw the cursor as not focused."""
        self.lines_changed()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row under the mouse."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        at = offset.y + self.scroll_offset.y
        if at < len(self._keys):
            self.post_message(RowClicked(self._keys[at][-1]))
