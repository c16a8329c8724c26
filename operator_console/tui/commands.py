"""Carry out the actions of the key table: each id has one deed here, whichever key, click or command asked for it.

Deeds give orders through the host and open dialogs; they draw nothing. Before: an action was asked for. After: an order
is on its way, a dialog is open, or the operator reads why not.
"""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from textual.screen import Screen

from operator_console.clock import Clock
from operator_console.model import allowed
from operator_console.model.consults import is_asked
from operator_console.model.drafts import reply_key
from operator_console.model.ghosts import writers_on
from operator_console.model.inputs import Drafted, MuteWished, Noticed, Selected, Tone, TourLeft
from operator_console.model.keys import key_of
from operator_console.model.listing import next_sort
from operator_console.model.offers import Refused, ToCustomer, is_order
from operator_console.model.select import (
    call_elsewhere,
    is_waiting,
    muted,
    my_call,
    next_that_needs_me,
    oldest_past_promise,
    other_chat,
    selected_session,
)
from operator_console.model.team import asking
from operator_console.tui.aftermath import Aftermath
from operator_console.tui.card_deeds import CardDeeds
from operator_console.tui.consulting import Consulting
from operator_console.tui.dialogs import Dialogs, filter_dialog
from operator_console.tui.doors import Doors
from operator_console.tui.keymap import BY_ID
from operator_console.tui.prompt import Prompt, Prompting
from operator_console.tui.screens.dialog import Confirm
from operator_console.tui.slash import carried_out
from operator_console.tui.sound_care import GAIN_STEP_DB
from operator_console.tui.staff import Staff
from operator_console.tui.supervisor import Supervisor
from operator_console.tui.transferring import Transferring
from operator_console.tui.translating import Translations
from operator_console.tui.widgets.composer import writable
from server.wire.commands import Accept, Command, Hold, Mute, Typing
from server.wire.frames import Reply
from server.wire.terms import SessionId, SessionState, Supervision
from server.wire.views import SessionView

COUGH_SECONDS: Final = 3.0
TYPING_EVERY_SECONDS: Final = 3.0
"""The customer's side is told at most this often that the operator writes."""


class Host(Prompting, Protocol):
    """What the deeds need of the app."""

    @property
    def clock(self) -> Clock:
        """What time it is."""
        ...

    @property
    def screen(self) -> Screen[object]:
        """The screen on top."""
        ...

    def whisper(self, command: Command) -> None:
        """Send a command whose answer nobody needs."""
        ...

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text into the terminal's clipboard."""
        ...

    def later(self, seconds: float, deed: Callable[[], None]) -> None:
        """Do something after a while."""
        ...

    def take_audio(self) -> None:
        """Open the call's audio here."""
        ...

    def background(self, group: str, work: Awaitable[None]) -> None:
        """Do work beside the screen, ending the group's older work."""
        ...


