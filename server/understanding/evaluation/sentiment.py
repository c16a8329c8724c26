"""Measure mood: rows of `text` and `label` (happy, neutral, frustrated, angry; or positive, neutral, negative)."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from server.core.errors import CallerError
from server.understanding.encoder import Encoder, load_encoder
from server.understanding.evaluation.report import Report, area_under_curve, percentile, read_rows, text_of
from server.understanding.mood import LABELS, TurnMood, mood_of

_THREE: Final = {"positive": "happy", "neutral": "neutral", "negative": "upset"}
_UPSET: Final = frozenset({"frustrated", "angry"})


def evaluate(path: Path) -> Report:
    """Return macro-F1, accuracy, F1 per label, the area for upset turns, and milliseconds per turn.

    Raises:
        CallerError: `bad_data_file`; `model_not_trusted`.
    """
    encoder = load_encoder()
    used = encoder if isinstance(encoder, Encoder) else None
    rows = read_rows(path)
    truth = [text_of(row, "label").lower() for row in rows]
    three = not set(truth) & _UPSET and bool(set(truth) & set(_THREE))
    allowed = set(_THREE) if three else set(LABELS)
    if strange := set(truth) - allowed:
        raise CallerError(
            "bad_data_file", f"Unknown label {min(strange)!r}.", f"Labels are {', '.join(sorted(allowed))}."
        )
    moods: list[TurnMood] = []
    times: list[float] = []
    for row in rows:
        began = time.perf_counter()
        moods.append(mood_of(text_of(row, "text"), used))
        times.append((time.perf_counter() - began) * 1000)
    upset = [mood.shares[2] + mood.shares[3] for mood in moods]
    if three:
        truth = [_THREE[label] for label in truth]
        said = ["upset" if mood.label in _UPSET else mood.label for mood in moods]
    else:
        said = [mood.label for mood in moods]
    figures = label_figures(truth, said)
    figures["upset_auc"] = area_under_curve([label in {"upset", *_UPSET} for label in truth], upset)
    figures |= {"p50_ms": percentile(times, 0.5), "p95_ms": percentile(times, 0.95)}
    note = "with MiniLM" if used is not None else "without MiniLM: linear model and cues alone"
    return Report(name="sentiment", rows=len(rows), figures=figures, notes=(note,))


def label_figures(truth: Sequence[str], said: Sequence[str]) -> dict[str, float]:
    """Return accuracy, macro-F1 over the labels that occur, and F1 per label."""
    labels = sorted(set(truth))
    by_label: dict[str, float] = {}
    for label in labels:
        hits = sum(1 for is_so, says in zip(truth, said, strict=True) if is_so == says == label)
        total = truth.count(label) + list(said).count(label)
        by_label[f"f1_{label}"] = 2 * hits / total
    correct = sum(1 for is_so, says in zip(truth, said, strict=True) if is_so == says)
    return {"macro_f1": sum(by_label.values()) / len(labels), "accuracy": correct / len(truth), **by_label}
