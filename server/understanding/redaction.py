"""Take cards, codes, account and identity numbers out of what is said, before it is stored, shown, logged or sent on.

A mark like `[card ending 1111]` stands where the number stood. Digits count as written and as spoken, and what the
assistant has just asked for says what bare digits are. Pure; redacting twice changes nothing.

Before: the words as they came. After: words that may be kept.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from server.understanding import identity_numbers
from server.understanding.secrets_asked import (
    Names,
    Secret,
    asked_for,
    asks,
    wants_last_four,
)
from server.understanding.spoken import Chunk, Run, runs

LOOK_BACK: Final = 60
"""How many characters before some digits may say what they are."""
MARK: Final = re.compile(
    r"\[(?:card(?: ending \d{4}| digits)?|security code|one-time code|PIN|password"
    r"|IBAN(?: ending \w{4})?|national id)\]"
)
"""What stands for something taken out."""

_CARD_LENGTHS: Final = range(19, 12, -1)
_BRANDS: Final = re.compile(
    r"(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d{4}|222[1-9]\d\d|22[3-9]\d{3}|2[3-6]\d{4}|27[01]\d{3}|2720\d\d)\d{10}"
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12,15}"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12,15}|62\d{14,17}|(?:50|5[6-8]|6\d)\d{10,17})\Z"
)
_LEAST_CARD_PART: Final = 4
_LEAST_NAMED_CARD: Final = 8
"""Fewer digits behind the word card are something else: an amount, a date, how many."""
_BETWEEN: Final = re.compile(
    r"(?:[\W_]|\b(?:number|no|nr|num|code|pin|id|digits?|details|is|are|was|were|it|its|it's"
    r"|that|that's|this|here|the|my|your|says"
    r"|reads|being|on|of|for|back|card|front|you|sent|texted|me|i|i've|got|get|have|had|received|just|now|a|an|in|to|from"
    r"|by|app|email|text|message|sms|so|ok|okay|yes|sure|and|equals|as|be|would|should|starts?|starting"
    r"|with|begins?|ending|called|uh|um)\b)*\Z",
    re.IGNORECASE,
)
"""What may stand between a name and its digits."""
_SAID_OF: Final = re.compile(r"[\s,.:]*(?:is|was|are|that's|=)\s+(?:the|my|your)\s+\Z", re.IGNORECASE)
"""What may stand between digits and a name behind them."""
_MONEY_BEHIND: Final = re.compile(
    r"[.,]\d\d\b|\s*(?:[£$€%]|(?:dollars?|euros?|pounds?|bucks|quid|eur|usd|gbp|cents?)\b)", re.IGNORECASE
)
_DATE: Final = re.compile(r"\d{1,4}[/.\-]\d{1,2}(?:[/.\-]\d{2,4})?")
_CODE_DIGITS: Final = {
    Secret.SECURITY_CODE: range(3, 5),
    Secret.ONE_TIME_CODE: range(4, 11),
    Secret.PIN: range(3, 9),
}
_PASSWORD: Final = re.compile(
    r"\b(?:password|passphrase|passwort|contraseña|mot de passe)\b(?: (?:now|currently|there))?"
    r"\s*(?:is|was|ist|es|est|[:=])\s*"
    r"(?:also |still |just |set to |: ?)?(?P<it>[\"'“]?(?!not\b|wrong|correct|incorrect|expired|invalid|reset"
    r"|required|the\b|too\b|being|no\b"
    r"|what|my\b|a\b|an\b|never|always|working|n't|locked|saved|stored|blocked|right|that\b|still\b|really|asked)[^\s,;]{4,64})",
    re.IGNORECASE,
)
_CODE_WORD: Final = re.compile(r"(?<![\w-])(?=[A-Za-z]*\d)[A-Za-z\d]{4,10}(?![\w-])")


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an organisation has taken out; everything, unless it says otherwise."""

    cards: bool = True
    card_endings: bool = True
    security_codes: bool = True
    one_time_codes: bool = True
    passwords: bool = True
    ibans: bool = True
    national_ids: bool = True

    def takes(self, secret: Secret) -> bool:
        """Tell whether such a thing is taken out."""
        match secret:
            case Secret.CARD:
                return self.cards
            case Secret.SECURITY_CODE:
                return self.security_codes
            case Secret.ONE_TIME_CODE | Secret.PIN:
                return self.one_time_codes
            case Secret.PASSWORD:
                return self.passwords
            case Secret.IBAN:
                return self.ibans
            case Secret.NATIONAL_ID:
                return self.national_ids


