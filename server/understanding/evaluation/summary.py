"""Measure the built-in summary: rows of `turns` [{role, text}] and `refs`, or of `dialogue` and `summary`.

ROUGE is the mean over a row's references; beside it stand what ROUGE cannot see: figures that the transcript does not
hold, the number of words and sentences, summaries that are missing, and the time.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Final, cast

from server.core.errors import CallerError
from server.understanding.evaluation.report import Report, percentile, read_rows
from server.understanding.evaluation.rouge import rouge_l, rouge_n, tokens
from server.understanding.summary import MOST_WORDS, figures_in, is_grounded, summarise

_CUSTOMERS: Final = frozenset({"customer", "user", "caller", "client"})
_LINE: Final = re.compile(r"^#?(?P<who>[\w ]{1,40})#?:\s*(?P<text>.+)$", re.MULTILINE)
_SENTENCES: Final = re.compile(r"[.?!][\"']?(?=\s+[A-Z\"']|\s*\Z)")


def evaluate(path: Path) -> Report:
    """Return ROUGE 1, 2 and L from 0 to 1, and the checks that are not ROUGE."""
    scores: dict[str, list[float]] = {"rouge1": [], "rouge2": [], "rougeL": []}
    checks: dict[str, list[float]] = {name: [] for name in ("words", "unsupported", "missing", "well_sized")}
    times: list[float] = []
    rows = read_rows(path)
    for row in rows:
        turns, customer, other = _turns(row)
        began = perf_counter()
        text = summarise(turns, customer=customer, other=other).text
        times.append(1000 * (perf_counter() - began))
        made = tokens(text)
        wanted = [tokens(reference) for reference in _references(row)]
        for size in (1, 2):
            scores[f"rouge{size}"].append(fmean(rouge_n(one, made, size) for one in wanted))
        scores["rougeL"].append(fmean(rouge_l(one, made) for one in wanted))
        words, sentences = len(text.split()), len(_SENTENCES.findall(text))
        checks["words"].append(words)
        checks["missing"].append(float(not text))
        checks["unsupported"].append(
            0.0 if is_grounded(text, (customer, other, *(said for _, said in turns))) else float(len(figures_in(text)))
        )
        checks["well_sized"].append(float(words <= MOST_WORDS and 1 <= sentences <= 3))
    figures = {name: fmean(values) for name, values in (scores | checks).items()}
    return Report(
        name="summary",
        rows=len(rows),
        figures={**figures, "p50_ms": percentile(times, 0.5), "p95_ms": percentile(times, 0.95)},
        notes=("unsupported: figures per summary that the transcript does not hold. Grammar is not judged here.",),
    )


def _turns(row: Mapping[str, object]) -> tuple[list[tuple[bool, str]], str, str]:
    """Return the turns, and what the two sides are called in this file."""
    listed = row.get("turns")
    if isinstance(listed, list):
        turns = [
            (str(turn.get("role", "")), str(turn.get("text", ""))) for turn in cast("list[dict[str, object]]", listed)
        ]
    else:
        turns = [(found["who"], found["text"]) for found in _LINE.finditer(str(row.get("dialogue", "")))]
    if not turns:
        raise CallerError("bad_data_file", "A row has neither turns nor a dialogue.", "See docs/understanding.md.")
    roles = list(dict.fromkeys(role for role, _ in turns))
    customer = next((role for role in roles if role.lower() in _CUSTOMERS), roles[0])
    other = next((role for role in roles if role != customer), "the assistant")
    return [(role == customer, text) for role, text in turns], customer.capitalize(), other.capitalize()


def _references(row: Mapping[str, object]) -> list[str]:
    given = row.get("refs", row.get("summary"))
    texts = [str(one) for one in cast("list[object]", given)] if isinstance(given, list) else [str(given or "")]
    if not any(texts):
        raise CallerError("bad_data_file", "A row has neither refs nor a summary.", "See docs/understanding.md.")
    return texts
