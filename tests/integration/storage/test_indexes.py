"""Rule: what is asked all the time is found by index, on both databases."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import BigInteger, Integer

from server.storage import conversations, ledger, roster, sessions, shown, views, visitors
from server.storage.columns import Flag, Instant
from server.storage.database import SqlDatabase
from server.storage.schema import metadata
from server.storage.setup import make_ready
from server.storage.sqlite_line import SqliteLine
from server.storage.statement import Statement
from server.wire.terms import Outcome, SessionState
from tests.contract.stored import handoff, organisations, say

pytestmark = pytest.mark.integration

HOT: dict[str, Statement] = {
    f"{module.__name__.rpartition('.')[2]}.{name}": statement
    for module in (conversations, ledger, roster, sessions, shown, views, visitors)
    for name, statement in vars(module).items()
    if isinstance(statement, Statement)
}
INSERTS = {name for name in HOT if ".ADD_" in name or name.endswith((".INSERT", ".REMEMBER"))}
WHOLE_TABLE = {"ledger.ORGANISATIONS", "roster.ORGANISATIONS"}
"""Small tables that are meant to be read from one end to the other."""
NUMBERS = {
    column.name
    for table in metadata.tables.values()
    for column in table.columns
    if isinstance(column.type, (Instant, Flag, Integer, BigInteger))
} | {"row_version", "closed_at", "until", "to_seq"}
VALUES: dict[str, Any] = {"most": 9, "now": 1, "before": 1, "after": 0, "up_to": 1, "since": 1, "count": 1, "number": 1}


def ask(name: str, dialect: str) -> tuple[str, dict[str, Any]]:
    """Return the statement with something for each parameter."""
    compiled = HOT[name].compiled(dialect, writes=True)
    names = compiled.names - compiled.constants.keys()
    cells = {key: VALUES.get(key, 1 if key in NUMBERS else "x") for key in names}
    if name.endswith("_JOB"):
        cells = {key: 1 if key.endswith("id") else cell for key, cell in cells.items()}
    if "ids" in cells:
        cells["ids"] = '["x", "y"]' if dialect == "sqlite" else ["x", "y"]
    return compiled.text, {**compiled.constants, **cells}


def test_every_query_of_the_store_is_looked_at() -> None:
    assert len(HOT) > 50
    assert HOT.keys() > WHOLE_TABLE


@pytest.fixture
def sqlite_line(tmp_path: Path) -> Any:
    line = SqliteLine(tmp_path / "operator.sqlite3", writes=True)
    make_ready(line)
    yield line
    line.close()


@pytest.mark.parametrize("name", sorted(HOT.keys() - INSERTS - WHOLE_TABLE))
def test_sqlite_finds_it_by_index(sqlite_line: Any, name: str) -> None:
    text, cells = ask(name, "sqlite")
    plan = [row[3] for row in sqlite_line._cursor.execute(f"EXPLAIN QUERY PLAN {text}", cells).fetchall()]
    scans = [step for step in plan if step.startswith("SCAN") and "VIRTUAL TABLE" not in step]  # json_each is virtual
    assert all("INDEX ix_" in step for step in scans), plan  # all of a partial index is what it is for
    wide = ("SEARCH sessions USING INDEX sqlite_autoindex_sessions_2 (organisation_id=?)",)
    assert not any(step.startswith(wide) and step.endswith(wide) for step in plan), plan
    sorts = [step for step in plan if "TEMP B-TREE FOR ORDER BY" in step]
    assert not sorts or name in SORTED_AFTERWARDS, plan


SORTED_AFTERWARDS = {
    "shown.OPEN_TURNS",
    "shown.STRETCHES",
    "shown.TURNS",
    "roster.CREDENTIALS",
    "roster.ON_DUTY",
    "sessions.LAST_OPERATOR",
    "sessions.ABANDONED",
    "sessions.RINGS",
}
"""Few rows by nature, put in order after they were found."""


async def test_postgresql_finds_all_of_it_by_index(postgres_url: str) -> None:
    database = SqlDatabase(postgres_url)
    await database.open()
    await database.run(organisations)
    for number in range(1, 4):
        await database.run(
            lambda unit, n=number: handoff(unit, n, state=SessionState.CLOSED, outcome=Outcome.ENDED)  # type: ignore[misc]
        )
    await database.run(lambda unit: say(unit, 1))
    await database.close()
    refused: dict[str, list[str]] = {}
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")  # what is left of them then cannot be done by index
        for name in sorted(HOT.keys() - INSERTS - WHOLE_TABLE):
            text, cells = ask(name, "postgresql")
            plan = [str(row[0]) for row in connection.execute(f"EXPLAIN {text}".encode(), cells).fetchall()]
            if any("Seq Scan" in step for step in plan):
                refused[name] = plan
    assert refused == {}
