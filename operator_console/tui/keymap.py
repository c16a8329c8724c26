"""Hold every key and command of the desk in one table: bindings, help, hints, palette and docs/keys.md come from it.

A row has the action's id (what a key map in the settings will name), its keys, its words, and the rule that says why
it can't act now. `operator_console.tui.commands` has the deed for each id; a test holds the two together.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from operator_console.model import allowed, supervising, transfers
from operator_console.model.allowed import Reason
from operator_console.model.keys import shown
from operator_console.model.state import DeskModel
from operator_console.model.translations import may_switch
from operator_console.tui.consult_actions import CONSULTING
from operator_console.tui.past_actions import FINISHING, LOOKING_BACK
from operator_console.tui.transfer_actions import PASSING_ON, TRANSFERRING
from server.wire.terms import Supervision

if TYPE_CHECKING:
    from textual.binding import Binding


NO_KEY: Final = "no_key"
"""What an action without a key is bound to: no terminal sends it."""


class Group(StrEnum):
    """The chapters of the help."""

    TAKE = "Take and find"
    CALL = "In a call"
    CHAT = "Chat and notes"
    FINISH = "Finish"
    SUPERVISE = "Supervise"
    LOOK = "Panes"
    DESK = "The desk"


class Action(msgspec.Struct, frozen=True):
    """One thing the operator can do.

    Attributes:
        id: Stable name, for the palette and for key maps.
        keys: Textual's key names; the first one is shown.
        label: One or two words, for the hints.
        help: One sentence.
        why_not: Why it can't act now, or None.
        hint: How early it is shown in the line of hints; 0 is never.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    group: Group
    why_not: Reason = allowed.always
    hint: int = 0


_TAKE: Final = (
    Action("call.accept", ("a",), "Accept", "Accept the selected call or chat.", Group.TAKE, allowed.accept, 1),
    Action(
        "session.open", ("enter",), "Open", "Accept what waits; in a chat of yours, write.", Group.TAKE, allowed.open_it
    ),
    Action(
        "call.accept_oldest",
        ("A",),
        "Oldest past promise",
        "Accept the one whose promise has been broken the longest.",
        Group.TAKE,
        allowed.accept_oldest,
    ),
    Action("queue.next", ("n",), "Next", "Go to the next one that needs you.", Group.TAKE, allowed.next_one, 6),
    Action("offer.decline", ("D",), "Decline", "Let an offer pass, with a reason.", Group.TAKE, allowed.decline, 2),
    *(Action(id_, keys, label, told, Group.TAKE, rule, hint) for id_, keys, label, told, rule, hint in CONSULTING),
    Action("queue.sort", ("O",), "Order", "Order by promise, wait, mood, channel or topic.", Group.TAKE),
    Action("queue.filter", ("F",), "Filter", "Show only a channel, queue, mood, topic, or what is yours.", Group.TAKE),
    Action("queue.find", ("slash",), "Find", "Filter the queue by any word; esc shows all again.", Group.TAKE, hint=7),
)

_CALL: Final = (
    Action("call.mute", ("m", "space"), "Mute", "Microphone off and on.", Group.CALL, allowed.mute, 1),
    Action("call.cough", ("c",), "Cough", "Microphone off for 3 seconds.", Group.CALL, allowed.mute, 4),
    Action("call.hold", ("h",), "Hold", "Hold tone to the caller, and back.", Group.CALL, allowed.hold, 3),
    Action("call.end", ("x",), "End", "End the call or chat; y confirms.", Group.CALL, allowed.end, 3),
    Action("call.transfer", ("t",), "Transfer", PASSING_ON, Group.CALL, transfers.pass_on, 5),
    Action(
        "call.keypad", ("K",), "Keypad", "Press keys on the caller's line: 0-9 * # A-D.", Group.CALL, allowed.press_keys
    ),
    Action("call.record", ("P",), "Pause recording", "Pause the recording, and go on.", Group.CALL, allowed.record),
    Action("call.consent", ("C",), "Consent", "Write down: may this be recorded?", Group.CALL, allowed.consent),
    *(Action(id_, (), label, told, Group.CALL, rule) for id_, label, told, rule in TRANSFERRING),
    Action("call.audio", ("o",), "Audio here", "Open the call's audio here.", Group.CALL, allowed.take_audio, 1),
)

