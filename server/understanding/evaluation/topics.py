"""Measure topics: rows of `text` (or `utterance`) and `topic`, or `intent` where the sets of intents are known here."""

import time
from pathlib import Path
from typing import Final

from server.understanding.encoder import Encoder, load_encoder
from server.understanding.evaluation.report import (
    Report,
    area_under_curve,
    binary_figures,
    percentile,
    read_rows,
    text_of,
)
from server.understanding.topics import Topics, shipped

INTENTS: Final[dict[str, str]] = {
    "transaction_charged_twice": "billing_dispute",
    "extra_charge_on_statement": "billing_dispute",
    "card_payment_not_recognised": "billing_dispute",
    "cash_withdrawal_not_recognised": "billing_dispute",
    "direct_debit_payment_not_recognised": "billing_dispute",
    "card_payment_fee_charged": "billing_dispute",
    "cash_withdrawal_charge": "billing_dispute",
    "transfer_fee_charged": "billing_dispute",
    "disputecharge": "billing_dispute",
    "terminate_account": "account_closure",
    "closeaccount": "account_closure",
    "delete_account": "account_closure",
    "cancelserviceintent": "account_closure",
}
"""Which topic the intents of Banking77, MultiDoGO and Bitext stand for; all others stand for none."""


def evaluate(path: Path) -> Report:
    """Return precision, recall, F1, false positives and the area under the curve for each topic that the file has.

    Raises:
        CallerError: `bad_data_file`; `model_not_trusted`.
    """
    encoder = load_encoder()
    used = encoder if isinstance(encoder, Encoder) else None
    topics = Topics(shipped().topics, used)
    rows = read_rows(path)
    truth = [_topic(row) for row in rows]
    margins: list[dict[str, float]] = []
    said: list[str] = []
    times: list[float] = []
    for row in rows:
        text = text_of(row, "text", "utterance")
        began = time.perf_counter()
        found = topics.find(text)
        times.append((time.perf_counter() - began) * 1000)
        margins.append({one.name: one.margin for one in found})
        said.append(found[0].name if found[0].sure else "")
    groups: dict[str, dict[str, float]] = {}
    for topic in shipped().topics:
        if topic.name not in truth:
            continue
        is_so = [label == topic.name for label in truth]
        groups[topic.name] = binary_figures(is_so, [label == topic.name for label in said])
        groups[topic.name]["area_under_curve"] = area_under_curve(is_so, [one[topic.name] for one in margins])
    figures = {
        "macro_f1": sum(group["f1"] for group in groups.values()) / max(len(groups), 1),
        "p50_ms": percentile(times, 0.5),
        "p95_ms": percentile(times, 0.95),
    }
    note = "with MiniLM" if used is not None else "without MiniLM: hashed words alone"
    return Report(name="topics", rows=len(rows), figures=figures, groups=groups, notes=(note,))


def _topic(row: dict[str, object]) -> str:
    """Return the topic of a row, empty for none."""
    if isinstance(row.get("topic"), str):
        return text_of(row, "topic")
    return INTENTS.get(text_of(row, "intent").split("<div>")[0], "")
