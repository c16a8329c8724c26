"""Say what the broker needs of a system that keeps tickets: Zendesk, Jira, ServiceNow, one behind a webhook."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from server.core.aftermath import TicketPhase
from server.core.errors import ProviderError
from server.wire.terms import SessionId


class TicketRef(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as its system knows it.

    Attributes:
        id: What the system's interface calls it; never changes.
        reference: What people call it: OPS-17, INC0010023, 35436.
        url: Where people see it; may be empty.
    """

    id: str
    reference: str
    url: str = ""


class TicketDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that is to be.

    Attributes:
        key: Ours, the same at each attempt; letters, digits, `_` and `-`.
        title: One line.
        text: Plain text in lines, the most important first; an adapter cuts its end to what the system takes.
        customer_name: May be empty.
        customer_email: May be empty.
        priority: 0 is the most urgent, 9 the least, 5 is usual.
        follows: The id of a ticket that this one follows on, because nothing more can be written there; may be empty.
        solved: There is nothing left to do.
    """

    key: str
    title: str
    text: str
    customer_name: str = ""
    customer_email: str = ""
    priority: int = 5
    follows: str = ""
    solved: bool = False


class Move(StrEnum):
    """What an update does to the state of a ticket."""

    NONE = "none"
    REOPEN = "reopen"
    SOLVE = "solve"


class TicketUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What is added to a ticket; `key` is the same at each attempt."""

    key: str
    text: str
    move: Move = Move.NONE


class TicketError(ProviderError):
    """A ticket system did not do what it was asked; `retry_after_seconds` is what it says of when to ask again."""

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        retryable: bool = True,
        retry_after_seconds: float | None = None,
    ) -> None:
        """Keep the parts."""
        super().__init__(code, message, hint, retryable=retryable)
        self.retry_after_seconds = retry_after_seconds


class TicketGoneError(TicketError):
    """The ticket cannot be written to any more: deleted, or closed for good (then `follows` is its id)."""

    def __init__(self, message: str, *, follows: str = "") -> None:
        """Keep the sentence and the id that a new ticket may name as the one before it."""
        super().__init__("ticket_gone", message, retryable=False)
        self.follows = follows


class TicketSystem(Protocol):
    """One system that keeps tickets; every call may be made again."""

    async def find(self, key: str) -> TicketRef | None:
        """Return the ticket that was created with this key; None when there is none, or the system cannot say.

        Raises:
            TicketError: it did not answer as it should.
        """
        ...

    async def create(self, draft: TicketDraft) -> TicketRef:
        """Create a ticket.

        Raises:
            TicketError: it was not created, or nobody knows.
        """
        ...

    async def add(self, ticket: TicketRef, update: TicketUpdate) -> None:
        """Write an update into a ticket, for its own people and not for the customer.

        Raises:
            TicketGoneError: it cannot be written to any more.
            TicketError: it was not written, or nobody knows.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class TicketJob(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a `ticket` job in the outbox."""

    session_id: SessionId
    system: str
    phase: TicketPhase
    at: datetime


class TicketDesk(msgspec.Struct, frozen=True, kw_only=True):
    """One configured system with what the broker does with it.

    Attributes:
        system: Where tickets go.
        reopen_days: A contact who comes again within so many days gets the same ticket; 0: never.
        solve: A ticket is solved when its handoff is resolved and nothing is left to do.
        link: The address of a handoff for people, with `{number}` or `{session_id}` to fill in; may be empty.
    """

    system: TicketSystem
    reopen_days: int = 14
    solve: bool = False
    link: str = ""


TicketDesks = Mapping[str, TicketDesk]
"""Every ticket system by its name in the configuration."""
