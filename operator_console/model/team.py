"""Ask the model about the people of the desk: who is where and since when, who asks for a break, who is meant.

Pure. The team screen, the header and the commands about people are drawn from here.
"""

from collections.abc import Sequence
from typing import Final

from operator_console.model.mentions import mentioned
from operator_console.model.state import DeskModel
from operator_console.model.wording import since
from server.wire.terms import OperatorId, Presence, Role
from server.wire.views import OperatorView

SUPERVISORS: Final = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
"""Who decides on breaks."""
DUTY: Final = {Presence.AVAILABLE: "ON DUTY", Presence.AWAY: "AWAY", Presence.OFFLINE: "OFF DUTY"}
"""Presence in words."""

_ORDER: Final = {Presence.AVAILABLE: 0, Presence.AWAY: 1, Presence.OFFLINE: 2}


def team(model: DeskModel) -> tuple[OperatorView, ...]:
    """Return everybody: who asks for a break first, the longest first; then who is on duty, away, off; by name."""
    return tuple(sorted(model.operators.values(), key=_place))


def _place(person: OperatorView) -> tuple[bool, float, int, str, OperatorId]:
    asked = person.break_asked_at.timestamp() if person.break_asked_at else 0.0
    return (person.break_asked_at is None, asked, _ORDER[person.presence], person.name.casefold(), person.id)


def asking(model: DeskModel) -> tuple[OperatorView, ...]:
    """Return who asks for a break, the longest first."""
    return tuple(person for person in team(model) if person.break_asked_at is not None)


def supervises(model: DeskModel) -> bool:
    """Tell whether this console's operator decides on breaks."""
    me = model.operators.get(model.me)
    return me is not None and me.role in SUPERVISORS


def away_count(model: DeskModel) -> int:
    """Return how many are away, or will be after their work."""
    return sum(
        1
        for person in model.operators.values()
        if (person.pending_presence if person.pending_presence is not None else person.presence) is Presence.AWAY
    )


def named(model: DeskModel, text: str) -> tuple[OperatorView, str] | str:
    """Return whom the beginning of a text names, and the rest of it; or why that is nobody, in a sentence.

    Names have spaces, so the longest name that the text starts with wins; else the first word may begin one name.
    """
    written = text.strip().removeprefix("@")
    found = _whole(model, written)
    if found is not None:
        return found
    word, _, rest = written.partition(" ")
    begun = [one for one in model.operators.values() if word and one.name.casefold().startswith(word.casefold())]
    if len(begun) == 1:
        return begun[0], rest.strip()
    if begun:
        return f"{word} may be {_listed(begun)}: write more of the name."
    return f"Nobody is called {word}. There are: {_listed(tuple(model.operators.values()))}."


def _whole(model: DeskModel, written: str) -> tuple[OperatorView, str] | None:
    for person in sorted(model.operators.values(), key=lambda one: -len(one.name)):
        rest = written[len(person.name) :]
        if mentioned(f"@{written}", {person.id: person}) and not rest[:1].isalnum():
            return person, rest.strip()
    return None


def _listed(people: Sequence[OperatorView]) -> str:
    names = sorted(person.name for person in people)
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")


def presence_words(person: OperatorView) -> str:
    """Return where somebody is and why: AWAY lunch."""
    word = DUTY[person.presence]
    return f"{word} {person.reason}" if person.reason and person.presence is Presence.AWAY else word


def pending_words(person: OperatorView) -> str:
    """Return what takes effect after the work in hand; empty when nothing does."""
    if person.pending_presence is None:
        return ""
    reason = f" {person.pending_reason}" if person.pending_reason else ""
    return f"then {DUTY[person.pending_presence]}{reason}"


def request_words(model: DeskModel, person: OperatorView) -> str:
    """Return that somebody asks for a break, and for how long; empty when nobody does."""
    if person.break_asked_at is None:
        return ""
    return f"ASKS {person.break_reason} {since(person.break_asked_at, model.now)}"


def reason_keys(reasons: Sequence[str], taken: str) -> tuple[str, ...]:
    """Return one key for each reason: a letter of it that is free, else a digit."""
    used = set(taken)
    keys: list[str] = []
    for reason in reasons:
        letters = [letter for letter in reason.casefold() if "a" <= letter <= "z"]
        key = next((one for one in (*letters, *"123456789") if one not in used), "")
        used.add(key)
        keys.append(key)
    return tuple(keys)
