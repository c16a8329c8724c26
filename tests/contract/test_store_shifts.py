"""What happened since an instant, on every database: notes, what is left to be done, how sessions ended."""

from typing import Any

import pytest

from server.broker.ports.store import Unit
from server.core.presence import Operator
from server.storage.database import SqlDatabase
from server.wire.terms import Author, Outcome, Presence, SessionState
from tests.contract.stored import ACME, ANN, OTHER, handoff, later, operator, organisations, say

pytestmark = pytest.mark.contract


@pytest.fixture
async def acme(store: SqlDatabase) -> SqlDatabase:
    await store.run(organisations)
    return store


def closed(unit: Unit, number: int, at: float, outcome: Outcome, **more: Any) -> None:
    handoff(unit, number, state=SessionState.CLOSED, outcome=outcome, closed_at=later(at), ended_at=later(at), **more)


async def test_notes_since_an_instant_newest_first_and_only_ours(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        handoff(unit, 1)
        for number in range(1, 6):
            say(unit, number, author=Author.NOTE if number != 3 else Author.OPERATOR)

    await acme.run(work)
    notes = await acme.read(lambda unit: unit.views.notes_since(ACME, later(2), 9))
    assert [note.text for note in notes] == ["turn 5", "turn 4", "turn 2"]
    assert len(await acme.read(lambda unit: unit.views.notes_since(ACME, later(0), 1))) == 1
    assert await acme.read(lambda unit: unit.views.notes_since(OTHER, later(0), 9)) == []


async def test_what_is_left_to_be_done_and_how_sessions_ended_since_an_instant(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        closed(unit, 1, 10, Outcome.RESOLVED, follow_up="too early")
        closed(unit, 2, 20, Outcome.RESOLVED, follow_up="send the receipt")
        closed(unit, 3, 30, Outcome.ABANDONED)
        closed(unit, 4, 40, Outcome.RESOLVED, follow_up="ring back")
        handoff(unit, 5, follow_up="not closed")
        closed(unit, 6, 50, Outcome.RESOLVED, follow_up="done already", follow_up_done_at=later(60))

    await acme.run(work)
    found = await acme.read(lambda unit: unit.views.follow_ups_since(ACME, later(20), 9))
    assert [(one.number, one.follow_up) for one in found] == [("H-0004", "ring back"), ("H-0002", "send the receipt")]
    outcomes = await acme.read(lambda unit: unit.views.outcomes_since(ACME, later(20)))
    assert outcomes == {Outcome.RESOLVED: 3, Outcome.ABANDONED: 1}
    assert await acme.read(lambda unit: unit.views.outcomes_since(OTHER, later(0))) == {}


async def test_a_break_that_is_asked_for_and_the_shift_are_kept(acme: SqlDatabase) -> None:
    kept = operator(
        break_asked_at=later(1),
        break_reason="lunch",
        break_answer="denied by Mia",
        gone_at=later(2),
        digest_from=later(3),
        pending=Presence.AWAY,
        pending_reason="doctor",
    )

    def work(unit: Unit) -> Operator | None:
        unit.roster.save(kept)
        return unit.roster.load(ACME, ANN)

    assert await acme.run(work) == kept
    shown = await acme.read(lambda unit: unit.views.operators(ACME))
    told = next(one for one in shown if one.id == ANN)
    assert (told.break_asked_at, told.break_reason, told.break_answer) == (later(1), "lunch", "denied by Mia")
    assert told.pending_reason == "doctor"
