"""Ask what an order needs before it is given: confirmation, note, queue; unsent text is kept."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from textual.screen import Screen

from operator_console.model.allowed import target
from operator_console.model.drafts import Box, box_key
from operator_console.model.inputs import Drafted, Input
from operator_console.model.listing import Seen, lets_through, values
from operator_console.model.select import is_mine, my_call, said_last, selected_session, to_send_again
from operator_console.model.state import DeskModel
from operator_console.model.wording import said_words, who
from operator_console.tui.screens.dialog import Choice, Choose, Confirm, Field, Form
from server.wire.commands import (
    AddNote,
    BackToAssistant,
    Command,
    Decline,
    DeleteMessage,
    Dtmf,
    EditMessage,
    End,
    FinishWrapUp,
    PauseRecording,
    Resolve,
    SayAgain,
    SetConsent,
)
from server.wire.terms import Consent, Delivery, Medium, Recording
from server.wire.views import SessionView

if TYPE_CHECKING:
    from operator_console.tui.screens.resolve import Resolution

T = TypeVar("T")
Texts = dict[str, str]


def shortened(text: str) -> str:
    """Return the beginning of a text, short enough for a box."""
    return text if len(text) <= 300 else f"{text[:299]}…"


class Asker(Protocol):
    """What the dialogs need of the app."""

    model: DeskModel

    def dispatch(self, *inputs: Input) -> None:
        """Put inputs into the model."""
        ...

    def order(self, command: Command) -> None:
        """Send a command."""
        ...

    def new_id(self) -> str:
        """Return an id for a command."""
        ...

    def ask(self, screen: Screen[T], then: Callable[[T], None]) -> None:
        """Open a dialog and go on with its answer, if it gives one."""
        ...


class Dialogs:
    """One method for each order that asks first."""

    def __init__(self, asker: Asker) -> None:
        """Take the app."""
        self._asker = asker

    def _field(self, session: SessionView, box: Box, label: str, *, text: str = "", placeholder: str = "") -> Field:
        key = box_key(session.id, box)
        return Field("text", label, self._asker.model.drafts.get(key, text), placeholder, key)

    def _give(self, session: SessionView, box: Box, command: Command) -> None:
        """Send the order that a dialog was for, and forget its draft."""
        self._asker.order(command)
        self._asker.dispatch(Drafted(box_key(session.id, box), ""))

    def end(self) -> None:
        """Ask once, then hang up or close."""
        session = target(self._asker.model)
        if session is None:
            return
        voice = session.medium is Medium.VOICE
        what = "The line drops for the caller." if voice else "The chat closes and does not return to the AI."
        dialog = Confirm(f"End {session.number}?", f"{who(session.customer)}: {what}")
        self._asker.ask(dialog, lambda yes: self._end(session) if yes else None)

    def _end(self, session: SessionView) -> None:
        self._asker.order(End(id=self._asker.new_id(), session_id=session.id, epoch=session.epoch))

    def consent(self) -> None:
        """Ask what the customer said about being recorded."""
        call = my_call(self._asker.model)
        if call is None:
            return
        choices = [
            Choice("g", "Given", "given", "the call may be recorded"),
            Choice("r", "Refused", "refused", "nothing is recorded from now on"),
            Choice("u", "Unknown", "unknown", "not asked"),
        ]
        at = next(n for n, choice in enumerate(choices) if choice.answer == call.consent)
        dialog = Choose(f"May {call.number} be recorded?", choices, detail=f"now: {call.consent}", at=at)
        self._asker.ask(dialog, self._set_consent)

    def _set_consent(self, answer: str) -> None:
        call = my_call(self._asker.model)
        if call is not None:
            order = SetConsent(id=self._asker.new_id(), session_id=call.id, epoch=call.epoch, consent=Consent(answer))
            self._asker.order(order)

    def record(self) -> None:
        """Pause the recording, or go on with it."""
        call = my_call(self._asker.model)
        if call is not None:
            on = call.recording is Recording.ON
            self._asker.order(PauseRecording(id=self._asker.new_id(), session_id=call.id, epoch=call.epoch, on=on))

    def keypad(self) -> None:
        """Press keys on the caller's line until it is left."""
        from operator_console.tui.screens.keypad import KeypadScreen  # noqa: PLC0415 - loaded when it is opened

        self._asker.ask(KeypadScreen(self._asker.model, self._press), _no_answer)

    def _press(self, key: str) -> None:
        call = my_call(self._asker.model)
        if call is not None:
            self._asker.order(Dtmf(id=self._asker.new_id(), session_id=call.id, epoch=call.epoch, digits=key))

    def back(self) -> None:
        """Ask for a note, then give the conversation back to the assistant."""
        session = target(self._asker.model)
        if session is None:
            return
        field = self._field(session, Box.BACK, "What was agreed", placeholder="the AI reads this; may be empty")
        form = Form(f"{session.number} back to the AI", [field], done="gives it back")

        def give(texts: Texts) -> None:
            order = BackToAssistant(
                id=self._asker.new_id(), session_id=session.id, epoch=session.epoch, note=texts["text"]
            )
            self._give(session, Box.BACK, order)

        self._asker.ask(form, give)

    def note(self) -> None:
        """Ask for a note."""
        session = selected_session(self._asker.model)
        if session is None:
            return
        field = self._field(session, Box.NOTE, "Note, for operators only")

        def give(texts: Texts) -> None:
            if texts["text"]:
                order = AddNote(id=self._asker.new_id(), session_id=session.id, epoch=session.epoch, text=texts["text"])
                self._give(session, Box.NOTE, order)

        from operator_console.tui.screens.note import NoteDialog  # noqa: PLC0415 - as above

        self._asker.ask(NoteDialog(f"Note on {session.number}", field, lambda: self._asker.model), give)

    def decline(self) -> None:
        """Ask for a reason, then let the offer pass."""
        session = selected_session(self._asker.model)
        if session is None:
            return
        field = self._field(session, Box.DECLINE, "Reason", placeholder="may be empty")

        def give(texts: Texts) -> None:
            order = Decline(id=self._asker.new_id(), session_id=session.id, epoch=session.epoch, reason=texts["text"])
            self._give(session, Box.DECLINE, order)

        self._asker.ask(Form(f"Decline {session.number}", [field], done="declines"), give)

    def resolve(self) -> None:
        """Ask how the matter ended, then resolve it or finish its wrap-up."""
        session = target(self._asker.model)
        if session is None:
            return
        key = box_key(session.id, Box.RESOLVE)
        note = self._asker.model.drafts.get(key, session.note)
        queue = self._asker.model.queues.get(session.queue)
        from operator_console.tui.screens.resolve import ResolveDialog  # noqa: PLC0415 - as above

        dialog = ResolveDialog(session, queue, disposition=session.disposition, note=note, note_draft=key)
        self._asker.ask(dialog, lambda resolution: self._resolved(session, resolution))

    def _resolved(self, session: SessionView, resolution: "Resolution") -> None:
        id_ = self._asker.new_id()
        if resolution.wrapped_up:
            order: Command = FinishWrapUp(
                id=id_,
                session_id=session.id,
                epoch=session.epoch,
                disposition=resolution.disposition,
                note=resolution.note,
            )
        else:
            order = Resolve(
                id=id_,
                session_id=session.id,
                epoch=session.epoch,
                disposition=resolution.disposition,
                note=resolution.note,
                hang_up=resolution.hang_up,
            )
        self._give(session, Box.RESOLVE, order)

    def say_again(self) -> None:
        """Ask once, then send the message again whose outcome is not known."""
        session = selected_session(self._asker.model)
        message = to_send_again(self._asker.model, session) if session else None
        if session is None or message is None:
            return
        unknown = message.delivery is Delivery.UNKNOWN
        risk = "It may have arrived: the customer may read it twice." if unknown else "It did not arrive."
        title = f"Send again to {who(session.customer)}?"

        def send(yes: bool) -> None:  # noqa: FBT001 - the answer of a dialog
            if yes:
                self._asker.order(
                    SayAgain(id=self._asker.new_id(), session_id=session.id, epoch=session.epoch, message_id=message.id)
                )

        self._asker.ask(Confirm(title, f"{risk}\n{shortened(said_words(message))}"), send)

    def edit(self) -> None:
        """Ask what my last message should say, then change it."""
        session = selected_session(self._asker.model)
        message = said_last(self._asker.model, session) if session else None
        if session is None or message is None:
            return
        field = Field("text", "Your last message", message.text.replace("\n", " "))

        def change(texts: Texts) -> None:
            if texts["text"]:
                self._asker.order(
                    EditMessage(
                        id=self._asker.new_id(),
                        session_id=session.id,
                        epoch=session.epoch,
                        message_id=message.id,
                        text=texts["text"],
                    )
                )

        detail = "The customer sees the new text where their channel can do that; the old one stays in the audit."
        self._asker.ask(Form(f"Edit · {session.number}", [field], detail=detail, done="changes it"), change)

    def delete(self) -> None:
        """Ask once, then take my last message back."""
        session = selected_session(self._asker.model)
        message = said_last(self._asker.model, session) if session else None
        if session is None or message is None:
            return

        def take_back(yes: bool) -> None:  # noqa: FBT001 - the answer of a dialog
            if yes:
                self._asker.order(
                    DeleteMessage(
                        id=self._asker.new_id(), session_id=session.id, epoch=session.epoch, message_id=message.id
                    )
                )

        self._asker.ask(Confirm("Take back what you said last?", shortened(said_words(message))), take_back)


def _no_answer(_answer: None) -> None:
    """The dialog gives no answer."""


def filter_dialog(model: DeskModel) -> Choose:
    """Return the dialog that shows only a part of the list; each line says how much it shows."""
    sessions = tuple(model.sessions[key[-1]] for key in model.order)
    seen = Seen(model.me, model.now, is_mine)
    personal = (("m", "is:mine"), ("o", "is:offered"), ("l", "is:late"))
    counted = [(key, one, sum(lets_through(session, one, seen) for session in sessions)) for key, one in personal]
    choices = [Choice("e", "everything", " ", str(len(sessions)))]
    choices += [Choice(key, one, one, str(count)) for key, one, count in counted]
    choices += [Choice(" ", one, one, str(count)) for one, count in values(sessions, 3)]
    return Choose("Show only", choices, detail="Any words too: the find key takes all of these, and combines them.")
