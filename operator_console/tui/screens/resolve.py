"""Ask how a matter ended: what it was about, a note, and for a live call where the caller goes."""

from typing import ClassVar, Final

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label
from typing_extensions import override

from operator_console.tui.lines import Line, Role, filled
from operator_console.tui.screens.dialog import TEXT_CELLS, Dialog, Field, FormInput, Text
from server.wire.history import QueueView
from server.wire.terms import Medium, SessionState
from server.wire.views import SessionView

DISPOSITIONS: Final = (
    ("solved", "solved"),
    ("information given", "informed"),
    ("follow-up needed", "follow-up"),
    ("wrong contact", "wrong contact"),
)
"""What the number keys write where the queue says nothing else; any other text can be typed then."""


class Resolution(msgspec.Struct, frozen=True):
    """The answer: `hang_up` only for a live call, `wrapped_up` when the talk was over already."""

    disposition: str
    note: str
    hang_up: bool = False
    wrapped_up: bool = False


class ResolveDialog(Dialog[Resolution]):
    """Letters act while no box has the focus: `b` or `h` for a call, `y` for a chat or a wrap-up; `n` writes a note."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [("n", "write('note')", ""), ("d", "write('disposition')", "")]

    def __init__(
        self, session: SessionView, queue: QueueView | None, *, disposition: str, note: str, note_draft: str
    ) -> None:
        """Take the session, what is configured of its queue, and what was written for it before."""
        super().__init__()
        self._known = queue.dispositions if queue is not None else ()
        self._required = queue is not None and queue.disposition_required
        known = tuple((one, one) for one in self._known)
        self._choices = dict(zip("123456789", known or DISPOSITIONS, strict=False))
        self._session = session
        self._over = session.state in {SessionState.WRAP_UP, SessionState.CLOSED}
        self._call = session.medium is Medium.VOICE and not self._over
        self._disposition = disposition
        self._note = note
        self._note_draft = note_draft

    @override
    def compose(self) -> ComposeResult:
        """Show the boxes and, below, what each key does."""
        number = self._session.number
        with Vertical(classes="box") as box:
            box.border_title = Content(f"Wrap up {number}" if self._over else f"Resolve {number}")
            box.border_subtitle = Content("esc leaves, the text stays")
            yield Label("Disposition", classes="label")
            disposition = FormInput(Field("disposition", "", self._disposition, self._placeholder()))
            disposition.suggester = SuggestFromList(self._known, case_sensitive=False) if self._known else None
            yield disposition
            yield Label("Note", classes="label")
            yield FormInput(Field("note", "", self._note, "n writes what was agreed", self._note_draft))
            yield Text(self._lines(), id="endings")

    def _lines(self) -> tuple[Line, ...]:
        parts: list[Line] = [((key, Role.KEY), (f" {label}", Role.DIM)) for key, (_, label) in self._choices.items()]
        if len(self._known) > len(self._choices):
            parts.append((("d", Role.KEY), (f" any of all {len(self._known)}: → completes", Role.DIM)))
        numbers = filled(parts, TEXT_CELLS)
        if self._call:
            question: Line = (("The caller is on the line. Back to AI or hang up?", Role.STRONG),)
            keys: Line = (
                ("b", Role.KEY), (" back to AI     ", Role.PLAIN), ("h", Role.KEY), (" hang up     ", Role.PLAIN),
                ("n", Role.KEY), (" note", Role.DIM),
            )  # fmt: skip
            return (*numbers, (), question, keys)
        word = "finish the wrap-up" if self._over else "resolve: the chat goes on with the AI"
        return (
            *numbers,
            (),
            (("y", Role.KEY), (f" {word}     ", Role.PLAIN), ("n", Role.KEY), (" note", Role.DIM)),
        )

    def action_write(self, box: str) -> None:
        """Write in a box."""
        self.set_focus(self.query_one(f"#{box}", FormInput))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Leave the box, so that the letters act again."""
        event.stop()
        self.set_focus(None)

    @override
    def action_cancel(self) -> None:
        """Leave the box first, then the dialog."""
        if isinstance(self.focused, Input):
            self.set_focus(None)
        else:
            _ = self.dismiss(None)

    def on_key(self, event: events.Key) -> None:
        """Do what the letter says; in a box letters are text."""
        if isinstance(self.focused, Input):
            return
        chosen = self._choices.get(event.key)
        if chosen is not None:
            self.query_one("#disposition", FormInput).value = chosen[0]
            event.stop()
            return
        endings = {"b": False, "h": True} if self._call else {"y": False}
        if event.key in endings:
            event.stop()
            self._finish(hang_up=endings[event.key])

    def _placeholder(self) -> str:
        keys = f"1-{len(self._choices)} below"
        if not self._known:
            return f"{keys}, or d and any words"
        return f"{keys}; this queue asks for one" if self._required else keys

    def _missing(self, disposition: str) -> str:
        """Return why the broker would refuse, before anything that was written is let go."""
        if disposition and self._known and disposition.casefold() not in {one.casefold() for one in self._known}:
            return "not one of this queue's dispositions"
        return "this queue asks what it was about" if self._over and self._required and not disposition else ""

    def _finish(self, *, hang_up: bool) -> None:
        missing = self._missing(self.query_one("#disposition", FormInput).value.strip())
        if missing:
            self.query_one(".box", Vertical).border_subtitle = Content(f"{missing}: choose a number below")
            return
        _ = self.dismiss(
            Resolution(
                disposition=self.query_one("#disposition", FormInput).value.strip(),
                note=self.query_one("#note", FormInput).value.strip(),
                hang_up=hang_up,
                wrapped_up=self._over,
            )
        )
