"""Recognise who talks with us: by your own id of them, by telephone number, mail address or handle on a channel.

What many strangers share (a hidden number, a masked one, "guest") recognises nobody.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from server.wire.history import Identity
from server.wire.terms import ContactId, IdentityKind

_PHONE: Final = re.compile(r"\+?[0-9][0-9\s()./-]{4,30}")
_EMAIL: Final = re.compile(r"[^\s@*]{1,64}@[^\s@*]+\.[^\s@*]+")
_MASKED: Final = re.compile(r"[*\u2022\u00b7\ufffd]|(?i:x{3,})")
_STRANGERS: Final = frozenset(
    {"", "anonymous", "blocked", "caller", "customer", "guest", "private", "restricted", "unavailable", "unknown",
     "user", "visitor", "web", "withheld"}
)  # fmt: skip
_HIDDEN_NUMBERS: Final = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
"""What Twilio puts in place of a hidden number: the keys of ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE."""
_LEAST_DIGITS: Final = 6


def identities_of(channel: str, handle: str, customer_id: str) -> tuple[Identity, ...]:
    """Return by what a customer is recognised, the surest first; empty for somebody who can't be."""
    found: list[Identity] = []
    if customer_id.strip():
        found.append(Identity(kind=IdentityKind.EXTERNAL, value=customer_id.strip()))
    bare = handle.strip()
    number = phone_number(bare)
    if number:
        found.append(Identity(kind=IdentityKind.PHONE, value=number))
    elif _MASKED.search(bare):
        return tuple(found)
    elif _EMAIL.fullmatch(bare):
        found.append(Identity(kind=IdentityKind.EMAIL, value=bare.lower()))
    elif not _PHONE.fullmatch(bare) and bare.lower() not in _STRANGERS:
        found.append(Identity(kind=IdentityKind.HANDLE, value=f"{channel}:{bare.lower()}"))
    return tuple(found)


def meant(words: str) -> tuple[Identity, ...]:
    """Return the identities that a person may mean who looks for these words."""
    bare = words.strip()
    own = Identity(kind=IdentityKind.EXTERNAL, value=bare)
    handle = Identity(kind=IdentityKind.HANDLE, value=bare.lower())
    return (own, handle, *identities_of("", bare, ""))


def phone_number(text: str) -> str:
    """Return a telephone number without its spaces and signs, +15550142; empty when it is none, or a hidden one."""
    if not _PHONE.fullmatch(text):
        return ""
    digits = re.sub(r"[^0-9]", "", text)
    if len(digits) < _LEAST_DIGITS:
        return ""
    number = f"+{digits}" if text.startswith("+") else f"+{digits[2:]}" if digits.startswith("00") else digits
    return "" if number in _HIDDEN_NUMBERS else number


def platform_identities(account: str, ids: Sequence[str]) -> tuple[Identity, ...]:
    """Return by what a platform's customer is recognised; its own ids count within one account only."""
    found: list[Identity] = []
    for one in ids:
        bare = one.strip()
        if bare.startswith("phone:"):
            number = phone_number(bare.removeprefix("phone:"))
            if number:
                found.append(Identity(kind=IdentityKind.PHONE, value=number))
        elif bare.startswith("email:"):
            address = bare.removeprefix("email:").lower()
            if _EMAIL.fullmatch(address):
                found.append(Identity(kind=IdentityKind.EMAIL, value=address))
        elif bare:
            found.append(Identity(kind=IdentityKind.HANDLE, value=f"{account}:{bare}"))
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class SamePerson:
    """Whose ids were named together.

    Attributes:
        contact: Who it is; None for somebody new.
        others: Contacts that are the same person after all.
        passed_on: Numbers and addresses that somebody else had before.
    """

    contact: ContactId | None
    others: tuple[ContactId, ...] = ()
    passed_on: tuple[Identity, ...] = ()


def same_person(
    identities: Sequence[Identity],
    owners: Mapping[Identity, ContactId | None],
    known: Mapping[ContactId, Sequence[Identity]],
) -> SamePerson:
    """Decide who somebody is whom a platform names by several ids at once.

    The platform's own ids last; a number or an address can pass on to another person. It has where its owner is known
    on the same account by other ids than those named now.
    """
    named = set(identities)
    lasting = [one for one in identities if one.kind is IdentityKind.HANDLE]
    accounts = {one.value.partition(":")[0] for one in lasting}
    found: list[ContactId] = []
    passed_on: list[Identity] = []
    for one in sorted(identities, key=lambda identity: identity.kind is not IdentityKind.HANDLE):
        owner = owners.get(one)
        if owner is None or owner in found:
            continue
        theirs = [other for other in known.get(owner, ()) if _is_of(other, accounts)]
        if one.kind is not IdentityKind.HANDLE and theirs and not named.intersection(theirs):
            passed_on.append(one)
        else:
            found.append(owner)
    return SamePerson(found[0] if found else None, tuple(found[1:]), tuple(passed_on))


def _is_of(identity: Identity, accounts: set[str]) -> bool:
    return identity.kind is IdentityKind.HANDLE and identity.value.partition(":")[0] in accounts
