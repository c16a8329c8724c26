"""Hold organisations to their plans: what there is room for is taken, one more is refused and says so."""

from typing import Any

import msgspec
import pytest

from server.broker.plans import add_organisation, all_organisations, take_in_configured
from server.broker.ports.channels import Account
from server.broker.ports.organisations import Organisation
from server.channels.memory import MemoryChannel, MemoryPlatform
from server.core.errors import HandoffError, NotAllowedError
from server.core.plans import Plan
from server.wire import commands as c
from server.wire.requests import NewCallback, NewConversation, NewHandoff
from server.wire.terms import Feature, Limited, Medium, OrganisationId, Role, Supervision
from tests.fakes.two_desks import INSTALLATION, bearer, rest
from tests.world import ORGANISATION, World

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

SMALL = Plan(
    "small", {Limited.OPERATORS: 2, Limited.ASSISTANTS: 1, Limited.SESSIONS: 1, Limited.CHANNELS: 1}, frozenset()
)
PLANS = {"small": SMALL, "large": Plan("large")}


async def on_plan(world: World, plan: str) -> None:
    async with rest(world) as client:
        answer = await client.patch(
            f"/v1/organisations/{ORGANISATION}", json={"plan": plan}, headers=bearer(INSTALLATION)
        )
        assert answer.status_code == 200, answer.text


def account(name: str) -> Account:
    return Account(name=name, kind="memory", channel=MemoryChannel(MemoryPlatform()), organisation_id=ORGANISATION)


async def test_one_handoff_more_than_the_plan_has_room_for_is_refused_and_the_first_goes_on() -> None:
    async with World(plans=PLANS) as desk:
        await on_plan(desk, "small")
        first, second = await desk.chat(), await desk.chat("Ada")
        await first.asks_for_a_person()
        with pytest.raises(NotAllowedError) as refused:
            await second.asks_for_a_person()
        assert refused.value.code == "plan_limit"
        assert refused.value.details == {"what": "sessions", "most": "1", "used": "1", "plan": "small"}
        await first.leaves()
        await desk.later(120)
        await second.asks_for_a_person()


async def test_asking_again_for_an_open_handoff_is_not_one_more() -> None:
    async with World(plans=PLANS) as desk:
        await on_plan(desk, "small")
        ada = await desk.chat()
        session = await ada.asks_for_a_person(key="once")
        assert (await ada.asks_for_a_person(key="once")).id == session.id
        with pytest.raises(HandoffError) as refused:
            await ada.asks_for_a_person()
        assert refused.value.code == "handoff_open"


async def test_people_and_keys_are_counted_without_those_who_left() -> None:
    async with World(plans=PLANS) as desk, rest(desk) as client:
        await on_plan(desk, "small")
        headers = {**bearer(INSTALLATION), "Operator-Organisation": ORGANISATION}
        people = [
            (await client.post("/v1/operators", json={"name": name}, headers=headers)) for name in ("A", "B", "C")
        ]
        assert [one.status_code for one in people] == [201, 201, 403]
        assert people[2].json()["details"]["what"] == "operators"
        await client.delete(f"/v1/operators/{people[0].json()['id']}", headers=headers)
        assert (await client.post("/v1/operators", json={"name": "C"}, headers=headers)).status_code == 201
        refused = await client.post("/v1/keys", json={"name": "second"}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "plan_limit")


async def test_what_the_plan_does_not_include_is_refused() -> None:
    async with World(plans=PLANS) as desk:
        await on_plan(desk, "small")
        call = NewConversation(medium=Medium.VOICE)
        assert await _code(desk.broker.intake.create_conversation(desk.assistant, call)) == "not_in_plan"
        back = desk.broker.callbacks.book(desk.assistant, (await desk.chat()).id, NewCallback(number="+4930123456"), "")
        assert await _code(back) == "not_in_plan"
        ann, sam = await desk.operator("ann"), await desk.operator("sam", role=Role.SUPERVISOR, duty=False)
        ada = await desk.chat()
        await ada.asks_for_a_person()
        await ann.accept(ada)
        assert (await sam.refused(c.Supervise, ada, mode=Supervision.WATCH, reason="")).code == "not_in_plan"
        assert (await ada.session()).supervisor_id is None
        await on_plan(desk, "large")
        assert (await sam.does(c.Supervise, ada, mode=Supervision.WATCH, reason="")).ok


