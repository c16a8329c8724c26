"""Draw the whole conversation, AI part and human part, each voice told apart by word and colour."""

from datetime import datetime, tzinfo
from typing import Final

import msgspec
from rich.cells import cell_len
from typing_extensions import override

from operator_console.model.ghosts import ghost_words
from operator_console.model.keys import key_of
from operator_console.model.mentions import means
from operator_console.model.news import SENT_AGAIN
from operator_console.model.select import selected_session, turns_of
from operator_console.model.state import DeskModel, LinkState
from operator_console.model.translations import beside_words, rendering_words, state_of_translation
from operator_console.model.wording import author_word, mark_words, moving_words, said_words
from operator_console.tui.lines import Line, Role, Span, fitted, width_of, wrapped
from operator_console.tui.widgets.line_pane import LinePane
from operator_console.tui.wrap_index import WrapIndex
from server.wire.commands import Say
from server.wire.terms import Author, ConversationId, Medium, OperatorId, SessionId
from server.wire.views import MessageView, SessionView

ROLES_OF: Final = {
    Author.CUSTOMER: Role.CALLER,
    Author.ASSISTANT: Role.AI,
    Author.OPERATOR: Role.OPERATOR,
    Author.NOTE: Role.NOTE,
    Author.SYSTEM: Role.DIM,
}

BAR_GAP: Final = 1
"""Cells between the text and the scroll bar."""
MOST_KNOWN: Final = 8
"""Of so many conversations the lines are kept, so that going back and forth between chats wraps nothing again."""


def block(
    message: MessageView, width: int, *, medium: Medium, me: OperatorId, zone: tzinfo | None, named: bool = False
) -> tuple[Line, ...]:
    """Return one turn as lines of `width` cells: time, who, and the text beside them; `named`: a note that means me."""
    clock = message.at.astimezone(zone).strftime("%H:%M:%S" if width >= 60 else "%H:%M")
    name = fitted("Note @you" if named else author_word(message, medium, me), 9)
    indent = _indent(width)
    role = Role.MENTION if named else ROLES_OF[message.author]
    gone = message.deleted_at is not None
    text_role = role if message.author in {Author.NOTE, Author.SYSTEM} else Role.DIM if gone else Role.PLAIN
    texts = wrapped(said_words(message), max(width - indent, 8))
    lines: list[Line] = [((clock, Role.DIM), (" ", Role.PLAIN), (name, role), (" ", Role.PLAIN), (texts[0], text_role))]
    lines += [((" " * indent, Role.PLAIN), (text, text_role)) for text in texts[1:]]
    marks = mark_words(message)
    if marks:
        bad = message.delivery in SENT_AGAIN and not gone
        told: Span = (fitted(marks, max(width - indent, 8)).rstrip(), Role.BAD if bad else Role.DIM)
        if width_of(lines[-1]) + 2 + cell_len(told[0]) <= width:
            lines[-1] = (*lines[-1], ("  ", Role.PLAIN), told)
        else:
            lines.append(((" " * indent, Role.PLAIN), told))
    lines += [((" " * indent, Role.PLAIN), (text, Role.LABEL)) for text in _beside(message, width - indent)]
    return tuple(lines)


def _beside(message: MessageView, width: int) -> list[str]:
    """Return what stands beside a turn in another language, as lines."""
    words = beside_words(message)
    return [*wrapped(words, max(width, 8))] if words else []


def _indent(width: int) -> int:
    return (8 if width >= 60 else 5) + 1 + 9 + 1


def height(message: MessageView, width: int) -> int | None:
    """Return how many lines `block` gives a turn, without building them; None for a turn with marks behind its text."""
    if mark_words(message) or message.translation is not None:
        return None
    text = said_words(message)
    room = max(width - _indent(width), 8)
    if len(text) <= room and text.isascii() and "\n" not in text:
        return 1
    return len(wrapped(text, room))


def handover_line(session: SessionView, width: int, zone: tzinfo | None) -> Line:
    """Return the rule that shows where the AI asked for a person, and why."""
    clock = session.requested_at.astimezone(zone).strftime("%H:%M")
    text = f"── {clock} handed over: {session.reason} "
    return ((fitted(text + "─" * max(width - len(text), 0), width), Role.LABEL),)


class Wrapped(msgspec.Struct):
    """The lines of one conversation, and what they were made for: changed in place."""

    index: WrapIndex[MessageView]
    messages: tuple[MessageView, ...] = ()
    handover_before: MessageView | None = None
    seen_as: tuple[SessionId, datetime, str, Medium] | None = None


