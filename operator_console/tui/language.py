"""List what can be written after the colon and in macros: every action of the key table, and what it takes after it.

`operator_console.tui.spoken` has the deed for each text; a test holds the two together.
"""

from collections.abc import Mapping
from typing import Final

from operator_console.model.command_line import Macro, Verb
from operator_console.model.listing import Sort
from operator_console.tui.keymap import ACTIONS, Action, Group

_WITH_TEXT: Final = (
    Verb("call.accept", "[number]"),
    Verb("session.open", asks=True),
    Verb("offer.decline", "[reason]", asks=True),
    Verb("queue.find", "[words]", asks=True),
    Verb("queue.filter", "[words]", asks=True),
    Verb("queue.sort", f"[{'|'.join(Sort)}]", words=tuple(Sort)),
    Verb("call.mute", "[on|off]", words=("on", "off")),
    Verb("call.hold", "[on|off]", words=("on", "off")),
    Verb("call.keypad", "[keys]", asks=True),
    Verb("call.record", "[on|off]", words=("on", "off")),
    Verb("call.consent", "[given|refused|unknown]", words=("given", "refused", "unknown"), asks=True),
    Verb("call.end", asks=True),
    Verb("call.transfer", "[queue or @name [note]]", asks=True),
    Verb("transfer.to", "[cold|warm|conference] [whom]", asks=True),
    Verb("chat.reply", asks=True),
    Verb("chat.again", asks=True),
    Verb("chat.edit", "[text]", asks=True),
    Verb("chat.delete", asks=True),
    Verb("chat.translate", "[on|off]", words=("on", "off")),
    Verb("file.send", "[path]", asks=True),
    Verb("file.open", asks=True),
    Verb("note.write", "[text]", asks=True),
    Verb("after.resolve", "[note]", asks=True),
    Verb("after.back", "[note]", asks=True),
    Verb("after.follow_up", "[text [@ when]]", asks=True),
    Verb("after.link", "[system reference]", asks=True),
    Verb("contact.open", "[who]", asks=True),
    Verb("search.open", "[words]", asks=True),
    Verb("shift.handover", "[name or - [note]]", asks=True),
    Verb("break.ask", "[reason]", asks=True),
    Verb("break.grant", "[name]"),
    Verb("break.deny", "[name [why]]", asks=True),
    Verb("supervise.take_over", asks=True),
    Verb("supervise.force_wrap_up", asks=True),
    Verb("audio.echo", "[on|off]", words=("on", "off")),
    Verb("audio.noise", "[on|off]", words=("on", "off")),
    Verb("duty.set", "[on|off|away [reason]]", words=("on", "off", "away"), asks=True),
)
_PROMPT_ONLY: Final = (
    Verb("chat.say", "text", needs_text=True, on_session=True),
    Verb("session.show", "number", needs_text=True),
    Verb("desk.theme", "name", needs_text=True),
)
PROMPT_ONLY: Final = {
    "chat.say": "Send a text to the customer of the selected chat.",
    "session.show": "Go to the session of this number.",
    "desk.theme": "Change the colours until the console ends.",
}
"""What the prompt can do and no key does, each with one sentence."""
ALIASES: Final = {
    "again": "chat.again",
    "call.back": "after.back",
    "call.resolve": "after.resolve",
    "call.follow_up": "after.follow_up",
    "press": "call.keypad",
    "duty": "duty.set",
    "team": "team.open",
    "transfer": "call.transfer",
    "requeue": "call.transfer",
    "filter": "queue.filter",
    "file": "file.send",
    "files": "file.open",
    "wall": "wall.open",
    "watch": "supervise.watch",
    "listen": "supervise.listen",
    "whisper": "supervise.whisper",
    "barge": "supervise.barge",
    "contact": "contact.open",
    "done": "after.done",
    "find": "queue.find",
    "digest": "shift.digest",
    "handover": "shift.handover",
    "followups": "followups.open",
    "echo": "audio.echo",
    "noise": "audio.noise",
    "link": "after.link",
    "ring_back": "after.ring_back",
    "search": "search.open",
    "help": "help.open",
    "note": "note.write",
    "quit": "desk.quit",
    "say": "chat.say",
    "show": "session.show",
    "sort": "queue.sort",
    "theme": "desk.theme",
    "translate": "chat.translate",
    "why": "session.why",
}
"""Shorter or likelier names."""
_NO_SESSION: Final = {
    "chat.next",
    "chat.previous",
    "queue.next",
    "queue.find",
    "queue.filter",
    "queue.sort",
    "call.accept_oldest",
    "wall.open",
}
_OPENS: Final = {
    "audio.open",
    "history.open",
    "shift.digest",
    "session.why",
    "followups.open",
    "team.open",
    "wall.open",
    "help.open",
    "palette.open",
    "command.open",
    "desk.quit",
}


def _verb(action: Action) -> Verb:
    """Return how an action is written; one that takes nothing is in no table above."""
    known = next((verb for verb in _WITH_TEXT if verb.id == action.id), Verb(action.id))
    on_session = action.group not in {Group.LOOK, Group.DESK} and action.id not in _NO_SESSION
    return Verb(action.id, known.usage, known.needs_text, known.words, known.asks or action.id in _OPENS, on_session)


def _all() -> dict[str, Verb]:
    verbs = {verb.id: verb for verb in (*map(_verb, ACTIONS), *_PROMPT_ONLY)}
    return {**verbs, **{alias: verbs[id_] for alias, id_ in ALIASES.items()}}


VERBS: Final[Mapping[str, Verb]] = _all()
"""Every command by every name it has."""


def verbs_with(macros: tuple[Macro, ...]) -> Mapping[str, Verb]:
    """Return the commands and the macros."""
    return {**VERBS, **{macro.id: Verb(macro.id) for macro in macros}}


def command_rows() -> list[tuple[str, str, str]]:
    """Return id, usage and other names of every command that takes a text, for docs/keys.md."""
    rows: list[tuple[str, str, str]] = []
    for id_, verb in VERBS.items():
        others = [alias for alias, meant in ALIASES.items() if meant == id_]
        if id_ not in ALIASES and (verb.usage or others):
            rows.append((id_, verb.usage, ", ".join(others)))
    return rows
