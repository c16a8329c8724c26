"""Be Zendesk, Jira, ServiceNow and a webhook's receiver, as far as tickets go: over httpx's mock transport.

Each keeps what it was sent, checks the way in, and has faults to give: an answer instead, or one that gets lost.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

USER, SECRET = "desk@example.com", "wordless"
Answers = Callable[[], httpx.Response]


def login_page() -> httpx.Response:
    return httpx.Response(200, html="<html><body>Sign in</body></html>")


def slower() -> httpx.Response:
    return httpx.Response(429, headers={"retry-after": "77"}, json={"error": "slower"})


@dataclass
class Row:
    """One ticket there."""

    id: str
    reference: str
    key: str
    title: str
    text: str
    notes: list[str] = field(default_factory=list)
    state: str = "open"
    after: str = ""


class FakeDesk:
    """What the four have in common: rows, faults, and the requests they got."""

    prefix = "T-"

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.requests: list[httpx.Request] = []
        self.instead: deque[Answers] = deque()
        self.lose: int = 0
        """So many answers to creations get lost after the work was done."""
        self.hangs: bool = False
        self.transport = httpx.MockTransport(self._handle)
        self._next = 100

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        if self.hangs:
            await asyncio.Event().wait()
        if self.instead:
            return self.instead.popleft()()
        return self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        raise NotImplementedError

    def new(self, key: str, title: str, text: str) -> Row:
        self._next += 1
        row = Row(str(self._next), f"{self.prefix}{self._next}", key, title, text)
        self.rows[row.id] = row
        if self.lose:
            self.lose -= 1
            raise httpx.ReadError("the line broke after the work was done")
        return row

    def delete(self, ticket_id: str) -> None:
        del self.rows[ticket_id]

    def end(self, ticket_id: str) -> None:
        """Finish a ticket so that it can be opened again."""
        self.rows[ticket_id].state = "done"


def _body(request: httpx.Request) -> Any:
    return json.loads(request.content)


def _basic(request: httpx.Request, user: str) -> bool:
    if request.headers["authorization"] == f"Bearer {SECRET}":
        return True
    return request.headers["authorization"] == httpx.BasicAuth(user, SECRET)._auth_header


class FakeZendesk(FakeDesk):
    prefix = "#"

    def __init__(self) -> None:
        super().__init__()
        self._by_idempotency: dict[str, str] = {}

    def answer(self, request: httpx.Request) -> httpx.Response:
        if not _basic(request, f"{USER}/token"):
            return httpx.Response(401, json={"error": "Couldn't authenticate you"})
        path = request.url.path
        if path == "/api/v2/tickets" and request.method == "GET":
            key = request.url.params["external_id"]
            return httpx.Response(200, json={"tickets": [_zd(row) for row in self.rows.values() if row.key == key]})
        if path == "/api/v2/tickets":
            return self._create(request)
        row = self.rows.get(path.removeprefix("/api/v2/tickets/"))
        if row is None:
            return httpx.Response(404, json={"error": "RecordNotFound"})
        if request.method == "PUT":
            if row.state == "closed":
                return httpx.Response(422, json={"error": "RecordInvalid"})
            ticket = _body(request)["ticket"]
            assert ticket["comment"]["public"] is False
            row.notes.append(ticket["comment"]["body"])
            row.state = {"open": "open", "solved": "done"}.get(ticket.get("status"), row.state)
        return httpx.Response(200, json={"ticket": _zd(row)})

    def _create(self, request: httpx.Request) -> httpx.Response:
        ticket, once = _body(request)["ticket"], request.headers["idempotency-key"]
        assert ticket["comment"]["public"] is False, "the customer would be written to"
        if once in self._by_idempotency and self._by_idempotency[once] in self.rows:
            return httpx.Response(201, json={"ticket": _zd(self.rows[self._by_idempotency[once]])})
        self._by_idempotency[once] = str(self._next + 1)
        row = self.new(ticket["external_id"], ticket["subject"], ticket["comment"]["body"])
        row.after = str(ticket.get("via_followup_source_id", ""))
        row.state = "done" if ticket.get("status") == "solved" else "open"
        return httpx.Response(201, json={"ticket": _zd(row)})


def _zd(row: Row) -> dict[str, Any]:
    return {"id": int(row.id), "status": "solved" if row.state == "done" else row.state, "subject": row.title}


class FakeJira(FakeDesk):
    prefix = "OPS-"

    def answer(self, request: httpx.Request) -> httpx.Response:
        if not _basic(request, USER):
            return httpx.Response(401)
        path, method = request.url.path.removeprefix("/rest/api/3"), request.method
        if path == "/search/jql":
            key = re.findall(r'labels = "([^"]+)"', request.url.params["jql"])[0]
            found = [row for row in self.rows.values() if row.key == key]
            return httpx.Response(200, json={"issues": [{"id": row.id, "key": row.reference} for row in found]})
        if path == "/issue":
            fields = _body(request)["fields"]
            row = self.new(fields["labels"][1], fields["summary"], adf_text(fields["description"]))
            return httpx.Response(201, json={"id": row.id, "key": row.reference, "self": "https://x"})
        _, _, name, *rest = path.split("/")
        found_row = self.rows.get(name)
        if found_row is None:
            return httpx.Response(404, json={"errorMessages": ["Issue does not exist"]})
        return self._issue(request, found_row, method, rest[0] if rest else "")

    def _issue(self, request: httpx.Request, row: Row, method: str, what: str) -> httpx.Response:
        if what == "comment":
            row.notes.append(adf_text(_body(request)["body"]))
            return httpx.Response(201, json={"id": "1"})
        if what == "transitions" and method == "GET":
            to = [("11", "indeterminate"), ("31", "done")]
            ways = [{"id": id_, "name": key, "to": {"statusCategory": {"key": key}}} for id_, key in to]
            return httpx.Response(200, json={"transitions": ways})
        if what == "transitions":
            row.state = {"11": "open", "31": "done"}[_body(request)["transition"]["id"]]
            return httpx.Response(204)
        status = {"statusCategory": {"key": "done" if row.state == "done" else "new"}}
        return httpx.Response(200, json={"id": row.id, "key": row.reference, "fields": {"status": status}})


def adf_text(document: dict[str, Any]) -> str:
    """Return an Atlassian document's words; it must be one as their editor makes them."""
    assert (document["type"], document["version"]) == ("doc", 1)
    assert document["content"]
    return "\n\n".join(_paragraph(one) for one in document["content"])


