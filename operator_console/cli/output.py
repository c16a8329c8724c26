"""Print for people or for programs: stdout is data, stderr is talk; text from outside is cleaned before that."""

import os
import re
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from operator_console.exit_codes import ExitCode
from server.wire.errors import ErrorBody
from server.wire.sanitize import cell_width, clean_line

_STRANGE: Final = re.compile("[^ -~]+")


def talk(line: str) -> None:
    """Tell the person something that is not data."""
    print(clean_line(line, 1_000), file=sys.stderr, flush=True)


def lines(texts: Iterable[str]) -> None:
    """Print lines of data for people; each is cleaned once more."""
    with _reader_may_leave():
        for text in texts:
            print(clean_line(text, 4_000), flush=True)


def data(value: object) -> None:
    """Print one JSON value on one line, as the wire has it, in plain ASCII: no terminal obeys it."""
    with _reader_may_leave():
        print(_ascii(msgspec.json.encode(value).decode()), flush=True)


@contextmanager
def _reader_may_leave() -> Generator[None, None, None]:
    """End the command quietly when nobody reads its data any more (`| head`)."""
    try:
        yield
    except BrokenPipeError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(ExitCode.OK) from error


def refusal(body: ErrorBody, *, as_json: bool) -> None:
    """Tell why it was not done, on stderr: one sentence and what to do, or the body as JSON."""
    if as_json:
        print(_ascii(msgspec.json.encode(body).decode()), file=sys.stderr, flush=True)
        return
    talk(f"{body.message} {body.hint}".strip())


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, cells: int = 60) -> list[str]:
    """Return rows in columns as wide as needed, each cell cleaned and cut to `cells`; no rows give no lines."""
    if not rows:
        return []
    cleaned = [tuple(columns), *(tuple(clean_line(cell, cells) for cell in row) for row in rows)]
    widths = [max(cell_width(row[at]) for row in cleaned) for at in range(len(columns))]
    return [_padded(row, widths) for row in cleaned]


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    parts = (cell + " " * (width - cell_width(cell)) for cell, width in zip(row, widths, strict=True))
    return "  ".join(parts).rstrip()


def _ascii(text: str) -> str:
    """Return JSON with everything but printable ASCII escaped."""
    if text.isascii() and text.isprintable():
        return text
    return _STRANGE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