_CHAT: Final = (
    Action(
        "chat.reply",
        ("i",),
        "Reply",
        "Write to the customer: enter sends, esc leaves, the text stays.",
        Group.CHAT,
        allowed.reply,
        1,
    ),
    Action(
        "chat.suggest",
        ("full_stop",),
        "Suggest",
        "Put the next reply the AI suggests into the box; again for the one after.",
        Group.CHAT,
        allowed.suggest,
        4,
    ),
    Action(
        "chat.again",
        ("S",),
        "Send again",
        "Send the message again that failed or may not have arrived; y confirms.",
        Group.CHAT,
        allowed.say_again,
        1,
    ),
    Action("chat.edit", ("e",), "Edit", "Change what you said last.", Group.CHAT, allowed.change_last),
    Action("chat.delete", ("E",), "Delete", "Take back what you said last.", Group.CHAT, allowed.change_last),
    Action(
        "chat.translate",
        (),
        "Translate",
        "Translate this chat both ways, or no more.",
        Group.CHAT,
        may_switch,
    ),
    Action("file.send", ("U",), "Send file", "Send a file by its path.", Group.CHAT, allowed.reply),
    Action("file.open", ("v",), "Files", "Save or open a file of this chat.", Group.CHAT, allowed.look_at_files),
    Action("file.cancel", ("ctrl+g",), "Cancel file", "Stop the file on its way.", Group.CHAT, allowed.cancel_file, 1),
    Action(
        "chat.next",
        ("right_square_bracket", "ctrl+n"),
        "Next chat",
        "Go to the next of your chats, also while you write.",
        Group.CHAT,
        allowed.next_chat,
        7,
    ),
    Action(
        "chat.previous",
        ("left_square_bracket",),
        "Chat before",
        "Go to the chat of yours before this one.",
        Group.CHAT,
        allowed.next_chat,
    ),
    Action("note.write", ("N",), "Note", "Write a note only operators see.", Group.CHAT, allowed.note),
)

STEP_KEYS: Final = ("4", "5", "6", "7", "8", "9")
"""The keys of the card's next steps, in their order."""
_CARD: Final = (
    *(
        Action(
            allowed.step_id(number),
            (key,),
            f"Next step {number}",
            f"Put the words of the card's next step {number} into the box; in a call, show them.",
            Group.CHAT,
            allowed.step(number),
        )
        for number, key in zip(allowed.STEPS, STEP_KEYS, strict=True)
    ),
    Action(
        "card.copy",
        ("y",),
        "Copy fact",
        "Copy a fact of the card; again copies the next.",
        Group.CHAT,
        allowed.copy_facts,
    ),
    Action("card.copy_all", ("Y",), "Copy facts", "Copy all facts of the card.", Group.CHAT, allowed.copy_facts),
)

_FINISH: Final = (
    Action(
        "after.resolve",
        ("r",),
        "Resolve",
        "The matter is done; a call asks: back to the AI or hang up? After a call: finish the wrap-up.",
        Group.FINISH,
        allowed.resolve,
        2,
    ),
    Action(
        "after.back",
        ("b",),
        "Back to AI",
        "The conversation goes on with the AI, with your note.",
        Group.FINISH,
        allowed.back,
        2,
    ),
    Action(
        "after.follow_up",
        ("u",),
        "Follow-up",
        "Write down what is still to be done, and by when.",
        Group.FINISH,
        allowed.may_send,
    ),
    *(Action(id_, (key,) if key else (), label, told, Group.FINISH, rule) for id_, key, label, told, rule in FINISHING),
)

