"""The contract of a ticket system, proved on every adapter: made once, found again, written into, opened and solved.

Jira's and ServiceNow's requests are checked against their published contracts too; Zendesk's against documentation.
"""

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from server.broker.ports.tickets import Move, TicketDraft, TicketError, TicketGoneError, TicketSystem, TicketUpdate
from server.clock import ManualClock
from server.secret_files import SecretText
from server.tickets.jira import Jira
from server.tickets.memory import MemoryTickets
from server.tickets.servicenow import ServiceNow
from server.tickets.webhook import WebhookTickets
from server.tickets.zendesk import Zendesk
from tests import needs
from tests.fakes.ticket_desks import (
    SECRET,
    USER,
    FakeDesk,
    FakeHook,
    FakeJira,
    FakeServiceNow,
    FakeZendesk,
    login_page,
    slower,
)

pytestmark = pytest.mark.contract

TOKEN = SecretText(SECRET)
HOOK_SECRET = SecretText("whsec_" + "A" * 44)
BASE = "https://desk.example"
LONG = "Why: wants a refund\n\n" + "\n".join(f"12:00:{n % 60:02} Customer: line {n} of many" for n in range(4000))


@dataclass
class Case:
    name: str
    desk: FakeDesk
    system: TicketSystem


def zendesk(desk: FakeDesk, secret: SecretText = TOKEN) -> TicketSystem:
    return Zendesk(BASE, USER, secret, transport=desk.transport)


def jira(desk: FakeDesk, secret: SecretText = TOKEN) -> TicketSystem:
    return Jira(BASE, USER, secret, project="OPS", issue_type="Task", transport=desk.transport)


def servicenow(desk: FakeDesk, secret: SecretText = TOKEN) -> TicketSystem:
    return ServiceNow(BASE, USER, secret, transport=desk.transport)


def webhook(desk: FakeDesk, secret: SecretText = HOOK_SECRET) -> TicketSystem:
    def way() -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(desk._handle)

    url = "http://127.0.0.1:9/tickets"
    return WebhookTickets(url, secret, ManualClock(), allow_private=True, transport=way)


KINDS: dict[str, tuple[type[FakeDesk], Callable[..., TicketSystem]]] = {
    "zendesk": (FakeZendesk, zendesk),
    "jira": (FakeJira, jira),
    "servicenow": (FakeServiceNow, servicenow),
    "webhook": (FakeHook, webhook),
}
VENDORS = ["jira", "servicenow", "zendesk"]


@pytest.fixture(params=sorted(KINDS))
def case(request: pytest.FixtureRequest) -> Case:
    fake, make = KINDS[request.param]
    desk = fake()
    return Case(request.param, desk, make(desk))


@pytest.fixture(params=[*sorted(KINDS), "memory"])
def system(request: pytest.FixtureRequest) -> TicketSystem:
    if request.param == "memory":
        return MemoryTickets()
    fake, make = KINDS[request.param]
    return make(fake())


def draft(key: str = "s_one", **more: object) -> TicketDraft:
    return TicketDraft(key=key, title="H-0001 Mrs Fields: a refund", text="Why: a refund\n\nSaid:\nx", **more)  # type: ignore[arg-type]


def update(move: Move = Move.NONE, text: str = "H-0001 ended: resolved.") -> TicketUpdate:
    return TicketUpdate(key="s_one-end", text=text, move=move)


async def test_a_ticket_is_made_and_can_be_written_into(system: TicketSystem) -> None:
    made = await system.create(draft())
    assert made.id
    assert made.reference
    await system.add(made, update())
    await system.add(made, update(Move.SOLVE))
    await system.close()


async def test_what_is_written_arrives_and_moves_the_ticket(case: Case) -> None:
    made = await case.system.create(draft())
    row = case.desk.rows[made.id]
    assert (row.title, row.state, row.reference) == ("H-0001 Mrs Fields: a refund", "open", made.reference)
    assert row.text == "Why: a refund\n\nSaid:\nx"
    await case.system.add(made, update())
    assert row.notes == ["H-0001 ended: resolved."]
    assert row.state == "open"
    await case.system.add(made, update(Move.SOLVE))
    assert case.desk.rows[made.id].state == "done"
    await case.system.add(made, update(Move.REOPEN))
    assert case.desk.rows[made.id].state == "open"


async def test_a_creation_whose_answer_got_lost_makes_no_second_ticket(case: Case) -> None:
    case.desk.lose = 1
    with pytest.raises(TicketError) as lost:
        await case.system.create(draft())
    assert lost.value.retryable
    again = await case.system.find("s_one") or await case.system.create(draft())
    assert again.id in case.desk.rows
    assert len(case.desk.rows) == 1


async def test_one_that_is_done_at_once_is_born_solved(case: Case) -> None:
    made = await case.system.create(draft(solved=True))
    assert case.desk.rows[made.id].state == "done"


