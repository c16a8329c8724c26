"""The audit on every database: what goes in comes out, newest first, in pages, for its own organisation and session."""

import msgspec
import pytest

from server.broker.ports.records import AuditRecord
from server.broker.ports.store import Unit
from server.core.errors import CallerError
from server.storage.database import SqlDatabase
from server.wire.terms import AuditAction, SessionId, Supervision
from tests.contract.stored import ACME, ANN, BEN, OTHER, handoff, later, organisations, session

pytestmark = pytest.mark.contract


@pytest.fixture
async def acme(store: SqlDatabase) -> SqlDatabase:
    def fill(unit: Unit) -> None:
        organisations(unit)
        handoff(unit, 1)
        handoff(unit, 2)

    await store.run(fill)
    return store


def record(number: int, session_number: int = 1, at: float = 0.0) -> AuditRecord:
    return AuditRecord(
        id=f"au_{number:03}",
        organisation_id=ACME,
        at=later(at),
        action=AuditAction.LISTEN,
        actor_id=BEN,
        session_id=SessionId(f"s_{session_number}"),
        subject_id=ANN,
        reason="bedlam — \u202e",
    )


async def test_a_record_comes_back_with_names_and_number(acme: SqlDatabase) -> None:
    await acme.run(lambda unit: unit.audit.add(record(1)))
    (view,) = (await acme.read(lambda unit: unit.audit.page(ACME, "", 10))).records
    assert (view.id, view.at, view.action, view.reason) == ("au_001", later(0), AuditAction.LISTEN, "bedlam — \u202e")
    assert (view.actor_id, view.actor_name, view.subject_id, view.subject_name) == (BEN, "Ben", ANN, "Ann")
    assert (view.session_id, view.number) == ("s_1", "H-0001")


async def test_pages_are_newest_first_without_holes_also_within_one_instant(acme: SqlDatabase) -> None:
    records = [record(number, 1 + number % 2, at=number // 3) for number in range(11)]
    await acme.run(lambda unit: [unit.audit.add(one) for one in records])
    seen: list[str] = []
    before = ""
    while True:
        page = await acme.read(lambda unit, before=before: unit.audit.page(ACME, before, 4))
        seen += [one.id for one in page.records]
        before = page.next_before
        if not before:
            break
    assert seen == [one.id for one in reversed(records)]
    of_second = await acme.read(lambda unit: unit.audit.page(ACME, "", 50, SessionId("s_2")))
    assert {one.number for one in of_second.records} == {"H-0002"}
    assert len(of_second.records) == 5
    assert (await acme.read(lambda unit: unit.audit.page(OTHER, "", 50))).records == ()


async def test_what_was_done_is_counted_since_an_instant_by_all_or_by_one(acme: SqlDatabase) -> None:
    calls = [(1, BEN, 0.0), (2, BEN, 60.0), (3, ANN, 60.0), (4, ANN, 120.0)]
    dialled = [
        msgspec.structs.replace(record(number, at=at), action=AuditAction.DIAL, actor_id=who)
        for number, who, at in calls
    ]
    await acme.run(lambda unit: [unit.audit.add(one) for one in [*dialled, record(9, at=60.0)]])

    def counts(unit: Unit) -> list[int]:
        return [
            unit.audit.count(ACME, AuditAction.DIAL, later(0)),
            unit.audit.count(ACME, AuditAction.DIAL, later(1)),
            unit.audit.count(ACME, AuditAction.DIAL, later(60), ANN),
            unit.audit.count(ACME, AuditAction.DIAL, later(61), BEN),
            unit.audit.count(OTHER, AuditAction.DIAL, later(0)),
        ]

    assert await acme.read(counts) == [4, 3, 2, 0, 0]


@pytest.mark.parametrize("before", ["x", "1", "-a", "9" * 40 + "-a", "١-a", "1-" + "a" * 200])
async def test_a_mark_that_is_from_no_page_is_refused(acme: SqlDatabase, before: str) -> None:
    with pytest.raises(CallerError) as refusal:
        await acme.read(lambda unit: unit.audit.page(ACME, before, 10))
    assert refusal.value.code == "bad_page"


async def test_supervised_sessions_are_found_by_supervisor_and_in_all(acme: SqlDatabase) -> None:
    def supervise(unit: Unit) -> None:
        known = unit.sessions.load(ACME, SessionId("s_1"))
        assert known is not None
        unit.sessions.save(
            session(1, version=1, supervisor_id=BEN, supervision=Supervision.BARGE, supervisor_leg="leg_1"),
            deadline_at=None,
        )

    await acme.run(supervise)
    for found in (
        await acme.read(lambda unit: list(unit.sessions.supervised())),
        await acme.read(lambda unit: list(unit.sessions.supervised_by(ACME, BEN))),
    ):
        assert [(one.id, one.supervision, one.supervisor_leg) for one in found] == [("s_1", Supervision.BARGE, "leg_1")]
    assert await acme.read(lambda unit: list(unit.sessions.supervised_by(ACME, ANN))) == []
    assert await acme.read(lambda unit: list(unit.sessions.supervised_by(OTHER, BEN))) == []