_step = supervising.step_to
_SUPERVISE: Final = (
    Action(
        "wall.open",
        ("W",),
        "Wall",
        "For supervisors: everybody's work and the figures of the queues, live.",
        Group.SUPERVISE,
        supervising.open_wall,
    ),
    Action("supervise.watch", ("V",), "Watch", "Read another's talk.", Group.SUPERVISE, _step(Supervision.WATCH)),
    Action(
        "supervise.listen",
        ("l",),
        "Listen",
        "Hear caller and operator; nobody hears you.",
        Group.SUPERVISE,
        _step(Supervision.LISTEN),
    ),
    Action(
        "supervise.whisper",
        ("p",),
        "Whisper",
        "Talk to the operator alone; the caller does not hear you.",
        Group.SUPERVISE,
        _step(Supervision.WHISPER),
    ),
    Action("supervise.barge", ("I",), "Barge in", "Talk to both.", Group.SUPERVISE, _step(Supervision.BARGE)),
    Action(
        "supervise.stop",
        ("L",),
        "Leave",
        "Be out of the session you supervise.",
        Group.SUPERVISE,
        supervising.stop,
        1,
    ),
    Action(
        "supervise.take_over",
        ("X",),
        "Take over",
        "Be in charge of another's talk; the operator is told and released.",
        Group.SUPERVISE,
        supervising.take_over,
    ),
    Action(
        "supervise.force_wrap_up",
        ("Z",),
        "Force wrap-up",
        "End another's wrap-up, with a reason.",
        Group.SUPERVISE,
        supervising.force_wrap_up,
    ),
)

_LOOK: Final = (
    Action("move.down", ("j", "down"), "Down", "Next row or line of the focused pane.", Group.LOOK),
    Action("move.up", ("k", "up"), "Up", "Row or line above.", Group.LOOK),
    Action("move.top", ("g", "home"), "Top", "First row or line.", Group.LOOK),
    Action("move.bottom", ("G", "end"), "Bottom", "Last row or line.", Group.LOOK),
    Action("move.page_down", ("pagedown",), "Page down", "One page down.", Group.LOOK),
    Action("move.page_up", ("pageup",), "Page up", "One page up.", Group.LOOK),
    Action("pane.queue", ("1",), "Queue", "Focus the queue.", Group.LOOK),
    Action("pane.card", ("2",), "Card", "Focus the card.", Group.LOOK),
    Action("pane.transcript", ("3",), "Transcript", "Focus the transcript.", Group.LOOK),
    Action("pane.next", ("tab",), "Next pane", "Focus the next pane.", Group.LOOK),
    Action("pane.previous", ("shift+tab",), "Pane before", "Focus the pane before.", Group.LOOK),
    Action("pane.zoom", ("z",), "Zoom", "Give the focused pane the whole screen, and back.", Group.LOOK),
    Action("transcript.follow", ("f",), "Follow", "Follow the newest line, or stay.", Group.LOOK),
)

