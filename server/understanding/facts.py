"""Gather the facts of a conversation: which fields were said, in which turn, and how sure that is.

The slot of a bare answer is what the assistant asked before; a read-back that the customer confirms makes a fact sure;
a later value takes an earlier one's place. Pure, and remembered turn by turn, so that a long transcript costs little.

Before: turns, redacted. After: `server.understanding.card` shows them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from server.understanding.custom_fields import CustomField, custom_facts
from server.understanding.fact_dates import dates, times
from server.understanding.fact_money import amounts
from server.understanding.fact_numbers import numbers
from server.understanding.fact_slots import slot_asked_for
from server.understanding.fact_wishes import wishes
from server.understanding.fact_words import bare_name, emails, names
from server.understanding.facts_found import Found

LONGEST_TURN: Final = 2_000
"""Characters of one turn that are looked at."""
MOST_TURNS: Final = 400
"""The newest turns that are looked at."""
MANY: Final = {"amount": 3, "date": 3, "time": 2}
"""How many values of a field are kept; of all others the last one."""
_YES: Final = re.compile(
    r"^\W*(?:yes|yeah|yep|yup|correct|right|that's right|that is right|exactly|sure|perfect|ok|okay"
    r"|confirmed|indeed|uh huh|mhm|si|ja|oui)\b",
    re.IGNORECASE,
)
_NO: Final = re.compile(r"^\W*(?:no|nope|nah|wrong|incorrect|not quite|actually)\b", re.IGNORECASE)
_REPLIES: Final = re.compile(r"\?|\b(?:correct|right|confirm|is that|got|have you|i have|so that's)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """One turn: who said it (the customer, or the other side), what, and its number in the conversation."""

    customer: bool
    text: str
    turn: int


@dataclass(frozen=True, slots=True)
class TurnFact:
    """One field with its value, the turn it was said in, and how sure it is (0 to 1)."""

    name: str
    value: str
    turn: int
    confidence: float


def facts_of(turns: Sequence[Said], fields: tuple[CustomField, ...] = ()) -> tuple[TurnFact, ...]:
    """Return the facts of a conversation, in the order in which they were first said."""
    held: dict[str, list[TurnFact]] = {}
    question = ""
    for said in turns[-MOST_TURNS:]:
        if not said.customer:
            question = said.text
            continue
        asked_back = _read_back(question)
        if asked_back and _YES.match(said.text):
            _confirm(held, asked_back, said.turn)
        elif asked_back and _NO.match(said.text):
            _deny(held, asked_back)
        for found in in_turn(said.text, _slot(question), fields):
            _keep(held, TurnFact(found.name, found.value, said.turn, found.confidence))
    return tuple(fact for facts in held.values() for fact in facts)


def read_ahead(question: str, text: str, fields: tuple[CustomField, ...] = ()) -> None:
    """Remember what a turn of the customer's says, for when the facts of its conversation are asked for."""
    in_turn(text, _slot(question), fields)


def read_question_ahead(question: str) -> None:
    """Remember what a turn of the other side asks for and reads back."""
    _slot(question)
    _read_back(question)


@lru_cache(maxsize=4096)
def in_turn(text: str, asked: str | None, fields: tuple[CustomField, ...] = ()) -> tuple[Found, ...]:
    """Return what one turn of the customer's says, in order; `asked` is the slot the other side asked for."""
    short = text[:LONGEST_TURN]
    taken: set[int] = set()
    kept: list[Found] = []
    for one in _all(short, asked, fields):
        span = range(one.start, one.end)
        if taken.isdisjoint(span):
            taken.update(span)
            kept.append(one)
    return tuple(sorted((one for one in kept if one.name), key=lambda one: one.start))


def _all(text: str, asked: str | None, fields: tuple[CustomField, ...]) -> Iterator[Found]:
    yield from custom_facts(text, fields)
    yield from emails(text)
    yield from amounts(text)
    found_dates = list(dates(text))
    yield from found_dates
    yield from times(text)
    bare_slot = None if asked == "date" and found_dates else asked
    yield from numbers(text, bare_slot)
    found_names = list(names(text))
    yield from found_names
    if asked == "name" and not found_names and (bare := bare_name(text)) is not None:
        yield bare
    yield from wishes(text)


def forget() -> None:
    """Forget what was read ahead: the next look at a turn is a fresh one."""
    for remembered in (in_turn, _slot, _read_back):
        remembered.cache_clear()


@lru_cache(maxsize=4096)
def _slot(question: str) -> str | None:
    return slot_asked_for(question[-LONGEST_TURN:]) if question else None


@lru_cache(maxsize=4096)
def _read_back(question: str) -> tuple[Found, ...]:
    """Return what the other side reads back for confirmation."""
    if not _REPLIES.search(question):
        return ()
    return tuple(found for found in in_turn(question, None) if found.name != "preferred_resolution")


def _confirm(held: dict[str, list[TurnFact]], read: Iterable[Found], turn: int) -> None:
    """Make what the customer confirmed sure; what only the other side said is theirs now."""
    for found in read:
        same = [fact for facts in held.values() for fact in facts if _plain(fact.value) == _plain(found.value)]
        for fact in same:
            held[fact.name] = [replace(one, confidence=0.99) if one is fact else one for one in held[fact.name]]
        if not same:
            _keep(held, TurnFact(found.name, found.value, turn, 0.9))


def _deny(held: dict[str, list[TurnFact]], read: Iterable[Found]) -> None:
    """Forget what the customer says is wrong."""
    wrong = {_plain(found.value) for found in read}
    for name in list(held):
        held[name] = [fact for fact in held[name] if _plain(fact.value) not in wrong]


def _keep(held: dict[str, list[TurnFact]], fact: TurnFact) -> None:
    facts = held.setdefault(fact.name, [])
    same = next((known for known in facts if _plain(known.value) == _plain(fact.value)), None)
    if same is not None:
        facts[facts.index(same)] = replace(same, confidence=max(same.confidence, fact.confidence))
        return
    most = MANY.get(fact.name, 1)
    facts.append(fact)
    del facts[: max(len(facts) - most, 0)]


def _plain(value: str) -> str:
    return re.sub(r"[\W_]", "", value).lower()
