"""Let everybody try everything on another organisation's things: nothing is read, changed, or known to be there.

The operations are those of the API's own document and the orders those of the console's protocol: one that is not in
the tables below fails a test.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, get_args

import httpx
import msgspec
import pytest

from server.core.errors import HandoffError
from server.storage.schema import metadata
from server.wire import commands as c
from server.wire.terms import Supervision, TransferStep
from tests.fakes.two_desks import ASSISTANT, INSTALLATION, ROLES, Place, bearer, operations, rest, settle_in
from tests.world import World

MARK: Final = "quincewort"
"""A word that stands in everything of the other organisation."""

VIEW = frozenset(ROLES)
HANDLE = frozenset({"operator", "supervisor", "administrator"})
SUPERVISE = frozenset({"supervisor", "administrator"})
ADMINISTER = frozenset({"administrator"})
OURS = frozenset({ASSISTANT})
ALL = VIEW | OURS

ALLOWED: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("GET", "/v1/conversations/{conversation_id}"): ALL,
    ("GET", "/v1/conversations/{conversation_id}/messages"): ALL,
    ("GET", "/v1/conversations/{conversation_id}/messages/{message_id}/revisions"): SUPERVISE,
    ("POST", "/v1/conversations"): OURS,
    ("POST", "/v1/conversations/{conversation_id}/messages"): OURS,
    ("PUT", "/v1/conversations/{conversation_id}/messages/{message_id}"): OURS,
    ("DELETE", "/v1/conversations/{conversation_id}/messages/{message_id}"): OURS,
    ("PUT", "/v1/conversations/{conversation_id}/messages/{message_id}/delivery"): OURS,
    ("PUT", "/v1/conversations/{conversation_id}/attributes"): OURS,
    ("PUT", "/v1/conversations/{conversation_id}/consent"): OURS,
    ("PUT", "/v1/conversations/{conversation_id}/context"): OURS,
    ("POST", "/v1/conversations/{conversation_id}/end"): OURS,
    ("POST", "/v1/conversations/{conversation_id}/handoffs"): OURS,
    ("POST", "/v1/conversations/{conversation_id}/callback"): OURS,
    ("POST", "/v1/conversations/{conversation_id}/legs"): OURS,
    ("POST", "/v1/conversations/{conversation_id}/typing"): OURS,
    ("POST", "/v1/conversations/{conversation_id}/files"): OURS | HANDLE,
    ("GET", "/v1/files/{file_id}"): ALL,
    ("GET", "/v1/sessions"): VIEW,
    ("GET", "/v1/sessions/{reference}"): VIEW,
    ("GET", "/v1/sessions/{reference}/why"): VIEW,
    ("GET", "/v1/sessions/{reference}/recording"): HANDLE,
    ("GET", "/v1/sessions/{reference}/voicemail"): HANDLE,
    ("POST", "/v1/sessions/{reference}/translations"): HANDLE,
    ("GET", "/v1/history"): VIEW,
    ("GET", "/v1/search"): VIEW,
    ("GET", "/v1/follow-ups"): VIEW,
    ("GET", "/v1/queues"): VIEW,
    ("GET", "/v1/contacts"): VIEW,
    ("GET", "/v1/contacts/{contact_id}"): VIEW,
    ("POST", "/v1/contacts/{contact_id}/erase"): ADMINISTER,
    ("POST", "/v1/contacts/{contact_id}/export"): ADMINISTER,
    ("GET", "/v1/me"): ALL,
    ("GET", "/v1/me/digest"): VIEW,
    ("PUT", "/v1/me/presence"): HANDLE,
    ("GET", "/v1/wall"): SUPERVISE,
    ("GET", "/v1/report"): SUPERVISE,
    ("GET", "/v1/audit"): SUPERVISE,
    ("GET", "/v1/audit/check"): ADMINISTER,
    ("GET", "/v1/operators"): VIEW,
    ("POST", "/v1/operators"): ADMINISTER,
    ("PATCH", "/v1/operators/{operator_id}"): ADMINISTER,
    ("DELETE", "/v1/operators/{operator_id}"): ADMINISTER,
    ("GET", "/v1/keys"): ADMINISTER,
    ("POST", "/v1/keys"): ADMINISTER,
    ("PATCH", "/v1/keys/{key_id}"): ADMINISTER,
    ("DELETE", "/v1/keys/{key_id}"): ADMINISTER,
    ("GET", "/v1/triggers/rules"): ADMINISTER,
    ("PUT", "/v1/triggers/rules"): ADMINISTER,
    ("POST", "/v1/triggers/rules/try"): ADMINISTER,
    ("GET", "/v1/channels"): SUPERVISE,
    ("GET", "/v1/channels/{name}/failed"): SUPERVISE,
    ("POST", "/v1/channels/{name}/check"): SUPERVISE,
    ("POST", "/v1/channels/{name}/connect"): ADMINISTER,
    ("POST", "/v1/channels/{name}/replay"): ADMINISTER,
    ("GET", "/v1/organisations"): frozenset(),
    ("POST", "/v1/organisations"): frozenset(),
    ("PATCH", "/v1/organisations/{organisation_id}"): frozenset(),
}
"""Who may do what within their own organisation."""
OPEN: Final = frozenset(
    {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/v1/channels/{name}"), ("POST", "/v1/channels/{name}")}
)
"""What needs no token: the broker's health, and platforms, which prove themselves otherwise."""