_DESK: Final = (
    Action("duty.set", ("d",), "Duty", "On duty, away with a reason, or off duty.", Group.DESK, allowed.may_send, 6),
    Action(
        "duty.keep",
        (),
        "Stay",
        "Cancel the change of duty that was to come after your work.",
        Group.DESK,
        allowed.keep_presence,
    ),
    Action("team.open", ("T",), "Team", "Everybody: duty, since when, work, breaks.", Group.DESK),
    Action("shift.digest", ("w",), "Digest", "What happened since you were last on.", Group.DESK),
    Action(
        "shift.handover",
        (),
        "Hand over",
        "Hand all your chats to a colleague, or to the queue, with a note.",
        Group.DESK,
        allowed.hand_over,
    ),
    Action("break.ask", ("B",), "Break", "Ask a supervisor for a break.", Group.DESK, allowed.ask_break),
    Action(
        "break.grant",
        (),
        "Grant a break",
        "Grant the break that was asked for first, or that of a name.",
        Group.DESK,
        allowed.decide_break,
    ),
    Action(
        "break.deny",
        (),
        "Deny a break",
        "Deny the break that was asked for first, or that of a name.",
        Group.DESK,
        allowed.decide_break,
    ),
    Action("audio.louder", ("plus",), "Mic louder", "Microphone 2 dB louder, up to +20.", Group.DESK),
    Action("audio.quieter", ("minus",), "Mic quieter", "Microphone 2 dB quieter, down to -20.", Group.DESK),
    Action("audio.open", ("s",), "Sound", "Devices, level meter, microphone test.", Group.DESK, hint=8),
    Action("audio.echo", (), "Echo filter", "Take the caller's echo out of the microphone, or not.", Group.DESK),
    Action("audio.noise", (), "Noise filter", "Take the room's noise out of the microphone, or not.", Group.DESK),
    *(Action(id_, (key,), label, told, Group.DESK, rule) for id_, key, label, told, rule in LOOKING_BACK),
    Action("history.open", ("H",), "History", "Closed sessions, with their conversations.", Group.DESK, hint=9),
    Action("tour.leave", ("ctrl+t",), "Leave tour", "End the tour, stay on its desk.", Group.DESK, allowed.leave_tour),
    Action("help.open", ("question_mark", "f1"), "Help", "All keys.", Group.DESK),
    Action("command.open", ("colon",), "Command", "Write a command on one line; tab completes it.", Group.DESK),
    Action("palette.open", ("ctrl+p",), "Commands", "Find any command by name.", Group.DESK),
    Action("desk.quit", ("ctrl+q",), "Quit", "Leave; in a call it asks first.", Group.DESK),
)

ACTIONS: Final = (*_TAKE, *_CALL, *_CHAT, *_CARD, *_FINISH, *_SUPERVISE, *_LOOK, *_DESK)
"""The table, in the order of the help."""

BY_ID: Final = {action.id: action for action in ACTIONS}
"""The table by id."""

EVERYWHERE: Final = {"palette.open": "command_palette", "desk.quit": "quit"}
"""Actions whose keys act in every box and dialog too, with Textual's own name for the deed."""


def keys_of(action: Action, model: DeskModel) -> tuple[str, ...]:
    """Return the keys of an action that are in force."""
    return model.keys.get(action.id, action.keys)


def keys_shown(action: Action, model: DeskModel) -> str:
    """Return all keys of an action that are in force, as people read them."""
    return " ".join(shown(key) for key in keys_of(action, model))


def bindings(*ids: str) -> "list[Binding]":
    """Return Textual's bindings for these actions (all when none is named), each bound to `do(id)`."""
    from textual.binding import Binding  # noqa: PLC0415 - the doctor reads the table without Textual

    wanted = [BY_ID[id_] for id_ in ids] if ids else ACTIONS
    return [
        Binding(",".join(action.keys) or NO_KEY, f"app.do('{action.id}')", action.label, show=False, id=action.id)
        for action in wanted
    ]


def bindings_everywhere() -> "list[Binding]":
    """Return the app's own bindings: they come before those of whatever has the focus."""
    from textual.binding import Binding  # noqa: PLC0415 - the doctor reads the table without Textual

    acting = [
        Binding(",".join(BY_ID[id_].keys), deed, show=False, priority=True, id=id_) for id_, deed in EVERYWHERE.items()
    ]
    return [*acting, Binding("ctrl+c", "help_quit", show=False, system=True)]


def clashes(actions: Iterable[Action] = ACTIONS) -> list[tuple[str, str, str]]:
    """Return every (key, id, id) that two actions claim."""
    owner: dict[str, str] = {}
    found: list[tuple[str, str, str]] = []
    for action in actions:
        for key in action.keys:
            if key in owner:
                found.append((key, owner[key], action.id))
            owner.setdefault(key, action.id)
    return found


def hints(model: DeskModel) -> list[Action]:
    """Return the actions that can act now and are worth a place in the line of hints, the likeliest first."""
    able = [action for action in ACTIONS if action.hint and action.why_not(model) is None]
    return sorted(able, key=lambda action: action.hint)
