"""The audit's chain on every database: whole as it grows, and broken wherever anybody but the program touches it."""

import random
from contextlib import suppress

import pytest
from sqlalchemy import text

from server.broker.ports.store import Unit
from server.core.errors import ConflictError
from server.storage.audit import CHAIN, RECORD, digest
from server.storage.database import SqlDatabase
from server.storage.past_schema import audit
from server.storage.statement import Statement
from server.storage.unit import SqlUnit
from server.wire.audit import AuditCheck
from tests.contract.stored import ACME, ANN, OTHER, handoff, organisations
from tests.contract.test_store_audit import record

pytestmark = pytest.mark.contract

RECORDS = 40
FLIPS = 1_000


class UndoneError(Exception):
    """Takes a transaction back."""


@pytest.fixture
async def acme(store: SqlDatabase) -> SqlDatabase:
    def fill(unit: Unit) -> None:
        organisations(unit)
        handoff(unit, 1)
        handoff(unit, 2)
        for number in range(RECORDS):
            unit.audit.add(record(number, 1 + number % 2, at=number / 7))

    await store.run(fill)
    return store


async def checked(store: SqlDatabase) -> AuditCheck:
    return await store.read(lambda unit: unit.audit.check(ACME))


async def after(store: SqlDatabase, *statements: str) -> tuple[str, ...]:
    """Return what is broken after somebody else's statements, which are then undone."""
    found: list[tuple[str, ...]] = []

    def work(unit: Unit) -> None:
        assert isinstance(unit, SqlUnit)
        unit.line.script(statements)
        found.append(unit.audit.check(ACME).broken)
        raise UndoneError

    with suppress(UndoneError):
        await store.run(work)
    return found[0]


async def test_a_chain_that_only_grew_is_whole_and_its_head_moves_with_every_record(acme: SqlDatabase) -> None:
    whole = await checked(acme)
    assert (whole.records, whole.erased_reasons, whole.broken) == (RECORDS, 0, ())
    noted = await acme.read(lambda unit: unit.audit.digest_at(ACME, RECORDS))
    assert noted == whole.head
    await acme.run(lambda unit: unit.audit.add(record(RECORDS)))
    longer = await checked(acme)
    assert (longer.records, longer.broken) == (RECORDS + 1, ())
    assert longer.head != whole.head
    assert await acme.read(lambda unit: unit.audit.digest_at(ACME, RECORDS)) == noted
    assert (await acme.read(lambda unit: unit.audit.check(OTHER))) == AuditCheck(records=0, head="")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE audit SET reason = 'nothing to see' WHERE entry = 7", "the reason of record 7 was changed"),
        ("UPDATE audit SET actor_id = 'u_ann' WHERE entry = 7", "record 7 does not follow"),
        ("DELETE FROM audit WHERE entry = 7", "after record 6 comes record 8"),
        ("DELETE FROM audit WHERE entry = 1", "after record 0 comes record 2"),
        (f"DELETE FROM audit WHERE entry = {RECORDS}", f"counts {RECORDS} records, the chain ends with record"),
        ("DELETE FROM audit", f"counts {RECORDS} records, the chain ends with record 0"),
        ("UPDATE audit SET entry = entry + 100 WHERE entry = 7", "after record 6 comes record 8"),
        ("UPDATE organisations SET audit_entries = 39 WHERE id = 'o_acme'", "the organisation counts 39 records"),
    ],
)
async def test_what_anybody_else_does_to_it_is_found_at_its_place(acme: SqlDatabase, statement: str, told: str) -> None:
    assert any(told in one for one in await after(acme, statement))
    assert (await checked(acme)).broken == ()


async def test_a_record_written_anew_with_a_hash_that_fits_it_breaks_the_next_one(acme: SqlDatabase) -> None:
    found: list[tuple[str, ...]] = []

    def work(unit: Unit) -> None:
        assert isinstance(unit, SqlUnit)
        before = unit.audit.digest_at(ACME, 6)
        row = unit.line.row(CHAIN, {"organisation_id": ACME, "after": 6, "most": 1})
        assert row is not None
        cells = {**dict(zip(RECORD.names, row, strict=False)), "actor_id": ANN}
        fitting = digest(cells, str(row[len(RECORD.names)]), 7, before)
        unit.line.script([f"UPDATE audit SET actor_id = '{ANN}', sha256 = '{fitting}' WHERE entry = 7"])
        found.append(unit.audit.check(ACME).broken)
        raise UndoneError

    with suppress(UndoneError):
        await acme.run(work)
    assert found == [("record 8 does not follow from the one before it",)]


async def test_a_reason_may_be_erased_and_is_counted(acme: SqlDatabase) -> None:
    assert await after(acme, "UPDATE audit SET reason = '' WHERE entry < 4") == ()


async def test_a_thousand_flipped_bits_are_all_found() -> None:
    chance = random.Random(20)
    store = SqlDatabase("sqlite://")
    await store.open()
    try:
        await store.run(_small)
        for _ in range(FLIPS):
            assert await _flipped(store, chance)
        assert (await checked(store)).broken == ()
    finally:
        await store.close()


def _small(unit: Unit) -> None:
    organisations(unit)
    handoff(unit, 1)
    for number in range(8):
        unit.audit.add(record(number, at=number))


async def _flipped(store: SqlDatabase, chance: random.Random) -> bool:
    """Flip one bit of one cell of one record, and tell whether that was found, or refused by the table itself."""
    found: list[bool] = []
    names = [*RECORD.names, "reason_sha256", "entry", "sha256"]
    names = [name for name in names if name != "organisation_id"]

    def work(unit: Unit) -> None:
        assert isinstance(unit, SqlUnit)
        unit.line.script(["PRAGMA defer_foreign_keys = ON"])
        entry = chance.randint(1, 8)
        while True:
            name = chance.choice(names)
            row = unit.line.row(Statement(text(f"SELECT {name} FROM audit WHERE entry = :entry")), {"entry": entry})
            assert row is not None
            changed = _flip(row[0], chance)
            if changed not in {row[0], None}:
                break
        put = Statement(text(f"UPDATE audit SET {name} = :changed WHERE entry = :entry"))
        unit.line.change(put, {"changed": changed, "entry": entry})
        found.append(bool(unit.audit.check(ACME).broken))
        raise UndoneError

    try:
        await store.run(work)
    except UndoneError:
        return found[0]
    except ConflictError:  # another record has that id or place
        return True
    return False


def _flip(cell: object, chance: random.Random) -> str | int | None:
    """Return a cell with one bit another; None where it has none, or would hold a zero character."""
    if isinstance(cell, int):
        return cell ^ (1 << chance.randrange(31))
    if not isinstance(cell, str) or not cell:
        return None
    at = chance.randrange(len(cell))
    other = chr(ord(cell[at]) ^ (1 << chance.randrange(7)))
    return None if other == "\0" else cell[:at] + other + cell[at + 1 :]


def test_every_column_is_covered() -> None:
    assert {*RECORD.names, "reason_sha256", "entry", "sha256"} == {column.name for column in audit.columns}
