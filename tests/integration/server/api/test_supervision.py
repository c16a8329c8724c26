"""Supervision over a real listener: orders and their refusals, the audit, and a console that dies."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from server.bench.process import Running, running_broker
from server.wire.commands import Accept, ForceWrapUp, ShowWall, Supervise, TakeOver
from server.wire.events import SessionUpdated
from server.wire.frames import Wall
from server.wire.terms import Supervision
from tests.live import Console, chat, fresh, greeted, operator, rest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker() -> AsyncIterator[Running]:
    async with running_broker('[desk]\nrouting = "pull"\n') as running:
        yield running


async def taken(broker: Running, mine: Console) -> dict[str, object]:
    """Return a chat that the first operator has in hand."""
    asked = await chat(broker)
    reply = await mine.order(Accept(id=fresh(), session_id=asked["id"], epoch=asked["epoch"]))
    assert reply.session is not None
    return {**asked, "epoch": reply.session.epoch}


def order(kind: type, session: dict[str, object], **rest: object) -> object:
    return kind(id=fresh(), session_id=session["id"], epoch=session["epoch"], **rest)


async def test_orders_are_carried_out_for_supervisors_and_refused_to_others(broker: Running) -> None:
    sue, ben = await operator(broker, "Sue", "supervisor"), await operator(broker, "Ben")
    async with greeted(broker) as (mine, _), greeted(broker, sue) as (hers, _), greeted(broker, ben) as (his, _):
        session = await taken(broker, mine)
        for refused in (
            order(Supervise, session, mode=Supervision.WATCH),
            order(TakeOver, session),
            order(ForceWrapUp, session, reason="x"),
        ):
            reply = await his.order(refused)
            assert reply.error is not None
            assert (reply.ok, reply.error.code) == (False, "not_allowed")
            assert "supervisor" in reply.error.hint
        watched = await hers.order(order(Supervise, session, mode=Supervision.WATCH, reason="new \u202ecolleague"))
        assert watched.session is not None
        assert watched.session.supervision is Supervision.WATCH
        taken_over = await hers.order(order(TakeOver, session))
        assert taken_over.ok
    async with rest(broker, sue) as client:
        number = watched.session.number
        page = (await client.get("/v1/audit", params={"session": number})).json()
        assert [(one["action"], one["actor_name"]) for one in page["records"]] == [
            ("take_over", "Sue"),
            ("watch", "Sue"),
        ]
        assert page["records"][1]["reason"] == "new ·colleague"
        assert page["records"][1]["number"] == number


async def test_the_audit_is_for_supervisors_and_comes_in_pages(broker: Running) -> None:
    sue, ben = await operator(broker, "Sue", "supervisor"), await operator(broker, "Ben")
    async with greeted(broker) as (mine, _), greeted(broker, sue) as (hers, _):
        session = await taken(broker, mine)
        for _ in range(3):
            await hers.order(order(Supervise, session, mode=Supervision.WATCH))
            await hers.order(order(Supervise, session, mode=Supervision.NONE))
    async with rest(broker, sue) as client:
        first = (await client.get("/v1/audit", params={"session": str(session["id"]), "limit": 4})).json()
        more = {"session": str(session["id"]), "limit": 4, "before": first["next_before"]}
        second = (await client.get("/v1/audit", params=more)).json()
        assert [one["action"] for one in (*first["records"], *second["records"])] == ["stop", "watch"] * 3
        assert not second.get("next_before")
        for params, status, code in (
            ({"session": "H-9999"}, 404, "no_such_session"),
            ({"before": "nonsense"}, 422, "bad_page"),
        ):
            answer = await client.get("/v1/audit", params=params)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
    for token, code in ((ben, "not_allowed"), (broker.key, "operators_only")):
        async with rest(broker, token) as client:
            answer = await client.get("/v1/audit")
            assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_a_supervisors_console_that_dies_leaves_no_ladder(broker: Running) -> None:
    sue = await operator(broker, "Sue", "supervisor")
    async with greeted(broker) as (mine, _):
        session = await taken(broker, mine)
        async with greeted(broker, sue) as (hers, _):
            await hers.order(order(Supervise, session, mode=Supervision.WATCH))
            event = await mine.until(SessionUpdated)
            assert isinstance(event, SessionUpdated)
            assert event.session.supervision is Supervision.WATCH
            hers.socket.transport.abort()
        event = await mine.until(SessionUpdated)
        assert isinstance(event, SessionUpdated)
        assert (event.session.supervisor_id, event.session.supervision) == (None, Supervision.NONE)
        assert event.session.operator_id is not None


async def test_the_wall_comes_to_who_asked_until_they_ask_no_more(broker: Running) -> None:
    sue, ben = await operator(broker, "Sue", "supervisor"), await operator(broker, "Ben")
    async with greeted(broker, sue) as (hers, _), greeted(broker, ben) as (his, _):
        refused = await his.order(ShowWall(id=fresh(), on=True))
        assert refused.error is not None
        assert refused.error.code == "not_allowed"
        assert (await hers.order(ShowWall(id=fresh(), on=True))).ok
        first = await hers.next(Wall)
        assert isinstance(first, Wall)
        waiting = first.wall.total.waiting
        await chat(broker)
        frame = first
        while frame.wall.total.waiting <= waiting:
            latest = await hers.next(Wall)
            assert isinstance(latest, Wall)
            frame = latest
        assert (await hers.order(ShowWall(id=fresh(), on=False))).ok
    async with rest(broker, sue) as client:
        shown = (await client.get("/v1/wall")).json()
        assert shown["total"]["waiting"] == frame.wall.total.waiting
        assert {"at", "since", "queues"} <= shown.keys()
    for token, code in ((ben, "not_allowed"), (broker.key, "operators_only")):
        async with rest(broker, token) as client:
            answer = await client.get("/v1/wall")
            assert (answer.status_code, answer.json()["code"]) == (403, code)
