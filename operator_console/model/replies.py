"""Read canned replies, find them by what is typed, and fill them from the session: no blank ever looks like a text.

Pure: the files are read by `operator_console.cli.reply_files`. Before: `/gre` was typed. After: the text stands in the
box, with `[order?]` wherever the session says nothing, and such a text is refused until that is changed.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

import msgspec

from operator_console.model.clean import line, text
from operator_console.model.keys import nearest
from operator_console.model.select import operator_me, selected_session
from operator_console.model.state import DeskModel
from server.wire.views import SessionView

MOST_REPLIES: Final = 1_000
MOST_CHARS: Final = 4_000
"""How long one reply may be."""
MOST_PLACEHOLDERS: Final = 16
VALUE_CHARS: Final = 800
"""What one placeholder may bring; so a filled reply is never longer than a message may be."""
MOST_NAME_CHARS: Final = 40
FIELDS: Final = ("name", "me", "number", "queue", "reason", "summary", "topic", "channel")
"""What every session may fill; any other placeholder is the name of a fact."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_HOLE: Final = re.compile(r"\[[^\[\]]*\?\]")
_SETTINGS: Final = ("text", "words")


class RepliesError(ValueError):
    """A file of canned replies can't be used; the sentence says where and what to do."""


class CannedReply(msgspec.Struct, frozen=True):
    """A text under a name, and other words by which it is found."""

    name: str
    text: str
    words: tuple[str, ...] = ()


def parse(toml: str, *, taken: Iterable[str] = ()) -> tuple[CannedReply, ...]:
    """Return the replies written in `toml`: a table each, `text` and perhaps `words`.

    Args:
        toml: The file's text.
        taken: Names that mean something else already: commands, replies of other files.

    Raises:
        RepliesError: not TOML, an unknown setting, a name that is taken, or a text that is none.
    """
    try:
        tables = cast("dict[str, object]", tomllib.loads(toml))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RepliesError(f"This is not TOML: {line(str(error))}.") from error
    if len(tables) > MOST_REPLIES:
        raise RepliesError(f"There are more than {MOST_REPLIES} replies.")
    used = frozenset(taken)
    for name in tables:
        if len(name) > MOST_NAME_CHARS or not _NAME.fullmatch(name):
            raise RepliesError(f"[{line(name)[:60]}]: a name is small letters, digits, - and _, at most 40.")
        if name in used:
            raise RepliesError(f"[{name}]: this name is taken already; call the reply something else.")
    return tuple(_reply(name, table) for name, table in tables.items())


def _reply(name: str, table: object) -> CannedReply:
    if not isinstance(table, dict):
        raise RepliesError(f'{name}: write [{name}] on a line of its own and text = "…" below it.')
    settings = cast("dict[str, object]", table)
    for setting in settings:
        if setting not in _SETTINGS:
            near = nearest(setting, _SETTINGS) or "text or words"
            raise RepliesError(f"[{name}] {line(setting)[:40]} is not a setting. Did you mean {near}?")
    return CannedReply(name, _text(name, settings.get("text")), _words(name, settings.get("words", [])))


def _text(name: str, written: object) -> str:
    if not isinstance(written, str) or not written.strip():
        raise RepliesError(f"[{name}] text: write what is to be sent, in quotes.")
    if len(written) > MOST_CHARS:
        raise RepliesError(f"[{name}] text: longer than {MOST_CHARS} characters.")
    found = _PLACEHOLDER.findall(written)
    if len(found) > MOST_PLACEHOLDERS:
        raise RepliesError(f"[{name}] text: more than {MOST_PLACEHOLDERS} placeholders.")
    if any(not _plain(field) for field in found) or re.search(r"[{}]", _PLACEHOLDER.sub("", written)):
        raise RepliesError(f"[{name}] text: a brace without its other half, or with nothing in it.")
    return " ".join(text(written).split())


def _words(name: str, written: object) -> tuple[str, ...]:
    words = cast("list[object]", written) if isinstance(written, list) else [None]
    if not all(isinstance(word, str) and word.strip() and len(word) <= MOST_NAME_CHARS for word in words):
        raise RepliesError(f'[{name}] words: write a list of short words, such as ["hello", "hi"].')
    return tuple(line(cast("str", word)).strip() for word in words)


def matching(replies: Sequence[CannedReply], typed: str) -> tuple[CannedReply, ...]:
    """Return the replies that `typed` may mean: by the start of the name, of a word, then by what the text says."""
    wanted = typed.casefold()

    def rank(reply: CannedReply) -> int:
        if reply.name.startswith(wanted):
            return 0
        if any(word.casefold().startswith(wanted) for word in reply.words):
            return 1
        return 2 if wanted in reply.name or wanted in reply.text.casefold() else 3

    ranked = sorted(((rank(reply), reply.name, reply) for reply in replies), key=lambda one: one[:2])
    return tuple(reply for at, _, reply in ranked if at < 3)


def values(model: DeskModel) -> dict[str, str]:
    """Return what the selected session fills placeholders with; a fact never stands in for what the desk knows."""
    session = selected_session(model)
    if session is None:
        return {}
    me = operator_me(model)
    facts = {_plain(fact.name): fact.value for fact in session.context.facts if _plain(fact.name)}
    known = {field: value for field, value in _known(session).items() if value}
    return {**facts, **known, "me": me.name if me else ""}


def _known(session: SessionView) -> dict[str, str]:
    context = session.context
    return {
        "name": session.customer.name,
        "number": session.number,
        "queue": session.queue,
        "reason": session.reason,
        "summary": context.summary,
        "topic": context.topic,
        "channel": session.customer.channel,
    }


def fill(reply: str, known: Mapping[str, str]) -> str:
    """Return a reply with its placeholders filled once; what is not known stands there as `[order?]`."""

    def filled(found: re.Match[str]) -> str:
        field = _plain(found.group(1))
        value = " ".join(known.get(field, "").split())[:VALUE_CHARS]
        return value or f"[{field}?]"

    return _PLACEHOLDER.sub(filled, reply)


def holes(written: str) -> tuple[str, ...]:
    """Return what is not filled in a text: each `[order?]` in it."""
    return tuple(dict.fromkeys(_HOLE.findall(written)))


def refusal(written: str) -> str | None:
    """Return why a text must not go to a customer yet, or None."""
    found = holes(written)
    if not found:
        return None
    shown = ", ".join(line(hole)[:60] for hole in found[:3])
    return f"Not sent: {shown} is not filled. Write what belongs there."


def _plain(field: str) -> str:
    """Return a field's name as it is compared and shown: small letters, one kind of gap, no brackets."""
    words = re.sub(r"[\s_-]+", " ", field.casefold()).strip()
    return re.sub(r"[\[\]{}]", "", words)[:MOST_NAME_CHARS].strip()
