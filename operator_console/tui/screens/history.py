"""Show closed sessions, newest first, and the conversation of the one under the cursor."""

from datetime import tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message
from textual.widgets import Input
from typing_extensions import override

from operator_console.model.audit import step_words
from operator_console.model.clean import clean_error, clean_message, clean_session
from operator_console.model.mentions import means
from operator_console.model.state import DeskModel
from operator_console.model.team import supervises
from operator_console.model.wording import (
    disposition_words,
    name_of,
    outcome_words,
    score_line,
    score_words,
    span,
    talk_seconds,
    who,
)
from operator_console.tui.keymap import bindings
from operator_console.tui.lines import Line, Role, cut, fitted, wrapped
from operator_console.tui.ports import Desk, DeskError
from operator_console.tui.screens.beside import BesideDesk
from operator_console.tui.widgets.line_pane import LinePane
from operator_console.tui.widgets.transcript import BAR_GAP, block
from operator_console.tui.wrap_index import WrapIndex
from server.wire.terms import ConversationId, SessionId
from server.wire.views import MessageView, Page, SessionView


class PageRead(Message):
    """A page of history arrived, for the words asked."""

    def __init__(self, query: str, page: Page, *, more: bool) -> None:
        """Carry the page; `more` when it continues the one before."""
        super().__init__()
        self.query = query
        self.page = page
        self.more = more


class TurnsRead(Message):
    """The turns of a conversation arrived."""

    def __init__(self, conversation_id: ConversationId, messages: tuple[MessageView, ...]) -> None:
        """Carry the turns."""
        super().__init__()
        self.conversation_id = conversation_id
        self.messages = messages


class StepsRead(Message):
    """What supervisors did in a session arrived, or why it did not."""

    def __init__(self, session_id: SessionId, steps: tuple[str, ...]) -> None:
        """Carry it as sentences."""
        super().__init__()
        self.session_id = session_id
        self.steps = steps


class ReadFailed(Message):
    """The broker gave no history."""

    def __init__(self, told: str) -> None:
        """Carry why."""
        super().__init__()
        self.told = told


def history_row(model: DeskModel, session: SessionView, width: int, zone: tzinfo | None) -> Line:
    """Return a closed session's row: when, number, who, medium, how long, how it ended, with whom."""
    ended = session.closed_at or session.ended_at or session.requested_at
    outcome = outcome_words(session)
    by = f" · {name_of(model, session.operator_id)}" if session.operator_id else ""
    note = f" · {disposition_words(session)}" if session.disposition else ""
    score = f" · {score_words(session)}" if session.score else ""
    line: Line = (
        (ended.astimezone(zone).strftime(" %d %b %H:%M "), Role.DIM),
        (fitted(session.number, 8), Role.LABEL),
        (fitted(who(session.customer), 18 if width >= 80 else 12), Role.PLAIN),
        (f" {session.medium.value:<5}", Role.DIM),
        (f"{span(talk_seconds(session, ended)):>7}  ", Role.PLAIN),
        (f"{outcome}{by}{score}{note}", Role.PLAIN),
    )
    return cut(line, width)


