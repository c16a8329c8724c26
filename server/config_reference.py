"""Write down every setting for people, from the same types that check them.

`operator-server init` writes the example file from here, and scripts/write_docs.py writes config.example.toml and
docs/configuration.md; a test compares them, so that none can lie.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Final, Literal, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from server.channel_settings.kinds import KINDS
from server.config import (
    ASSISTANTS,
    CHANNELS,
    CONFIG_VARIABLE,
    DATABASE_URL_VARIABLE,
    LLM_KEY_VARIABLE,
    NAMED,
    NOTICES,
    ON_CALL,
    PHONEBOOK,
    PLANS,
    QUEUES,
    TICKETS,
    TWILIO_TOKEN_VARIABLE,
    Settings,
)
from server.config_desk import DeskSettings
from server.config_on_call import LevelSettings, OverrideSettings, PersonSettings
from server.config_queues import StepSettings, TicketOrder, VoicemailSettings, WidenSettings
from server.config_section import Section
from server.recorded.keys import RECORDING_KEYS_VARIABLE

_WIDTH: Final = 110
_EXAMPLES: Final = {
    f"{QUEUES}.NAME": f"#[{QUEUES}.billing]",
    f"{NOTICES}.NAME": f"#[{NOTICES}.oncall]",
    f"{TICKETS}.NAME": f"#[{TICKETS}.support]",
    f"{ON_CALL}.NAME": f"#[{ON_CALL}.support]",
    f"{ASSISTANTS}.NAME": f"#[{ASSISTANTS}.robo]",
    f"{PHONEBOOK}.NAME": f"#[{PHONEBOOK}.billing]",
    f"{PLANS}.NAME": f"#[{PLANS}.small]",
    **{f"{CHANNELS}.{kind}": f"#[{CHANNELS}.{kind}]" for kind in KINDS},
}
_KINDS: Final = {str: "text", int: "whole number", float: "number", bool: "true or false"}
_TABLES: Final[dict[object, str]] = {
    TicketOrder: 'system = "NAME", at = "handoff" or "wrap_up"',
    VoicemailSettings: "greeting, longest_seconds, shortest_seconds, silence_seconds, attempts",
}
_LISTS: Final[dict[object, str]] = {
    StepSettings: "list of steps",
    WidenSettings: "list of steps",
    PersonSettings: "list of people",
    LevelSettings: "list of levels",
    OverrideSettings: "list of stretches",
}
_VARIABLES: Final = (
    (CONFIG_VARIABLE, "The configuration file, when `--config` does not name it."),
    (DATABASE_URL_VARIABLE, "The database with its password; wins over `[database] url`."),
    (LLM_KEY_VARIABLE, "The key of the language model's endpoint; wins over `[llm] key_file`."),
    (RECORDING_KEYS_VARIABLE, "The keys that seal recordings; wins over `[recording] keys_file`."),
    (TWILIO_TOKEN_VARIABLE, "The Twilio auth token; wins over `[twilio] auth_token_file`."),
)

_INTRODUCTION: Final = """\
# Configuration

This page is written from the types in `server/config.py` by `make docs`.

`operator-server` reads one TOML file: `--config FILE`, else the one `OPERATOR_CONFIG` names, else none, and then the
defaults below hold. An unknown name is refused, with the nearest known one. Paths that are not absolute count from the
folder of the file. Secrets are read from files of their own, which nobody else may read (`chmod 600`), or from the
environment.

