"""Carry out the commands of the prompt and of macros: a text that follows a command stands for its dialog.

Before: a line was read to a step. After: an order is on its way, the screen changed, or a reason tells why not.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from textual.theme import Theme

from operator_console.model import allowed
from operator_console.model.command_line import Refused, Step, filled
from operator_console.model.inputs import Input, Selected
from operator_console.model.listing import Sort
from operator_console.model.select import muted, my_call, operator_me, said_last, selected_session
from operator_console.model.state import DeskModel
from operator_console.model.team import named
from operator_console.model.telephone import MOST_KEYS, is_keys
from operator_console.tui.arrangement import Arrangement
from operator_console.tui.file_moves import FileMoves
from operator_console.tui.keymap import BY_ID
from operator_console.tui.screens.desk import DeskScreen
from operator_console.tui.staff import Staff
from operator_console.tui.transferring import transfer_named
from server.wire.commands import (
    AddNote,
    AskBreak,
    BackToAssistant,
    Command,
    Decline,
    Dtmf,
    EditMessage,
    FinishWrapUp,
    PauseRecording,
    Requeue,
    Resolve,
    Say,
    SetConsent,
    SetPresence,
)
from server.wire.terms import Consent, Medium, MessageId, Presence, SessionId, SessionState
from server.wire.views import SessionView

Reason = str | None
"""Why a step could not be taken; None when it was."""
_PRESENCES: Final = {"on": Presence.AVAILABLE, "off": Presence.OFFLINE, "away": Presence.AWAY}
_ENDINGS: Final = {"back": False, "hang-up": True}
"""What `after.resolve` must say first when a caller is on the line."""


class Speaker(Protocol):
    """What the steps need of the app."""

    model: DeskModel

    @property
    def available_themes(self) -> dict[str, Theme]:
        """All looks by name."""
        ...

    @property
    def arrangement(self) -> Arrangement:
        """The list's order and filter."""
        ...

    @property
    def desk_screen(self) -> DeskScreen:
        """The main screen."""
        ...

    def wear(self, theme: str) -> None:
        """Put on a look by its name."""
        ...

    def dispatch(self, *inputs: Input) -> None:
        """Put inputs into the model."""
        ...

    @property
    def files(self) -> FileMoves:
        """The way of files in and out."""
        ...

    def order(self, command: Command) -> None:
        """Send a command; its answer comes as an input."""
        ...

    def new_id(self) -> str:
        """Return an id for a command."""
        ...