class Transcript(LinePane):
    """The conversation under the cursor; follows the newest line until the operator scrolls up."""

    def __init__(self, zone: tzinfo | None) -> None:
        """Start without a model; `zone` is where the operator's clock stands."""
        super().__init__(id="transcript")
        self._zone = zone
        self._model = DeskModel()
        self._session: SessionView | None = None
        self._conversation: ConversationId | None = None
        self._known: dict[ConversationId, Wrapped] = {}
        self._shown = self._wrapped(None)
        self._tail: tuple[Line, ...] = ()
        self.following = True
        self._shown_lines = 0

    def _block(self, message: MessageView, width: int) -> tuple[Line, ...]:
        session = self._session
        if session is None:
            return ()
        model = self._model
        named = means(message, model.me, model.operators)
        lines = block(message, width, medium=session.medium, me=model.me, zone=self._zone, named=named)
        if message is self._shown.handover_before:
            return (handover_line(session, width, self._zone), *lines)
        return lines

    def _height(self, message: MessageView, width: int) -> int:
        counted = height(message, width)
        if counted is None:
            return len(self._block(message, width))
        return counted + (message is self._shown.handover_before)

    def _wrapped(self, conversation: ConversationId | None) -> "Wrapped":
        """Return what is known of a conversation's lines; those looked at last are kept."""
        known = self._known.pop(conversation, None) if conversation else None
        known = known or Wrapped(WrapIndex(self._block, self._height))
        if conversation:
            self._known[conversation] = known
            while len(self._known) > MOST_KNOWN:
                del self._known[next(iter(self._known))]
        return known

    def show(self, model: DeskModel) -> None:
        """Draw the selected session's conversation."""
        session = selected_session(model)
        conversation = session.conversation_id if session else None
        other = conversation != self._conversation
        self._model, self._session, self._conversation = model, session, conversation
        if other:
            self.following = True
            self._shown = self._wrapped(conversation)
        messages = turns_of(model, session).messages if session else ()
        self._wrap(messages)
        self.set_title(self._title())
        self.lines_changed()
        if self.following and (other or self.line_count() != self._shown_lines):
            self.call_after_refresh(self._to_end)
            self._to_end()
        self._shown_lines = self.line_count()

    def _wrap(self, messages: tuple[MessageView, ...]) -> None:
        width = max(self.scrollable_content_region.width - BAR_GAP, 1)
        shown, session = self._shown, self._session
        seen_as = (session.id, session.requested_at, session.reason, session.medium) if session else None
        before = shown.handover_before
        if messages is not shown.messages or seen_as != shown.seen_as:
            before = _first_after(messages, session.requested_at) if session else None
        again = before is not shown.handover_before or seen_as != shown.seen_as
        shown.messages, shown.handover_before, shown.seen_as = messages, before, seen_as
        shown.index.update(messages, width, again=again)
        self._tail = self._tail_lines(messages, width)

    def _tail_lines(self, messages: tuple[MessageView, ...], width: int) -> tuple[Line, ...]:
        session = self._session
        if session is None:
            return ()
        lines: list[Line] = []
        if messages and self._shown.handover_before is None:
            lines.append(handover_line(session, width, self._zone))
        for pending in self._model.pending.values():
            command = pending.command
            if isinstance(command, Say) and command.session_id == session.id:
                lines += [((text, Role.OPERATOR),) for text in wrapped(f"You, sending: {command.text}", width)]
        rendering = self._model.renderings.get(session.conversation_id)
        if rendering is not None:
            lines += [((text, Role.OPERATOR),) for text in wrapped(rendering_words(rendering), width)]
        if self._model.moving is not None:
            cancels = key_of(self._model.keys, "file.cancel", "^g")
            told = moving_words(self._model.moving, cancels)
            lines += [((text, Role.OPERATOR),) for text in wrapped(told, width)]
        if session.conversation_id in self._model.typing:
            lines.append((("The customer is writing …", Role.DIM),))
        return tuple(lines)

    def _title(self) -> str:
        session = self._session
        if session is None:
            return "3 Transcript"
        live = "live" if self._model.link.state is LinkState.LIVE else "as last heard"
        turns = turns_of(self._model, session)
        loading = "" if turns.loaded else " · loading"
        others = ghost_words(self._model, session.id)
        live = f"{live} · {others}" if others else live
        translation = state_of_translation(session)
        live = f"{live} · {translation}" if translation else live
        return f"3 Transcript · {live} · {'following' if self.following else 'stopped (f follows)'}{loading}"

    @override
    def line_count(self) -> int:
        """Return the number of lines, one at least to say why there are none."""
        return max(self._shown.index.count + len(self._tail), 1)

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return one line of the conversation."""
        if y < self._shown.index.count:
            return self._shown.index.line(y), None
        if y - self._shown.index.count < len(self._tail):
            return self._tail[y - self._shown.index.count], None
        return (("Nothing was said yet." if self._session else "", Role.DIM),), None

    def moved(self, lines: int) -> None:
        """Scroll; going up stops following, reaching the end follows again."""
        last = max(self.line_count() - self.scrollable_content_region.height, 0)
        target = min(max(self.scroll_offset.y + lines, 0), last)
        self.following = target >= last
        self.scroll_to(y=target, animate=False, force=True)
        self.set_title(self._title())

    def follow(self) -> None:
        """Follow the newest line, or stop."""
        self.following = not self.following
        if self.following:
            self._to_end()
        self.set_title(self._title())

    def _to_end(self) -> None:
        if self.following:
            last = max(self.line_count() - self.scrollable_content_region.height, 0)
            if self.scroll_offset.y != last:
                self.scroll_to(y=last, animate=False, force=True)

    def on_mouse_scroll_up(self) -> None:
        """Stop following when the wheel goes up."""
        self.following = False

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._shown_lines = 0
        self.show(self._model)


def _first_after(messages: tuple[MessageView, ...], instant: datetime) -> MessageView | None:
    """Return the first turn at or after an instant, when turns before it are known."""
    for n in range(len(messages) - 1, -1, -1):
        if messages[n].at < instant:
            return messages[n + 1] if n + 1 < len(messages) else None
    return None
