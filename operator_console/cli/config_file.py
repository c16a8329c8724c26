"""Change single settings in a person's configuration file and leave everything else in it as they wrote it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from operator_console.config import ConfigError, parse

_HEADER: Final = re.compile(r"^\s*\[\s*([A-Za-z_][\w.\"-]*)\s*\]\s*(#.*)?$")


def save(path: Path, section: str, values: Mapping[str, str | float]) -> None:
    """Set `values` in `[section]` of the file at `path`, which is made if it is missing.

    Raises:
        ConfigError: the file can't be read or written, or would not be a configuration.
    """
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration file {path} can't be read: {error}.") from error
    after = changed(before, section, values)
    parse(after)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(after, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(f"The configuration file {path} can't be written: {error.strerror}.") from error


def changed(text: str, section: str, values: Mapping[str, str | float]) -> str:
    """Return TOML with `values` set in `[section]`; comments and other settings stay."""
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if _section(line) == section), None)
    if start is None:
        lines += [""] * bool(lines and lines[-1].strip()) + [f"[{section}]"]
        start = len(lines) - 1
    for name, value in values.items():
        _set(lines, start, name, f"{name} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"


def _set(lines: list[str], start: int, name: str, line: str) -> None:
    """Put `line` where `name` stands in the section that begins at `start`, else right below its header."""
    own = re.compile(rf"^\s*{re.escape(name)}\s*=")
    for at in range(start + 1, len(lines)):
        if _section(lines[at]) is not None:
            break
        if own.match(lines[at]):
            lines[at] = line
            return
    lines.insert(start + 1, line)


def _section(line: str) -> str | None:
    match = _HEADER.match(line)
    return match.group(1) if match else None
