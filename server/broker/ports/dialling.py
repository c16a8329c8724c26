"""Say whom an organisation lets its people call: the guard against calls that cost a fortune.

Adapter: `server.telephony.dial_guard.ListedNumbers`. It knows numbers and names, and nothing of who calls.
"""

from typing import Final, Protocol

import msgspec

from server.core.errors import NotAllowedError


class Callee(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may be called.

    Attributes:
        to: What people call them: their name in the phonebook, or the address itself.
        address: What is dialled: +4930123456, or sip:billing@pbx.example.com.
        warm_only: The operator must speak with them before the caller does.
    """

    to: str
    address: str
    warm_only: bool = False


class DialGuard(Protocol):
    """Who may be called, and how often."""

    @property
    def most_a_day(self) -> int:
        """Calls that all operators of an organisation together may have placed in 24 hours."""
        ...

    @property
    def most_a_day_each(self) -> int:
        """Calls that one operator may have placed in 24 hours."""
        ...

    def callee(self, words: str) -> Callee:
        """Return whom a name of the phonebook, a number, a SIP address or an extension means.

        Raises:
            CallerError: `bad_destination`: none of these.
            NotAllowedError: `destination_not_allowed`, with the rule in its words and in `details`.
        """
        ...

    def named(self) -> tuple[Callee, ...]:
        """Return the phonebook, in the order of the configuration."""
        ...


class Nowhere:
    """A guard that lets nobody be called."""

    most_a_day = 0
    most_a_day_each = 0

    def callee(self, words: str) -> Callee:
        """Refuse it."""
        raise NotAllowedError(
            "destination_not_allowed",
            f"{words} may not be called: nobody may.",
            "An administrator sets [transfers] and [phonebook.NAME].",
            {"rule": "nobody"},
        )

    def named(self) -> tuple[Callee, ...]:
        """Return an empty phonebook."""
        return ()


NOWHERE: Final = Nowhere()
"""What holds where nothing is configured."""
