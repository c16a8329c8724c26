"""Hold what a measurement found, and the arithmetic that all measurements share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from server.core.errors import CallerError

MOST_BYTES: Final = 512 * 1024 * 1024
"""A longer file is refused."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one measurement on one file.

    Attributes:
        name: Of the measurement.
        rows: How many labelled rows were read.
        figures: Each figure by its name; shares from 0 to 1, times in `_ms`.
        groups: The same figures for parts of the file, by the part's name.
        notes: What a reader must know to judge the figures.
    """

    name: str
    rows: int
    figures: dict[str, float]
    groups: dict[str, dict[str, float]] = {}
    notes: tuple[str, ...] = ()


def read_rows(path: Path) -> list[dict[str, object]]:
    """Return the objects of a JSONL file.

    Raises:
        CallerError: `bad_data_file` with the line, when it can't be read or a line is not an object.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CallerError("bad_data_file", f"{path.name} is larger than 512 MB.", "Measure on a part of it.")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CallerError(
            "bad_data_file", f"{path} cannot be read: {error.strerror}.", "Give a JSONL file with --data."
        ) from error
    except UnicodeDecodeError as error:
        raise CallerError("bad_data_file", f"{path} is not text in UTF-8.", "Give a JSONL file.") from error
    rows: list[dict[str, object]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(msgspec.json.decode(line, type=dict[str, object]))
        except msgspec.MsgspecError as error:
            raise CallerError(
                "bad_data_file", f"{path.name}, line {number} is not a JSON object: {error}.", "Give JSONL."
            ) from error
    if not rows:
        raise CallerError("bad_data_file", f"{path.name} holds no rows.", "Give a JSONL file with one object a line.")
    return rows


def text_of(row: dict[str, object], *names: str) -> str:
    """Return the first of these fields that is a text.

    Raises:
        CallerError: `bad_data_file` when the row has none of them.
    """
    for name in names:
        value = row.get(name)
        if isinstance(value, str):
            return value
    raise CallerError("bad_data_file", f"A row has no text field {' or '.join(names)}.", "See docs/understanding.md.")


def binary_figures(truth: Sequence[bool], said: Sequence[bool]) -> dict[str, float]:
    """Return precision, recall, F1 and the share of false positives among the negatives."""
    pairs = list(zip(truth, said, strict=True))
    hits = sum(1 for is_so, says in pairs if is_so and says)
    wrong = sum(1 for is_so, says in pairs if says and not is_so)
    missed = sum(1 for is_so, says in pairs if is_so and not says)
    negatives = len(pairs) - hits - missed
    precision = hits / (hits + wrong) if hits + wrong else 0.0
    recall = hits / (hits + missed) if hits + missed else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "false_positive_rate": wrong / negatives if negatives else 0.0,
        "positives": float(hits + missed),
        "negatives": float(negatives),
    }


def area_under_curve(truth: Sequence[bool], scores: Sequence[float]) -> float:
    """Return the chance that a positive scores above a negative (ties count half); 0.5 when one kind is missing."""
    ranked = sorted(range(len(scores)), key=lambda at: scores[at])
    ranks = [0.0] * len(scores)
    start = 0
    while start < len(ranked):
        end = start
        while end + 1 < len(ranked) and scores[ranked[end + 1]] == scores[ranked[start]]:
            end += 1
        for at in range(start, end + 1):
            ranks[ranked[at]] = (start + end) / 2 + 1
        start = end + 1
    positives = sum(truth)
    negatives = len(truth) - positives
    if not positives or not negatives:
        return 0.5
    total = sum(rank for rank, is_so in zip(ranks, truth, strict=True) if is_so)
    return (total - positives * (positives + 1) / 2) / (positives * negatives)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie; 0 when there are none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
