"""Run a written transcript through the triggers: what fires after which turn, and why; for `triggers explain`."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from server.broker.ports.understanding import Turn
from server.core.errors import CallerError
from server.understanding.assess import Assessor
from server.understanding.encoder import Encoder, load_encoder
from server.understanding.trigger_settings import TriggerSettings, read_settings
from server.wire.terms import Author
from server.wire.views import Attribute

MOST_TURNS: Final = 10_000
_ROLES: Final = {
    "customer": Author.CUSTOMER,
    "user": Author.CUSTOMER,
    "caller": Author.CUSTOMER,
    "assistant": Author.ASSISTANT,
    "bot": Author.ASSISTANT,
    "operator": Author.OPERATOR,
}


class _Line(msgspec.Struct, frozen=True):
    """One turn of a transcript file."""

    text: str
    role: str = "customer"
    when: datetime | None = None


def explained(file: Path, triggers: Path | None, facts: str, *, model: bool) -> list[dict[str, object]]:
    """Return what fires in a transcript, each at the first turn after which it does.

    Args:
        file: The transcript: JSONL, or one of the demo's scripts.
        triggers: The settings' file; None for those that ship.
        facts: A JSON object.
        model: MiniLM is used where it is installed.

    Raises:
        CallerError: `bad_transcript`, `bad_facts`.
        ConfigError: The settings' file cannot be used.
    """
    settings = read_settings(triggers) if triggers else TriggerSettings()
    return _explained(_turns(file), settings, _facts(facts), model=model)


def _explained(
    turns: list[Turn], settings: TriggerSettings, facts: dict[str, Attribute], *, model: bool
) -> list[dict[str, object]]:
    """Return what fires, each at the first turn after which it does."""
    encoder = load_encoder() if model else None
    assessor = Assessor(settings, encoder if isinstance(encoder, Encoder) else None)
    rows: list[dict[str, object]] = []
    known: set[tuple[str, str]] = set()
    for end in range(1, len(turns) + 1):
        fired = assessor.assess(turns[:end], facts).findings
        new: list[dict[str, object]] = [
            {
                "turn": end,
                "trigger": one.trigger,
                "reason": one.reason,
                "words": one.span,
                "score": one.score,
                "queue": one.queue,
                "priority": one.priority,
                "requests": one.asks_for_handoff,
            }
            for one in fired
            if (one.trigger, one.reason) not in known
        ]
        rows += new
        known = {(one.trigger, one.reason) for one in fired}
    return rows


def _turns(file: Path) -> list[Turn]:
    """Return the turns of a transcript: JSONL, or one of the demo's scripts (TOML with [[turns]]).

    Raises:
        CallerError: `bad_transcript` with the line.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CallerError("bad_transcript", f"{file} cannot be read: {error}.", "Give a JSONL file.") from error
    if file.suffix == ".toml":
        return _from_script(file, text)
    turns: list[Turn] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            one = msgspec.json.decode(line, type=_Line)
        except msgspec.MsgspecError as error:
            raise CallerError(
                "bad_transcript", f"{file.name}, line {number}: {error}.", 'Write {"role": "customer", "text": "..."}.'
            ) from error
        turns.append(_turn(one, file, number))
    if not 0 < len(turns) <= MOST_TURNS:
        raise CallerError("bad_transcript", f"{file.name} has {len(turns)} turns.", f"Give 1 to {MOST_TURNS}.")
    return turns


def _turn(one: _Line, file: Path, number: int) -> Turn:
    author = _ROLES.get(one.role.lower())
    if author is None:
        raise CallerError(
            "bad_transcript",
            f"{file.name}, line {number}: nobody is called {one.role!r}.",
            f"Use {', '.join(_ROLES)}.",
        )
    return Turn(author, one.text, one.when)


class _Script(msgspec.Struct, frozen=True):
    """The part of a demo's script that is a transcript."""

    turns: list[dict[str, str]]


def _from_script(file: Path, text: str) -> list[Turn]:
    try:
        script = msgspec.convert(tomllib.loads(text), _Script)
        return [_turn(_Line(one["text"], one["who"]), file, at) for at, one in enumerate(script.turns, 1)]
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, KeyError) as error:
        raise CallerError("bad_transcript", f"{file.name}: {error}.", "Give JSONL, or a script of the demo.") from error


def _facts(text: str) -> dict[str, Attribute]:
    try:
        return msgspec.json.decode(text, type=dict[str, Attribute])
    except msgspec.MsgspecError as error:
        raise CallerError("bad_facts", f"--facts: {error}.", 'Write --facts \'{"tier": "gold"}\'.') from error
