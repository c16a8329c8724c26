"""Rules of the schema: built at once or by migrations it is the same, strangers and other ages are refused."""

import asyncio
import sqlite3
import stat
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from server.core.errors import CallerError, ProviderError
from server.storage import migrate as bring
from server.storage.database import SqlDatabase
from server.storage.schema import REVISIONS, metadata
from tests.contract.stored import ACME, organisations

pytestmark = pytest.mark.integration


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'operator.sqlite3'}"


async def build(url: str) -> None:
    database = SqlDatabase(url)
    await database.open()
    await database.close()


def shape(url: str) -> dict[str, str]:
    """Return every table and index with all that the database says of it."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        connection.close()
        return {name: str(sorted("".join(sql.replace('"', "").split())[:-1].split(","))) for name, sql in rows}
    with psycopg.connect(url) as connection:
        columns = connection.execute(
            "SELECT table_name || '.' || column_name, concat_ws(' ', ordinal_position, data_type, is_nullable, "
            "column_default, identity_generation) FROM information_schema.columns WHERE table_schema = 'public'"
        ).fetchall()
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        ).fetchall()
        keys = connection.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        ).fetchall()
    return dict([*columns, *indexes, *keys])


async def test_migrations_build_exactly_what_a_new_database_gets(url: str, tmp_path: Path) -> None:
    await build(url)
    built = shape(url)
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        other = url
    else:
        other = f"sqlite:///{tmp_path / 'migrated.sqlite3'}"
    bring.upgrade_empty(other)
    assert shape(other) == built
    with bring.connection(other) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": not_of_search})
        assert compare_metadata(context, metadata) == []


def not_of_search(name: str | None, _kind: str, _parents: object) -> bool:
    """Leave out what the toolkit has no words for: the search's own tables and index, whose text `shape` compares."""
    return not str(name).startswith(("searchable_words", "ix_searchable_words"))


def test_the_revisions_named_in_the_schema_are_those_of_the_migrations() -> None:
    scripts = ScriptDirectory(str(bring.FOLDER))
    assert [script.revision for script in reversed(list(scripts.walk_revisions()))] == list(REVISIONS)
    assert scripts.get_current_head() == REVISIONS[-1]


async def test_a_schema_of_another_age_is_refused_with_what_to_do(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bring.current(url) == ""
    await build(url)
    assert bring.current(url) == REVISIONS[-1]
    assert not bring.needs_migration(url)
    execute(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CallerError) as refused:
        await SqlDatabase(url).open()
    assert refused.value.code == "schema_newer"
    with pytest.raises(CallerError):
        bring.migrate(url)
    execute(url, "UPDATE alembic_version SET version_num = '0001'")
    for module in ("schema", "setup", "migrate"):
        monkeypatch.setattr(f"server.storage.{module}.REVISIONS", ("0001", "0002"))
    with pytest.raises(CallerError) as refused:
        await SqlDatabase(url).open()
    assert refused.value.code == "schema_outdated"
    assert "operator-server migrate" in refused.value.hint
    assert bring.needs_migration(url)


async def test_migrating_builds_an_empty_database_and_leaves_a_current_one(url: str) -> None:
    assert bring.migrate(url)
    assert not bring.migrate(url)
    await build(url)


async def test_a_database_of_somebody_else_is_left_alone(url: str) -> None:
    execute(url, "CREATE TABLE letters (id INTEGER)")
    for use in (lambda: asyncio.run(SqlDatabase(url).open()), lambda: bring.migrate(url)):
        with pytest.raises(CallerError) as refused:
            await asyncio.to_thread(use)
        assert refused.value.code == "schema_unknown"
    assert set(shape(url)) <= {"letters", "letters.id"}


async def test_while_a_broker_runs_nobody_migrates(url: str) -> None:
    database = SqlDatabase(url)
    await database.open()
    with pytest.raises(CallerError) as refused:
        await asyncio.to_thread(bring.migrate, url)
    assert refused.value.code == "database_locked"
    await database.close()
    await asyncio.to_thread(bring.migrate, url)


async def test_while_somebody_migrates_no_broker_starts(postgres_url: str) -> None:
    with bring._alone(postgres_url), pytest.raises(CallerError) as refused:
        await SqlDatabase(postgres_url).open()
    assert refused.value.code == "database_locked"
    await build(postgres_url)


async def test_two_brokers_may_open_an_empty_server_at_once(postgres_url: str) -> None:
    brokers = [SqlDatabase(postgres_url) for _ in range(4)]
    await asyncio.gather(*(broker.open() for broker in brokers))
    await brokers[0].run(organisations)
    assert ACME in await brokers[3].read(lambda unit: unit.roster.organisations())
    await asyncio.gather(*(broker.close() for broker in brokers))


async def test_a_second_broker_on_the_same_file_leaves_at_once_and_says_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / "operator.sqlite3"
    first, second = (SqlDatabase(f"sqlite:///{path}") for _ in range(2))
    await first.open()
    with pytest.raises(CallerError) as refused:
        await second.open()
    assert refused.value.code == "database_locked"
    assert refused.value.details["pid"].isdecimal()
    assert refused.value.details["pid"] in refused.value.message
    await first.close()
    await second.open()
    await second.close()


async def test_the_files_belong_to_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "operator.sqlite3"
    database = SqlDatabase(f"sqlite:///{path}")
    await database.open()
    await database.run(organisations)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes) == {f"operator.sqlite3{end}" for end in ("", "-wal", "-shm", ".lock")}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await database.close()
    assert not path.with_name("operator.sqlite3-wal").exists()


async def test_a_folder_that_cannot_be_written_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder")
    with pytest.raises(ProviderError) as told:
        await SqlDatabase(f"sqlite:///{tmp_path / 'data' / 'operator.sqlite3'}").open()
    assert told.value.code == "database_unreachable"


async def test_a_file_is_written_durably_and_read_beside(tmp_path: Path) -> None:
    database = SqlDatabase(f"sqlite:///{tmp_path / 'operator.sqlite3'}")
    await database.open()
    names = ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint", "query_only")

    def settings(unit: object) -> list[object]:
        cursor = unit.line._connection.cursor()  # type: ignore[attr-defined]
        return [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await database.run(settings) == ["wal", 2, 1, 1000, 0]
    assert await database.read(settings) == ["wal", 2, 1, 0, 1]
    await database.close()


def execute(url: str, statement: str) -> None:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute(statement)
        connection.commit()
        connection.close()
        return
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(statement.encode())
