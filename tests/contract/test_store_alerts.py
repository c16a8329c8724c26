"""Notices that went out, on every database: found by token, code and session; forgotten in their time."""

from datetime import timedelta

import pytest

from server.broker.ports.alerts import Alert
from server.broker.ports.store import Unit
from server.storage.database import SqlDatabase
from server.wire.terms import SessionId
from tests.contract.stored import ACME, handoff, later, organisations

pytestmark = pytest.mark.contract


@pytest.fixture
async def acme(store: SqlDatabase) -> SqlDatabase:
    def fill(unit: Unit) -> None:
        organisations(unit)
        handoff(unit, 1)

    await store.run(fill)
    return store


def alert(number: int, *, reference: str = "", code: str = "123456") -> Alert:
    return Alert(
        token_sha256=f"hash-{number}",
        organisation_id=ACME,
        session_id=SessionId("s_1"),
        epoch=number,
        destination="ops",
        person="Zoë",
        code=code,
        at=later(number),
        expires_at=later(number) + timedelta(seconds=10),
        reference=reference,
    )


async def test_an_alert_is_found_by_its_token_its_code_and_its_session(acme: SqlDatabase) -> None:
    await acme.run(lambda unit: [unit.alerts.add(alert(number)) for number in (1, 2, 3)])
    await acme.run(lambda unit: unit.alerts.refer("hash-2", "C1:1.5"))
    assert await acme.read(lambda unit: unit.alerts.by_token("hash-1")) == alert(1)
    assert await acme.read(lambda unit: unit.alerts.by_token("hash-9")) is None
    assert [one.epoch for one in await acme.read(lambda unit: unit.alerts.by_code("123456", later(5)))] == [3, 2, 1]
    assert [one.epoch for one in await acme.read(lambda unit: unit.alerts.by_code("123456", later(11)))] == [3, 2]
    assert await acme.read(lambda unit: unit.alerts.by_code("000000", later(5))) == []
    assert await acme.read(lambda unit: unit.alerts.of_session(SessionId("s_1"))) == [alert(2, reference="C1:1.5")]


async def test_alerts_are_forgotten_after_they_expired(acme: SqlDatabase) -> None:
    await acme.run(lambda unit: [unit.alerts.add(alert(number)) for number in (1, 2, 3)])
    assert await acme.run(lambda unit: unit.alerts.forget_before(later(13), 1)) == 1
    assert await acme.run(lambda unit: unit.alerts.forget_before(later(13), 10)) == 1
    assert await acme.read(lambda unit: unit.alerts.by_token("hash-3")) == alert(3)
