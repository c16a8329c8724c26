"""Refuse names in a configuration file that nothing reads, with the nearest one that something does."""

import difflib
from collections.abc import Collection, Mapping
from typing import cast

import msgspec

from server.config_rules import ConfigError


def refuse_unknown(
    tables: Mapping[str, object], settings: type[msgspec.Struct], many: Mapping[str, type[msgspec.Struct]]
) -> None:
    """Refuse names that no struct has, naming the nearest one that exists.

    Args:
        tables: The file's sections.
        settings: Has a field for each section, of the section's struct.
        many: The sections that there is one of for each name (`[queues.NAME]`), with the struct of each.

    Raises:
        ConfigError: An unknown section or setting, or a section that is none.
    """
    sections = {field.name: field.type for field in msgspec.structs.fields(settings)}
    for section, table in tables.items():
        if section not in sections:
            _refuse(f"[{section}]", section, sections, form="[{}]")
        if section in many:
            for name, one in table_of(section, table).items():
                refuse_unknown_settings(f"{section}.{name}", one, many[section])
        else:
            refuse_unknown_settings(section, table, sections[section])


def table_of(section: str, table: object) -> dict[str, object]:
    """Return a section's settings.

    Raises:
        ConfigError: It is not a section.
    """
    if not isinstance(table, dict):
        raise ConfigError(f"[{section}] is a section: write [{section}] on a line and its settings below it.")
    return cast("dict[str, object]", table)


def refuse_unknown_settings(section: str, table: object, struct: object) -> None:
    """Refuse settings of one section that its struct does not have.

    Raises:
        ConfigError: An unknown setting, or a section that is none.
    """
    names = tuple(field.name for field in msgspec.structs.fields(cast("type[msgspec.Struct]", struct)))
    for name in table_of(section, table):
        if name not in names:
            _refuse(f"[{section}] {name}", name, names, form="{}")


def kind_of(section: str, table: object, kinds: Collection[str]) -> str:
    """Return the `kind` that a section names.

    Raises:
        ConfigError: It names none, or one that there is not.
    """
    kind = table_of(section, table).get("kind", "")
    if isinstance(kind, str) and kind in kinds:
        return kind
    nearest = difflib.get_close_matches(str(kind), list(kinds), n=1, cutoff=0.5)
    meant = f"Did you mean {nearest[0]!r}?" if nearest else f"There are: {', '.join(sorted(kinds))}."
    raise ConfigError(f"[{section}] kind = {str(kind)!r} is no kind of channel. {meant}")


def _refuse(where: str, name: str, known: Mapping[str, object] | tuple[str, ...], *, form: str) -> None:
    nearest = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    if nearest:
        raise ConfigError(f"{where} is not a setting. Did you mean {form.format(nearest[0])}?")
    raise ConfigError(f"{where} is not a setting. There are: {', '.join(form.format(one) for one in known)}.")
