"""Draw the card: all that an operator must know of a session before the first word, in at most 12 lines."""

from typing import Final

import msgspec
from msgspec.structs import replace
from rich.cells import cell_len
from typing_extensions import override

from operator_console.model.allowed import STEPS, step_id
from operator_console.model.keys import key_of
from operator_console.model.select import is_waiting, last_turns, selected_session
from operator_console.model.state import DeskModel
from operator_console.model.wording import (
    author_word,
    is_past_promise,
    mood_mark,
    mood_word,
    promise_words,
    said_words,
    sign_words,
    since,
    sourced,
    spark,
    state_words,
    summary_words,
    trend,
    who,
)
from operator_console.tui.keymap import STEP_KEYS
from operator_console.tui.lines import Line, Role, Span, cut, fitted, joined, plain, width_of, wrapped
from operator_console.tui.widgets.line_pane import LinePane
from operator_console.tui.widgets.transcript import ROLES_OF
from server.wire.terms import MoodLabel, SessionState
from server.wire.views import Context, Mood, NextAction, SessionView

MOST_LINES: Final = 12
LABEL: Final = 9
GLUE: Final = "\ue000"
"""Stands for a space at which no line ends: a key stays with its step. From outside it is just a space."""
FURTHER_LINE: Final = 3
"""How much earlier the second line of a part goes than its first."""
_MOOD_ROLES: Final = {
    MoodLabel.ANGRY: Role.BAD,
    MoodLabel.FRUSTRATED: Role.WARN,
    MoodLabel.HAPPY: Role.GOOD,
    MoodLabel.NEUTRAL: Role.PLAIN,
    MoodLabel.UNKNOWN: Role.DIM,
}


class Part(msgspec.Struct, frozen=True):
    """A few lines of the card.

    Attributes:
        rank: How early it is left out when there is no room (0: never).
        newest_last: Its first line is the one to leave out first; otherwise the last one is, marked as cut.
    """

    lines: tuple[Line, ...]
    rank: int
    newest_last: bool = False

    @property
    def loss(self) -> int:
        """Return how little is lost by its next line: a further line says less than the only one."""
        return self.rank + (FURTHER_LINE if len(self.lines) > 1 else 0)

    def shorter(self, width: int) -> "Part":
        """Return the part with one line less."""
        if self.newest_last:
            return replace(self, lines=self.lines[1:])
        return replace(self, lines=(*self.lines[:-2], _cut_short(self.lines[-2], width)))


def card_lines(model: DeskModel, session: SessionView, width: int, height: int) -> tuple[Line, ...]:
    """Return the card in at most `height` lines of `width` cells; what matters least is left out first."""
    height = min(height, MOST_LINES)
    parts = [part for part in _parts(model, session, width) if part.lines]
    while sum(len(part.lines) for part in parts) > height:
        worst = max(range(len(parts)), key=lambda n: (parts[n].loss, n))
        part = parts[worst]
        if len(part.lines) > 1:
            parts[worst] = part.shorter(width)
        elif len(parts) > 1:
            del parts[worst]
        else:
            break
    return tuple(line for part in parts for line in part.lines)


def _cut_short(line: Line, width: int) -> Line:
    """Return a line that says by its end that more followed."""
    if plain(line).rstrip().endswith("…"):
        return line
    return (*cut(line, width - 1), ("…", Role.DIM))


def _parts(model: DeskModel, session: SessionView, width: int) -> list[Part]:
    context = session.context
    facts = sourced(((f"{fact.name}{GLUE}{fact.value}", fact.source) for fact in context.facts), GLUE)
    keyed = ((f"{key}{GLUE}{step.label}" if key else step.label, step.source) for key, step in _keyed(model, context))
    steps = sourced(keyed, GLUE)
    return [
        Part((_why(model, session, width),), 0),
        Part(_mood(context.mood, width), 1),
        Part(_labelled("Seen", sign_words(context.signs), width, 2), 4),
        Part(_labelled("Summary", summary_words(context), width, 3), 2),
        Part(_labelled("Facts", facts, width, 2), 3),
        Part(_labelled("Tried", ", ".join(context.tried), width, 1), 5),
        Part(_labelled("Next", steps, width, 2), 4),
        Part(_labelled("To do", session.follow_up, width, 1, Role.WARN), 3),
        Part(_labelled("Tickets", ", ".join(f"{one.system} {one.reference}" for one in session.tickets), width, 1), 5),
        Part(_last(model, session, width), 6, newest_last=True),
    ]