class Spoken:
    """The deeds of the commands that a text follows; all others are the deeds of the keys."""

    def __init__(
        self, host: Speaker, run: Callable[[str], None], take: Callable[[SessionId], None], staff: Staff
    ) -> None:
        """Take the app, what a key does by its action's id, how a session is accepted, and the orders about people."""
        self._staff = staff
        self._host = host
        self._run = run
        self._take = take
        self.deeds: Final[dict[str, Callable[[str], Reason]]] = {
            "call.accept": self._accept,
            "offer.decline": self._decline,
            "queue.find": self._find,
            "queue.filter": self._find,
            "queue.sort": self._sort,
            "call.mute": self._mute,
            "call.hold": self._hold,
            "call.keypad": self._press,
            "call.record": self._record,
            "call.consent": self._consent,
            "call.transfer": self._requeue,
            "transfer.to": lambda text: transfer_named(host, text),
            "chat.say": self._say,
            "chat.edit": self._edit,
            "file.send": self._send_file,
            "note.write": self._note,
            "after.resolve": self._resolve,
            "after.back": self._back,
            "duty.set": self._duty,
            "shift.handover": self._hand_over,
            "break.ask": self._ask_break,
            "break.grant": lambda text: self._decide_break(text, granted=True),
            "break.deny": lambda text: self._decide_break(text, granted=False),
            "audio.echo": lambda text: self._filter("audio.echo", on=text == "on"),
            "audio.noise": lambda text: self._filter("audio.noise", on=text == "on"),
            "session.show": self._show,
            "desk.theme": self._theme,
        }

    def take(self, step: Step) -> Reason:
        """Take one step, or say why it can't be taken."""
        if step.text:
            text = filled(step.text, self._fields(step.verb.id))
            return text.reason if isinstance(text, Refused) else self.deeds[step.verb.id](text)
        reason = BY_ID[step.verb.id].why_not(self._host.model)
        if reason is None:
            self._run(step.verb.id)
        return reason

    def _fields(self, id_: str) -> Mapping[str, str]:
        """Return what the fields stand for: the session is the one that this command acts on."""
        selects = id_ in {"chat.say", "file.send", "note.write", "offer.decline"}
        session = (selected_session if selects else allowed.target)(self._host.model)
        me = operator_me(self._host.model)
        return {
            "name": session.customer.name if session else "",
            "number": session.number if session else "",
            "me": me.name if me else "",
        }

    def _accept(self, text: str) -> Reason:
        session = self._named(text)
        if session is None:
            return f"There is no open session {text}."
        reason = allowed.may_take(self._host.model, session.id)
        if reason is None:
            self._take(session.id)
        return reason

    def _show(self, text: str) -> Reason:
        session = self._named(text)
        if session is None:
            return f"There is no open session {text}."
        self._host.dispatch(Selected(session.id))
        return None

    def _named(self, text: str) -> SessionView | None:
        """Return the session that a person means: H-0042, 42, or its id."""
        wanted = _digits(text)
        sessions = self._host.model.sessions.values()
        return next((one for one in sessions if one.id == text or (wanted and _digits(one.number) == wanted)), None)

    def _find(self, text: str) -> Reason:
        self._host.arrangement.filter_by(text)
        return None

    def _sort(self, text: str) -> Reason:
        self._host.arrangement.sort_by(Sort(text))
        return None

    def _mute(self, text: str) -> Reason:
        reason = allowed.mute(self._host.model)
        call = my_call(self._host.model)
        if reason is None and call is not None and muted(self._host.model, call) != (text == "on"):
            self._run("call.mute")
        return reason

    def _hold(self, text: str) -> Reason:
        reason = allowed.hold(self._host.model)
        call = my_call(self._host.model)
        if reason is None and call is not None and (call.state is SessionState.HELD) != (text == "on"):
            self._run("call.hold")
        return reason

    def _filter(self, id_: str, *, on: bool) -> Reason:
        filters = self._host.model.headset.filters
        if on != (filters.echo if id_ == "audio.echo" else filters.noise):
            self._run(id_)
        return None

    def _press(self, text: str) -> Reason:
        digits = "".join(text.split()).upper()
        if not is_keys(digits):
            return f"Not keys of a telephone: write 1 to {MOST_KEYS} of 0-9, *, # and A-D."
        return self._order(
            allowed.press_keys,
            lambda id_, one: Dtmf(id=id_, session_id=one.id, epoch=one.epoch, digits=digits),
            my_call,
        )

    def _record(self, text: str) -> Reason:
        return self._order(
            allowed.record,
            lambda id_, one: PauseRecording(id=id_, session_id=one.id, epoch=one.epoch, on=text == "off"),
            my_call,
        )

    def _consent(self, text: str) -> Reason:
        return self._order(
            allowed.consent,
            lambda id_, one: SetConsent(id=id_, session_id=one.id, epoch=one.epoch, consent=Consent(text)),
            my_call,
        )

    def _requeue(self, text: str) -> Reason:
        word, _, rest = text.partition(" ")
        queue, note, to = "" if word == "-" else word, rest.strip(), None
        if word.startswith("@"):
            found = named(self._host.model, text)
            if isinstance(found, str):
                return found
            queue, note, to = "", found[1], found[0].id
        return self._order(
            allowed.requeue,
            lambda id_, one: Requeue(id=id_, session_id=one.id, epoch=one.epoch, queue=queue, note=note, to=to),
        )

    def _back(self, text: str) -> Reason:
        return self._order(
            allowed.back, lambda id_, one: BackToAssistant(id=id_, session_id=one.id, epoch=one.epoch, note=text)
        )

    def _resolve(self, text: str) -> Reason:
        session = allowed.target(self._host.model)
        if session is None or session.state is SessionState.WRAP_UP:
            return self._order(
                allowed.resolve,
                lambda id_, one: FinishWrapUp(
                    id=id_, session_id=one.id, epoch=one.epoch, disposition=one.disposition, note=text
                ),
            )
        ending, _, note = text.partition(" ")
        call = session.medium is Medium.VOICE
        if call and ending not in _ENDINGS:
            return "The caller is on the line: write after.resolve back, or after.resolve hang-up, then the note."
        return self._order(
            allowed.resolve,
            lambda id_, one: Resolve(
                id=id_,
                session_id=one.id,
                epoch=one.epoch,
                note=note.strip() if call else text,
                hang_up=call and _ENDINGS[ending],
            ),
        )

    def _say(self, text: str) -> Reason:
        return self._order(
            allowed.reply,
            lambda id_, one: Say(id=id_, session_id=one.id, epoch=one.epoch, text=text),
            selected_session,
        )

    def _edit(self, text: str) -> Reason:
        session = selected_session(self._host.model)
        last = said_last(self._host.model, session) if session else None
        return self._order(
            allowed.change_last,
            lambda id_, one: EditMessage(
                id=id_, session_id=one.id, epoch=one.epoch, message_id=last.id if last else MessageId(""), text=text
            ),
            selected_session,
        )

    def _send_file(self, text: str) -> Reason:
        return allowed.reply(self._host.model) or self._host.files.send(text)

    def _note(self, text: str) -> Reason:
        return self._order(
            allowed.note,
            lambda id_, one: AddNote(id=id_, session_id=one.id, epoch=one.epoch, text=text),
            selected_session,
        )

    def _decline(self, text: str) -> Reason:
        return self._order(
            allowed.decline,
            lambda id_, one: Decline(id=id_, session_id=one.id, epoch=one.epoch, reason=text),
            selected_session,
        )

    def _duty(self, text: str) -> Reason:
        word, _, reason = text.partition(" ")
        blocked = allowed.may_send(self._host.model)
        if blocked is None:
            presence = _PRESENCES[word]
            said = reason.strip() if presence is Presence.AWAY else ""
            self._host.order(SetPresence(id=self._host.new_id(), presence=presence, reason=said))
        return blocked

    def _hand_over(self, text: str) -> Reason:
        return allowed.hand_over(self._host.model) or self._staff.hand_over_named(text)

    def _ask_break(self, text: str) -> Reason:
        blocked = allowed.ask_break(self._host.model)
        if blocked is None:
            self._host.order(AskBreak(id=self._host.new_id(), reason=text))
        return blocked

    def _decide_break(self, text: str, *, granted: bool) -> Reason:
        return allowed.decide_break(self._host.model) or self._staff.decide_named(text, granted=granted)

    def _theme(self, text: str) -> Reason:
        if text not in self._host.available_themes:
            return f"There is no theme {text}. There are: {', '.join(sorted(self._host.available_themes))}."
        self._host.wear(text)
        return None

    def _order(
        self,
        why_not: Callable[[DeskModel], Reason],
        make: Callable[[str, SessionView], Command],
        whose: Callable[[DeskModel], SessionView | None] = allowed.target,
    ) -> Reason:
        """Give the order about a session, or return why it can't be given."""
        reason = why_not(self._host.model)
        session = whose(self._host.model)
        if reason is None and session is not None:
            self._host.order(make(self._host.new_id(), session))
        return reason


def _digits(ref: str) -> str:
    bare = ref.upper().removeprefix("H-").lstrip("0")
    return bare if bare.isdecimal() else ""
