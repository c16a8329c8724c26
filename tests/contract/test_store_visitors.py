"""Visitors of web pages in every store: found by their token alone, forgotten when they stay away; waits and scores."""

from datetime import timedelta

import msgspec
import pytest

from server.broker.ports.store import Unit
from server.broker.ports.visitors import Visitor
from server.core.errors import ConflictError
from server.core.session import Rules
from server.storage.database import SqlDatabase
from server.wire.terms import ConversationId, Outcome, SessionState
from tests.contract.stored import ACME, NOW, OTHER, handoff, later, organisations

pytestmark = pytest.mark.contract


@pytest.fixture
async def acme(store: SqlDatabase) -> SqlDatabase:
    await store.run(organisations)
    return store


def visitor(number: int = 1, **changes: object) -> Visitor:
    fields = {"id": f"v_{number}", "organisation_id": ACME, "key_id": "k_1", "sha256": f"{number:064}"}
    return Visitor(**{**fields, "created_at": NOW, "seen_at": NOW, **changes})


async def test_a_visitor_comes_back_as_saved_and_by_their_token_alone(acme: SqlDatabase) -> None:
    one = visitor(name="Zoë", email="zoe@example.com", user_id="u-17", language="de")
    await acme.run(lambda unit: unit.visitors.insert(one))
    changed = msgspec.structs.replace(
        one, seen_at=later(9), conversation_id=ConversationId("c_1"), call_id=ConversationId("c_2"), sha256="f" * 64
    )
    await acme.run(lambda unit: unit.visitors.save(changed))
    assert await acme.read(lambda unit: unit.visitors.by_token("f" * 64)) == changed
    assert await acme.read(lambda unit: unit.visitors.by_token(one.sha256)) is None


async def test_two_visitors_never_share_a_token(acme: SqlDatabase) -> None:
    await acme.run(lambda unit: unit.visitors.insert(visitor()))
    with pytest.raises(ConflictError):
        await acme.run(lambda unit: unit.visitors.insert(visitor(2, organisation_id=OTHER, sha256=visitor().sha256)))


async def test_who_stays_away_is_forgotten_the_longest_gone_first(acme: SqlDatabase) -> None:
    def fill(unit: Unit) -> None:
        for number in range(5):
            unit.visitors.insert(visitor(number, seen_at=NOW + timedelta(days=number)))

    await acme.run(fill)
    before = NOW + timedelta(days=3)
    assert await acme.run(lambda unit: unit.visitors.forget_before(before, 2)) == 2
    assert await acme.read(lambda unit: unit.visitors.by_token(f"{2:064}")) is not None
    assert await acme.run(lambda unit: unit.visitors.forget_before(before, 2)) == 1
    assert await acme.run(lambda unit: unit.visitors.forget_before(before, 2)) == 0
    assert await acme.read(lambda unit: unit.visitors.by_token(f"{3:064}")) is not None


async def test_the_newest_session_of_a_conversation_and_who_was_reached_are_found(acme: SqlDatabase) -> None:
    def fill(unit: Unit) -> None:
        handoff(unit, 1, state=SessionState.CLOSED, outcome=Outcome.RESOLVED, active_at=later(5), score=4)
        handoff(unit, 2, requested_at=later(60))

    await acme.run(fill)

    def look(unit: Unit) -> tuple[object, object, int, int]:
        newest = unit.sessions.newest_of(ACME, ConversationId("c_1"))
        stranger = unit.sessions.newest_of(OTHER, ConversationId("c_1"))
        reached = unit.sessions.reached_since(ACME, "default", NOW)
        return newest.id if newest else None, stranger, reached, unit.sessions.reached_since(ACME, "default", later(1))

    assert await acme.read(look) == ("s_1", None, 1, 0)
    counts = await acme.read(lambda unit: unit.figures.counts(ACME, NOW, Rules()))
    assert (counts["default"].scored, counts["default"].scores) == (1, 4)
