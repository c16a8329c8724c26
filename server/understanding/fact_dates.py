"""Find dates and times of day: written, spoken ("the twenty first of june") and relative ("last friday")."""

import re
from collections.abc import Iterator
from typing import Final

from server.understanding.facts_found import Found

_MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_MONTH_NUMBERS: Final = {
    **{month: number for number, month in enumerate(_MONTHS, 1)},
    **{month[:3]: number for number, month in enumerate(_MONTHS, 1)},
    "sept": 9,
}
_MONTH: Final = "(?P<month>" + "|".join((*_MONTHS, "sept", *(month[:3] + r"\.?" for month in _MONTHS))) + r")\b"
_ORDINALS: Final = {
    word: number
    for number, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
            "twentieth",
        ],
        1,
    )
} | {
    **{
        f"twenty {word}": 20 + number
        for number, word in enumerate(
            ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"], 1
        )
    },
    "thirtieth": 30,
    "thirty first": 31,
}
_CARDINALS: Final = (
    {
        word: number
        for number, word in enumerate(
            [
                "one",
                "two",
                "three",
                "four",
                "five",
                "six",
                "seven",
                "eight",
                "nine",
                "ten",
                "eleven",
                "twelve",
                "thirteen",
                "fourteen",
                "fifteen",
                "sixteen",
                "seventeen",
                "eighteen",
                "nineteen",
                "twenty",
            ],
            1,
        )
    }
    | {
        f"twenty {word}": 20 + number
        for number, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], 1)
    }
    | {"thirty": 30, "thirty one": 31}
)
_DAY_WORDS: Final = {**_CARDINALS, **_ORDINALS}
_DAY_WORD: Final = "|".join(sorted((word.replace(" ", "[ -]") for word in _DAY_WORDS), key=len, reverse=True))
_DAY: Final = rf"(?P<day>(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?|{_DAY_WORD})"
_YEAR: Final = r"(?:,?\s+(?:of\s+)?(?P<year>(?:19|20)\d\d|(?:twenty|nineteen)(?:[ -][a-z]+){1,2}))?"
_DAY_MONTH: Final = re.compile(rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}{_YEAR}", re.IGNORECASE)
_MONTH_DAY: Final = re.compile(rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}\b{_YEAR}", re.IGNORECASE)
_ISO: Final = re.compile(r"(?<![\w-])((?:19|20)\d\d)-(\d\d)-(\d\d)(?![\w-])")
_SLASHED: Final = re.compile(r"(?<![\w/.-])(\d{1,2})([/.-])(\d{1,2})\2((?:19|20)?\d\d)(?![\w/-])")
_SLASHED_SHORT: Final = re.compile(
    r"\b(?:on|by|since|from|until|till|before|after|dated?)\s+(?:the\s+)?(\d{1,2})/(\d{1,2})(?![\w/])", re.IGNORECASE
)
_WEEKDAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_RELATIVE: Final = re.compile(
    rf"\b(?:the day (?:before yesterday|after tomorrow)|(?:last|next|this|past|coming)\s+(?:{_WEEKDAY}|week"
    rf"|month|year|weekend)"
    rf"|yesterday|tomorrow|today|tonight|(?<!every )(?<!all )(?:{_WEEKDAY})|(?:\d+|a|an|one|two|three|four"
    rf"|five|six|seven|ten|couple of)"
    r"\s+(?:days?|weeks?|months?|years?)\s+ago)\b",
    re.IGNORECASE,
)
_CLOCK: Final = re.compile(r"(?<![\d:.])([01]?\d|2[0-3])[:.]([0-5]\d)(?!\d|:)\s*([ap]\.?m\.?)?", re.IGNORECASE)
_HOUR: Final = re.compile(r"\bat\s+(1[0-2]|[1-9])\s*([ap])\.?m\b", re.IGNORECASE)
_HOUR_SAID: Final = re.compile(
    r"\bat\s+(?P<hour>one|two|three|four|five|six|seven|eight|nine|ten|eleven"
    r"|twelve)(?:\s+(?P<minute>thirty|fifteen|forty[ -]five))?"
    r"(?:\s+(?P<half>[ap]\s?\.?m)\b|(?(minute)|(?!)))",
    re.IGNORECASE,
)
_MINUTES: Final = {"thirty": 30, "fifteen": 15, "forty five": 45, "forty-five": 45}


