"""Measure the built-in understanding on labelled data and print each figure beside its target: `make eval`.

OPERATOR_DATA names the folder that holds `datasets`; what is not there is said to be missing. Of files that the weights
were trained on only the part that training never read is measured (`scripts.split_data`).
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from scripts.split_data import TEST, part_of
from scripts.training_rows import MOOD_LETTERS, hard_apart, marked, rows
from scripts.turns_composed import composed_turns
from server.core.errors import CallerError
from server.understanding.evaluation import EVALUATIONS
from server.understanding.evaluation.report import Report

SMALLER_IS_BETTER = {"false_positive_rate", "p95_ms", "word_error_rate", "unsupported"}
COMPOSED, HARD, MOODS = "composed", "written hard cases", "written moods"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: which figure of which measurement of a file (`kept`: its TEST part alone), its target."""

    name: str
    file: str
    figure: str
    target: float | None
    title: str
    part: str = ""
    kept: bool = False


GUARD, CARE, SPEECH = "guard/guard_train.jsonl", "sentiment/care4_dev.jsonl", "speech/transcripts.jsonl"
BANKING, FACTS = "topics/banking77_train.jsonl", "extraction/handwritten_dev.jsonl"
SUMMARY = "summary/tweetsumm_valid.jsonl"
LINES = (
    Line("guard", COMPOSED, "f1", 0.92, "guard, turns of several matters: F1"),
    Line("guard", COMPOSED, "precision", 0.95, "guard, turns of several matters: precision"),
    Line("guard", HARD, "f1", 0.85, "guard, hard cases written for this, kept apart: F1"),
    Line("guard", "guard/guard_hard_dev.jsonl", "f1", 0.85, "guard, hard cases of the data, rules had seen them: F1"),
    Line("guard", "guard/guard_hard_dev.jsonl", "precision", None, "guard, hard cases of the data: precision"),
    Line("guard", GUARD, "false_positive_rate", 0.002, "guard, false positives on CLINC150", "clinc", kept=True),
    Line("guard", GUARD, "false_positive_rate", 0.002, "guard, false positives on Banking77", "b77", kept=True),
    Line("topics", BANKING, "f1", 0.82, "topic billing dispute, Banking77: F1", "billing_dispute", kept=True),
    Line("topics", BANKING, "f1", 0.96, "topic account closure, Banking77: F1", "account_closure", kept=True),
    Line(
        "topics",
        "extraction/multidogo_dev.jsonl",
        "f1",
        0.82,
        "topic billing dispute, MultiDoGO: F1",
        "billing_dispute",
        kept=True,
    ),
    Line(
        "topics",
        "topics/bitext_train.jsonl",
        "f1",
        0.96,
        "topic account closure, Bitext: F1",
        "account_closure",
        kept=True,
    ),
    Line("sentiment", CARE, "macro_f1", 0.68, "mood, customer care: macro-F1"),
    Line("sentiment", CARE, "upset_auc", 0.90, "mood, customer care: upset AUC"),
    Line("sentiment", MOODS, "macro_f1", 0.68, "mood, turns written for this, kept apart: macro-F1"),
    Line("sentiment", MOODS, "upset_auc", 0.90, "mood, turns written for this, kept apart: upset AUC"),
    Line("sentiment", "sentiment/airline3_dev.jsonl", "upset_auc", None, "mood, airline messages: upset AUC"),
    Line("guard", "guard/guard_hard_dev.jsonl", "p95_ms", 20.0, "guard of one turn: ms, 95 of 100"),
    Line("sentiment", CARE, "p95_ms", 20.0, "mood of one turn: ms, 95 of 100"),
    Line("summary", SUMMARY, "rouge1", 0.40, "summary: ROUGE-1"),
    Line("summary", SUMMARY, "rouge2", 0.17, "summary: ROUGE-2"),
    Line("summary", SUMMARY, "rougeL", 0.33, "summary: ROUGE-L"),
    Line("summary", SUMMARY, "unsupported", 0.0, "summary: figures that nobody said"),
    Line("summary", SUMMARY, "well_sized", 1.0, "summary: of at most 3 sentences and 60 words"),
    Line("extraction", FACTS, "f1", 0.95, "facts, chat: F1", "chat"),
    Line("extraction", FACTS, "f1", 0.85, "facts, voice: F1", "voice"),
    Line("stt", SPEECH, "word_error_rate", 0.095, "speech, 16 kHz: words wrong", "real-16000"),
    Line("stt", SPEECH, "word_error_rate", 0.125, "speech, telephone: words wrong", "real-8000"),
    Line("stt", SPEECH, "word_error_rate", 0.06, "speech, digits by telephone: words wrong", "fsdd8k-8000"),
)


