"""Read the one-line commands of the prompt and of macros: any text is a step that can be taken, or a clear refusal.

Pure, and without a word about what a command does: the verbs come from `operator_console.tui.language`. Before: a line
was typed, or stands in a macro. After: a `Step` to carry out, or a `Refused` to tell.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from operator_console.model.clean import line as one_line
from operator_console.model.keys import nearest

MOST_CHARS: Final = 20_000
"""As much as a message may hold (`server.wire.requests.LongText`)."""
FIELDS: Final = ("name", "number", "me")
"""What may stand in braces in a text: the customer's name, the session's number, the operator's name."""
_FIELD: Final = re.compile(r"\{([^{}]*)\}")


class Verb(msgspec.Struct, frozen=True):
    """A command as it can be written.

    Attributes:
        id: What is done: an action of the key table, or a command of the prompt alone.
        usage: What follows it, for people; empty: nothing may follow.
        needs_text: Nothing can be done without a text.
        words: The first word must be one of these.
        asks: Without a text it opens a dialog, a box or a screen, so nothing can come after it in a macro.
        on_session: It acts on the session that is selected or in hand.
    """

    id: str
    usage: str = ""
    needs_text: bool = False
    words: tuple[str, ...] = ()
    asks: bool = False
    on_session: bool = False


class Step(msgspec.Struct, frozen=True):
    """One command, ready to be carried out: what, and the text after it."""

    verb: Verb
    text: str = ""

    @property
    def opens_something(self) -> bool:
        """Tell whether a dialog, a box or a screen is open afterwards."""
        return self.verb.asks and not self.text


class Refused(msgspec.Struct, frozen=True):
    """Why a line is no command: one sentence that says what to write instead."""

    reason: str


class Macro(msgspec.Struct, frozen=True):
    """Some commands under one name and, if wanted, one key (empty: none)."""

    name: str
    key: str
    steps: tuple[Step, ...]
    lines: tuple[str, ...]

    @property
    def id(self) -> str:
        """The name under which the prompt and the palette know it."""
        return f"macro.{self.name}"


def read(text: str, verbs: Mapping[str, Verb]) -> Step | Refused:
    """Return what a line says; `verbs` are all commands by every name they have."""
    name, _, rest = text.strip().removeprefix(":").strip().partition(" ")
    said = rest.strip()
    verb = verbs.get(name)
    if not name:
        return Refused("Write a command after the colon; tab shows them.")
    if verb is None:
        near = nearest(name, tuple(verbs))
        told = f" Did you mean {near}?" if near else " Tab shows all commands."
        return Refused(f"There is no command {one_line(name)[:40]}.{told}")
    if len(said) > MOST_CHARS:
        return Refused(f"The text after {name} is longer than {MOST_CHARS} characters.")
    return _checked(name, verb, said)


def _checked(name: str, verb: Verb, said: str) -> Step | Refused:
    if said and not verb.usage:
        return Refused(f"Nothing can follow {name}.")
    if not said and verb.needs_text:
        return Refused(f"{name} needs more: {name} {verb.usage}")
    first = said.split(" ", 1)[0]
    if said and verb.words and first not in verb.words:
        near = nearest(first, verb.words)
        told = f"Did you mean {near}?" if near else f"There are: {', '.join(verb.words)}."
        return Refused(f"{name} {one_line(first)[:40]} is not known. {told}")
    return Step(verb, said)


def unknown_field(text: str) -> str | None:
    """Return the first thing in braces that `filled` could not fill."""
    return next((field for field in _FIELD.findall(text) if field not in FIELDS), None)


def filled(text: str, values: Mapping[str, str]) -> str | Refused:
    """Return a text with its known fields filled; other braces stay, and a field without a value is refused."""
    missing = next((field for field in _FIELD.findall(text) if field in FIELDS and not values.get(field)), None)
    if missing is not None:
        return Refused(f"{{{missing}}} is not known for this session: nothing was sent.")
    return _FIELD.sub(lambda found: values.get(found.group(1), found.group(0)), text)


def candidates(text: str, verbs: Mapping[str, Verb], words: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return what the last word of a line may become: names of commands, or the words that can follow one.

    Args:
        text: The line so far, without the colon.
        verbs: All commands by every name they have.
        words: More first words by the id of the command: themes, numbers of sessions.
    """
    name, space, rest = text.lstrip().partition(" ")
    if not space:
        return tuple(sorted(known for known in verbs if known.startswith(name)))
    verb = verbs.get(name)
    if verb is None or " " in rest.lstrip():
        return ()
    return tuple(word for word in (*verb.words, *words.get(verb.id, ())) if word.startswith(rest.lstrip()))


def completed(text: str, found: tuple[str, ...], verbs: Mapping[str, Verb]) -> str:
    """Return the line with its last word as far as it is certain."""
    if not found:
        return text
    head, _, _ = text.rpartition(" ")
    first, last = min(found), max(found)
    same = next((n for n, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    word = first[:same]
    if not word:
        return text
    more = " " if len(found) == 1 and not head and verbs[word].usage else ""
    return f"{head} {word}" if head else f"{word}{more}"
