"""Keep tickets in ServiceNow: rows of a table, `incident` by default, through the Table API (read 2026-11).

Our key is the row's `correlation_id`, which is asked for before a row is created. ServiceNow leaves out without a word
what a table does not have, so nothing is read back but the number and the row's id.
"""

from typing import Final

import httpx
import msgspec
from typing_extensions import override

from server.broker.ports.tickets import Move, TicketDraft, TicketGoneError, TicketRef, TicketSystem, TicketUpdate
from server.secret_files import SecretText
from server.tickets.http import TicketHttp, authorization, cut

LONGEST_TITLE: Final = 160
LONGEST_DESCRIPTION: Final = 4_000
LONGEST_NOTES: Final = 4_000
IN_PROGRESS, RESOLVED, CLOSED, CANCELLED = "2", "6", "7", "8"
"""States of an incident as they ship."""
_URGENT, _USUAL = 2, 6
_FIELDS: Final = {"sysparm_fields": "sys_id,number,state"}


class _Row(msgspec.Struct, frozen=True):
    sys_id: str = ""
    number: str = ""
    state: str = ""


class _One(msgspec.Struct, frozen=True):
    result: _Row


class _Many(msgspec.Struct, frozen=True):
    result: list[_Row]


class ServiceNow(TicketSystem):
    """One table of a ServiceNow instance."""

    def __init__(
        self,
        api_base: str,
        user: str,
        secret: SecretText,
        *,
        table: str = "incident",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Write to the instance at `api_base`, https://NAME.service-now.com.

        Args:
            api_base: Without a slash at its end.
            user: A user with the right to write the table; empty: `secret` is an OAuth token.
            secret: The password.
            table: Its name.
            transport: For tests.
        """
        self._http: Final = TicketHttp(api_base, authorization(user, secret), transport=transport)
        self._table: Final = table
        self._path: Final = f"/api/now/table/{table}"

    @override
    async def find(self, key: str) -> TicketRef | None:
        query = {"sysparm_query": f"correlation_id={key}^ORDERBYsys_created_on", "sysparm_limit": "1", **_FIELDS}
        found = await self._http.call("GET", self._path, _Many, params=query)
        return self._ref(found.result[0]) if found.result else None

    @override
    async def create(self, draft: TicketDraft) -> TicketRef:
        level = "1" if draft.priority <= _URGENT else "2" if draft.priority <= _USUAL else "3"
        row = {
            "short_description": cut(draft.title, LONGEST_TITLE),
            "description": cut(draft.text, LONGEST_DESCRIPTION),
            "correlation_id": draft.key,
            "correlation_display": "Operator Console",
            "urgency": level,
            "contact_type": "chat",
        }
        if len(draft.text) > LONGEST_DESCRIPTION:
            row["work_notes"] = draft.text
        if draft.solved:
            row |= _solved(draft.text)
        made = await self._http.call("POST", self._path, _One, json=row, params=_FIELDS)
        return self._ref(made.result)

    @override
    async def add(self, ticket: TicketRef, update: TicketUpdate) -> None:
        path = f"{self._path}/{ticket.id}"
        now = (await self._http.call("GET", path, _One, params=_FIELDS, missing=_One(_Row()))).result
        if not now.sys_id:
            raise TicketGoneError(f"{ticket.reference} is not in ServiceNow any more.")
        if now.state in {CLOSED, CANCELLED}:
            raise TicketGoneError(f"{ticket.reference} is closed for good in ServiceNow.", follows=ticket.id)
        change = {"work_notes": update.text}
        if update.move is Move.SOLVE:
            change |= _solved(update.text)
        elif update.move is Move.REOPEN and now.state == RESOLVED:
            change["state"] = IN_PROGRESS
        await self._http.call("PATCH", path, _One, json=change, params=_FIELDS)

    @override
    async def close(self) -> None:
        await self._http.close()

    def _ref(self, row: _Row) -> TicketRef:
        address = f"{self._http.api_base}/{self._table}.do?sys_id={row.sys_id}"
        return TicketRef(id=row.sys_id, reference=row.number or row.sys_id, url=address)


def _solved(text: str) -> dict[str, str]:
    """Return what an incident must have to be resolved; the code is one of those that ship."""
    return {"state": RESOLVED, "close_code": "Solution provided", "close_notes": cut(text, LONGEST_NOTES)}
