"""Keep tickets in Jira Cloud: issues with their words in the Atlassian Document Format (REST API v3, read 2026-11).

Jira takes no key for a creation: ours is a label, and is searched for before an issue is created. The search hears of
a new issue some seconds late, so an answer that got lost makes a second issue only when it is asked for sooner.
"""

from typing import Final

import httpx
import msgspec
from typing_extensions import override

from server.broker.ports.tickets import Move, TicketDraft, TicketGoneError, TicketRef, TicketSystem, TicketUpdate
from server.secret_files import SecretText
from server.tickets.http import TicketHttp, authorization, cut

LONGEST_TITLE: Final = 250
LONGEST_TEXT: Final = 30_000
"""A description takes 32,767 characters, its marks included."""
LABEL: Final = "operator-console"
DONE: Final = "done"
"""The key of the category of statuses in which an issue is finished."""

_Json = dict[str, object]


class _Category(msgspec.Struct, frozen=True):
    key: str = ""


class _Status(msgspec.Struct, frozen=True):
    status_category: _Category = msgspec.field(default=_Category(), name="statusCategory")


class _Fields(msgspec.Struct, frozen=True):
    status: _Status = _Status()


class _Issue(msgspec.Struct, frozen=True):
    id: str
    key: str
    fields: _Fields = _Fields()


_NO_ISSUE: Final = _Issue("", "")


class _Issues(msgspec.Struct, frozen=True):
    issues: list[_Issue]


class _Transition(msgspec.Struct, frozen=True):
    id: str
    to: _Status = _Status()


class _Transitions(msgspec.Struct, frozen=True):
    transitions: list[_Transition]


class _Comment(msgspec.Struct, frozen=True):
    id: str


class _Nothing(msgspec.Struct, frozen=True):
    pass


class Jira(TicketSystem):
    """One project of a Jira Cloud site."""

    def __init__(
        self,
        api_base: str,
        user: str,
        secret: SecretText,
        *,
        project: str,
        issue_type: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Write to the site at `api_base`, https://NAME.atlassian.net.

        Args:
            api_base: Without a slash at its end.
            user: The account's address; empty: `secret` is an OAuth token.
            secret: The API token.
            project: The project's key.
            issue_type: The name of the type of its issues.
            transport: For tests.
        """
        self._http: Final = TicketHttp(api_base, authorization(user, secret), transport=transport)
        self._project: Final = project
        self._issue_type: Final = issue_type

    @override
    async def find(self, key: str) -> TicketRef | None:
        query = {"jql": f'labels = "{key}" ORDER BY created ASC', "fields": "summary", "maxResults": "1"}
        found = await self._http.call("GET", "/rest/api/3/search/jql", _Issues, params=query)
        return self._ref(found.issues[0]) if found.issues else None

    @override
    async def create(self, draft: TicketDraft) -> TicketRef:
        fields: _Json = {
            "project": {"key": self._project},
            "issuetype": {"name": self._issue_type},
            "summary": cut(draft.title, LONGEST_TITLE),
            "description": document(cut(draft.text, LONGEST_TEXT)),
            "labels": [LABEL, draft.key],
        }
        made = await self._http.call("POST", "/rest/api/3/issue", _Issue, json={"fields": fields})
        if draft.solved:
            await self._move(made.id, Move.SOLVE, done=False)
        return self._ref(made)

    @override
    async def add(self, ticket: TicketRef, update: TicketUpdate) -> None:
        path = f"/rest/api/3/issue/{ticket.id}"
        now = await self._http.call("GET", path, _Issue, params={"fields": "status"}, missing=_NO_ISSUE)
        if not now.id:
            raise TicketGoneError(f"Issue {ticket.reference} is not in Jira any more.")
        body = {"body": document(cut(update.text, LONGEST_TEXT))}
        await self._http.call("POST", f"{path}/comment", _Comment, json=body)
        await self._move(ticket.id, update.move, done=now.fields.status.status_category.key == DONE)

    @override
    async def close(self) -> None:
        await self._http.close()

    async def _move(self, issue_id: str, move: Move, *, done: bool) -> None:
        """Take the first way that the project's workflow offers to where the issue should be; none is no error."""
        if move is Move.NONE or (move is Move.SOLVE) is done:
            return
        path = f"/rest/api/3/issue/{issue_id}/transitions"
        offered = await self._http.call("GET", path, _Transitions)
        way = next(
            (one.id for one in offered.transitions if (one.to.status_category.key == DONE) is (move is Move.SOLVE)),
            None,
        )
        if way is not None:
            await self._http.call("POST", path, _Nothing, json={"transition": {"id": way}})

    def _ref(self, issue: _Issue) -> TicketRef:
        return TicketRef(id=issue.id, reference=issue.key, url=f"{self._http.api_base}/browse/{issue.key}")


def document(text: str) -> _Json:
    """Return plain text as an Atlassian document: a paragraph for each block, a hard break for each line in it.

    A text node is never empty: Jira refuses those.
    """
    blocks = [block for block in text.split("\n\n") if block.strip()]
    return {"type": "doc", "version": 1, "content": [_paragraph(block) for block in blocks] or [_paragraph("-")]}


def _paragraph(block: str) -> _Json:
    content: list[_Json] = []
    for line in block.splitlines():
        if content:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}