async def test_a_plan_that_is_too_small_for_what_is_there_is_refused() -> None:
    async with World(plans=PLANS) as desk, rest(desk) as client:
        for name in ("ann", "ben", "cy"):
            await desk.operator(name)
        path = f"/v1/organisations/{ORGANISATION}"
        refused = await client.patch(path, json={"plan": "small"}, headers=bearer(INSTALLATION))
        assert (refused.status_code, refused.json()["code"]) == (403, "plan_limit")
        assert "room for 2 people on the roster, and there are 3" in refused.json()["message"]
        (shown,) = await all_organisations(desk.broker.parts)
        assert shown.plan == ""
        unknown = await client.patch(path, json={"plan": "huge"}, headers=bearer(INSTALLATION))
        assert (unknown.status_code, unknown.json()["code"]) == (404, "no_such_plan")
        assert "large, small" in unknown.json()["hint"]


async def test_usage_stands_beside_the_limits() -> None:
    async with World(plans=PLANS, channels={"one": account("one")}) as desk, rest(desk) as client:
        await on_plan(desk, "small")
        await desk.operator("ann")
        (row,) = (await client.get("/v1/organisations", headers=bearer(INSTALLATION))).json()
        assert row["used"] == {
            "operators": {"used": 1, "most": 2},
            "assistants": {"used": 1, "most": 1},
            "sessions": {"used": 0, "most": 1},
            "channels": {"used": 1, "most": 1},
        }
        assert "features" not in row


async def test_accounts_beyond_the_plan_keep_the_broker_from_starting() -> None:
    parts: dict[str, Any] = {"plans": PLANS, "organisations": frozenset({ORGANISATION})}
    async with World(**parts, channels={"one": account("one"), "two": account("two")}) as desk:
        await desk.database.run(
            lambda unit: unit.organisations.save(_planned(unit.organisations.load(ORGANISATION), "small"))
        )
        with pytest.raises(NotAllowedError) as refused:
            await take_in_configured(desk.broker.parts)
        assert refused.value.details["what"] == "channels"


async def test_the_organisations_that_the_configuration_names_are_there_after_the_start() -> None:
    async with World(organisations=frozenset({OrganisationId("acme")})) as desk:
        assert {one.id for one in await all_organisations(desk.broker.parts)} == {"acme", ORGANISATION}
        assert await _code(add_organisation(desk.broker.parts, OrganisationId("acme"), "", "")) == "organisation_exists"


async def test_an_assistant_whose_handoff_is_off_gets_nobody_and_keeps_what_it_has() -> None:
    async with World() as desk, rest(desk) as client:
        headers = {**bearer(INSTALLATION), "Operator-Organisation": ORGANISATION}
        first, second = await desk.chat(), await desk.chat("Ada")
        await first.asks_for_a_person()
        off = await client.patch("/v1/keys/k_assistant", json={"handoff": False}, headers=headers)
        assert off.json()["handoff"] is False
        assert await _code(second.asks_for_a_person()) == "handoff_off"
        call = desk.broker.callbacks.book(desk.assistant, second.id, NewCallback(number="+4930123456"), "")
        assert await _code(call) == "handoff_off"
        assert await desk.queue() == ["Joe Brook"]
        on = await client.patch("/v1/keys/k_assistant", json={"handoff": True}, headers=headers)
        assert "handoff" not in on.json()
        await second.asks_for_a_person()
        unknown = await client.patch("/v1/keys/k_nobody", json={"handoff": True}, headers=headers)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "no_such_key")


async def test_an_installation_without_plans_counts_nothing() -> None:
    async with World() as desk:
        one = await desk.broker.intake.create_conversation(desk.assistant, NewConversation(medium=Medium.VOICE))
        session = await desk.broker.intake.request_handoff(desk.assistant, one.id, NewHandoff(reason="asked"), "")
        assert session.queue == "default"
        (shown,) = await all_organisations(desk.broker.parts)
        assert set(shown.features) == set(Feature)


def _planned(organisation: Organisation | None, plan: str) -> Organisation:
    assert organisation is not None
    return msgspec.structs.replace(organisation, plan=plan)


async def _code(work: Any) -> str:
    try:
        await work
    except HandoffError as refusal:
        return refusal.code
    return ""