@dataclass(frozen=True, slots=True)
class Taken:
    """One thing that was taken out, `start` to `end` of the text as it came, and the mark in its place."""

    secret: Secret
    start: int
    end: int
    mark: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text that may be kept, and what was taken out of it."""

    text: str
    taken: tuple[Taken, ...] = ()


def redact(text: str, policy: Policy, earlier: Sequence[tuple[bool, str]] = ()) -> Redacted:
    """Return the text without what the policy takes out.

    Args:
        text: One turn.
        policy: Of the organisation.
        earlier: The turns before it, oldest first, each with whether the customer said it; already redacted.
    """
    if not may_hold_something(text):
        return Redacted(text)
    asked = pending_question(earlier)
    names = Names(text)
    found = _without_overlaps(
        (*_passwords(text, asked), *_ibans(text), *_identities(text, names, asked), *_digits(text, names, asked))
    )
    kept = [one for one in found if policy.takes(one.secret)]
    pieces: list[str] = []
    at = 0
    for one in kept:
        mark = one.mark if policy.card_endings or one.secret is not Secret.CARD else "[card]"
        pieces += [text[at : one.start], mark]
        at = one.end
    return Redacted("".join((*pieces, text[at:])), tuple(kept))


def pending_question(earlier: Sequence[tuple[bool, str]]) -> Secret | None:
    """Return the secret that the other side asked for and that is still being answered; None when there is none."""
    for from_customer, text in reversed(earlier):
        if not from_customer and asks(text):
            return asked_for(text)
    return None


_HINT: Final = re.compile(
    r"\d|password|passwort|passphrase|contraseña|mot de passe"
    r"|\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple|teen|twenty|thirty|forty|fifty)\b",
    re.IGNORECASE,
)


def may_hold_something(text: str) -> bool:
    """Tell whether a text could hold a secret; almost all do not, and that is seen at a glance."""
    return bool(_HINT.search(text))


def _without_overlaps(found: Iterable[Taken]) -> list[Taken]:
    """Return what was found in order; of two that overlap, the one that was looked for first."""
    kept: list[Taken] = []
    covered: set[int] = set()
    for one in found:
        if covered.isdisjoint(range(one.start, one.end)):
            kept.append(one)
            covered.update(range(one.start, one.end))
    return sorted(kept, key=lambda one: one.start)


def cards_in(text: str) -> Iterable[tuple[int, int, str]]:
    """Return every whole card number, `start` to `end` of the text, in digits; for texts whose policy keeps them."""
    for run in runs(text):
        for card in _windows(run, _CARD_LENGTHS, _is_card, _card_at):
            inside = [chunk.value for chunk in run.chunks if card.start <= chunk.start < card.end]
            yield card.start, card.end, "".join(value for value in inside if value.isdigit())


def _passwords(text: str, asked: Secret | None) -> Iterable[Taken]:
    for found in _PASSWORD.finditer(text):
        if not MARK.match(found["it"]):
            yield Taken(Secret.PASSWORD, found.start("it"), found.end("it"), "[password]")
    bare = text.strip()
    if asked is Secret.PASSWORD and bare and " " not in bare and not MARK.fullmatch(bare):
        start = text.index(bare)
        yield Taken(Secret.PASSWORD, start, start + len(bare), "[password]")


def _ibans(text: str) -> Iterable[Taken]:
    for start, end, value in identity_numbers.ibans(text):
        yield Taken(Secret.IBAN, start, end, f"[IBAN ending {value[-4:]}]")
    for run in runs(text, letters=True):
        if run.spoken and len(run.value) >= 15:
            yield from _windows(run, range(34, 14, -1), identity_numbers.is_iban, _iban_at)


def _iban_at(start: int, end: int, value: str) -> Taken:
    return Taken(Secret.IBAN, start, end, f"[IBAN ending {value[-4:]}]")


def _identities(text: str, names: Names, asked: Secret | None) -> Iterable[Taken]:
    """Find identity numbers by their form, and by their name or the question where the form alone says too little."""
    for start, end in identity_numbers.by_form(text):
        yield Taken(Secret.NATIONAL_ID, start, end, "[national id]")
    for found in _CODE_WORD.finditer(text):
        if _meant(text, names, found.start(), found.end(), asked) is Secret.NATIONAL_ID and len(found.group()) >= 6:
            yield Taken(Secret.NATIONAL_ID, found.start(), found.end(), "[national id]")


def _digits(text: str, names: Names, asked: Secret | None) -> Iterable[Taken]:
    marks = [(found.start(), found.end()) for found in MARK.finditer(text)]
    for run in runs(text):
        if any(start <= run.start < end for start, end in marks):
            continue
        cards = [one for one in _windows(run, _CARD_LENGTHS, _is_card, _card_at) if not _is_inside_word(text, one)]
        yield from cards
        yield from _named(text, names, run, asked, cards)


def _is_inside_word(text: str, one: Taken) -> bool:
    """Tell whether letters touch some digits on both sides: a part of an identifier such as a digest, not a card.

    Latin ones only: other scripts write a number between words without a space.
    """
    before, behind = text[max(one.start - 1, 0) : one.start], text[one.end : one.end + 1]
    return all(sign.isascii() and sign.isalpha() for sign in (before, behind))


def _named(text: str, names: Names, run: Run, asked: Secret | None, cards: Sequence[Taken]) -> Iterable[Taken]:
    """Judge the digits that are no whole card by what they are called, or by what was asked."""
    covered = {at for card in cards for at in range(card.start, card.end)}
    rest = [chunk for chunk in run.chunks if chunk.start not in covered]
    if not rest or _is_sum_or_date(text, rest[0].start, rest[-1].end):
        return
    value = "".join(chunk.value for chunk in rest if chunk.value.isdigit())
    start, end = rest[0].start, rest[-1].end
    meant = _meant(text, names, start, end, asked)
    least_card = _LEAST_CARD_PART if asked is Secret.CARD else _LEAST_NAMED_CARD
    if meant is not None and len(value) in _CODE_DIGITS.get(meant, ()):
        yield Taken(meant, start, end, f"[{meant.value}]")
    elif meant is Secret.NATIONAL_ID and len(value) >= 6:
        yield Taken(meant, start, end, "[national id]")
    elif meant is Secret.CARD and len(value) >= least_card and not cards:
        whole = len(value) >= 13
        yield Taken(meant, start, end, f"[card ending {value[-4:]}]" if whole else "[card digits]")


def _meant(text: str, names: Names, start: int, end: int, asked: Secret | None) -> Secret | None:
    """Return what some digits are: by the words before them, by those behind, else by the question."""
    named = names.last_before(start, LOOK_BACK)
    if named is not None:
        other = names.other_between(named.end, start)
        last_four = named.secret is Secret.CARD and wants_last_four(text[max(start - LOOK_BACK, 0) : start])
        return named.secret if not other and not last_four and _BETWEEN.match(text, named.end, start) else None
    later = names.first_after(end, LOOK_BACK)
    if later is not None and _SAID_OF.match(text, end, later.start):
        return later.secret
    near = max(start - LOOK_BACK, 0)
    if names.other_between(near, start) or wants_last_four(text[near:start]):
        return None
    return asked


def _is_sum_or_date(text: str, start: int, end: int) -> bool:
    """Tell whether some digits are an amount of money or a date, which no question for a secret makes a secret."""
    return bool(
        re.search(r"[£$€]\s*\Z", text[max(start - 3, 0) : start])
        or _MONEY_BEHIND.match(text, end)
        or _DATE.fullmatch(text[start:end])
    )


def _is_card(value: str) -> bool:
    return bool(_BRANDS.match(value)) and identity_numbers.luhn(value)


def _card_at(start: int, end: int, value: str) -> Taken:
    return Taken(Secret.CARD, start, end, f"[card ending {value[-4:]}]")


def _windows(
    run: Run, lengths: range, fits: Callable[[str], bool], taken: Callable[[int, int, str], Taken]
) -> Iterable[Taken]:
    """Find every stretch of whole chunks of a run that fits, the longest first, from left to right."""
    chunks = [chunk for chunk in run.chunks if chunk.value != "-"]
    at = 0
    while at < len(chunks):
        found = _window(chunks, at, lengths, fits)
        if found is None:
            at += 1
            continue
        after, value = found
        yield taken(chunks[at].start, chunks[after - 1].end, value)
        at = after


def _window(chunks: Sequence[Chunk], at: int, lengths: range, fits: Callable[[str], bool]) -> tuple[int, str] | None:
    value = ""
    best: tuple[int, str] | None = None
    for after in range(at, len(chunks)):
        value += chunks[after].value
        if len(value) > lengths[0]:
            break
        if len(value) in lengths and fits(value):
            best = (after + 1, value)
    return best
