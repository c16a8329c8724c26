"""Decide whom operators may have called: the phonebook, listed prefixes and addresses, ordinary numbers of countries.

What a number is (its country, whether it costs extra) is from the `phonenumbers` library, which has the numbering plans
of https://www.itu.int/oth/T0202.aspx in it. Everything that no rule lets through is refused, and the refusal names the
rule. Before: an operator or a policy wants somebody called. After: an address that a carrier may dial.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType as Kind

from server.broker.ports.dialling import Callee
from server.core.contacts import phone_number
from server.core.errors import CallerError, NotAllowedError

_SIP: Final = re.compile(r"sips?:[A-Za-z0-9_.!~*'()&=+$,;?/%-]{1,64}@[A-Za-z0-9.-]{1,120}(:[0-9]{1,5})?")
_EXTENSION: Final = re.compile(r"[0-9*#]{1,8}")
_COSTLY: Final = frozenset({Kind.PREMIUM_RATE, Kind.SHARED_COST, Kind.UAN, Kind.PERSONAL_NUMBER, Kind.PAGER})
"""Kinds of number whose owner may earn from a call, or whose price nobody knows beforehand."""
_LEAST_DIGITS: Final = 6
_HINT: Final = "Ask an administrator: docs/transfers.md has the rules."


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRules:
    """What is configured of whom operators may call.

    Attributes:
        allowed: Prefixes of numbers (+4930) and of SIP addresses; `*` stands for anything in an address.
        countries: Whose ordinary numbers may be called, as ISO 3166 letters: DE, US.
        costly: Numbers that cost extra may be called too.
        extension_host: Extensions are `sip:<digits>@` this host; empty: there are none.
    """

    allowed: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    costly: bool = False
    extension_host: str = ""
    most_a_day: int = 500
    most_a_day_each: int = 100


class ListedNumbers:
    """A `DialGuard` from the configuration."""

    def __init__(self, rules: DialRules, phonebook: Sequence[tuple[str, Callee]] = ()) -> None:
        """Let through what `rules` say, and everybody of the phonebook: pairs of a section's name and who it is."""
        self._rules: Final = rules
        self._phonebook: Final = tuple(phonebook)
        self.most_a_day: Final = rules.most_a_day
        self.most_a_day_each: Final = rules.most_a_day_each

    def named(self) -> tuple[Callee, ...]:
        """Return the phonebook, in the order of the configuration."""
        return tuple(callee for _, callee in self._phonebook)

    def callee(self, words: str) -> Callee:
        """Return whom these words mean, if they may be called.

        Raises:
            CallerError: `bad_destination`.
            NotAllowedError: `destination_not_allowed`.
        """
        bare = words.strip()
        for name, callee in self._phonebook:
            if bare.casefold() in {name.casefold(), callee.to.casefold()}:
                return callee
        address = self._address(bare)
        if any(one.address == address for one in self.named()):
            return next(one for one in self.named() if one.address == address)
        self._check_number(address) if address.startswith("+") else self._check_sip(address)
        return Callee(to=bare, address=address)

    def _address(self, bare: str) -> str:
        """Return what is dialled for these words."""
        if _SIP.fullmatch(bare):
            return bare
        if self._rules.extension_host and _EXTENSION.fullmatch(bare):
            return f"sip:{bare}@{self._rules.extension_host}"
        number = phone_number(bare)
        if number.startswith("+"):
            return number
        raise CallerError(
            "bad_destination",
            f"{bare or 'Nothing'} is nobody of the phonebook, and no number that can be dialled.",
            "Write a number with its country, +4930123456, a name of the phonebook, or sip:somebody@host.",
        )

    def _check_sip(self, address: str) -> None:
        own = f"@{self._rules.extension_host}"
        if self._rules.extension_host and address.endswith(own):
            return
        if not any(_matches(address, pattern) for pattern in self._rules.allowed if pattern.startswith("sip")):
            raise _refused(address, "[transfers] allowed has no such SIP address", "allowed")

    def _check_number(self, number: str) -> None:
        try:
            parsed = phonenumbers.parse(number)
        except phonenumbers.NumberParseException as error:
            raise _refused(number, "no country has such numbers", "unknown_country") from error
        if not self._rules.costly and _is_costly(number, parsed):
            raise _refused(number, "such numbers cost extra, and [transfers] premium is false", "premium")
        if any(number.startswith(prefix) for prefix in self._rules.allowed if prefix.startswith("+")):
            return
        country = phonenumbers.region_code_for_number(parsed)
        if country is None or not phonenumbers.is_valid_number(parsed):
            raise _refused(number, "no country has such a number", "unknown_country")
        if country not in self._rules.countries:
            raise _refused(number, f"numbers of {country} are not in [transfers] countries or allowed", "countries")


def country_of(number: str) -> str:
    """Return the country of a number, as ISO 3166 letters; empty when it has none."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""


def _is_costly(number: str, parsed: phonenumbers.PhoneNumber) -> bool:
    """Tell whether a number costs extra; digits put behind one that does make it no cheaper, only unknown."""
    if phonenumbers.is_valid_number(parsed):
        return phonenumbers.number_type(parsed) in _COSTLY
    shorter = (phonenumbers.parse(number[:length]) for length in range(_LEAST_DIGITS + 1, len(number)))
    return any(phonenumbers.number_type(one) in _COSTLY for one in shorter)


def _matches(address: str, pattern: str) -> bool:
    whole = "[^@]*".join(map(re.escape, pattern.split("*")))
    return re.fullmatch(whole, address, re.IGNORECASE) is not None


def _refused(address: str, why: str, rule: str) -> NotAllowedError:
    return NotAllowedError("destination_not_allowed", f"{address} may not be called: {why}.", _HINT, {"rule": rule})
