"""Find numbers and codes that stand for something: accounts, orders, bookings, telephones, articles, postcodes."""

import re
from collections.abc import Iterator
from typing import Final

from server.understanding.fact_slots import Labels
from server.understanding.facts_found import Found
from server.understanding.redaction import MARK, cards_in
from server.understanding.spoken import Run, ascii_digits, runs

_CODE: Final = re.compile(
    r"(?<![\w$£€.,@/-])#?(?P<it>(?=[A-Za-z/_-]*\d)[A-Za-z\d]+(?:[-/_][A-Za-z\d]+)*)(?![\w@]|[.,]\d|-\w)", re.ASCII
)
_ALL_CAPS: Final = re.compile(r"(?<![\w-])(?P<it>[A-Z]{5,8})(?![\w-])")
_PHONE: Final = re.compile(r"(?<![\w-])(?P<it>\+?\(?\d[\d\s().\-]{5,18}\d)(?![\w-]|[.,/]\d)")
_PHONE_FORM: Final = re.compile(r"\+\d|\(\d{3,5}\)|\d{3}[-. ]\d{3}[-. ]\d{4}\Z|0\d{3,4} ?\d{6}\Z")
_ZIP: Final = re.compile(r"\b(?P<state>[A-Z]{2}),? (?P<it>\d{5}(?:-\d{4})?)\b")
_UK_POSTCODE: Final = re.compile(
    r"\b(?P<it>(?:GIR ?0AA|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}))\b|(?i:post"
    r" ?code\W+(?:is\W+)?)(?P<small>[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2})\b"
)
_CANADIAN: Final = re.compile(r"\b(?P<it>[A-CEGHJ-NPR-TVXY]\d[A-CEGHJ-NPR-TV-Z] ?\d[A-CEGHJ-NPR-TV-Z]\d)\b")
_ARTICLE: Final = re.compile(
    r"(?<![\w-])(?P<it>[A-Z]{2,5}-\d{2,}[A-Z\d-]*|[A-Z]{1,4}\d{3,}[A-Z]{1,3}\d*|[A-Z]+-[A-Z\d]*\d[A-Z\d-]*)(?![\w-])"
)
_DATE_LIKE: Final = re.compile(
    r"\d{1,4}[/-]\d{1,2}[/-]\d{1,4}|\d{1,2}(?:am|pm|st|nd|rd|th|gb|mb|kg|km|cm|mm|x|k|g|m|h|hrs|mins|min"
    r"|days?|ml|tb|ghz|inch|w|v)",
    re.IGNORECASE,
)
_LEAST: Final = {
    "order_id": 4,
    "account_number": 4,
    "invoice_id": 4,
    "booking_reference": 5,
    "tracking_number": 6,
    "case_number": 3,
    "sku": 3,
    "serial_number": 5,
    "policy_number": 4,
    "postcode": 4,
    "phone": 7,
}
_PHONE_DIGITS: Final = range(7, 16)
_CARD: Final = re.compile(r"\[card (?P<it>ending \d{4})\]")


def numbers(text: str, asked: str | None) -> Iterator[Found]:
    """Return every number and code whose slot the text, its form or the question (`asked`) tells."""
    labels = Labels(text)
    taken: set[int] = set()
    for one in (
        *_cards(text),
        *_postcodes(text),
        *_written(text, labels),
        *_phones(text, labels),
        *_said(text, labels, asked),
        *_articles(text),
    ):
        span = range(one.start, one.end)
        if taken.isdisjoint(span):
            taken.update(span)
            yield one
    if asked in _LEAST and not taken:
        yield from _bare(text, asked)


def _cards(text: str) -> Iterator[Found]:
    for found in _CARD.finditer(text):
        yield Found("card_number", found["it"], found.start(), found.end(), 0.95)
    for start, end, value in cards_in(text):
        yield Found("card_number", value, start, end, 0.95)
    for found in MARK.finditer(text):
        yield Found("", "", found.start(), found.end(), 0.0)