async def test_a_deleted_ticket_is_said_to_be_gone(case: Case) -> None:
    made = await case.system.create(draft())
    case.desk.delete(made.id)
    with pytest.raises(TicketGoneError):
        await case.system.add(made, update())


async def test_a_ticket_that_is_not_ours_is_not_found(system: TicketSystem) -> None:
    await system.create(draft())
    assert await system.find("s_two") is None


@pytest.mark.parametrize("name", ["servicenow", "zendesk"])
async def test_a_ticket_closed_for_good_is_gone_and_can_be_followed(name: str) -> None:
    fake, make = KINDS[name]
    desk = fake()
    system = make(desk)
    made = await system.create(draft())
    desk.rows[made.id].state = "closed"
    with pytest.raises(TicketGoneError) as gone:
        await system.add(made, update())
    assert gone.value.follows == made.id
    successor = await system.create(draft("s_two", follows=gone.value.follows))
    assert name != "zendesk" or desk.rows[successor.id].after == made.id


@pytest.mark.parametrize(
    ("answer", "code", "again"),
    [
        (slower, "ticket_system_busy", True),
        (login_page, "ticket_answer_unreadable", True),
        (lambda: httpx.Response(302, headers={"location": "https://login.example"}), "ticket_refused", True),
        (lambda: httpx.Response(503, text="later"), "ticket_refused", True),
        (lambda: httpx.Response(401, text="who?"), "ticket_system_refused", True),
        (lambda: httpx.Response(400, json={"errors": {"summary": "no"}}), "ticket_refused", False),
        (lambda: httpx.Response(200, json=[1, 2]), "ticket_answer_unreadable", True),
        (lambda: httpx.Response(200, json={"error": {"message": "no"}}), "ticket_answer_unreadable", True),
        (lambda: httpx.Response(200, content=b"\xff\xfe\x00"), "ticket_answer_unreadable", True),
        (lambda: httpx.Response(200), "ticket_answer_unreadable", True),
    ],
    ids=["429", "login", "redirect", "503", "401", "400", "list", "error", "bytes", "empty"],
)
@pytest.mark.parametrize("name", VENDORS)
async def test_an_answer_that_is_none_is_told_by_its_kind(
    name: str, answer: Callable[[], httpx.Response], code: str, again: bool
) -> None:
    fake, make = KINDS[name]
    desk = fake()
    system = make(desk)
    made = await system.create(draft())
    for call in (lambda: system.create(draft("s_two")), lambda: system.add(made, update()), lambda: system.find("x")):
        desk.instead.append(answer)
        with pytest.raises(TicketError) as error:
            await call()
        if code == "ticket_answer_unreadable" and name == "jira" and error.value.code != code:
            continue
        assert (error.value.code, error.value.retryable) == (code, again)
        assert error.value.retry_after_seconds == (77.0 if code == "ticket_system_busy" else None)
    assert len(desk.rows) == 1


async def test_a_system_that_hangs_is_let_go_of(case: Case) -> None:
    case.desk.hangs = True
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await case.system.create(draft())
    await case.system.close()


async def test_a_wrong_token_is_refused_without_making_anything(case: Case) -> None:
    if case.name == "webhook":
        with pytest.raises(ValueError, match="whsec_"):
            webhook(case.desk, SecretText("short"))
        return
    system = KINDS[case.name][1](case.desk, SecretText("wrong"))
    with pytest.raises(TicketError, match="401"):
        await system.create(draft())
    assert not case.desk.rows


async def test_a_long_day_is_cut_to_what_the_system_takes_and_says_so(case: Case) -> None:
    made = await case.system.create(TicketDraft(key="s_one", title="x" * 900, text=LONG))
    row = case.desk.rows[made.id]
    assert row.text.startswith("Why: wants a refund")
    if case.name != "webhook":
        assert len(row.text) < len(LONG)
        assert row.text.endswith("Operator Console)")
        assert len(row.title) <= 250
    await case.system.add(made, update(text=LONG))
    assert "line 100 of many" in row.notes[-1]


@needs.data
@pytest.mark.parametrize(
    ("name", "document"),
    [("jira", "jira/jira_trim.json"), ("servicenow", "servicenow/servicenow_table_trim.json")],
    ids=["jira", "servicenow"],
)
async def test_every_request_is_valid_under_the_vendors_own_contract(name: str, document: str) -> None:
    openapi = importlib.import_module("tests.openapi_contract")
    fake, make = KINDS[name]
    desk = fake()
    bearer = ServiceNow(BASE, "", TOKEN, transport=desk.transport)  # the only way in that their document names
    system = bearer if name == "servicenow" else make(desk)
    made = await system.create(draft(solved=True, customer_email="a@example.com", customer_name="A"))
    assert await system.find("s_one") == made
    await system.add(made, update(Move.REOPEN))
    await system.add(made, update(Move.SOLVE))
    assert len(desk.requests) >= 6
    contract = openapi.Contract(document, BASE)
    assert [wrong for request in desk.requests for wrong in (contract.wrong(request),) if wrong] == []