class Commands:
    """The deeds by id."""

    def __init__(self, host: Host, dialogs: Dialogs, doors: Doors) -> None:
        """Take the app, the dialogs that ask before an order, and the ways to other screens."""
        self._host = host
        self._dialogs = dialogs
        self._doors = doors
        self._coughs = 0
        self._cough_until: int | None = None
        self._typing_told_at = float("-inf")
        self._staff = Staff(host)
        self._consulting = Consulting(host)
        self._supervisor = Supervisor(host)
        self._translations: Final = Translations(host, doors.desk, host.desk_screen.composer)
        self.aftermath: Final = Aftermath(host, doors.desk, doors.zone)
        self.prompt: Final = Prompt(host, self.run, self._take, self._staff)
        self.prompt.spoken.deeds.update(self.aftermath.spoken())
        self.prompt.spoken.deeds["chat.translate"] = self._translations.switch
        self.deeds: Final[dict[str, Callable[[], None]]] = {
            **self._taking(),
            **self._talking(),
            **CardDeeds(host).deeds(),
            **self._finishing(),
            **self._supervising(),
            **self._looking(),
            **self._desk(),
        }

    def answered(self, command: Command, reply: Reply) -> None:
        """Take an answer: into the model, to the macro that waits for it, and onto a screen of the past."""
        self.prompt.answered(command, reply)
        self.aftermath.answered(reply.session)

    def run(self, id_: str) -> None:
        """Do it, or say why it can't be done."""
        if id_ not in BY_ID:
            self.prompt.run_macro(id_)
            return
        reason = BY_ID[id_].why_not(self._host.model)
        if reason is None:
            self.deeds[id_]()
        else:
            self._host.dispatch(Noticed(reason, Tone.WARNING))

    def _taking(self) -> dict[str, Callable[[], None]]:
        return {
            "call.accept": lambda: self._take(self._host.model.selected),
            "session.open": self._open,
            "call.accept_oldest": lambda: self._take(oldest_past_promise(self._host.model)),
            "queue.next": self._next,
            **self._consulting.deeds(),
            "offer.decline": self._dialogs.decline,
            "queue.find": self._find,
            "queue.sort": lambda: self._host.arrangement.sort_by(next_sort(self._host.model.sort)),
            "queue.filter": self._filter,
        }

    def _talking(self) -> dict[str, Callable[[], None]]:
        return {
            "call.mute": self._mute,
            "call.cough": self._cough,
            "call.hold": self._hold,
            "call.keypad": self._dialogs.keypad,
            "call.record": self._dialogs.record,
            "call.consent": self._dialogs.consent,
            "call.end": self._dialogs.end,
            **Transferring(self._host).deeds(),
            "call.audio": self._take_audio,
            "chat.reply": self._write,
            "chat.suggest": self._suggest,
            "chat.again": self._dialogs.say_again,
            "chat.edit": self._dialogs.edit,
            "chat.delete": self._dialogs.delete,
            "chat.translate": self._translations.toggle,
            "file.send": self._host.files.ask_path,
            "file.open": self._host.files.look,
            "file.cancel": self._host.files.cancel,
            "chat.next": lambda: self._other_chat(1),
            "chat.previous": lambda: self._other_chat(-1),
            "note.write": self._dialogs.note,
        }

    def _finishing(self) -> dict[str, Callable[[], None]]:
        return {
            "after.resolve": self._dialogs.resolve,
            "after.back": self._dialogs.back,
            **self.aftermath.deeds(),
        }

    def _supervising(self) -> dict[str, Callable[[], None]]:
        deed = self._supervisor
        return {
            "wall.open": lambda: self._doors.wall(deed),
            "supervise.watch": lambda: deed.step_to(Supervision.WATCH),
            "supervise.listen": lambda: deed.step_to(Supervision.LISTEN),
            "supervise.whisper": lambda: deed.step_to(Supervision.WHISPER),
            "supervise.barge": lambda: deed.step_to(Supervision.BARGE),
            "supervise.stop": deed.stop,
            "supervise.take_over": deed.take_over,
            "supervise.force_wrap_up": deed.force_wrap_up,
        }

    def _looking(self) -> dict[str, Callable[[], None]]:
        screen = self._host.desk_screen
        return {
            "move.down": lambda: self._move(1),
            "move.up": lambda: self._move(-1),
            "move.top": lambda: self._move(-1_000_000),
            "move.bottom": lambda: self._move(1_000_000),
            "move.page_down": lambda: self._move_page(1),
            "move.page_up": lambda: self._move_page(-1),
            "pane.queue": lambda: screen.focus_pane(screen.queue),
            "pane.card": lambda: screen.focus_pane(screen.card),
            "pane.transcript": lambda: screen.focus_pane(screen.transcript),
            "pane.next": lambda: screen.focus_other(1),
            "pane.previous": lambda: screen.focus_other(-1),
            "pane.zoom": screen.zoom,
            "transcript.follow": screen.transcript.follow,
        }

    def _desk(self) -> dict[str, Callable[[], None]]:
        return {
            "duty.set": self._staff.duty,
            "duty.keep": self._staff.keep,
            "team.open": lambda: self._doors.team(self._staff),
            "shift.digest": self._doors.digest,
            "shift.handover": self._staff.hand_over,
            "break.ask": self._staff.ask_break,
            "break.grant": lambda: self._decide_first(granted=True),
            "break.deny": lambda: self._decide_first(granted=False),
            "audio.open": self._doors.audio,
            "audio.louder": lambda: self._doors.sound.louder(GAIN_STEP_DB),
            "audio.quieter": lambda: self._doors.sound.louder(-GAIN_STEP_DB),
            "audio.echo": lambda: self._doors.sound.filter(echo=not self._host.model.headset.filters.echo),
            "audio.noise": lambda: self._doors.sound.filter(noise=not self._host.model.headset.filters.noise),
            "history.open": self._doors.history,
            "session.why": self._doors.why,
            "help.open": self._doors.help,
            "tour.leave": lambda: self._host.dispatch(TourLeft()),
            "command.open": self.prompt.open,
            "palette.open": self._doors.palette,
            "desk.quit": self._doors.quit,
        }

    def _take_audio(self) -> None:
        call = my_call(self._host.model)
        if call is None or not call_elsewhere(self._host.model):
            self._host.take_audio()
            return
        detail = "Your other console goes silent and only looks on from then."
        confirm = Confirm(f"Take {call.number} over here?", detail)
        self._host.ask(confirm, lambda yes: self._host.take_audio() if yes else None)

    def _decide_first(self, *, granted: bool) -> None:
        waiting = asking(self._host.model)
        if waiting:
            self._staff.decide(waiting[0].id, granted=granted)

    def _take(self, session_id: SessionId | None) -> None:
        """Accept a session; where somebody else writes, ask before."""
        session = self._host.model.sessions.get(session_id) if session_id else None
        if session is None:
            return
        self._host.dispatch(Selected(session.id))
        if is_asked(session):
            self._consulting.open()
            return
        writers = writers_on(self._host.model, session.id)
        if not writers:
            self._accept(session)
            return
        confirm = Confirm(f"{writers[0]} is writing. Take {session.number} over?", "Their text stays with them.")
        self._host.ask(confirm, lambda yes: self._accept(session) if yes else None)

    def _accept(self, session: SessionView) -> None:
        self._host.order(Accept(id=self._host.new_id(), session_id=session.id, epoch=session.epoch))

    def _open(self) -> None:
        session = selected_session(self._host.model)
        if session is not None and (is_waiting(session) or is_asked(session)):
            self._take(session.id)
        else:
            self._write()

    def _next(self) -> None:
        self._host.dispatch(Selected(next_that_needs_me(self._host.model)))

    def _other_chat(self, step: int) -> None:
        self._host.dispatch(Selected(other_chat(self._host.model, step)))

    def _find(self) -> None:
        self._host.desk_screen.open_find(self._host.model.filter)

    def _filter(self) -> None:
        self._host.ask(filter_dialog(self._host.model), self._host.arrangement.filter_by)

    def _mute(self) -> None:
        call = my_call(self._host.model)
        if call is not None:
            self._set_mute(on=not muted(self._host.model, call))

    def _set_mute(self, *, on: bool) -> None:
        """Silence the microphone here at once, and tell the broker, now or when it is back."""
        call = my_call(self._host.model)
        if call is None:
            return
        self._cough_until = None
        self._host.dispatch(MuteWished(on))
        if allowed.may_send(self._host.model) is None:
            self._host.order(Mute(id=self._host.new_id(), session_id=call.id, epoch=call.epoch, on=on))
        else:
            word = "Muted" if on else "Unmuted"
            self._host.dispatch(Noticed(f"{word} here; the broker is told when it is back.", Tone.WARNING))

    def remind_mute(self) -> None:
        """Tell the broker a wish it has not heard, after a lost connection."""
        call = my_call(self._host.model)
        wish = self._host.model.mute_wish
        if call is not None and wish is not None and call.muted != wish:
            self._host.order(Mute(id=self._host.new_id(), session_id=call.id, epoch=call.epoch, on=wish))

    def _cough(self) -> None:
        call = my_call(self._host.model)
        if call is None:
            return
        if muted(self._host.model, call):
            self._host.dispatch(
                Noticed(f"You are muted already: {key_of(self._host.model.keys, 'call.mute', 'm')} unmutes.")
            )
            return
        self._set_mute(on=True)
        self._coughs += 1
        this = self._cough_until = self._coughs
        self._host.dispatch(Noticed(f"Muted for {COUGH_SECONDS:.0f} seconds."))
        self._host.later(COUGH_SECONDS, lambda: self._after_cough(call.id, this))

    def _after_cough(self, session_id: SessionId, which: int) -> None:
        """Unmute, unless the operator has said anything about the microphone since."""
        call = my_call(self._host.model)
        if self._cough_until == which and call is not None and call.id == session_id:
            self._set_mute(on=False)

    def _hold(self) -> None:
        call = my_call(self._host.model)
        if call is not None:
            on = call.state is not SessionState.HELD
            self._host.order(Hold(id=self._host.new_id(), session_id=call.id, epoch=call.epoch, on=on))

    def _write(self) -> None:
        self._host.desk_screen.write()

    def _suggest(self) -> None:
        session = writable(self._host.model)
        texts = [step.say for step in session.context.next_actions if step.say] if session else []
        if not texts:
            return
        composer = self._host.desk_screen.composer
        at = texts.index(composer.value) + 1 if composer.value in texts else 0
        if composer.value and composer.value not in texts:
            self._host.dispatch(Noticed("The box holds your own text: send or empty it first.", Tone.WARNING))
            return
        composer.put(texts[at % len(texts)])

    def say(self, text: str) -> None:
        """Send what is in the composer; if it can't be sent the text stays there."""
        session = writable(self._host.model)
        reason = allowed.reply(self._host.model)
        if session is None or reason is not None:
            self._host.dispatch(Noticed(f"{reason or 'Select a chat first.'} Your text stays.", Tone.WARNING))
            return
        composer = self._host.desk_screen.composer
        found = carried_out(text, composer.canned, self.prompt.spoken.take)
        if isinstance(found, Refused):
            self._host.dispatch(Noticed(found.reason, Tone.WARNING))
            return
        if isinstance(found, ToCustomer) and self._translations.asks(session, text, found.text):
            return
        composer.sent(text)
        self._typing_told_at = float("-inf")
        if isinstance(found, ToCustomer):
            self._translations.say(session, found.text)
        self._host.dispatch(Drafted(reply_key(session.conversation_id), ""))

    def writing(self, key: str, text: str) -> None:
        """Let the customer's side know that the operator writes, now and then."""
        session = writable(self._host.model)
        if session is None or key != reply_key(session.conversation_id) or allowed.reply(self._host.model):
            return
        now = self._host.clock.monotonic()
        if not text or is_order(text):
            told = self._typing_told_at > float("-inf")
            self._typing_told_at = float("-inf")
            if told:
                self._host.whisper(Typing(id=self._host.new_id(), session_id=session.id, on=False))
        elif now - self._typing_told_at >= TYPING_EVERY_SECONDS:
            self._typing_told_at = now
            self._host.whisper(Typing(id=self._host.new_id(), session_id=session.id, on=True))

    def _move(self, rows: int) -> None:
        screen = self._host.desk_screen
        if screen.pane() is screen.transcript:
            screen.transcript.moved(rows)
        else:
            self._host.dispatch(Selected(screen.queue.moved(rows)))

    def _move_page(self, direction: int) -> None:
        pane = self._host.desk_screen.pane()
        self._move(direction * max(pane.scrollable_content_region.height - 1, 1))
