"""Draw the lines around the panes: the header, the line of notices, the line of keys."""

from datetime import timedelta, tzinfo
from typing import Final

from operator_console.model.allowed import accept, accept_oldest, target
from operator_console.model.channels import alarm_count, alarm_words
from operator_console.model.inputs import Tone
from operator_console.model.keys import is_printable, key_of, shown
from operator_console.model.select import (
    is_waiting,
    oldest_waiting_since,
    on_duty_count,
    operator_me,
    past_promise,
    selected_session,
    waiting_count,
)
from operator_console.model.state import DeskModel, LinkState
from operator_console.model.team import asking, supervises
from operator_console.model.transfers import STEP_LETTERS, STEP_NAMES, steps
from operator_console.model.wording import duty_words, since, span
from operator_console.tui.keymap import hints, keys_of
from operator_console.tui.lines import Line, Role, fitting, joined, spread, width_of
from operator_console.tui.widgets.line_pane import LineWidget
from server.wire.terms import Presence, SessionState
from server.wire.views import SessionView

NOTICE_FOR: Final = {
    Tone.INFO: timedelta(seconds=6),
    Tone.WARNING: timedelta(seconds=10),
    Tone.ERROR: timedelta(seconds=20),
}
"""How long a notice stays, by urgency."""

_TONE_ROLES: Final = {Tone.INFO: Role.PLAIN, Tone.WARNING: Role.WARN, Tone.ERROR: Role.BAD}
_DUTY_ROLES: Final = {Presence.AVAILABLE: Role.GOOD, Presence.AWAY: Role.WARN, Presence.OFFLINE: Role.DIM}


def header_line(model: DeskModel, width: int, zone: tzinfo | None) -> Line:
    """Return the header: the link, the team, the queue, my duty, the time."""
    me = operator_me(model)
    right: list[Line] = []
    if model.link.view_only:
        right.append((("VIEW ONLY", Role.WARN),))
    if me is not None:
        right.append(((duty_words(me), _DUTY_ROLES[me.presence]),))
    if width >= 90:
        right.append(((model.now.astimezone(zone).strftime("%H:%M:%S"), Role.DIM),))
    tail = joined(right, "  ")
    left: Line = ((" Desk ", Role.STRONG), *link_part(model, zone))
    room = width - width_of(tail) - 2
    return (*spread(fitting([left, *_counts(model)], room) or left, (*tail, (" ", Role.PLAIN)), width),)


def link_part(model: DeskModel, zone: tzinfo | None) -> Line:
    """Return how the connection stands: connected with its delay, STALE since when, or gone and why."""
    link = model.link
    match link.state:
        case LinkState.LIVE:
            rtt = "" if link.rtt_ms is None else f" {link.rtt_ms:.0f} ms"
            return ((f"● connected{rtt}", Role.GOOD),)
        case LinkState.STALE:
            start = link.since or model.now
            return ((f" STALE since {start.astimezone(zone).strftime('%H:%M:%S')} ", Role.ALARM),)
        case LinkState.LOST:
            gone = since(link.since, model.now) if link.since else ""
            doing = "trying again" if link.retry else "stopped"
            return ((f" NOT CONNECTED {gone} · {doing} ", Role.ALARM), (f" {link.reason}", Role.DIM))
        case LinkState.CONNECTING:
            return (("○ connecting …", Role.WARN),)


def _counts(model: DeskModel) -> list[Line]:
    if not model.boot:
        return []
    oldest = oldest_waiting_since(model)
    late = len(past_promise(model))
    waiting = f"{waiting_count(model)} waiting"
    counted: Line = ((waiting, Role.STRONG),)
    if late:
        counted = (*counted, (" · ", Role.DIM), (f"{late} past promise", Role.BAD))
    parts: list[Line] = [counted, ((f"{on_duty_count(model)} on duty", Role.PLAIN),)]
    if model.alarms:
        parts.insert(1, ((alarm_count(model), Role.BAD),))
    if supervises(model) and asking(model):
        parts.insert(1, ((f"{len(asking(model))} asks for a break", Role.WARN),))
    if oldest is not None:
        parts.append(((f"oldest {since(oldest, model.now)}", Role.PLAIN),))
    return parts


def notice_line(model: DeskModel, width: int) -> Line:
    """Return the newest notice while it is fresh, else what to do now."""
    notice = model.notice
    if notice is not None and model.now - notice.at < NOTICE_FOR[notice.tone]:
        mark = {Tone.INFO: "", Tone.WARNING: "! ", Tone.ERROR: "!! "}[notice.tone]
        return spread(((f" {mark}{notice.text}", _TONE_ROLES[notice.tone]),), (), width)
    ill = alarm_words(model)
    told = (f" ! {ill}", Role.WARN) if ill else (f" {advice(model)}", Role.DIM)
    return spread((told,), (), width)


