"""Show what is kept after a conversation: contacts, what is still to be done, and what a search found."""

from datetime import datetime

from server.wire.terms import Author, ContactId, ConversationId, IdentityKind, Medium, MessageId, SessionId
from server.wire.view import View
from server.wire.views import ConversationView, Customer, MessageView, SessionView


class QueueView(View, frozen=True, kw_only=True):
    """One configured queue: what a session of it may be said to have been about."""

    name: str
    dispositions: tuple[str, ...] = ()
    disposition_required: bool = False


class Identity(View, frozen=True, kw_only=True):
    """One way in which a contact is known; `value` in its plain form, for example +15550142."""

    kind: IdentityKind
    value: str


class ContactView(View, frozen=True, kw_only=True):
    """One person or firm that talks with us, however they come."""

    id: ContactId
    name: str
    created_at: datetime
    identities: tuple[Identity, ...] = ()


class ContactPage(View, frozen=True, kw_only=True):
    """All that is known of a contact; lists are newest first and hold `MOST_SHOWN` entries at most.

    Attributes:
        conversations: All talk, with the assistant and with people; their turns are read one by one.
        sessions: All handoffs, with notes, follow-ups and tickets.
        notes: Internal notes of all conversations.
    """

    contact: ContactView
    conversations: tuple[ConversationView, ...] = ()
    sessions: tuple[SessionView, ...] = ()
    notes: tuple[MessageView, ...] = ()


MOST_SHOWN = 200
"""How many conversations, sessions or notes a contact's page holds."""


class Found(View, frozen=True, kw_only=True):
    """One turn that a search found.

    Attributes:
        position: The turn's place in its conversation.
        snippet: The piece of the turn around the first word found, on one line.
        marks: Where words that were asked for stand in the snippet: (start, end), in characters.
        number: Of the handoff that the turn belongs to; empty for talk with the assistant.
    """

    message_id: MessageId
    conversation_id: ConversationId
    position: int
    author: Author
    at: datetime
    medium: Medium
    customer: Customer
    snippet: str
    marks: tuple[tuple[int, int], ...] = ()
    author_name: str = ""
    session_id: SessionId | None = None
    number: str = ""
    contact_id: ContactId | None = None


class SearchPage(View, frozen=True, kw_only=True):
    """One page of what a search found; pass `next_after` back to read on."""

    found: tuple[Found, ...] = ()
    next_after: str = ""
