"""Measure the facts found in single turns: rows of `channel`, `text` and `fields`, or of `text` and `entities`.

A field counts as right when one of the values that the row allows (`a|b`) was found, compared without case, spaces and
punctuation; names that no row of the file labels are not counted. `asked` may hold the assistant's question before.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Final, cast

from server.understanding.evaluation.report import Report, percentile, read_rows, text_of
from server.understanding.fact_slots import slot_asked_for
from server.understanding.facts import in_turn

_ENTITIES: Final = {
    "name": "name",
    "phonenumber": "phone",
    "phone_number": "phone",
    "email_address": "email",
    "booking_confirmation_number": "booking_reference",
    "account_number": "account_number",
    "policyid": "policy_number",
}
"""What MultiDoGO's entities are called here; others are not looked for."""
_Tally = dict[str, Counter[str]]


def evaluate(path: Path) -> Report:
    """Return precision, recall and F1 over all fields, by channel and by field."""
    rows = read_rows(path)
    labelled = [_fields(row) for row in rows]
    known = {name for fields in labelled for name in fields}
    tally: _Tally = {"all": Counter()}
    times: list[float] = []
    for row, fields in zip(rows, labelled, strict=True):
        began = perf_counter()
        found = list(_found(row, known))
        times.append(1000 * (perf_counter() - began))
        group = next((str(row[name]) for name in ("channel", "domain") if name in row), "rows")
        _count(tally, group, fields, found)
    figures = {**_figures(tally.pop("all")), "p50_ms": percentile(times, 0.5), "p95_ms": percentile(times, 0.95)}
    groups = {group: _figures(counts) for group, counts in sorted(tally.items())}
    return Report(name="extraction", rows=len(rows), figures=figures, groups=groups)


def _fields(row: Mapping[str, object]) -> dict[str, str]:
    fields = row.get("fields")
    if isinstance(fields, dict):
        return {str(name): str(value) for name, value in cast("dict[str, object]", fields).items()}
    entities = row.get("entities")
    pairs = cast("list[list[str]]", entities) if isinstance(entities, list) else []
    return {_ENTITIES[pair[0]]: pair[1] for pair in pairs if len(pair) == 2 and pair[0] in _ENTITIES}


def _found(row: dict[str, object], known: set[str]) -> Iterator[tuple[str, str]]:
    asked = row.get("asked")
    slot = slot_asked_for(asked) if isinstance(asked, str) else None
    for one in in_turn(text_of(row, "text"), slot):
        if one.name in known:
            yield one.name, _plain(one.name, one.value)


def _count(tally: _Tally, group: str, fields: Mapping[str, str], found: list[tuple[str, str]]) -> None:
    left = list(found)
    for name, allowed in fields.items():
        values = {_plain(name, value) for value in allowed.split("|")}
        hits = [one for one in left if one[0] == name and one[1] in values]
        left = [one for one in left if one not in hits]
        for part in ("all", group, f"field {name}"):
            tally.setdefault(part, Counter())["hits" if hits else "missed"] += 1
    for name, _ in left:
        for part in ("all", group, f"field {name}"):
            tally.setdefault(part, Counter())["wrong"] += 1


def _figures(counts: Counter[str]) -> dict[str, float]:
    hits, wrong, missed = counts["hits"], counts["wrong"], counts["missed"]
    return {
        "precision": hits / (hits + wrong) if hits + wrong else 0.0,
        "recall": hits / (hits + missed) if hits + missed else 0.0,
        "f1": 2 * hits / (2 * hits + wrong + missed) if hits + wrong + missed else 0.0,
        "labelled": float(hits + missed),
    }


def _plain(name: str, value: str) -> str:
    low = value.lower().removeprefix("relative:")
    if name == "amount":
        digits = re.sub(r"[^\d.]", "", low)
        return f"{float(digits):.2f}" if re.fullmatch(r"\d+(?:\.\d+)?", digits) else low
    return low if name in {"date", "time"} else re.sub(r"[\W_]", "", low)
