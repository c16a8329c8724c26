"""Know bank and identity numbers by their form and check digits (python-stdnum has the rules of each country)."""

import re
from collections.abc import Callable, Iterator
from typing import Final

import stdnum.br.cpf
import stdnum.es.dni
import stdnum.es.nie
import stdnum.fr.nir
import stdnum.iban
import stdnum.in_.pan
import stdnum.it.codicefiscale
import stdnum.luhn
import stdnum.se.personnummer
import stdnum.us.ssn

_IBAN: Final = re.compile(r"(?<![\w])[A-Za-z]{2}\d{2}(?:[ \-]?[A-Za-z0-9]){11,34}")


def _always(_value: str) -> bool:
    """Accept a number whose form is all there is to check: the UK's national insurance number."""
    return True


_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...]] = (
    (re.compile(r"(?<![\w-])\d{3}[- ]\d{2}[- ]\d{4}(?![\w-])"), stdnum.us.ssn.is_valid),
    (re.compile(r"(?<!\w)(?i:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D])(?!\w)"), _always),
    (re.compile(r"(?<!\w)\d{8}-?[A-Za-z](?!\w)"), stdnum.es.dni.is_valid),
    (re.compile(r"(?<!\w)[XYZxyz]-?\d{7}-?[A-Za-z](?!\w)"), stdnum.es.nie.is_valid),
    (re.compile(r"(?<!\w)[12] ?\d\d ?\d\d ?\d[\dABab] ?\d{3} ?\d{3} ?\d\d(?!\w)"), stdnum.fr.nir.is_valid),
    (re.compile(r"(?<!\w)[A-Za-z]{6}\d\d[A-Za-z]\d\d[A-Za-z]\d{3}[A-Za-z](?!\w)"), stdnum.it.codicefiscale.is_valid),
    (re.compile(r"(?<!\w)[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z](?!\w)"), stdnum.in_.pan.is_valid),
    (re.compile(r"(?<!\w)\d{3}\.\d{3}\.\d{3}-\d\d(?!\w)"), stdnum.br.cpf.is_valid),
    (re.compile(r"(?<![\w-])\d{6}-\d{4}(?![\w-])"), stdnum.se.personnummer.is_valid),
)  # fmt: skip


def luhn(value: str) -> bool:
    """Tell whether the last of some digits is the check digit of the others (ISO/IEC 7812-1)."""
    return stdnum.luhn.is_valid(value)


def is_iban(value: str) -> bool:
    """Tell whether letters and digits are an IBAN: its country's form and the check digits (ISO 13616)."""
    return value[:2].isalpha() and value[2:4].isdigit() and stdnum.iban.is_valid(value)


def ibans(text: str) -> Iterator[tuple[int, int, str]]:
    """Return every written IBAN, `start` to `end` of the text, and its characters without spaces."""
    for found in _IBAN.finditer(text):
        ends = [at + 1 for at in range(found.start(), found.end()) if text[at].isalnum()]
        for end in reversed(ends[14:]):
            value = re.sub(r"[ \-]", "", text[found.start() : end]).upper()
            boundary = end == len(text) or not text[end].isalnum()
            if boundary and len(value) <= 34 and is_iban(value):
                yield found.start(), end, value
                break


def by_form(text: str) -> Iterator[tuple[int, int]]:
    """Return where identity numbers stand whose form says what they are."""
    for pattern, valid in _FORMS:
        for found in pattern.finditer(text):
            if valid(found.group()):
                yield found.start(), found.end()
