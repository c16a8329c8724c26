"""Measure the guard: rows of `text` and `genuine` (0 or 1), with a `source` where parts are of interest."""

import time
from collections import defaultdict
from pathlib import Path

from server.core.errors import CallerError
from server.understanding.encoder import Encoder, load_encoder
from server.understanding.evaluation.report import (
    Report,
    area_under_curve,
    binary_figures,
    percentile,
    read_rows,
    text_of,
)
from server.understanding.guard import judge


def evaluate(path: Path) -> Report:
    """Return precision, recall, F1, false positives, the area under the curve and milliseconds per turn.

    Raises:
        CallerError: `bad_data_file`; `model_not_trusted`.
    """
    encoder = load_encoder()
    used = encoder if isinstance(encoder, Encoder) else None
    truth: list[bool] = []
    scores: list[float] = []
    said: list[bool] = []
    parts: dict[str, list[int]] = defaultdict(list)
    times: list[float] = []
    for at, row in enumerate(read_rows(path)):
        truth.append(_genuine(row))
        began = time.perf_counter()
        verdict = judge(text_of(row, "text", "utterance"), used)
        times.append((time.perf_counter() - began) * 1000)
        scores.append(verdict.score)
        said.append(verdict.genuine)
        parts[str(row.get("source", "")).split(":")[0]].append(at)
    figures = binary_figures(truth, said)
    figures["area_under_curve"] = area_under_curve(truth, scores)
    figures |= {"p50_ms": percentile(times, 0.5), "p95_ms": percentile(times, 0.95)}
    groups = {
        part: binary_figures([truth[at] for at in rows], [said[at] for at in rows])
        for part, rows in sorted(parts.items())
        if part and len(parts) > 1
    }
    note = "with MiniLM" if used is not None else "without MiniLM: rules and hashed words alone"
    return Report(name="guard", rows=len(truth), figures=figures, groups=groups, notes=(note,))


def _genuine(row: dict[str, object]) -> bool:
    """Return the label of a row."""
    label = row.get("genuine")
    if isinstance(label, bool | int) and label in {0, 1}:
        return bool(label)
    raise CallerError("bad_data_file", "A row has no field genuine of 0 or 1.", "See docs/understanding.md.")