def _keyed(model: DeskModel, context: Context) -> list[tuple[str, NextAction]]:
    """Return the next steps, each with the key that takes it; those without a key are reached with `.`."""
    keys = [key_of(model.keys, step_id(number), key) for number, key in zip(STEPS, STEP_KEYS, strict=True)]
    return [(keys[at] if at < len(keys) else "", step) for at, step in enumerate(context.next_actions)]


def _label(word: str) -> Span:
    return (f"{word:<{LABEL}}", Role.LABEL)


def _labelled(word: str, text: str, width: int, most: int, role: Role = Role.PLAIN) -> tuple[Line, ...]:
    """Return a text beside its label in at most `most` lines; nothing when there is no text."""
    flat = GLUE.join(" ".join(part.split()) for part in text.split(GLUE))
    if not flat:
        return ()
    room = max(width - LABEL, 8)
    texts = tuple(line.replace(GLUE, " ") for line in wrapped(flat, room))
    if len(texts) > most:
        texts = (*texts[: most - 1], fitted(f"{texts[most - 1]} …", room).rstrip())
    head: Line = (_label(word), (texts[0], role))
    return (head, *(((" " * LABEL, Role.PLAIN), (more, role)) for more in texts[1:]))


def _why(model: DeskModel, session: SessionView, width: int) -> Line:
    topic = f" · {session.context.topic}" if session.context.topic else ""
    promise = promise_words(session, model.now) if is_waiting(session) else ""
    late = is_past_promise(session, model.now)
    parts: list[Line] = [((f"{session.reason}{topic}", Role.STRONG),)]
    if promise:
        parts.append(((promise, Role.BAD if late else Role.DIM),))
    if session.context.language:
        parts.append(((session.context.language, Role.DIM),))
    room = width - LABEL
    whole = [part for n, part in enumerate(parts) if n == 0 or width_of(joined(parts[: n + 1])) <= room]
    return cut((_label("Why"), *joined(whole)), width)


def _mood(mood: Mood, width: int) -> tuple[Line, ...]:
    if mood.label is MoodLabel.UNKNOWN and not mood.course:
        return ()
    role = _MOOD_ROLES[mood.label]
    words = f"{mood_mark(mood)} {mood_word(mood)}".strip()
    spans: list[Span] = [_label("Mood"), (words, role)]
    if mood.course:
        spans += [("  ", Role.PLAIN), (spark(mood.course), role), (f" {trend(mood.course)}", Role.DIM)]
    return (cut(tuple(spans), width),)


def _last(model: DeskModel, session: SessionView, width: int) -> tuple[Line, ...]:
    """Return the last three turns, one line each."""
    lines: list[Line] = []
    for turn in last_turns(model, session):
        word = author_word(turn, session.medium, model.me)
        label: Span = (fitted(word, LABEL), ROLES_OF[turn.author])
        lines.append(cut((label, (" ".join(said_words(turn).split()), Role.DIM)), width))
    return tuple(lines)


def card_title(model: DeskModel, session: SessionView, width: int) -> str:
    """Return the pane's title: number, who, medium, and how it stands."""
    customer = session.customer
    name = who(customer)
    handle = customer.handle if customer.handle != name else ""
    standing = state_words(model, session)
    if is_waiting(session) or session.state is SessionState.SCREENING:
        standing = f"{standing} {since(session.queued_at, model.now)}"
    channel = "" if customer.channel in {"", "api"} else customer.channel
    medium = session.medium.value
    for parts in (
        (session.number, name, handle, f"{medium} {channel}".strip(), standing),
        (session.number, name, handle, medium, standing),
        (session.number, name, medium, standing),
    ):
        text = "2 " + "  ".join(part for part in parts if part)
        if cell_len(text) <= width:
            return text
    return fitted(f"2 {session.number}  {standing}  {name}", width).rstrip()


class Card(LinePane):
    """The card of the session under the cursor."""

    def __init__(self) -> None:
        """Start without a model."""
        super().__init__(id="card")
        self._model = DeskModel()
        self._lines: tuple[Line, ...] = ()

    def show(self, model: DeskModel) -> None:
        """Draw the selected session's card."""
        self._model = model
        session = selected_session(model)
        region = self.scrollable_content_region
        if session is None:
            self.set_title("2 Card")
            self._lines = ((("Nothing is selected.", Role.DIM),),)
        else:
            self.set_title(card_title(model, session, max(self.size.width - 6, 12)))
            self._lines = card_lines(model, session, max(region.width, 20), max(region.height, 1))
        self.lines_changed()

    @override
    def line_count(self) -> int:
        """Return the number of lines."""
        return len(self._lines)

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return one line of the card."""
        return self._lines[y], None

    def on_resize(self) -> None:
        """Fit the new size."""
        self.show(self._model)
