"""List the commands of the composer: a word after a slash for what a key does, and carry out what was written.

`operator_console.model.offers` reads the box. Before: enter was pressed. After: a command was taken (an order is on its
way, or its dialog is open), or there is a text to send, or the operator reads why not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from operator_console.model.command_line import Refused as Unread
from operator_console.model.command_line import Step, read
from operator_console.model.offers import Ordered, Refused, SlashCommand, ToCustomer, meant
from operator_console.model.replies import CannedReply
from operator_console.tui.keymap import BY_ID
from operator_console.tui.language import VERBS

_NAMES: Final = {
    "note": "note.write",
    "back": "after.back",
    "resolve": "after.resolve",
    "follow-up": "after.follow_up",
    "edit": "chat.edit",
    "delete": "chat.delete",
    "again": "chat.again",
    "translate": "chat.translate",
    "file": "file.send",
    "files": "file.open",
    "requeue": "call.transfer",
    "end": "call.end",
    "next": "queue.next",
    "mute": "call.mute",
    "hold": "call.hold",
    "help": "help.open",
}


def _command(name: str, id_: str) -> SlashCommand:
    return SlashCommand(name, VERBS[id_].usage, BY_ID[id_].help, id_)


SLASH_COMMANDS: Final[Mapping[str, SlashCommand]] = {name: _command(name, id_) for name, id_ in _NAMES.items()}
"""Every command of the composer by its name, the likeliest first."""


def carried_out(
    written: str, canned: Sequence[CannedReply], take: Callable[[Step], str | None]
) -> ToCustomer | Ordered | Refused:
    """Return the text to send, the command that `take` has carried out, or why nothing was done."""
    found = meant(written, SLASH_COMMANDS, canned)
    if not isinstance(found, Ordered):
        return found
    step = read(f"{found.command.id} {found.text}", VERBS)
    reason = step.reason if isinstance(step, Unread) else take(step)
    return Refused(reason) if reason else found
