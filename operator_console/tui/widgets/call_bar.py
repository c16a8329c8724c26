"""Draw the call bar: the state of my call in a word, its time, both meters, the line's quality, the device."""

import math
from typing import Final

from operator_console.model.inputs import HeadsetPhase, MicFilters
from operator_console.model.select import MINE, CallWord, call_word, group_ids, my_call, my_wrap_up, unread
from operator_console.model.state import DeskModel, HeadsetView
from operator_console.model.supervising import my_supervised, my_words, told_words
from operator_console.model.transfers import transfer_words
from operator_console.model.wording import dial_words, name_of, span, talk_seconds, who
from operator_console.tui.lines import Line, Role, fitted, fitting
from operator_console.tui.widgets.line_pane import LineWidget
from server.wire.terms import Consent, Medium, Recording, SessionState
from server.wire.views import SessionView

KEYS_SHOWN: Final = 8
"""So many of the caller's keys, the newest ones; the keypad shows more."""
WIDE: Final = 96
"""From this width on there is room for long meters and names."""
ONE_WAY_AFTER_MS: Final = 2_000
"""Silence of the caller's line longer than this is told: frames are missing, not words."""

_ROLES: Final = {
    CallWord.IDLE: Role.DIM,
    CallWord.CONNECTING: Role.WARN,
    CallWord.LIVE: Role.GOOD,
    CallWord.MUTED: Role.MUTED,
    CallWord.HELD: Role.WARN,
    CallWord.CONSULT: Role.GOOD,
    CallWord.RECONNECTING: Role.BAD,
    CallWord.SILENT: Role.BAD,
    CallWord.ELSEWHERE: Role.WARN,
    CallWord.WRAP_UP: Role.WARN,
}


def meter(level: float, cells: int) -> str:
    """Return a level from 0 to 1 (as `Levels` has them, loudness and not amplitude) as filled and empty cells."""
    full = min(max(math.ceil(level * cells), 0), cells)
    return "▮" * full + "▯" * (cells - full)


def bar_line(model: DeskModel, width: int) -> Line:
    """Return the call bar's line in at most `width` cells."""
    word = call_word(model)
    session = my_call(model) or my_wrap_up(model)
    mark = "○" if word is CallWord.IDLE else "●"
    head: Line = ((f"{mark} {word.value}", _ROLES[word]),)
    if session is None:
        supervised = my_supervised(model)
        if supervised is not None:
            return fitting(_supervising(model, supervised, 8 if width >= WIDE else 5), width, "  ")
        return fitting([part for part in (head, _told(model), _sound(model.headset), _chats(model)) if part], width)
    if word is CallWord.WRAP_UP:
        return fitting([(*head, *_name(session, model, 0)), _wrap_up(model, session), _chats(model)], width)
    cells = 8 if width >= WIDE else 5
    dial = dial_words(session)
    if dial:
        return fitting([(*head, *_name(session, model, 22)), ((dial, Role.WARN),), _sound(model.headset)], width, "  ")
    alarm, moving = _alarm(model), transfer_words(model, session)
    parts = [
        (*head, *_name(session, model, 22 if width >= 110 else 0)),
        _told(model),
        ((moving, Role.STRONG),) if moving else (),
        _recorded(session),
        _mic(model, word, cells),
        alarm or _caller(model, cells),
        _pressed(model.headset),
        *_line_and_device(model.headset, width),
        _chats(model),
    ]
    return fitting([part for part in parts if part], width, "  ")


def _told(model: DeskModel) -> Line:
    """Return who supervises me; nothing where the queue does not announce it."""
    words = told_words(model)
    return ((words, Role.ALARM),) if words else ()


def _supervising(model: DeskModel, session: SessionView, cells: int) -> list[Line]:
    """Return what I do as a supervisor, in whose talk, and who hears me."""
    word, heard = my_words(session)
    mine: Line = ((f"◉ {word}", Role.ALARM), (f" {session.number} {name_of(model, session.operator_id)}", Role.PLAIN))
    hear = _caller(model, cells) if model.headset.phase is HeadsetPhase.LIVE else ()
    parts: list[Line] = [mine, ((heard, Role.STRONG),) if heard else (), _alarm(model), hear, _sound(model.headset)]
    return [part for part in parts if part]


def _name(session: SessionView, model: DeskModel, name_cells: int) -> Line:
    name = f" {fitted(who(session.customer), name_cells).rstrip()}" if name_cells else ""
    time = "" if session.state is SessionState.WRAP_UP else f" {span(talk_seconds(session, model.now))}"
    return ((f" {session.number}{name}", Role.PLAIN), (time, Role.STRONG))


def _wrap_up(model: DeskModel, session: SessionView) -> Line:
    if session.wrap_up_until is None:
        return (("r finishes", Role.DIM),)
    left = (session.wrap_up_until - model.now).total_seconds()
    return ((f"{span(left)} left", Role.STRONG), ("  r finishes", Role.DIM))


def _mic(model: DeskModel, word: CallWord, cells: int) -> Line:
    if word is CallWord.MUTED:
        return (("mic ", Role.DIM), (f"{'off':^{cells}}", Role.MUTED))
    if word is CallWord.HELD:
        return (("mic ", Role.DIM), (f"{'held':^{cells}}", Role.WARN))
    return (("mic ", Role.DIM), (meter(model.headset.own, cells), Role.GOOD))