class _Measurement(Protocol):
    """A module of `server.understanding.evaluation`."""

    def evaluate(self, path: Path) -> Report:
        """Return the figures on a file."""
        ...


def main() -> int:
    """Print the table; words given on the command line choose the lines whose measurement they name."""
    folder = os.environ.get("OPERATOR_DATA")
    if not folder:
        print("Set OPERATOR_DATA to the folder that holds `datasets`.", file=sys.stderr)
        return 2
    data = Path(folder) / "datasets/dev"
    chosen = set(sys.argv[1:]) or set(EVALUATIONS)
    reports: dict[tuple[str, str, bool], Report | None] = {}
    print(f"{'figure':56} {'measured':>9} {'target':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        for line in LINES:
            if line.name not in chosen:
                continue
            key = (line.name, line.file, line.kept)
            if key not in reports:
                path = _file(data, line, Path(scratch))
                reports[key] = _measured(line.name, path) if path.exists() else None
            print(f"{line.title:56} {_said(line, reports[key])}", flush=True)
    return 0


def _measured(name: str, path: Path) -> Report | None:
    try:
        return cast("_Measurement", import_module(EVALUATIONS[name])).evaluate(path)
    except (CallerError, ImportError) as error:
        print(error, file=sys.stderr)
        return None


def _file(data: Path, line: Line, scratch: Path) -> Path:
    """Return the file to measure on: as it is, its TEST part, or what the project's own sentences make."""
    made = scratch / f"{line.name}-{Path(line.file).name}.jsonl"
    own = {COMPOSED: _composed, HARD: _hard, MOODS: _moods}.get(line.file)
    if own is None and not line.kept:
        return data / line.file
    if own is None and not (data / line.file).exists():
        return data / line.file
    found = own(data) if own is not None else _kept(data / line.file)
    made.write_text("\n".join(json.dumps(row) for row in found), encoding="utf-8")
    return made


def _kept(path: Path) -> Iterator[dict]:
    return (row for row in rows(path) if part_of(row.get("text") or row.get("utterance") or "") == TEST)


def _composed(data: Path) -> Iterator[dict]:
    path = data / GUARD
    return (
        {"text": row.text, "genuine": int(row.label)} for row in composed_turns(rows(path) if path.exists() else [])
    )


def _hard(_data: Path) -> Iterator[dict]:
    return ({"text": text, "genuine": int(mark)} for mark, text in hard_apart())


def _moods(_data: Path) -> Iterator[dict]:
    return ({"text": text, "label": MOOD_LETTERS[mark]} for mark, text in marked("mood_care", TEST))


def _said(line: Line, report: Report | None) -> str:
    """Return the figure and its target."""
    figures = {} if report is None else report.groups.get(line.part, {}) if line.part else report.figures
    if line.figure not in figures:
        return f"{'missing':>9}"
    value = figures[line.figure]
    if line.target is None:
        return f"{value:9.3f} {'-':>8}"
    reached = value <= line.target if line.figure in SMALLER_IS_BETTER else value >= line.target
    return f"{value:9.3f} {line.target:8.3f} {'' if reached else 'short'}".rstrip()


if __name__ == "__main__":
    raise SystemExit(main())
