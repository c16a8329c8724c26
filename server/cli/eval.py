"""Measure how well the built-in understanding does on a labelled file: for people as a table, for machines as JSON."""

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import msgspec

from server.cli.talk import show
from server.core.errors import CallerError
from server.understanding.evaluation import EVALUATIONS
from server.understanding.evaluation.report import Report


class _Measurement(Protocol):
    """A module of `server.understanding.evaluation`."""

    def evaluate(self, path: Path) -> Report:
        """Return the figures on a file."""
        ...


def measure(name: str, data: Path, *, as_json: bool) -> None:
    """Run one measurement on a file and print what it found.

    Raises:
        CallerError: `no_such_measurement`, `bad_data_file`.
    """
    if name not in EVALUATIONS:
        raise CallerError("no_such_measurement", f"There is no eval {name}.", f"Use {', '.join(EVALUATIONS)}.")
    report = cast("_Measurement", import_module(EVALUATIONS[name])).evaluate(data)
    if as_json:
        print(msgspec.json.encode(report).decode())
        return
    parts = {"all": report.figures, **report.groups}
    rows = [
        {"part": part, "figure": figure, "value": f"{value:.4g}"}
        for part, figures in parts.items()
        for figure, value in figures.items()
    ]
    print(f"{report.name}: {report.rows} rows of {data.name}")
    show(rows, ("part", "figure", "value"), as_json=False)
    for note in report.notes:
        print(note)
