"""Be a ticket system in memory, for measurements and tests: it keeps what it got, and fails when told to."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from typing_extensions import override

from server.broker.ports.tickets import (
    Move,
    TicketDraft,
    TicketError,
    TicketGoneError,
    TicketRef,
    TicketSystem,
    TicketUpdate,
)


@dataclass
class KeptTicket:
    """One ticket and what was written into it."""

    draft: TicketDraft
    updates: list[TicketUpdate] = field(default_factory=list[TicketUpdate])
    open: bool = True


class MemoryTickets(TicketSystem):
    """Every ticket by its id; `faults` are raised one at a call, `lost` creations succeed and are answered by one."""

    def __init__(self) -> None:
        """Begin without tickets."""
        self.tickets: Final[dict[str, KeptTicket]] = {}
        self.faults: Final[deque[TicketError]] = deque()
        self.lost: Final[deque[TicketError]] = deque()
        self._made = 0

    @override
    async def find(self, key: str) -> TicketRef | None:
        self._fail()
        return next((self._ref(name) for name, one in self.tickets.items() if one.draft.key == key), None)

    @override
    async def create(self, draft: TicketDraft) -> TicketRef:
        self._fail()
        self._made += 1
        name = str(self._made)
        self.tickets[name] = KeptTicket(draft, open=not draft.solved)
        if self.lost:
            raise self.lost.popleft()
        return self._ref(name)

    @override
    async def add(self, ticket: TicketRef, update: TicketUpdate) -> None:
        self._fail()
        kept = self.tickets.get(ticket.id)
        if kept is None:
            raise TicketGoneError(f"Ticket {ticket.reference} is not there any more.")
        kept.updates.append(update)
        if update.move is not Move.NONE:
            kept.open = update.move is Move.REOPEN

    @override
    async def close(self) -> None:
        """Nothing is kept open."""

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.popleft()

    @staticmethod
    def _ref(name: str) -> TicketRef:
        return TicketRef(id=name, reference=f"T-{name}", url=f"https://tickets.example/{name}")