def _postcodes(text: str) -> Iterator[Found]:
    for pattern in (_UK_POSTCODE, _CANADIAN, _ZIP):
        for found in pattern.finditer(text):
            group = "small" if pattern is _UK_POSTCODE and found["small"] else "it"
            yield Found("postcode", found[group].upper(), found.start(group), found.end(group), 0.85)


def _written(text: str, labels: Labels) -> Iterator[Found]:
    """Find labelled codes as they are written: "order 88231-B", "acct 0098-7761-22"."""
    for pattern in (_CODE, _ALL_CAPS):
        for found in pattern.finditer(text):
            slot = labels.of(found.start(), found.end("it"))
            if slot is None or slot == "phone" or len(found["it"]) < _LEAST[slot] or _DATE_LIKE.fullmatch(found["it"]):
                continue
            if pattern is _ALL_CAPS and slot != "booking_reference":
                continue
            more = _goes_on(text, found.end("it"), found["it"])
            yield Found(slot, found["it"] + more[0], found.start("it"), more[1], 0.95)


def _goes_on(text: str, end: int, code: str) -> tuple[str, int]:
    """Return further groups of digits that belong to a code written with spaces, and where they end."""
    if not code.isdigit() or len(code) > 4:
        return "", end
    found = re.match(r"(?:[ ]\d{2,4}){1,5}(?![\w/]|[.,:]\d)", text[end:])
    return (found.group().replace(" ", ""), end + found.end()) if found else ("", end)


def _phones(text: str, labels: Labels) -> Iterator[Found]:
    for found in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", ascii_digits(found["it"]))
        if len(digits) not in _PHONE_DIGITS or _DATE_LIKE.match(found["it"]):
            continue
        slot = labels.of(found.start(), found.end())
        formed = _PHONE_FORM.match(found["it"])
        if slot == "phone" or (slot is None and (formed or ("phone" in labels.any and len(digits) >= 9))):
            plus = "+" if found["it"].startswith("+") else ""
            yield Found("phone", plus + digits, found.start(), found.end(), 0.95 if slot else 0.8)


def _said(text: str, labels: Labels, asked: str | None) -> Iterator[Found]:
    """Find numbers that are spoken, spelled or cut by spaces: "a b seven three", "hfd 98746165"."""
    for run in runs(text, letters=True):
        slot = labels.of(run.start, run.end)
        if slot is None and asked in _LEAST and not labels.any:
            slot = asked
        if slot is None:
            slot = _by_form(run, labels)
        value = _in_form(run, slot) if slot else ""
        if slot and len(value) >= _LEAST[slot] and any(char.isdigit() for char in value):
            yield Found(slot, value, run.start, run.end, 0.85)


def _by_form(run: Run, labels: Labels) -> str | None:
    """Return "phone" for ten or eleven digits that nothing else claims."""
    digits = run.value
    long = digits.isdigit() and (len(digits) == 10 or (len(digits) == 11 and digits[0] in "01"))
    if not (run.spoken and long):
        return None
    return "phone" if not labels.any or "phone" in labels.any else None


def _in_form(run: Run, slot: str) -> str:
    if slot == "phone":
        return run.value if run.value.isdigit() and len(run.value) in _PHONE_DIGITS else ""
    return run.value


def _articles(text: str) -> Iterator[Found]:
    for found in _ARTICLE.finditer(text):
        if any(char.isdigit() for char in found["it"]):
            yield Found("sku", found["it"], found.start(), found.end(), 0.6)


def _bare(text: str, asked: str) -> Iterator[Found]:
    """Take a code out of an answer to the question for it."""
    for found in _CODE.finditer(text):
        value = found["it"]
        if len(value) >= _LEAST[asked] and not _DATE_LIKE.fullmatch(value):
            more = _goes_on(text, found.end("it"), value)
            yield Found(asked, value + more[0], found.start("it"), more[1], 0.9)
            return
    spaced = re.fullmatch(r"\W*(?P<it>[A-Za-z]{1,6}(?: [A-Za-z\d]+){0,3} ?\d[\w ]*)\W*", text)
    if spaced and len(text) < 24:
        yield Found(asked, spaced["it"].replace(" ", "").upper(), spaced.start("it"), spaced.end("it"), 0.7)
