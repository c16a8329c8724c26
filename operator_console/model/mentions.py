"""Find who a note means by `@name`, complete such names, and count the notes that mean me and that I have not seen.

A name is matched as the roster has it, spaces and all, whatever the case; the longest one wins. Before: a note was
written, or arrived. After: the names in it are known, and its conversation needs whoever is named.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from operator_console.model.turns import Turns
from server.wire.mentions import SIGN, is_word
from server.wire.mentions import mentioned as named_in
from server.wire.terms import Author, OperatorId
from server.wire.views import MessageView, OperatorView

MOST_TYPED: Final = 60
"""How far behind an @ a name may still be being written."""

Roster = Mapping[OperatorId, OperatorView]


class Mentioning(msgspec.Struct, frozen=True):
    """A name that is being written: where its @ stands, and what follows it up to the cursor."""

    start: int
    typed: str


def mentioned(text: str, roster: Roster) -> frozenset[OperatorId]:
    """Return the operators a text names; people who share a name are all meant."""
    return named_in(text, {person.id: person.name for person in roster.values()})


def mentioning(text: str, cursor: int) -> Mentioning | None:
    """Return the name that is being written before the cursor, or None."""
    before = text[:cursor]
    at = before.rfind(SIGN)
    typed = before[at + 1 :]
    if at < 0 or len(typed) > MOST_TYPED or (at > 0 and is_word(before[at - 1])):
        return None
    return None if typed[:1].isspace() else Mentioning(at, typed)


def candidates(typed: str, people: Iterable[OperatorView], me: OperatorId) -> tuple[OperatorView, ...]:
    """Return the others whose name, or a word of it, starts with what was typed; none once a name is complete."""
    wanted = typed.casefold()
    others = [person for person in people if person.id != me and person.name.strip()]
    if wanted.endswith(" ") and wanted.rstrip() in {person.name.casefold() for person in others}:
        return ()
    by_name = [person for person in others if person.name.casefold().startswith(wanted)]
    by_word = [
        person
        for person in others
        if person not in by_name and any(word.startswith(wanted) for word in person.name.casefold().split())
    ]
    return (*sorted(by_name, key=_likeliest), *sorted(by_word, key=_likeliest))


def _likeliest(person: OperatorView) -> tuple[bool, str]:
    return not person.connected, person.name.casefold()


def completed(text: str, cursor: int, name: str) -> tuple[str, int]:
    """Return the text with the name before the cursor written out, and where the cursor is then."""
    writing = mentioning(text, cursor)
    if writing is None:
        return text, cursor
    head = f"{text[: writing.start]}{SIGN}{name} "
    return head + text[cursor:].lstrip(" "), len(head)


def means(message: MessageView, me: OperatorId, roster: Roster) -> bool:
    """Tell whether a turn is somebody else's note that names me."""
    note = message.author is Author.NOTE and message.operator_id != me
    return note and SIGN in message.text and me in mentioned(message.text, roster)


def unseen(turns: Turns, seen: int, me: OperatorId, roster: Roster) -> int:
    """Return how many notes after position `seen` name me."""
    count = 0
    for message in reversed(turns.messages):
        if message.position <= seen:
            break
        count += means(message, me, roster)
    return count