def _paragraph(block: dict[str, Any]) -> str:
    assert block["type"] == "paragraph"
    for node in block["content"]:
        assert node["type"] == "hardBreak" or (node["type"] == "text" and node["text"]), node
    return "".join("\n" if node["type"] == "hardBreak" else node["text"] for node in block["content"])


class FakeServiceNow(FakeDesk):
    prefix = "INC00"

    def answer(self, request: httpx.Request) -> httpx.Response:
        if not _basic(request, USER):
            return httpx.Response(401, json={"error": {"message": "User Not Authenticated"}})
        path = request.url.path.removeprefix("/api/now/table/incident").strip("/")
        if not path and request.method == "GET":
            key = request.url.params["sysparm_query"].partition("^")[0].removeprefix("correlation_id=")
            return httpx.Response(200, json={"result": [_sn(row) for row in self.rows.values() if row.key == key]})
        if not path:
            sent = _body(request)
            row = self.new(sent["correlation_id"], sent["short_description"], sent["description"])
            if "work_notes" in sent:
                row.notes.append(sent["work_notes"])
            row.state = "done" if sent.get("state") == "6" else "open"
            return httpx.Response(201, json={"result": _sn(row)})
        found = self.rows.get(path)
        if found is None:
            return httpx.Response(404, json={"error": {"message": "No Record found"}})
        if request.method == "PATCH":
            sent = _body(request)
            found.notes.append(sent["work_notes"])
            found.state = {"6": "done", "2": "open"}.get(sent.get("state"), found.state)
            assert found.state != "done" or "close_code" in sent, "an incident is not resolved without a code"
        return httpx.Response(200, json={"result": _sn(found)})


def _sn(row: Row) -> dict[str, Any]:
    state = {"open": "2", "done": "6", "closed": "7"}[row.state]
    return {"sys_id": row.id, "number": row.reference, "state": state}


class FakeHook(FakeDesk):
    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["webhook-signature"].startswith("v1,")
        sent = _body(request)
        if sent["type"] == "ticket.create":
            return self._create(request, sent["data"])
        row = self.rows.get(sent["data"]["id"])
        if row is None:
            return httpx.Response(410)
        row.notes.append(sent["data"]["text"])
        row.state = {"reopen": "open", "solve": "done"}.get(sent["data"]["move"], row.state)
        return httpx.Response(204)

    def _create(self, request: httpx.Request, draft: dict[str, Any]) -> httpx.Response:
        known = next((row for row in self.rows.values() if row.key == request.headers["webhook-id"]), None)
        row = known or self.new(draft["key"], draft["title"], draft["text"])
        row.state = "done" if draft.get("solved") else row.state
        return httpx.Response(201, json={"id": row.id, "reference": row.reference, "url": "https://t.example/1"})
