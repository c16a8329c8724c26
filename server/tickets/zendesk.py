"""Keep tickets in Zendesk Support (developer.zendesk.com/api-reference/ticketing/tickets/tickets, read 2026-11).

What is written is internal: no comment of ours is sent to the customer. A ticket carries our key as its `external_id`,
and its creation an `Idempotency-Key`, so that an answer that got lost makes no second one.
"""

from typing import Final

import httpx
import msgspec
from typing_extensions import override

from server.broker.ports.tickets import (
    Move,
    TicketDraft,
    TicketGoneError,
    TicketRef,
    TicketSystem,
    TicketUpdate,
)
from server.secret_files import SecretText
from server.tickets.http import TicketHttp, authorization, cut

LONGEST_TITLE: Final = 150
LONGEST_TEXT: Final = 60_000
"""A comment takes 64 kB (documentation)."""
_GONE: Final = 0
_URGENT, _HIGH, _NORMAL = 1, 3, 6
"""Up to which of our priorities a ticket is urgent, high, normal."""


class _Ticket(msgspec.Struct, frozen=True):
    id: int = _GONE
    status: str = ""


class _One(msgspec.Struct, frozen=True):
    ticket: _Ticket


class _Many(msgspec.Struct, frozen=True):
    tickets: list[_Ticket]


class Zendesk(TicketSystem):
    """One Zendesk account."""

    def __init__(
        self,
        api_base: str,
        user: str,
        secret: SecretText,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Write to the account at `api_base`, https://NAME.zendesk.com.

        Args:
            api_base: Without a slash at its end.
            user: The address of one of their users; `/token` is added to it, as API tokens need. Empty: `secret` is an
                OAuth token.
            secret: The token.
            transport: For tests.
        """
        self._http: Final = TicketHttp(
            api_base, authorization(f"{user}/token" if user else "", secret), transport=transport
        )

    @override
    async def find(self, key: str) -> TicketRef | None:
        found = await self._http.call("GET", "/api/v2/tickets", _Many, params={"external_id": key})
        return self._ref(found.tickets[0]) if found.tickets else None

    @override
    async def create(self, draft: TicketDraft) -> TicketRef:
        ticket: dict[str, object] = {
            "subject": cut(draft.title, LONGEST_TITLE),
            "comment": {"body": cut(draft.text, LONGEST_TEXT), "public": False},
            "external_id": draft.key,
            "priority": _priority(draft.priority),
            "tags": ["operator_console"],
        }
        if draft.customer_email:
            name = draft.customer_name or draft.customer_email
            ticket["requester"] = {"name": name, "email": draft.customer_email}
        if draft.follows:
            ticket["via_followup_source_id"] = int(draft.follows)
        if draft.solved:
            ticket["status"] = "solved"
        made = await self._http.call(
            "POST", "/api/v2/tickets", _One, json={"ticket": ticket}, headers={"Idempotency-Key": draft.key}
        )
        return self._ref(made.ticket)

    @override
    async def add(self, ticket: TicketRef, update: TicketUpdate) -> None:
        path = f"/api/v2/tickets/{ticket.id}"
        now = (await self._http.call("GET", path, _One, missing=_One(_Ticket()))).ticket
        if now.id == _GONE or now.status == "deleted":
            raise TicketGoneError(f"Ticket {ticket.reference} is not in Zendesk any more.")
        if now.status == "closed":
            raise TicketGoneError(f"Ticket {ticket.reference} is closed for good in Zendesk.", follows=ticket.id)
        change: dict[str, object] = {"comment": {"body": cut(update.text, LONGEST_TEXT), "public": False}}
        if update.move is Move.SOLVE:
            change["status"] = "solved"
        elif update.move is Move.REOPEN and now.status in {"solved", "pending", "hold"}:
            change["status"] = "open"
        await self._http.call("PUT", path, _One, json={"ticket": change})

    @override
    async def close(self) -> None:
        await self._http.close()

    def _ref(self, ticket: _Ticket) -> TicketRef:
        number = str(ticket.id)
        return TicketRef(id=number, reference=f"#{number}", url=f"{self._http.api_base}/agent/tickets/{number}")


def _priority(priority: int) -> str:
    if priority <= _URGENT:
        return "urgent"
    if priority <= _HIGH:
        return "high"
    return "normal" if priority <= _NORMAL else "low"