def dates(text: str) -> Iterator[Found]:
    """Return every date: ISO with a year, MM-DD without one, relative ones as they were said."""
    taken: set[int] = set()
    for one in (*_calendar(text), *_relative(text)):
        span = range(one.start, one.end)
        if taken.isdisjoint(span):
            taken.update(span)
            yield one


def times(text: str) -> Iterator[Found]:
    """Return every time of day as HH:MM."""
    for found in _CLOCK.finditer(text):
        if ":" in found.group() or found[3]:
            yield Found("time", _clock(int(found[1]), int(found[2]), found[3]), found.start(), found.end(), 0.9)
    for found in _HOUR.finditer(text):
        yield Found("time", _clock(int(found[1]), 0, found[2]), found.start(), found.end(), 0.8)
    for found in _HOUR_SAID.finditer(text):
        minute = _MINUTES.get((found["minute"] or "").lower(), 0)
        hour = _CARDINALS[found["hour"].lower()]
        yield Found("time", _clock(hour, minute, found["half"]), found.start(), found.end(), 0.7)


def _clock(hour: int, minute: int, half: str | None) -> str:
    if half and half[0].lower() == "p" and hour < 12:
        hour += 12
    if half and half[0].lower() == "a" and hour == 12:
        hour = 0
    return f"{hour:02}:{minute:02}"


def _calendar(text: str) -> Iterator[Found]:
    for found in _ISO.finditer(text):
        yield from _dated(found, found[1], int(found[2]), int(found[3]), 0.98)
    for found in _SLASHED.finditer(text):
        year = found[4] if len(found[4]) == 4 else f"20{found[4]}"
        first, second = int(found[1]), int(found[3])
        month, day = (second, first) if first > 12 else (first, second)
        yield from _dated(found, year, month, day, 0.9 if first > 12 or second > 12 or first == second else 0.6)
    for found in _SLASHED_SHORT.finditer(text):
        first, second = int(found[1]), int(found[2])
        month, day = (second, first) if first > 12 else (first, second)
        yield from _dated(found, "", month, day, 0.6)
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        for found in pattern.finditer(text):
            month = _MONTH_NUMBERS[found["month"].lower().rstrip(".")]
            yield from _dated(found, _year(found["year"]), month, _day(found["day"]), 0.9)


def _dated(found: re.Match[str], year: str, month: int, day: int, confidence: float) -> Iterator[Found]:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return
    value = f"{month:02}-{day:02}"
    yield Found("date", f"{year}-{value}" if year else value, found.start(), found.end(), confidence)


def _day(word: str) -> int:
    low = re.sub(r"(?<=\d)(?:st|nd|rd|th)", "", word.lower()).replace("-", " ")
    return int(low) if low.isdigit() else _DAY_WORDS[low]


def _year(words: str | None) -> str:
    """Return the year in digits; "twenty twenty four" is 2024, other words are none."""
    if not words or words.isdigit():
        return words or ""
    first, *rest = words.lower().replace("-", " ").split()
    tens = {"ten": 10, "twenty": 20, "thirty": 30}
    value = sum(tens.get(word, _CARDINALS.get(word, 0)) for word in rest)
    return f"{20 if first == 'twenty' else 19}{value:02}" if 0 < value < 100 else ""


def _relative(text: str) -> Iterator[Found]:
    for found in _RELATIVE.finditer(text):
        yield Found("date", found.group().lower(), found.start(), found.end(), 0.8)