def advice(model: DeskModel) -> str:
    """Return one sentence on what to do now."""
    if not model.boot or model.link.state is LinkState.LOST:
        return "Your texts are kept. A live call goes on without this line." if model.boot else ""
    me = operator_me(model)
    if me is not None and me.presence is not Presence.AVAILABLE:
        return f"You are not on duty: nothing rings. {_key(model, 'duty.set', 'd')} changes that."
    session = selected_session(model)
    mine = target(model)
    if mine is not None and mine.state is SessionState.WRAP_UP:
        return f"{mine.number} is over. {_key(model, 'after.resolve', 'r')} writes it up."
    if session is not None and is_waiting(session) and accept(model) is None:
        return _takes(model, session)
    late = len(past_promise(model))
    if late and accept_oldest(model) is None:
        oldest, next_ = _key(model, "call.accept_oldest", "A"), _key(model, "queue.next", "n")
        return f"{late} past promise. {oldest} takes the oldest, {next_} shows the next."
    next_ = _key(model, "queue.next", "n")
    return f"{next_} shows the next that needs you." if waiting_count(model) else "Nobody waits."


def _takes(model: DeskModel, session: SessionView) -> str:
    """Return the key that takes a session; of a ring also the one that lets it pass, and how long it lasts."""
    takes = f"{_key(model, 'call.accept', 'a')} takes {session.number}"
    if session.state is not SessionState.OFFERED or not session.rings_at(model.me):
        return f"{takes}."
    ends_at = session.ring_ends(model.me)
    left = (ends_at - model.now).total_seconds() if ends_at else None
    counted = "" if left is None else f": {span(left)} left"
    return f"{takes}, {_key(model, 'offer.decline', 'D')} lets it pass{counted}."


def _key(model: DeskModel, id_: str, default: str) -> str:
    return key_of(model.keys, id_, default)


WRITING: Final[tuple[tuple[str, str], ...]] = (
    ("enter", "Send"),
    ("esc", "Leave, the text stays"),
    ("↑↓", "Sent before"),
    ("PgUp", "Scroll"),
)
"""The keys of the composer: while it has the focus letters are text."""


def hints_line(model: DeskModel, width: int, *, writing: bool = False) -> Line:
    """Return the keys that can act now, as many as fit, help and palette always."""
    if writing:
        tail = _tail(model, writing=True)
        keys: list[Line] = [((key, Role.KEY), (f" {label}", Role.DIM)) for key, label in WRITING]
        return spread(((" ", Role.PLAIN), *fitting(keys, width - width_of(tail) - 2, "  ")), tail, width)
    return _hints(model, width)


def _tail(model: DeskModel, *, writing: bool = False) -> Line:
    """Return the keys of help and palette; while one writes, the first help key that is no text."""
    keys = model.keys.get("help.open", ("question_mark", "f1"))
    able = [shown(key) for key in keys if not (writing and is_printable(key))]
    help_: Line = ((able[0], Role.KEY), (" Help  ", Role.DIM)) if able else ()
    return (*help_, (key_of(model.keys, "palette.open", "ctrl+p"), Role.KEY), (" Commands ", Role.DIM))


def _hints(model: DeskModel, width: int) -> Line:
    tail = _tail(model)
    parts = _steps(model) + [
        ((shown(keys_of(action, model)[0]), Role.KEY), (f" {action.label}", Role.DIM))
        for action in hints(model)
        if keys_of(action, model)
    ]
    room = width - width_of(tail) - 2
    return spread(((" ", Role.PLAIN), *fitting(parts, room, "  ")), tail, width)


def _steps(model: DeskModel) -> list[Line]:
    """Return the keys that go on with the transfer of my call: none acts without the key of transfers before it."""
    key = _key(model, "call.transfer", "t")
    return [((f"{key} {STEP_LETTERS[one]}", Role.KEY), (f" {STEP_NAMES[one]}", Role.DIM)) for one in steps(model)]


class Header(LineWidget):
    """The first line."""

    def __init__(self, zone: tzinfo | None) -> None:
        """Start without a model; `zone` is where the operator's clock stands."""
        super().__init__(id="header")
        self._zone = zone
        self._model = DeskModel()

    def show(self, model: DeskModel) -> None:
        """Draw the header."""
        self._model = model
        self.set_lines((header_line(model, self.size.width, self._zone),))

    def on_resize(self) -> None:
        """Fit the new width."""
        self.show(self._model)


class Notice(LineWidget):
    """One line: what the program has to say, also on a page beside the desk."""

    def __init__(self) -> None:
        """Start without a model."""
        super().__init__(id="notice")
        self._model = DeskModel()

    def show(self, model: DeskModel) -> None:
        """Draw the newest notice while it stands."""
        self._model = model
        self.set_lines((notice_line(model, self.size.width),))

    def on_resize(self) -> None:
        """Fit the new width."""
        self.show(self._model)


class Footer(LineWidget):
    """The last two lines: notice and keys."""

    def __init__(self) -> None:
        """Start without a model."""
        super().__init__(id="footer")
        self._model = DeskModel()
        self._writing = False

    def show(self, model: DeskModel, *, writing: bool | None = None) -> None:
        """Draw notice and keys; `writing` says whether the composer has the focus (None: as before)."""
        self._model = model
        self._writing = self._writing if writing is None else writing
        width = self.size.width
        self.set_lines((notice_line(model, width), hints_line(model, width, writing=self._writing)))

    def on_resize(self) -> None:
        """Fit the new width."""
        self.show(self._model)
