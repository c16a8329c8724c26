"""Look back beside the live desk: rows of what was, and the whole conversation of the one under the cursor.

One screen serves the search, the follow-ups and a contact's page; what it asks the broker for is its `Asked`.
"""

from collections.abc import Awaitable, Callable
from datetime import tzinfo
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message
from textual.widgets import Input
from typing_extensions import override

from operator_console.model.mentions import means
from operator_console.model.past import Entry, Head, Sheet, about, cleaned, refusal, with_session
from operator_console.model.state import DeskModel
from operator_console.model.wording import outcome_words, since
from operator_console.tui.keymap import bindings
from operator_console.tui.lines import Line, Role, cut, fitted, wrapped
from operator_console.tui.ports import Desk, DeskError
from operator_console.tui.screens.beside import BesideDesk
from operator_console.tui.widgets.line_pane import LinePane
from operator_console.tui.widgets.transcript import BAR_GAP, block
from server.wire.terms import ConversationId
from server.wire.views import MessageView, SessionView

LONGEST_QUERY = 500
ABOUT_ROWS = ("after.done", "after.ring_back", "after.follow_up", "after.link", "note.write", "contact.open")
"""What can be done about the row under the cursor; the keys are those of the desk."""


class Asked(msgspec.Struct, frozen=True):
    """What a screen shows: its name, what it asks (words and where to read on), and whether it needs words first.

    Attributes:
        hints: What its keys do, in its lower border.
        empty: What stands there when nothing came.
    """

    name: str
    read: Callable[[str, str], Awaitable[Sheet]]
    hints: str
    empty: str
    words: str = ""
    wants_words: bool = False


class SheetRead(Message):
    """Rows arrived."""

    def __init__(self, sheet: Sheet, *, more: bool) -> None:
        """Carry them; `more` when they continue those before."""
        super().__init__()
        self.sheet = sheet
        self.more = more


class TalkRead(Message):
    """The turns of a conversation arrived."""

    def __init__(self, conversation_id: ConversationId, messages: tuple[MessageView, ...]) -> None:
        """Carry them."""
        super().__init__()
        self.conversation_id = conversation_id
        self.messages = messages


class NothingRead(Message):
    """The broker gave nothing."""

    def __init__(self, told: str) -> None:
        """Carry why."""
        super().__init__()
        self.told = told


def entry_row(model: DeskModel, entry: Entry, width: int, zone: tzinfo | None) -> Line:
    """Return a row: when (or when due), what, who, and the text with the found words marked."""
    local = (entry.due or entry.at).astimezone(zone)
    same_year = local.year == model.now.astimezone(zone).year
    at = local.strftime("%d %b %H:%M" if same_year else "%d %b %Y ")
    late = entry.due is not None and entry.due <= model.now
    told = f"late {since(entry.due, model.now)}" if entry.due is not None and late else "due" if entry.due else ""
    session = entry.session
    outcome = f"{outcome_words(session)}  " if session is not None and entry.due is None else ""
    line: Line = (
        (" ", Role.PLAIN),
        (at, Role.ALARM if late else Role.DIM),
        (" ", Role.PLAIN),
        (fitted(entry.label, 8), Role.LABEL),
        (fitted(entry.who, 18 if width >= 80 else 12), Role.PLAIN),
        (" ", Role.PLAIN),
        (told, Role.ALARM if late else Role.WARN),
        ("  " if told else "", Role.PLAIN),
        (outcome, Role.DIM),
        *_marked(entry),
    )
    return cut(tuple(part for part in line if part[0]), width)


def _marked(entry: Entry) -> Line:
    parts: list[tuple[str, Role]] = []
    at = 0
    for start, end in entry.marks:
        if start >= at:
            parts += [(entry.text[at:start], Role.PLAIN), (entry.text[start:end], Role.MATCH)]
            at = end
    return (*parts, (entry.text[at:], Role.PLAIN))