BODIES: Final[Mapping[tuple[str, str], object]] = {
    ("POST", "/v1/conversations"): {"medium": "chat"},
    ("POST", "/v1/conversations/{conversation_id}/messages"): {"author": "customer", "text": "hello"},
    ("PUT", "/v1/conversations/{conversation_id}/messages/{message_id}"): {"text": "changed"},
    ("PUT", "/v1/conversations/{conversation_id}/messages/{message_id}/delivery"): {"delivery": "delivered"},
    ("PUT", "/v1/conversations/{conversation_id}/attributes"): {"attributes": {"tier": "gold"}},
    ("PUT", "/v1/conversations/{conversation_id}/consent"): {"consent": "given"},
    ("PUT", "/v1/conversations/{conversation_id}/context"): {},
    ("POST", "/v1/conversations/{conversation_id}/end"): {},
    ("POST", "/v1/conversations/{conversation_id}/handoffs"): {"reason": "asked"},
    ("POST", "/v1/conversations/{conversation_id}/callback"): {"number": "+4930123456"},
    ("POST", "/v1/conversations/{conversation_id}/legs"): {"role": "caller"},
    ("POST", "/v1/conversations/{conversation_id}/typing"): {"on": True},
    ("POST", "/v1/contacts/{contact_id}/erase"): {"reason": "asked for it"},
    ("POST", "/v1/contacts/{contact_id}/export"): {"reason": "asked for it"},
    ("POST", "/v1/sessions/{reference}/translations"): {"text": "hello"},
    ("PUT", "/v1/me/presence"): {"presence": "away"},
    ("POST", "/v1/operators"): {"name": "Eve"},
    ("PATCH", "/v1/operators/{operator_id}"): {"capacity_chat": 3},
    ("POST", "/v1/keys"): {"name": "bot"},
    ("PATCH", "/v1/keys/{key_id}"): {"handoff": False},
    ("PUT", "/v1/triggers/rules"): {"rules": []},
    ("POST", "/v1/triggers/rules/try"): {"rules": [], "attributes": {}},
    ("POST", "/v1/organisations"): {"id": "new"},
    ("PATCH", "/v1/organisations/{organisation_id}"): {"name": "Eve's"},
}
QUERIES: Final[Mapping[str, dict[str, str]]] = {
    "/v1/search": {"q": MARK},
    "/v1/contacts": {"q": "Ada"},
    "/v1/report": {"since": "2020-01-01T00:00:00Z", "until": "2040-01-01T00:00:00Z"},
    "/v1/conversations/{conversation_id}/files": {"name": "note.txt"},
}