class HistoryList(LinePane):
    """The rows; the cursor stays on its session when more come."""

    def __init__(self, zone: tzinfo | None) -> None:
        """Start before anything was read."""
        super().__init__(id="history_list")
        self._zone = zone
        self.model = DeskModel()
        self.sessions: tuple[SessionView, ...] = ()
        self.at = 0
        self.told = "Reading …"

    @override
    def line_count(self) -> int:
        """Return the number of rows, one at least to say why there are none."""
        return max(len(self.sessions), 1)

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return one row."""
        if not self.sessions:
            return ((self.told, Role.DIM),), None
        line = history_row(self.model, self.sessions[y], self.scrollable_content_region.width, self._zone)
        return line, (Role.CURSOR if self.has_focus else Role.CURSOR_DIM) if y == self.at else None

    def on_resize(self) -> None:
        """Fit the new width."""
        self.lines_changed()


class HistoryTurns(LinePane):
    """The conversation of the session under the cursor, with its note and follow-up first."""

    def __init__(self, zone: tzinfo | None) -> None:
        """Start empty."""
        super().__init__(id="history_turns")
        self._zone = zone
        self._model = DeskModel()
        self._session: SessionView | None = None
        self._index: WrapIndex[MessageView] = WrapIndex(self._block)
        self._messages: tuple[MessageView, ...] = ()
        self._head: tuple[Line, ...] = ()
        self._steps: tuple[str, ...] = ()

    def show_steps(self, steps: tuple[str, ...]) -> None:
        """Draw what supervisors did in the session shown."""
        self._steps = steps
        self.show(self._model, self._session, self._messages)

    def show(self, model: DeskModel, session: SessionView | None, messages: tuple[MessageView, ...]) -> None:
        """Draw a session's conversation."""
        self._model, self._messages = model, messages
        again = session is not self._session
        if again:
            self._steps = ()
        self._session = session
        width = max(self.scrollable_content_region.width - BAR_GAP, 20)
        self._index.update(messages, width, again=again)
        self._head = self._head_lines(width)
        self.set_title("Conversation" if session is None else f"{session.number}  {who(session.customer)}")
        if again:
            self.scroll_to(y=0, animate=False, force=True)
        self.lines_changed()

    def _block(self, message: MessageView, width: int) -> tuple[Line, ...]:
        session = self._session
        if session is None:
            return ()
        me, people = self._model.me, self._model.operators
        return block(message, width, medium=session.medium, me=me, zone=self._zone, named=means(message, me, people))

    def _head_lines(self, width: int) -> tuple[Line, ...]:
        session = self._session
        if session is None:
            return ()
        lines: list[Line] = []
        known = (("Note", session.note), ("To do", session.follow_up), ("Score", score_line(session)))
        steps = ((("" if n else "Steps"), step) for n, step in enumerate(self._steps))
        for word, text in (*known, *steps):
            texts = wrapped(" ".join(text.split()), max(width - 7, 10)) if text else ()
            lines += [((f"{word if n == 0 else '':<7}", Role.LABEL), (one, Role.NOTE)) for n, one in enumerate(texts)]
        return (*lines, ()) if lines else ()

    @override
    def line_count(self) -> int:
        """Return the number of lines."""
        return len(self._head) + self._index.count

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return one line."""
        return (self._head[y] if y < len(self._head) else self._index.line(y - len(self._head))), None

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self.show(self._model, self._session, self._messages)


class HistoryScreen(BesideDesk):
    """History beside the live desk: the call bar stays, mute works."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "leave", ""),
        ("down,j", "move(1)", ""),
        ("up,k", "move(-1)", ""),
        ("pagedown", "scroll_turns(10)", ""),
        ("pageup", "scroll_turns(-10)", ""),
        ("slash", "find", ""),
        ("r", "app.do('after.write_up')", ""),
        *bindings("call.mute", "after.ring_back", "after.follow_up", "after.done", "after.link", "contact.open"),
    ]
    AUTO_FOCUS = "#history_list"

    def __init__(self, desk: Desk, model: DeskModel, zone: tzinfo | None) -> None:
        """Take the desk to ask, and the model to begin with."""
        super().__init__(model, id="history_screen")
        self._desk = desk
        self._zone = zone
        self.rows = HistoryList(zone)
        self.turns = HistoryTurns(zone)
        self._find = Input(id="history_find", placeholder="any words, then enter", max_length=200)
        self._find.cursor_blink = False
        self._find.display = False
        self._words = ""
        self._next_before = ""
        self._reading = False

    @override
    def compose(self) -> ComposeResult:
        """Stack list and conversation over the call bar."""
        with Container(id="history"):
            yield self.rows
            yield self._find
            yield self.turns
        yield from self.under()

    @override
    def on_mount(self) -> None:
        """Read the first page."""
        self.rows.set_title("History")
        self.rows.set_hint("j k choose · PgUp PgDn scroll · / find · esc back")
        self._read(more=False)

    @override
    def draw(self) -> None:
        """Let the rows know the model, and draw the live part."""
        self.rows.model = self._model
        super().draw()

    def _read(self, *, more: bool) -> None:
        self._reading = True
        before = self._next_before if more else ""
        self.run_worker(self._read_page(self._words, before, more=more), group="page", exclusive=True)

    async def _read_page(self, query: str, before: str, *, more: bool) -> None:
        try:
            self.post_message(PageRead(query, await self._desk.history(query, before), more=more))
        except DeskError as error:
            self.post_message(ReadFailed(clean_error(error.body).message))

    async def _read_turns(self, conversation_id: ConversationId) -> None:
        try:
            self.post_message(TurnsRead(conversation_id, await self._desk.transcript(conversation_id, 0)))
        except DeskError as error:
            self.post_message(ReadFailed(clean_error(error.body).message))

    async def _read_steps(self, session_id: SessionId) -> None:
        try:
            steps = tuple(step_words(one, self._zone) for one in await self._desk.audit(session_id))
        except DeskError as error:
            steps = (f"not read: {clean_error(error.body).message}",)
        self.post_message(StepsRead(session_id, steps))

    def on_steps_read(self, message: StepsRead) -> None:
        """Show them, if the cursor is still there."""
        session = self._session()
        if session is not None and session.id == message.session_id:
            self.turns.show_steps(message.steps)

    def on_page_read(self, message: PageRead) -> None:
        """Show the rows."""
        self._reading = False
        sessions = tuple(clean_session(session) for session in message.page.sessions)
        self.rows.sessions = (*self.rows.sessions, *sessions) if message.more else sessions
        self.rows.told = "Nothing matches." if message.query else "Nothing is closed yet."
        self._next_before = message.page.next_before
        if not message.more:
            self.rows.at = 0
            self._open()
        self.rows.lines_changed()

    def on_turns_read(self, message: TurnsRead) -> None:
        """Show the turns, if the cursor is still there."""
        session = self._session()
        if session is not None and session.conversation_id == message.conversation_id:
            self.turns.show(self._model, session, tuple(clean_message(turn) for turn in message.messages))

    def on_read_failed(self, message: ReadFailed) -> None:
        """Say why there is nothing."""
        self._reading = False
        self.rows.told = message.told
        self.rows.set_title(f"History · {message.told}")
        self.rows.lines_changed()

    @property
    def session(self) -> SessionView | None:
        """The session under the cursor."""
        return self._session()

    def _session(self) -> SessionView | None:
        return self.rows.sessions[self.rows.at] if self.rows.at < len(self.rows.sessions) else None

    def _open(self) -> None:
        session = self._session()
        self.turns.show(self._model, session, session.last_turns if session else ())
        if session is not None:
            self.run_worker(self._read_turns(session.conversation_id), group="turns", exclusive=True)
            if supervises(self._model):
                self.run_worker(self._read_steps(session.id), group="steps", exclusive=True)

    def action_move(self, step: int) -> None:
        """Move the cursor; near the end read on."""
        if not self.rows.sessions:
            return
        self.rows.at = min(max(self.rows.at + step, 0), len(self.rows.sessions) - 1)
        self.rows.lines_changed()
        self.rows.show_line(self.rows.at)
        self._open()
        if self._next_before and not self._reading and self.rows.at >= len(self.rows.sessions) - 5:
            self._read(more=True)

    def action_scroll_turns(self, lines: int) -> None:
        """Scroll the conversation."""
        self.turns.scroll_to(y=self.turns.scroll_offset.y + lines, animate=False, force=True)

    def action_find(self) -> None:
        """Ask for words."""
        self._find.display = True
        self.set_focus(self._find)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Read the first page for these words."""
        self._words = event.value.strip()
        self._find.display = bool(self._words)
        self.set_focus(self.rows)
        self._read(more=False)

    @override
    def action_leave(self) -> None:
        """Leave the box first, then the screen."""
        if self._find.has_focus:
            self.set_focus(self.rows)
        else:
            super().action_leave()
