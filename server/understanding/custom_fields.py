"""Find an organisation's own fields, by pattern or by examples, in a time that is bounded.

A pattern that could take for ever on a hostile text (a repeat inside a repeat, back references) is refused when it is
read; an example like `AB-1234-X` stands for everything of its form.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from server.config_rules import ConfigError
from server.understanding.facts_found import Found

MOST_REPEATS: Final = 2
"""Unbounded repeats in one pattern; each one multiplies the time it may take."""
MOST_VALUES: Final = 3
"""Values of one field in one turn."""
LONGEST: Final = 200
"""Characters of a pattern, an example or a value."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_UNSAFE: Final = re.compile(r"\\[1-9]|\(\?P=|\(\?\(|\(\?<[=!]|\(\?#")


class CustomField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of an organisation's own: its name, and either a pattern or examples.

    Attributes:
        name: As it is shown on the card: `loyalty_id`.
        pattern: A regular expression; its first group, if it has one, is the value.
        examples: Values of the form that is looked for.
        words: If given, one of these must stand in the 40 characters before the value.
    """

    name: str
    pattern: str = ""
    examples: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a field that could not be found, or not safely.

        Raises:
            ConfigError: With the field's name and what to write instead.
        """
        if not _NAME.match(self.name):
            raise ConfigError(f"Field {self.name!r}: a name is small letters, digits and _, like loyalty_id.")
        if bool(self.pattern) == bool(self.examples):
            raise ConfigError(f"Field {self.name}: give either a pattern or examples.")
        if self.pattern:
            check_pattern(self.name, self.pattern)
        for example in self.examples:
            if not 3 <= len(example) <= LONGEST or not any(sign.isalnum() for sign in example):
                raise ConfigError(
                    f"Field {self.name}: the example {example!r} says too little; give 3 to {LONGEST} characters."
                )


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of fields."""

    field: tuple[CustomField, ...] = ()


def read_fields(path: Path) -> tuple[CustomField, ...]:
    """Return the fields of a TOML file.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or a field is none or not safe to look for.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).field
    except OSError as error:
        raise ConfigError(f"[card] fields: {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ConfigError(f"[card] fields: {path.name}: {error}.") from error


def check_pattern(name: str, pattern: str) -> None:
    """Refuse a pattern that is none, or that may take for ever.

    Raises:
        ConfigError: Says why.
    """
    if len(pattern) > LONGEST:
        raise ConfigError(f"Field {name}: the pattern is longer than {LONGEST} characters.")
    if _UNSAFE.search(pattern):
        raise ConfigError(f"Field {name}: back references and look-behinds are not allowed in a pattern.")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"Field {name}: the pattern is no regular expression: {error}.") from error
    _check_repeats(name, pattern)


def _check_repeats(name: str, pattern: str) -> None:
    """Refuse a repeat of something that repeats or branches, and too many unbounded repeats in all."""
    unbounded = 0
    groups: list[bool] = []
    closed_busy = False
    plain = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "x", pattern)
    for found in re.finditer(r"\((?:\?:|\?P<\w+>|\?=|\?!)?|\)|[*+?]|\{\d*(?:,\d*)?\}|\||.", plain, re.DOTALL):
        part = found.group()
        repeats = part in {"*", "+"} or bool(re.fullmatch(r"\{\d*,\d*\}|\{\d+\}", part))
        if part.startswith("("):
            groups.append(False)
        elif part == ")":
            closed_busy = groups.pop() if groups else False
            if groups:
                groups[-1] = groups[-1] or closed_busy
            continue
        elif repeats and closed_busy:
            raise ConfigError(
                f"Field {name}: a repeat inside a repeat may take for ever; write the pattern without one."
            )
        elif (repeats or part == "|") and groups:
            groups[-1] = True
        unbounded += part in {"*", "+"} or bool(re.fullmatch(r"\{\d*,\}", part))
        closed_busy = False
    if unbounded > MOST_REPEATS:
        raise ConfigError(
            f"Field {name}: at most {MOST_REPEATS} of * and + in one pattern; write {{1,20}} for the others."
        )


def custom_facts(text: str, fields: tuple[CustomField, ...]) -> Iterator[Found]:
    """Return what of an organisation's own fields a text says."""
    for field in fields:
        for count, found in enumerate(_pattern(field).finditer(text)):
            if count >= MOST_VALUES:
                break
            group = 1 if found.re.groups and found[1] is not None else 0
            if found.end(group) > found.start(group) and _worded(text, found.start(), field.words):
                yield Found(field.name, found[group][:LONGEST], found.start(group), found.end(group), 0.9)


def _pattern(field: CustomField) -> re.Pattern[str]:
    if field.pattern:
        return re.compile(field.pattern, re.IGNORECASE)
    forms = sorted({_form(example) for example in field.examples}, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(forms)})(?![\w-])", re.IGNORECASE)


def _form(example: str) -> str:
    """Return the pattern of everything of an example's form: letters for letters, digits for digits."""
    signs = ("[0-9]" if sign.isdigit() else "[A-Za-z]" if sign.isalpha() else re.escape(sign) for sign in example)
    return "".join(signs)


def _worded(text: str, at: int, words: tuple[str, ...]) -> bool:
    before = text[max(at - 40, 0) : at].lower()
    return not words or any(word.lower() in before for word in words)
