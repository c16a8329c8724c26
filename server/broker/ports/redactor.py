"""Take out of what people say that which must not be kept: cards, codes, bank and identity numbers.

Adapter: `server.understanding.redactor.PolicyRedactor`, by the policy of each organisation.
"""

from collections.abc import Sequence
from typing import Protocol

from server.wire.terms import OrganisationId


class Redactor(Protocol):
    """The organisation's black pen."""

    def redact(self, organisation_id: OrganisationId, text: str, earlier: Sequence[tuple[bool, str]] = ()) -> str:
        """Return the text with a mark where each secret stood; doing it twice changes nothing.

        Args:
            organisation_id: Whose policy holds.
            text: Already cleaned.
            earlier: The turns before, oldest first, each with whether the customer said it.
        """
        ...

    def looks_back(self, text: str) -> bool:
        """Tell whether the turns before could matter: the text holds digits, written or spoken."""
        ...
