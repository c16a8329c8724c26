"""Say what a box offers while something is typed: replies and commands after a slash, people after an @.

Pure: the widget draws these and puts the chosen one into the box. Before: a letter was typed. After: the list under
the box, or none.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from operator_console.model import mentions, replies
from operator_console.model.clean import line
from operator_console.model.keys import nearest
from operator_console.model.replies import CannedReply
from operator_console.model.state import DeskModel
from operator_console.model.wording import duty_words

SLASH: Final = "/"
MOST: Final = 50
"""How many things a list holds at most."""
WITH_PEOPLE: Final = ("note", "back", "requeue", "resolve", "follow-up")
"""Commands whose text colleagues read, so that an @ in it names one."""


class SlashCommand(msgspec.Struct, frozen=True):
    """A command that can be written in the composer: what follows it, what it does, and its full name."""

    name: str
    usage: str
    help: str
    id: str


class Offer(msgspec.Struct, frozen=True):
    """One line of the list: what it is called, what it brings, and the box after it was chosen."""

    label: str
    detail: str
    text: str
    cursor: int


class Ordered(msgspec.Struct, frozen=True):
    """A command to carry out, with the text after it."""

    command: SlashCommand
    text: str


class ToCustomer(msgspec.Struct, frozen=True):
    """A text to send."""

    text: str


class Refused(msgspec.Struct, frozen=True):
    """Why nothing is sent; the text stays in the box."""

    reason: str


Commands = Mapping[str, SlashCommand]
Meant = Ordered | ToCustomer | Refused


def is_order(written: str) -> bool:
    """Tell whether a text is for the desk and not for the customer."""
    return written.startswith(SLASH) and not written.startswith(SLASH * 2)


def meant(written: str, commands: Commands, canned: Sequence[CannedReply]) -> Meant:
    """Return what enter means: an order, a text for the customer, or why it is neither.

    Two slashes send a text that starts with one. A text with a blank (`[order?]`) is refused.
    """
    stripped = written.strip()
    if not is_order(stripped):
        to_send = stripped.removeprefix(SLASH) if stripped.startswith(SLASH * 2) else stripped
        reason = replies.refusal(to_send)
        return Refused(reason) if reason else ToCustomer(to_send)
    name, _, rest = stripped.removeprefix(SLASH).partition(" ")
    command = commands.get(name)
    if command is not None:
        return Ordered(command, rest.strip())
    if any(reply.name == name for reply in canned):
        return Refused(f"/{name} is a reply: tab puts it into the box.")
    shown = line(name)[:40]
    near = nearest(name, (*commands, *(reply.name for reply in canned)))
    told = f"Did you mean /{near}?" if near else "Tab after / shows all."
    return Refused(f"There is no /{shown}. {told} // sends a text that starts with a slash.")


def in_composer(
    written: str, cursor: int, commands: Commands, canned: Sequence[CannedReply], model: DeskModel
) -> tuple[Offer, ...]:
    """Return what the composer offers: what a slash may become, or people where an order's text names one."""
    if not is_order(written):
        return ()
    name, space, _ = written.removeprefix(SLASH).partition(" ")
    if space:
        return in_note(written, cursor, model) if name in WITH_PEOPLE else ()
    known = replies.values(model)
    found = [
        Offer(f"/{reply.name}", text, text, len(text))
        for reply in replies.matching(canned, name)
        for text in (_for_customer(replies.fill(reply.text, known)),)
    ]
    orders = [_order(command) for command in commands.values() if command.name.startswith(name.casefold())]
    exact = [offer for offer in (*found, *orders) if offer.label == written]
    return tuple(dict.fromkeys((*exact, *found, *orders)))[:MOST]


def _for_customer(text: str) -> str:
    """Return a reply as it is written in the box: one that starts with a slash needs a second one."""
    return f"{SLASH}{text}" if text.startswith(SLASH) else text


def _order(command: SlashCommand) -> Offer:
    text = f"/{command.name} "
    usage = f"{command.usage}  " if command.usage else ""
    return Offer(f"/{command.name}", f"{usage}{command.help}", text, len(text))


def in_note(written: str, cursor: int, model: DeskModel) -> tuple[Offer, ...]:
    """Return the people whose name may be meant at the cursor of a note."""
    writing = mentions.mentioning(written, cursor)
    if writing is None:
        return ()
    offers: list[Offer] = []
    for person in mentions.candidates(writing.typed, model.operators.values(), model.me)[:MOST]:
        text, at = mentions.completed(written, cursor, person.name)
        offers.append(Offer(f"@{person.name}", duty_words(person), text, at))
    return tuple(offers)
