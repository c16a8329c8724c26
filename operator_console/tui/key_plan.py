"""Make the keys in force of the configuration's `[keys]` and `[macros]`, or refuse them with the names of what clashes.

Loads no Textual, so that the doctor can do it too. Before: the configuration was read. After: the screen has a plan
without clashes, or does not start.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from operator_console.config import ConfigError, MacroSettings, Settings
from operator_console.model.command_line import Macro, Refused, Step, read, unknown_field
from operator_console.model.keys import is_printable, key_named, nearest, nearest_key
from operator_console.tui.keymap import ACTIONS, BY_ID, EVERYWHERE
from operator_console.tui.language import VERBS

MOST_MACROS: Final = 100
MOST_STEPS: Final = 20
_LEAVES: Final = "leaving a box, a dialog or a pane"
_EDITS: Final = "editing in the box for replies"
RESERVED: Final = {
    "escape": _LEAVES,
    "ctrl+c": "copying",
    **dict.fromkeys(("left", "right", "backspace", "delete"), _EDITS),
    **dict.fromkeys(("ctrl+left", "ctrl+right", "ctrl+backspace", "alt+backspace"), _EDITS),
    **dict.fromkeys(("shift+left", "shift+right", "shift+home", "shift+end"), _EDITS),
    **dict.fromkeys(("ctrl+shift+a", "ctrl+shift+left", "ctrl+shift+right"), _EDITS),
    **dict.fromkeys((f"ctrl+{letter}" for letter in "adefkuvwx"), _EDITS),
}
"""Keys that no action can have, and what they do."""
WRITING: Final = {"enter", "up", "down", "home", "end", "tab", "shift+tab"}
"""Keys that do something in a box besides writing; an action may have them where nobody writes."""


class KeyPlan(msgspec.Struct, frozen=True):
    """The keys in force.

    Attributes:
        keys: The actions that the configuration gives other keys than the table's, by id; empty: no key.
        macros: In the order of the configuration.
    """

    keys: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict[str, tuple[str, ...]])
    macros: tuple[Macro, ...] = ()


def plan_of(settings: Settings) -> KeyPlan:
    """Return the keys and macros of a configuration.

    Raises:
        ConfigError: an action, key or command that there is not, or one key for two; the sentence names them.
    """
    keys = {id_: _keys(id_, written) for id_, written in settings.keys.items()}
    if len(settings.macros) > MOST_MACROS:
        raise ConfigError(f"[macros] holds {len(settings.macros)} macros; there can be {MOST_MACROS}.")
    plan = KeyPlan(keys, tuple(_macro(name, macro) for name, macro in settings.macros.items()))
    _refuse_clashes(plan)
    return plan


def _keys(id_: str, written: str | list[str]) -> tuple[str, ...]:
    if id_ not in BY_ID:
        near = nearest(id_, tuple(BY_ID))
        told = f"Did you mean {near}?" if near else "docs/keys.md has all actions."
        raise ConfigError(f"[keys] {id_} is not an action. {told}")
    names = [written] if isinstance(written, str) else written
    return tuple(dict.fromkeys(_key(f"[keys] {id_}", name) for name in names))


def _key(where: str, written: str) -> str:
    key = key_named(written)
    if key is None:
        near = nearest_key(written)
        told = f"Did you mean {near}?" if near else "Write a character, or a name such as f6, ctrl+t or pagedown."
        raise ConfigError(f"{where}: {written!r} is not a key. {told}")
    return key


def _macro(name: str, settings: MacroSettings) -> Macro:
    where = f"[macros] {name}"
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
        raise ConfigError(f"{where}: a macro's name has only letters, digits, - and _.")
    if not 1 <= len(settings.do) <= MOST_STEPS:
        raise ConfigError(f"{where}: do has {len(settings.do)} commands; it takes 1 to {MOST_STEPS}.")
    steps = tuple(_step(f"{where}: {line!r}", line) for line in settings.do)
    asking = next((line for step, line in zip(steps[:-1], settings.do, strict=False) if step.opens_something), None)
    if asking is not None:
        raise ConfigError(f"{where}: {asking!r} opens a question or a screen, so it can only come last.")
    key = _key(f"{where} key", settings.key) if settings.key else ""
    return Macro(name, key, steps, tuple(settings.do))


def _step(where: str, line: str) -> Step:
    step = read(line, VERBS)
    if isinstance(step, Refused):
        raise ConfigError(f"{where}: {step.reason}")
    strange = unknown_field(step.text)
    if strange is not None:
        raise ConfigError(f"{where}: {{{strange}}} is not a field. There are {{name}}, {{number}} and {{me}}.")
    return step


def _claims(plan: KeyPlan) -> Iterator[tuple[str, str]]:
    """Yield every key with what claims it."""
    for action in ACTIONS:
        for key in plan.keys.get(action.id, action.keys):
            yield key, action.id
    for macro in plan.macros:
        if macro.key:
            yield macro.key, macro.id


def _refuse_clashes(plan: KeyPlan) -> None:
    owners: dict[str, str] = {}
    for key, id_ in _claims(plan):
        if key in owners:
            raise ConfigError(
                f"The key {key} is claimed by both {owners[key]} and {id_}: give one of them another in [keys]"
                f"{' or [macros]' if id_.startswith('macro.') else ''}."
            )
        if key in RESERVED:
            raise ConfigError(f"The key {key} is claimed by both {id_} and {RESERVED[key]}, which keeps it.")
        if id_ in EVERYWHERE and (is_printable(key) or key in WRITING):
            raise ConfigError(f"The key {key} is claimed by both {id_}, which acts everywhere, and writing in a box.")
        owners[key] = id_
