"""Keep who visits the web pages that carry the widget.

Part of the store (`server.broker.ports.store`). A visitor is a browser that wrote or called once; their token is the
only proof of it, and lies here as its hash.
"""

from datetime import datetime
from typing import Protocol

import msgspec

from server.wire.terms import ConversationId, OrganisationId


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """One row of visitors.

    Attributes:
        key_id: The assistant's key that owns the visitor's conversations.
        sha256: Of the token.
        user_id: What the site calls them, from a signed identity; empty for a stranger.
        name: As they are shown; signed where `user_id` is.
        email: From a signed identity alone.
        language: Of the widget (BCP 47).
        conversation_id: Their newest chat; empty before the first word.
        call_id: Their newest call; empty before the first one.
        seen_at: When they came last.
    """

    id: str
    organisation_id: OrganisationId
    key_id: str
    sha256: str
    created_at: datetime
    seen_at: datetime
    user_id: str = ""
    name: str = ""
    email: str = ""
    language: str = ""
    conversation_id: ConversationId = ConversationId("")
    call_id: ConversationId = ConversationId("")


class Visitors(Protocol):
    """Visitors of web pages."""

    def insert(self, visitor: Visitor) -> None:
        """Add a visitor."""
        ...

    def save(self, visitor: Visitor) -> None:
        """Write a visitor over themselves."""
        ...

    def by_token(self, sha256: str) -> Visitor | None:
        """Return whose token it is, locked until the transaction ends; None when nobody's."""
        ...

    def forget_before(self, before: datetime, limit: int) -> int:
        """Drop visitors who were not seen since `before`, at most `limit`; return how many. Their talk stays."""
        ...