NAMES_NOTHING: Final = frozenset(path for _, path in ALLOWED if "{" not in path)
"""Paths that are about one's own organisation, whatever one would like."""
ORDERS: Final[Mapping[type, dict[str, object]]] = {
    c.Accept: {},
    c.Decline: {},
    c.Say: {"text": "hello"},
    c.SayAgain: {},
    c.EditMessage: {"text": "changed"},
    c.DeleteMessage: {},
    c.Translate: {"on": True},
    c.AddNote: {"text": "hm"},
    c.Answer: {"text": "yes"},
    c.Decide: {"approved": True},
    c.Mute: {"on": True},
    c.Hold: {"on": True},
    c.BackToAssistant: {},
    c.Resolve: {},
    c.End: {},
    c.Requeue: {},
    c.FollowUp: {"text": "call"},
    c.FollowUpDone: {},
    c.LinkTicket: {"system": "jira", "reference": "T-1"},
    c.RingBack: {},
    c.Transfer: {"to": "+4930123456"},
    c.SteerTransfer: {"step": TransferStep.SWAP},
    c.FinishWrapUp: {},
    c.Supervise: {"mode": Supervision.WATCH, "reason": "look"},
    c.TakeOver: {"reason": "look"},
    c.ForceWrapUp: {"reason": "look"},
    c.ShowWall: {"on": True},
    c.OpenMedia: {},
    c.PauseRecording: {"on": True},
    c.SetConsent: {"consent": "given"},
    c.Dtmf: {"digits": "1"},
    c.SetPresence: {"presence": "away"},
    c.AskBreak: {"on": True},
    c.DecideBreak: {"granted": True},
    c.HandOver: {},
    c.Typing: {"on": True},
}
"""What each order says besides its ids."""
ABOUT_ONESELF: Final = frozenset({c.SetPresence, c.AskBreak, c.Typing})
"""Orders that are taken whatever they name: about oneself, or about nobody when the session is not one's own."""
pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
Desks = tuple[World, Path, Place, Place, httpx.AsyncClient]


async def ask(
    client: httpx.AsyncClient, operation: tuple[str, str], token: str, ids: Mapping[str, str]
) -> httpx.Response:
    """Send an operation about the things with these ids."""
    method, path = operation
    headers = bearer(token)
    content: bytes | None = None
    if operation in BODIES:
        content = json.dumps(BODIES[operation]).encode()
        headers["Content-Type"] = "application/json"
    elif path.endswith("/files") and method == "POST":
        content, headers["Content-Type"] = b"hello", "text/plain"
    return await client.request(
        method, path.format_map(ids), params=QUERIES.get(path), headers=headers, content=content
    )


