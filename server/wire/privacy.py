"""Show what is kept of a person, and what was erased of them."""

from datetime import datetime

from server.wire.history import ContactView
from server.wire.terms import ContactId
from server.wire.view import View
from server.wire.views import ConversationView, FileView, MessageView, RevisionView, SessionView


class VisitorView(View, frozen=True, kw_only=True):
    """A browser that wrote or called: what its page said of who it is."""

    user_id: str
    name: str
    email: str
    language: str
    created_at: datetime
    seen_at: datetime


class ConversationExport(View, frozen=True, kw_only=True):
    """One conversation, whole.

    Attributes:
        messages: Every turn and internal note, in order.
        former: What turns said before they were changed or taken back, oldest first.
        sessions: Every handoff of it, with its context package, notes, follow-ups and tickets.
        files: Files that are kept; their bytes are fetched by id.
        recorded: Sessions whose call was recorded; the sound is fetched by session.
    """

    conversation: ConversationView
    messages: tuple[MessageView, ...] = ()
    former: tuple[RevisionView, ...] = ()
    sessions: tuple[SessionView, ...] = ()
    files: tuple[FileView, ...] = ()
    recorded: tuple[str, ...] = ()


class ContactExport(View, frozen=True, kw_only=True):
    """All that is kept of a contact, for the person themselves."""

    at: datetime
    contact: ContactView
    conversations: tuple[ConversationExport, ...] = ()
    visitors: tuple[VisitorView, ...] = ()


class Erased(View, frozen=True, kw_only=True):
    """How much was erased, by kind.

    Turns and handoffs stay as empty rows, so that numbers and figures of the desk stay true; all else is gone.

    Attributes:
        former: Former texts of turns.
        channel: Rows of what platforms brought and were sent.
        answers: Remembered answers to idempotency keys.
    """

    conversations: int = 0
    messages: int = 0
    former: int = 0
    sessions: int = 0
    files: int = 0
    recordings: int = 0
    visitors: int = 0
    channel: int = 0
    answers: int = 0


class Trace(View, frozen=True, kw_only=True):
    """Where something that belonged to the person still stands: a table with so many rows, or the database's file."""

    place: str
    rows: int


class Erasure(View, frozen=True, kw_only=True):
    """The proof of an erasure.

    Attributes:
        looked_for: How many of the person's numbers, addresses, handles and ids were looked for afterwards.
        looked_in: Where: every table by its name, and the database's own file.
        left: Where any of them still stands, in what belongs to somebody else.
    """

    contact_id: ContactId
    at: datetime
    erased: Erased
    looked_for: int
    looked_in: tuple[str, ...]
    left: tuple[Trace, ...] = ()
