"""Find who a note means by `@name`; the broker and the consoles must agree on it.

A name is matched as the roster has it, spaces and all, whatever the case; the longest one wins. The @ of an address
is none.
"""

from collections.abc import Mapping
from typing import Final

from server.wire.terms import OperatorId

SIGN: Final = "@"


def mentioned(text: str, names: Mapping[OperatorId, str]) -> frozenset[OperatorId]:
    """Return the operators a text names; people who share a name are all meant."""
    folded = text.casefold()
    by_name: dict[str, list[OperatorId]] = {}
    for who, name in names.items():
        if name.strip():
            by_name.setdefault(name.casefold(), []).append(who)
    longest_first = sorted(by_name, key=len, reverse=True)
    found: set[OperatorId] = set()
    at = folded.find(SIGN)
    while at >= 0:
        longest = next((one for one in longest_first if _stands(folded, at, one)), None)
        found.update(by_name[longest] if longest is not None else ())
        at = folded.find(SIGN, at + 1)
    return frozenset(found)


def _stands(folded: str, at: int, name: str) -> bool:
    """Tell whether the name follows the @ at `at` as a word of its own; the @ of an address is none."""
    end = at + 1 + len(name)
    alone = at == 0 or not is_word(folded[at - 1])
    return alone and folded.startswith(name, at + 1) and (end >= len(folded) or not is_word(folded[end]))


def is_word(character: str) -> bool:
    """Tell whether a character belongs to a word."""
    return character.isalnum() or character == "_"