class PastList(LinePane):
    """The rows."""

    def __init__(self, zone: tzinfo | None) -> None:
        """Start before anything was read."""
        super().__init__(id="history_list")
        self._zone = zone
        self.model = DeskModel()
        self.entries: tuple[Entry, ...] = ()
        self.at = 0
        self.told = "Reading …"

    @override
    def line_count(self) -> int:
        """Return the number of rows, one at least to say why there are none."""
        return max(len(self.entries), 1)

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return one row."""
        width = self.scrollable_content_region.width
        if not self.entries:
            return cut(((self.told, Role.DIM),), width), None
        line = entry_row(self.model, self.entries[y], width, self._zone)
        return line, (Role.CURSOR if self.has_focus else Role.CURSOR_DIM) if y == self.at else None

    def on_resize(self) -> None:
        """Fit the new width."""
        self.lines_changed()


class PastTalk(LinePane):
    """The whole conversation of a row: with the assistant, with people, and the notes."""

    def __init__(self, zone: tzinfo | None) -> None:
        """Start empty."""
        super().__init__(id="history_turns")
        self._zone = zone
        self._model = DeskModel()
        self._entry: Entry | None = None
        self._messages: tuple[MessageView, ...] = ()
        self._head: Head = ()
        self._lines: tuple[Line, ...] = ()
        self._first = 0

    def show(self, model: DeskModel, entry: Entry | None, messages: tuple[MessageView, ...], head: Head) -> None:
        """Draw a row's conversation, from its turn on."""
        self._model, self._entry, self._messages, self._head = model, entry, messages, head
        self._draw()
        self.scroll_to(y=self._first, animate=False, force=True)

    def _draw(self) -> None:
        width = max(self.scrollable_content_region.width - BAR_GAP, 20)
        entry = self._entry
        self.set_title("Conversation" if entry is None else f"{entry.label}  {entry.who}")
        lines: list[Line] = []
        for word, text in (*self._head, *about(entry.session if entry is not None else None)):
            texts = wrapped(text, max(width - 9, 10))
            lines += [((f"{word if n == 0 else '':<9}", Role.LABEL), (one, Role.NOTE)) for n, one in enumerate(texts)]
        lines += [()] if lines else []
        self._first = 0
        me, people = self._model.me, self._model.operators
        for message in self._messages if entry is not None else ():
            if entry is not None and message.position == entry.position:
                self._first = len(lines)
            named = means(message, me, people)
            medium = entry.medium if entry is not None else None
            if medium is not None:
                lines += block(message, width, medium=medium, me=me, zone=self._zone, named=named)
        self._lines = tuple(cut(line, width) for line in lines)
        self.lines_changed()

    @override
    def line_count(self) -> int:
        """Return the number of lines."""
        return len(self._lines)

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return one line."""
        return self._lines[y], None

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._draw()


class PastScreen(BesideDesk):
    """Rows over a conversation; the call bar stays, mute works, and the desk's keys act on the row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "leave", ""),
        ("down,j", "move(1)", ""),
        ("up,k", "move(-1)", ""),
        ("pagedown", "scroll_turns(10)", ""),
        ("pageup", "scroll_turns(-10)", ""),
        ("slash", "find", ""),
        ("r", "app.do('after.write_up')", ""),
        *bindings("call.mute", *ABOUT_ROWS),
    ]
    AUTO_FOCUS = "#history_list"

    def __init__(self, desk: Desk, model: DeskModel, zone: tzinfo | None, asked: Asked) -> None:
        """Take the desk to ask, the model to begin with, and what to show."""
        super().__init__(model, id="past_screen")
        self._desk = desk
        self._asked = asked
        self.rows = PastList(zone)
        self.talk = PastTalk(zone)
        self._find = Input(
            asked.words,
            id="history_find",
            placeholder='any words, "a phrase", begin*; then enter',
            max_length=LONGEST_QUERY,
        )
        self._find.cursor_blink = False
        self._words = asked.words
        self._sheet = Sheet()
        self._reading = False

    @override
    def compose(self) -> ComposeResult:
        """Stack rows and conversation over the call bar."""
        self._find.display = self._asked.wants_words
        with Container(id="history"):
            yield self.rows
            yield self._find
            yield self.talk
        yield from self.under()

    @override
    def on_mount(self) -> None:
        """Read, or ask for words first."""
        self.rows.set_title(self._asked.name)
        self.rows.set_hint(self._asked.hints)
        if self._asked.wants_words and not self._words:
            self.rows.told = "Write the words to look for."
            self.set_focus(self._find)
        else:
            self._read(more=False)

    @property
    def entry(self) -> Entry | None:
        """The row under the cursor."""
        return self.rows.entries[self.rows.at] if self.rows.at < len(self.rows.entries) else None

    @override
    def draw(self) -> None:
        """Let the rows know the model, and draw the live part."""
        self.rows.model = self._model
        super().draw()

    def changed(self, session: SessionView) -> None:
        """Take a session as it is after an order about it."""
        self.rows.entries = tuple(
            with_session(one, session) if one.session is not None and one.session.id == session.id else one
            for one in self.rows.entries
        )
        self.rows.lines_changed()
        self._open(keep=True)

    def _read(self, *, more: bool) -> None:
        self._reading = True
        after = self._sheet.next_after if more else ""
        self.run_worker(self._read_sheet(self._words, after, more=more), group="page", exclusive=True)

    async def _read_sheet(self, words: str, after: str, *, more: bool) -> None:
        try:
            self.post_message(SheetRead(await self._asked.read(words, after), more=more))
        except DeskError as error:
            self.post_message(NothingRead(refusal(error.body)))

    async def _read_talk(self, conversation_id: ConversationId) -> None:
        try:
            self.post_message(TalkRead(conversation_id, await self._desk.transcript(conversation_id, 0)))
        except DeskError as error:
            self.post_message(NothingRead(refusal(error.body)))

    def on_sheet_read(self, message: SheetRead) -> None:
        """Show the rows."""
        self._reading = False
        before = self.rows.entries if message.more else ()
        self._sheet = message.sheet
        self.rows.entries = (*before, *message.sheet.entries)
        self.rows.told = self._asked.empty
        self.rows.set_title(f"{self._asked.name} {message.sheet.title}".rstrip())
        if not message.more:
            self.rows.at = 0
            self._open()
        self.rows.lines_changed()

    def on_talk_read(self, message: TalkRead) -> None:
        """Show the turns, if the cursor is still there."""
        entry = self.entry
        if entry is not None and entry.conversation_id == message.conversation_id:
            self.talk.show(self._model, entry, cleaned(message.messages), self._sheet.head)

    def on_nothing_read(self, message: NothingRead) -> None:
        """Say why there is nothing."""
        self._reading = False
        self.rows.told = message.told
        if self.rows.entries:
            self.rows.set_title(f"{self._asked.name} · {message.told}")
        self.rows.lines_changed()

    def _open(self, *, keep: bool = False) -> None:
        entry = self.entry
        if not keep:
            self.talk.show(self._model, entry, (), self._sheet.head)
        if entry is not None:
            self.run_worker(self._read_talk(entry.conversation_id), group="turns", exclusive=True)

    def action_move(self, step: int) -> None:
        """Move the cursor; near the end read on."""
        if not self.rows.entries:
            return
        self.rows.at = min(max(self.rows.at + step, 0), len(self.rows.entries) - 1)
        self.rows.lines_changed()
        self.rows.show_line(self.rows.at)
        self._open()
        if self._sheet.next_after and not self._reading and self.rows.at >= len(self.rows.entries) - 5:
            self._read(more=True)

    def action_scroll_turns(self, lines: int) -> None:
        """Scroll the conversation."""
        self.talk.scroll_to(y=self.talk.scroll_offset.y + lines, animate=False, force=True)

    def action_find(self) -> None:
        """Ask for words, where there are any to ask for."""
        if self._asked.wants_words:
            self.set_focus(self._find)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look for these words."""
        event.stop()
        self._words = event.value.strip()
        self.set_focus(self.rows)
        if self._words:
            self.rows.told = "Reading …"
            self._read(more=False)

    @override
    def action_leave(self) -> None:
        """Leave the box first, then the screen."""
        if self._find.has_focus and self.rows.entries:
            self.set_focus(self.rows)
        else:
            super().action_leave()
