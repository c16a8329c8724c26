"""Rules of the house over REST: tried on facts, replaced by administrators only, and in force for the next turn."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from server.bench.process import Running, running_broker
from tests.live import operator, rest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

GOLD = {"name": "gold", "when": 'tier == "gold"', "reason": "gold tier", "queue": "vip", "priority": 9}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker() -> AsyncIterator[Running]:
    async with running_broker() as running:
        yield running


def admin(broker: Running) -> str:
    return (broker.data_dir / "admin.token").read_text().strip()


async def test_a_rule_is_tried_without_being_kept(broker: Running) -> None:
    async with rest(broker, admin(broker)) as client:
        trial = {"rules": [GOLD, {**GOLD, "name": "old", "when": "age > 9"}], "attributes": {"tier": "gold", "age": 3}}
        answer = await client.post("/v1/triggers/rules/try", json=trial)
        assert [rule["name"] for rule in answer.json()["rules"]] == ["gold"]
        assert (await client.get("/v1/triggers/rules")).json()["rules"] == []


async def test_rules_are_replaced_as_a_whole_and_a_bad_one_changes_nothing(broker: Running) -> None:
    async with rest(broker, admin(broker)) as client:
        assert (await client.put("/v1/triggers/rules", json={"rules": [GOLD]})).status_code == 200
        bad = await client.put("/v1/triggers/rules", json={"rules": [{**GOLD, "when": "tier = 1"}]})
        assert (bad.status_code, bad.json()["code"]) == (422, "bad_rule")
        twice = await client.put("/v1/triggers/rules", json={"rules": [GOLD, GOLD]})
        assert twice.json()["code"] == "bad_rule"
        kept = (await client.get("/v1/triggers/rules")).json()["rules"]
        assert [rule["when"] for rule in kept] == [GOLD["when"]]


async def test_only_administrators_see_or_change_rules(broker: Running) -> None:
    token = await operator(broker, "Ann")
    async with rest(broker, token) as client:
        assert (await client.get("/v1/triggers/rules")).status_code == 403
        assert (await client.put("/v1/triggers/rules", json={"rules": []})).status_code == 403


async def test_facts_of_a_conversation_are_bounded(broker: Running) -> None:
    async with rest(broker) as client:
        made = await client.post("/v1/conversations", json={"medium": "chat", "attributes": {"tier": "gold", "n": 3}})
        assert made.status_code == 201
        path = f"/v1/conversations/{made.json()['id']}/attributes"
        assert (await client.put(path, json={"attributes": {"vip": True}})).status_code == 200
        for bad in ({"a b": 1}, {"x": [1]}, {"x": "y" * 201}, {f"f{n}": 1 for n in range(61)}):
            assert (await client.put(path, json={"attributes": bad})).status_code == 400, bad
