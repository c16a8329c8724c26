"""Find amounts of money, written ("$49.99", "120 euros") and spoken ("forty nine ninety nine", "fifty bucks")."""

import re
from collections.abc import Iterator
from typing import Final

from server.understanding.facts_found import Found
from server.understanding.spoken import Run, runs

_NUMBER: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:[.,]\d{2})?(?![\d])"
_CURRENCY: Final = r"dollars?|bucks|euros?|pounds?|quid|usd|eur|gbp|rupees|cad|aud|francs?"
_WRITTEN: Final = (
    re.compile(rf"(?:US|CA|AU)?[$£€₹]\s?(?P<it>{_NUMBER})", re.IGNORECASE),
    re.compile(rf"(?<![\w.\-/])(?P<it>{_NUMBER})\s?(?:[$£€₹]|(?:{_CURRENCY})\b)", re.IGNORECASE),
    re.compile(r"\b(?:eur|usd|gbp)\s?(?P<it>\d[\d,.]*\d|\d)", re.IGNORECASE),
    re.compile(
        r"(?<![\w.,:/\-$£€])(?P<it>\d{1,6}\.\d{2})(?![\w.,:/\-]*\d|\s?(?:gb|mb|mbps|kg|km|am|pm|%))", re.IGNORECASE
    ),
)
_SPOKEN_CURRENCY: Final = re.compile(rf"\s*(?:and )?(?P<it>{_CURRENCY})\b", re.IGNORECASE)
_PAID: Final = re.compile(
    r"\b(?:charged?|charging|paid|pay|paying|cost|costs|refund(?:ed)?|bill(?:ed)?|took|taken|owe|price"
    r"|total|amount|fee|debit(?:ed)?|deduct(?:ed)?"
    r"|spent|worth)\b[a-z' ]{0,24}\Z",
    re.IGNORECASE,
)


def amounts(text: str) -> Iterator[Found]:
    """Return every amount, as a number with a point and, if said, two decimals."""
    yield from _written(text)
    for run in runs(text):
        if run.spoken:
            yield from _spoken(text, run)


def _written(text: str) -> Iterator[Found]:
    taken: set[int] = set()
    for pattern in _WRITTEN:
        for found in pattern.finditer(text):
            span = range(found.start("it"), found.end("it"))
            if taken.isdisjoint(span):
                taken.update(span)
                yield Found("amount", _plain(found["it"]), found.start(), found.end(), 0.95)


def _plain(number: str) -> str:
    """Return "1,299.00" as 1299.00 and "49,99" as 49.99."""
    if re.fullmatch(r"\d+,\d{2}", number):
        return number.replace(",", ".")
    return number.replace(",", "")


def _spoken(text: str, run: Run) -> Iterator[Found]:
    named = _SPOKEN_CURRENCY.match(text, run.end)
    values = [chunk.value for chunk in run.chunks if chunk.value.isdigit()]
    paid = _PAID.search(text[max(run.start - 48, 0) : run.start])
    if named is not None:
        whole = _in_one(values)
        cents = _cents(text, named.end())
        if whole and cents and "." not in whole:
            yield Found("amount", f"{whole}.{cents[0]}", run.start, cents[1], 0.9)
        elif whole:
            yield Found("amount", whole, run.start, named.end(), 0.9)
    elif paid and len(values) == 2 and len(values[1]) == 2 and len(values[0]) <= 4:
        yield Found("amount", f"{values[0]}.{values[1]}", run.start, run.end, 0.8)


def _in_one(values: list[str]) -> str:
    """Return what stands before the currency: 49, or 49 99 as 49.99, or 1 250 as 1250."""
    if len(values) == 1:
        return values[0]
    if len(values) == 2 and len(values[1]) == 2:
        return f"{values[0]}.{values[1]}"
    if all(len(value) == 1 for value in values) and 1 < len(values) <= 6:
        return "".join(values)
    return ""


def _cents(text: str, at: int) -> tuple[str, int] | None:
    """Return two digits of cents that follow, and where they end: "and ninety nine cents", "ninety nine"."""
    tail = text[at : at + 40]
    if re.match(r"\s*(?:and\s+)?(?:for|on|to|in|at|twice|again)\b", tail):
        return None
    following = [run for run in runs(tail) if not tail[: run.start].replace("and", "").strip(" ,")]
    if not following:
        return None
    run = following[0]
    value = run.chunks[0].value
    plain = value if len(value) == 2 else f"0{value}"
    said = re.match(r"\s*(?:cents?|pence|p)\b", tail[run.chunks[0].end :])
    if len(run.chunks) != 1 or len(plain) != 2 or (said is None and not run.spoken):
        return None
    return plain, at + run.chunks[0].end + (said.end() if said else 0)