def _caller(model: DeskModel, cells: int) -> Line:
    return (("caller ", Role.DIM), (meter(model.headset.far, cells), Role.CALLER))


def _recorded(session: SessionView) -> Line:
    """Return whether the call is recorded, and what the customer said to it, where that matters."""
    if session.recording_failure:
        return ((f"NOT RECORDED: {session.recording_failure}", Role.BAD),)
    refused = session.consent is Consent.REFUSED
    match session.recording:
        case Recording.ON:
            return (("● REC", Role.BAD),)
        case Recording.PAUSED:
            return (("REC paused", Role.WARN),)
        case Recording.OFF:
            return (("no recording: refused", Role.DIM),) if refused else ()


def _pressed(headset: HeadsetView) -> Line:
    """Return the last keys that the caller pressed."""
    return (("keys ", Role.DIM), (headset.pressed[-KEYS_SHOWN:], Role.CALLER)) if headset.pressed else ()


def _alarm(model: DeskModel) -> Line:
    """Return what is wrong with the sound right now, if anything is."""
    headset = model.headset
    if call_word(model) is CallWord.ELSEWHERE:
        return (("view only here: o takes it over", Role.WARN),)
    if headset.phase is HeadsetPhase.CLOSED and call_word(model) is CallWord.SILENT:
        return ((f"{headset.reason or 'no audio here'}: o opens it", Role.BAD),)
    if headset.gone and headset.phase is HeadsetPhase.LIVE:
        return ((gone_words(headset.gone, live=call_word(model) is CallWord.LIVE), Role.BAD),)
    if headset.problem is not None:
        return ((f"SOUND: {headset.problem.message}", Role.BAD),)
    return _far_away(headset) if headset.phase is HeadsetPhase.LIVE else ()


def _far_away(headset: HeadsetView) -> Line:
    """Return why nothing is heard of the caller, if that is so."""
    if headset.far_holds:
        return (("THE CALLER HOLDS YOU", Role.WARN),)
    if headset.far_silent_ms >= ONE_WAY_AFTER_MS:
        return ((f"NOTHING FROM THE CALLER {headset.far_silent_ms // 1000} s", Role.BAD),)
    return ()


def gone_words(gone: str, *, live: bool) -> str:
    """Return what a missing device means to the call; short, since it must be read at 80 columns."""
    devices = gone.upper().replace("MICROPHONE", "MIC")
    if "MIC" not in devices:
        return f"{devices} GONE: you hear nothing"
    return f"{devices} GONE: caller hears a tone" if live else f"{devices} GONE: plug it in again"


def _line_and_device(headset: HeadsetView, width: int) -> tuple[Line, ...]:
    """Return quality and device; that there is no sound card is said before how good the line is."""
    if headset.file_audio and width < WIDE:
        return ((("file audio", Role.WARN),), _quality(headset))
    filters = filter_words(headset.filters)
    return (_quality(headset), ((filters, Role.DIM),) if filters else (), _sound(headset))


def _quality(headset: HeadsetView) -> Line:
    if headset.phase is not HeadsetPhase.LIVE:
        return ()
    delay = "" if headset.delay_ms is None else f"{headset.delay_ms:.0f} ms  "
    return ((f"{delay}loss {headset.loss_percent:.1f} %", Role.BAD if headset.loss_percent >= 5 else Role.DIM),)


def _sound(headset: HeadsetView) -> Line:
    if headset.file_audio:
        return (("file audio (no sound card)", Role.WARN),)
    return ((fitted(headset.device, 24).rstrip(), Role.DIM),) if headset.device else ()


def filter_words(filters: MicFilters) -> str:
    """Return what is cut out of the microphone's sound, or nothing."""
    on = "+".join(word for word, has in (("echo", filters.echo), ("noise", filters.noise)) if has)
    return f"{on} cut" if on else ""


def _chats(model: DeskModel) -> Line:
    """Return how many chats I have in hand, and what is new in them."""
    mine = [model.sessions[id_] for id_ in group_ids(model, MINE)]
    chats = [session for session in mine if session.medium is Medium.CHAT and session.state is SessionState.ACTIVE]
    if not chats:
        return ()
    new = sum(unread(model, chat) for chat in chats)
    told: Line = ((f"{len(chats)} chat{'s' if len(chats) > 1 else ''}", Role.MINE),)
    return (*told, (f" {new} new", Role.WARN)) if new else told


class CallBar(LineWidget):
    """One line that is always in view."""

    def __init__(self) -> None:
        """Start without a model."""
        super().__init__(id="call_bar")
        self._model = DeskModel()

    def show(self, model: DeskModel) -> None:
        """Draw my call."""
        self._model = model
        self.set_lines((bar_line(model, self.size.width),))
        self.set_class(my_call(model) is not None, "-in-call")
        self.set_class(call_word(model) is CallWord.MUTED, "-muted")

    def on_resize(self) -> None:
        """Fit the new width."""
        self.show(self._model)
