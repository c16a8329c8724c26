"""Print for people or for machines: data to stdout, talk to stderr, errors as one sentence and what to do."""

import json
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager

import typer

from server.cli.exits import Exit
from server.config_rules import ConfigError
from server.core.errors import CallerError, HandoffError, ProviderError


def say(line: str) -> None:
    """Tell the person something that is not data."""
    print(line, file=sys.stderr)


def show(rows: Sequence[Mapping[str, object]], columns: Iterable[str], *, as_json: bool) -> None:
    """Print rows as a table for people, or as one JSON array."""
    if as_json:
        print(json.dumps(list(rows), default=str))
        return
    names = list(columns)
    table = [names, *([str(row.get(name) or "-") for name in names] for row in rows)]
    widths = [max(len(line[at]) for line in table) for at in range(len(names))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def show_one(row: Mapping[str, object], *, as_json: bool) -> None:
    """Print one thing: `name  value` lines, or one JSON object."""
    if as_json:
        print(json.dumps(dict(row), default=str))
        return
    width = max(len(name) for name in row)
    for name, value in row.items():
        print(f"{name.ljust(width)}  {value}")


@contextmanager
def errors_told() -> Generator[None]:
    """Turn our errors into a sentence on stderr and the documented exit code."""
    try:
        yield
    except ConfigError as error:
        say(f"operator-server: {error}")
        raise typer.Exit(Exit.CONFIGURATION) from error
    except ProviderError as error:
        say(f"operator-server: {error.message} {error.hint}".rstrip())
        raise typer.Exit(Exit.UNREACHABLE) from error
    except CallerError as error:
        say(f"operator-server: {error.message} {error.hint}".rstrip())
        raise typer.Exit(Exit.REFUSED) from error
    except HandoffError as error:
        say(f"operator-server: {error.message} {error.hint}".rstrip())
        raise typer.Exit(Exit.FAILED) from error
