"""Measure the built-in understanding on labelled data and print each figure beside its target: `make eval`.

OPERATOR_DATA names the folder that holds `datasets`; what is not there is said to be missing.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

from server.understanding.evaluation import EVALUATIONS

CLINC, BANKING = "guard, false positives (CLINC, trained on)", "guard, false positives (Banking77, trained on)"
ROWS = (
    ("guard", "guard/guard_hard_dev.jsonl", "", "f1", 0.85, "guard, hard cases: F1"),
    ("guard", "guard/guard_hard_dev.jsonl", "", "precision", None, "guard, hard cases: precision"),
    (
        "guard",
        "guard/guard_train.jsonl",
        "clinc",
        "false_positive_rate",
        0.002,
        "guard, false positives (CLINC, trained on)",
    ),
    (
        "guard",
        "guard/guard_train.jsonl",
        "b77",
        "false_positive_rate",
        0.002,
        "guard, false positives (Banking77, trained on)",
    ),
    ("topics", "topics/banking77_train.jsonl", "billing_dispute", "f1", 0.82, "topic billing dispute, Banking77: F1"),
    ("topics", "topics/banking77_train.jsonl", "account_closure", "f1", 0.96, "topic account closure, Banking77: F1"),
    ("topics", "extraction/multidogo_dev.jsonl", "billing_dispute", "f1", 0.82, "topic billing dispute, MultiDoGO: F1"),
    ("topics", "topics/bitext_train.jsonl", "account_closure", "f1", 0.96, "topic account closure, Bitext: F1"),
    ("sentiment", "sentiment/care4_dev.jsonl", "", "macro_f1", 0.68, "mood, customer care: macro-F1"),
    ("sentiment", "sentiment/care4_dev.jsonl", "", "upset_auc", 0.90, "mood, customer care: upset AUC"),
    ("sentiment", "sentiment/airline3_dev.jsonl", "", "upset_auc", None, "mood, airline messages: upset AUC"),
    ("sentiment", "sentiment/care4_dev.jsonl", "", "p95_ms", 20.0, "mood of one turn: ms, 95 of 100"),
    ("summary", "summary/tweetsumm_valid.jsonl", "", "rouge1", 0.40, "summary: ROUGE-1"),
    ("summary", "summary/tweetsumm_valid.jsonl", "", "rouge2", 0.17, "summary: ROUGE-2"),
    ("summary", "summary/tweetsumm_valid.jsonl", "", "rougeL", 0.33, "summary: ROUGE-L"),
    ("extraction", "extraction/handwritten_dev.jsonl", "chat", "f1", 0.95, "facts, chat: F1"),
    ("extraction", "extraction/handwritten_dev.jsonl", "voice", "f1", 0.85, "facts, voice: F1"),
)
"""Measurement, file, part, figure, target, and what to call it."""
SMALLER_IS_BETTER = {"false_positive_rate", "p95_ms"}


def main() -> int:
    """Print the table."""
    folder = os.environ.get("OPERATOR_DATA")
    if not folder:
        print("Set OPERATOR_DATA to the folder that holds `datasets`.", file=sys.stderr)
        return 2
    data = Path(folder) / "datasets/dev"
    reports: dict[tuple[str, str], object] = {}
    print(f"{'figure':52} {'measured':>9} {'target':>8}")
    for name, file, part, figure, target, title in ROWS:
        if name not in EVALUATIONS or not (data / file).exists():
            print(f"{title:52} {'missing':>9}")
            continue
        if (name, file) not in reports:
            reports[name, file] = import_module(EVALUATIONS[name]).evaluate(data / file)
        report = reports[name, file]
        figures = report.groups.get(part, {}) if part else report.figures  # type: ignore[attr-defined]
        if figure not in figures:
            print(f"{title:52} {'missing':>9}")
            continue
        value = figures[figure]
        print(f"{title:52} {value:9.3f} {_beside(figure, value, target)}", flush=True)
    return 0


def _beside(figure: str, value: float, target: float | None) -> str:
    """Return the target and whether it is reached."""
    if target is None:
        return f"{'-':>8}"
    reached = value <= target if figure in SMALLER_IS_BETTER else value >= target
    return f"{target:8.3f} {'' if reached else 'short'}".rstrip()


if __name__ == "__main__":
    raise SystemExit(main())