def rows_of(database: Path, place: Place) -> dict[str, list[tuple[object, ...]]]:
    """Return every row that belongs to an organisation."""
    found: dict[str, list[tuple[object, ...]]] = {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for table in metadata.sorted_tables:
            column = "id" if table.name == "organisations" else "organisation_id"
            if column in table.c:
                query = f"SELECT * FROM {table.name} WHERE {column} = ?"
                found[table.name] = sorted(connection.execute(query, (place.organisation_id,)), key=repr)
    return found


def order_of(kind: Any, ids: Mapping[str, str], number: int) -> c.Command:
    """Return an order of a kind about the things with these ids."""
    given: dict[str, object] = {**ORDERS[kind], "id": f"order-{number:04d}"}
    named = {
        "session_id": ids["reference"],
        "epoch": int(ids["epoch"]),
        "message_id": ids["answer_id"],
        "operator_id": ids["operator_id"],
        "to": ids["operator_id"],
    }
    given |= {name: one for name, one in named.items() if name in kind.__struct_fields__}
    order: c.Command = msgspec.convert({"type": kind.__struct_config__.tag, **given}, type=c.Command)
    return order


def test_the_tables_name_every_operation_and_every_order() -> None:
    assert set(operations()) == set(ALLOWED) | OPEN
    assert set(get_args(c.Command)) == set(ORDERS)


@pytest.fixture
async def desks(tmp_path: Path) -> AsyncIterator[tuple[World, Path, Place, Place, httpx.AsyncClient]]:
    """Ours and theirs, on one broker."""
    database = tmp_path / "broker.db"
    async with World(f"sqlite:///{database}") as world:
        ours, theirs = await settle_in(world, "o_ours", "larkspur"), await settle_in(world, "o_theirs", MARK)
        async with rest(world) as client:
            yield world, database, ours, theirs, client


@pytest.mark.parametrize("who", [*ROLES, ASSISTANT])
async def test_nobody_reaches_another_organisation(who: str, desks: Desks) -> None:
    world, database, ours, theirs, client = desks
    before, token = rows_of(database, theirs), ours.token(who)
    unknown = {name: f"{one[:2]}000000" for name, one in theirs.ids.items()}
    for operation in ALLOWED:
        answer = await ask(client, operation, token, theirs.ids)
        assert MARK not in answer.text.replace(theirs.ids["name"], ""), f"{who} read {operation}: {answer.text[:300]}"
        if operation[1] in NAMES_NOTHING:
            continue
        assert answer.status_code in {403, 404}, f"{who} {operation}: {answer.status_code} {answer.text[:300]}"
        nothing = await ask(client, operation, token, unknown)
        assert _without(answer, theirs.ids) == _without(nothing, unknown), f"{operation} tells that it is there"
    await world.settle()
    assert rows_of(database, theirs) == before


@pytest.mark.parametrize("who", ROLES)
async def test_no_order_reaches_another_organisation(who: str, desks: Desks) -> None:
    world, database, ours, theirs, _ = desks
    before = rows_of(database, theirs)
    for number, kind in enumerate(ORDERS):
        answer, refused = "", False
        try:
            answer = repr(await world.broker.desk.execute(ours.people[who], order_of(kind, theirs.ids, number)))
        except HandoffError as refusal:
            answer, refused = f"{refusal.message} {refusal.hint} {refusal.details}", True
        assert refused or kind in ABOUT_ONESELF, f"{kind.__name__} of {who} was carried out"
        assert MARK not in answer
    await world.settle()
    assert rows_of(database, theirs) == before


@pytest.mark.parametrize("who", [*ROLES, ASSISTANT])
async def test_each_operation_is_for_those_it_is_for(who: str, desks: Desks) -> None:
    _, _, ours, _, client = desks
    ids = {**ours.ids, "operator_id": f"op_viewer_{ours.organisation_id}"}
    for operation, allowed in ALLOWED.items():
        answer = await ask(client, operation, ours.token(who), ids)
        assert answer.status_code < 500 or answer.status_code == 503, f"{operation}: {answer.text}"
        assert answer.status_code != 401, f"{operation}: {answer.text}"
        assert (answer.status_code != 403) == (who in allowed), f"{who} {operation}: {answer.text}"


@pytest.mark.parametrize("token", ["", "made up"])
async def test_nothing_is_done_for_who_has_no_token(token: str, desks: Desks) -> None:
    world, database, ours, _, client = desks
    before = rows_of(database, ours)
    for operation in ALLOWED:
        answer = await ask(client, operation, token, ours.ids)
        assert answer.status_code == 401, f"{operation}: {answer.status_code} {answer.text}"
    await world.settle()
    assert rows_of(database, ours) == before


async def test_the_installation_s_token_acts_in_the_organisation_it_names(desks: Desks) -> None:
    _, _, ours, theirs, client = desks
    for place, word in ((ours, "larkspur"), (theirs, MARK)):
        headers = {**bearer(INSTALLATION), "Operator-Organisation": place.organisation_id}
        people = (await client.get("/v1/operators", headers=headers)).json()
        assert {one["name"] for one in people} == {f"{role} {word}" for role in ROLES}
    unknown = await client.get("/v1/operators", headers={**bearer(INSTALLATION), "Operator-Organisation": "nope"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no_such_organisation")
    crossing = {**bearer(ours.token("administrator")), "Operator-Organisation": theirs.organisation_id}
    refused = await client.get("/v1/operators", headers=crossing)
    assert (refused.status_code, refused.json()["code"]) == (404, "no_such_organisation")


def _without(answer: httpx.Response, ids: Mapping[str, str]) -> tuple[int, str]:
    """Return an answer without what was asked for."""
    text = answer.text
    for one in sorted(ids.values(), key=len, reverse=True):
        text = text.replace(one, "...")
    return answer.status_code, text