A listener serves TLS itself, or binds loopback, or is told that a proxy in front serves it; otherwise the broker
refuses to start.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as people read it: what it is for, what it takes, and what it is when nobody sets it."""

    name: str
    meaning: str
    takes: str
    default: str


@dataclass(frozen=True, slots=True)
class SettingGroup:
    """One section of the file with its settings, in their order."""

    name: str
    meaning: str
    settings: tuple[Setting, ...]


def groups() -> tuple[SettingGroup, ...]:
    """Return every section there is.

    Raises:
        TypeError: A setting has no description.
    """
    found: list[SettingGroup] = []
    for field in msgspec.structs.fields(Settings):
        if field.name == CHANNELS:
            found += [_group(f"{CHANNELS}.{kind}", struct) for kind, struct in KINDS.items()]
        elif field.name in NAMED:
            found.append(_group(f"{field.name}.NAME", NAMED[field.name]))
        else:
            found.append(_group(field.name, cast("type[Section]", field.type)))
    return tuple(found)


def example() -> str:
    """Return the text of config.example.toml: every setting with its meaning and its default, all commented out."""
    parts = [
        "# Every setting of operator-server, with its default. Uncomment what you change.",
        "# Start with it:  operator-server run --config config.toml",
        "# Secrets never stand in this file: they come from files of their own (chmod 600) or from the environment.",
        "",
    ]
    for group in groups():
        header = _EXAMPLES.get(group.name, f"[{group.name}]")
        parts += [*_comment(group.meaning), header, ""]
        for setting in group.settings:
            parts += [*_comment(setting.meaning), f"# {setting.takes}", f"#{setting.name} = {setting.default}", ""]
    return "\n".join(parts).rstrip() + "\n"


def page() -> str:
    """Return the text of docs/configuration.md."""
    lines = _INTRODUCTION.splitlines()
    for group in groups():
        lines += [
            "",
            f"## [{group.name}]",
            "",
            group.meaning,
            "",
            "| setting | default | takes | meaning |",
            "| --- | --- | --- | --- |",
        ]
        lines += [f"| `{one.name}` | `{one.default}` | {one.takes} | {one.meaning} |" for one in group.settings]
    lines += ["", "## Environment", "", "| variable | meaning |", "| --- | --- |"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in _VARIABLES]
    return "\n".join(lines) + "\n"


def _group(name: str, section: type[Section]) -> SettingGroup:
    hints = cast("dict[str, object]", get_type_hints(section, include_extras=True))
    settings = tuple(
        _setting(name, field.name, hints[field.name], field.default) for field in msgspec.structs.fields(section)
    )
    return SettingGroup(name, (section.__doc__ or "").split("\n", maxsplit=1)[0], settings)


def _setting(section: str, name: str, hint: object, default: object) -> Setting:
    kind, metas = _taken_apart(hint)
    meaning = next((meta.description for meta in metas if meta.description), None)
    if meaning is None:
        raise TypeError(f"[{section}] {name} has no description: give its type a Meta(description=...).")
    if default is None:  # as in [desk]
        default = getattr(DeskSettings(), name)
    return Setting(name, meaning, _takes(kind, metas), _written(default))


def _written(default: object) -> str:
    """Return a default as it stands in the file."""
    if isinstance(default, Section):
        parts = (f"{name} = {_written(value)}" for name, value in msgspec.structs.asdict(default).items())
        return f"{{ {', '.join(parts)} }}"
    return msgspec.json.encode(default).decode()


def _taken_apart(hint: object) -> tuple[object, list[Meta]]:
    """Return the plain type and what was noted beside it."""
    if NoneType in get_args(hint):
        hint = next(one for one in get_args(hint) if one is not NoneType)
    if get_origin(hint) is Annotated:
        kind, *notes = cast("tuple[object, ...]", get_args(hint))
        return kind, [note for note in notes if isinstance(note, Meta)]
    return hint, []


def _takes(kind: object, metas: list[Meta]) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(f'"{choice}"' for choice in cast("tuple[str, ...]", get_args(kind)))
    if get_origin(kind) is tuple:
        listed: object = get_args(kind)[0]
        return _LISTS.get(listed, "list of tables" if _is_section(listed) else "list of texts")
    if kind in _TABLES:
        return _TABLES[kind]
    text = _KINDS[cast("type", kind)]
    bounds = [f"{word} {value:g}" for meta in metas for word, value in _bounds(meta)]
    return f"{text}, {' '.join(bounds)}" if bounds else text


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def _bounds(meta: Meta) -> Iterator[tuple[str, float]]:
    if meta.ge is not None:
        yield "from", meta.ge
    if meta.le is not None:
        yield "to", meta.le


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")
