"""Rules of failure: a commit that fails is told to everybody in it, nothing of it is there or shown, and it heals."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from server.broker.ports.store import Unit
from server.core.errors import ProviderError
from server.storage import fsck, writer
from server.storage.database import SqlDatabase
from server.storage.postgres_line import PostgresLine
from server.storage.sqlite_line import SqliteLine
from server.storage.unit import SqlUnit
from server.wire.terms import ConversationId
from tests.contract.stored import ACME, say
from tests.contract.test_store_transactions import grouped, later_of, tell, texts

pytestmark = pytest.mark.integration


def line_of(unit: Unit) -> Any:
    assert isinstance(unit, SqlUnit)
    return unit.line


async def fails_together(store: SqlDatabase, last: Callable[[Unit], object]) -> list[ProviderError]:
    """Run five in one group, the last of which breaks it, and return what they were told."""
    commits: list[dict[str, int]] = []
    store.on_commit(commits.append)
    async with grouped(store):
        waiting = [later_of(store, lambda unit, n=n: tell(unit, n)) for n in range(1, 5)]  # type: ignore[misc]
        waiting.append(later_of(store, last))
    told = await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.sleep(0)
    assert commits == []
    errors = [error for error in told if isinstance(error, ProviderError)]
    assert len(errors) == 5
    assert len({id(error) for error in errors}) == 5
    assert {error.code for error in errors} == {"database_unavailable"}
    assert all(error.retryable and error.hint for error in errors)
    return errors


async def works_again(store: SqlDatabase) -> None:
    assert await texts(store) == []
    await store.run(tell)
    assert await texts(store) == ["turn 1"]
    assert [fed.event.seq for fed in await store.read(lambda unit: unit.views.events(ACME, 0, 9))] == [1]
    assert await store.read(fsck.check) == []


async def test_a_full_disk_is_told_to_the_whole_group_and_forgotten_when_there_is_room(on_sqlite: SqlDatabase) -> None:
    def fill(unit: Unit) -> None:
        line_of(unit).script(["PRAGMA max_page_count = 1"])  # it keeps the pages there are, and takes no more
        for number in range(100):
            say(unit, 100 + number, text="x" * 50_000)

    errors = await fails_together(on_sqlite, fill)
    assert {error.message for error in errors} == {"Nothing was saved: the disk is full."}
    with pytest.raises(ProviderError, match="full"):
        await on_sqlite.run(lambda unit: [say(unit, n, text="x" * 50_000) for n in range(9)])
    await on_sqlite.run(lambda unit: line_of(unit).script(["PRAGMA max_page_count = 1000000"]))
    await works_again(on_sqlite)


@pytest.mark.parametrize("name", ["SQLITE_IOERR_FSYNC", "SQLITE_FULL", "SQLITE_NOMEM", "SQLITE_CORRUPT"])
async def test_a_commit_that_the_disk_refuses_leaves_nothing(
    on_sqlite: SqlDatabase, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    commit = SqliteLine.commit
    commits: list[SqliteLine] = []

    def refuse(line: SqliteLine) -> None:
        commits.append(line)
        if len(commits) == 2:  # the first is of whoever kept the writer busy
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode, error.sqlite_errorname = getattr(sqlite3, name), name
            raise error
        commit(line)

    monkeypatch.setattr(SqliteLine, "commit", refuse)
    await fails_together(on_sqlite, lambda unit: tell(unit, 9))
    await works_again(on_sqlite)
    assert (commits[2] is commits[1]) == (name == "SQLITE_FULL")  # a line that failed otherwise is not trusted again


async def test_a_connection_closed_under_the_writer_is_replaced(on_sqlite: SqlDatabase) -> None:
    def cut(unit: Unit) -> None:
        line_of(unit).close()
        tell(unit, 9)

    await fails_together(on_sqlite, cut)
    await works_again(on_sqlite)


async def test_a_server_that_ends_our_connection_fails_the_group_and_the_next_one_connects_again(
    on_postgres: SqlDatabase, postgres_url: str
) -> None:
    def cut(unit: Unit) -> None:
        end(postgres_url, line_of(unit).pid)
        tell(unit, 9)

    await fails_together(on_postgres, cut)
    await works_again(on_postgres)


async def test_idle_connections_that_were_ended_are_replaced_without_anybody_noticing(
    on_postgres: SqlDatabase, postgres_url: str
) -> None:
    for round_number in range(1, 3):
        await on_postgres.run(lambda unit, n=round_number: tell(unit, n))  # type: ignore[misc]
        assert len(await texts(on_postgres)) == round_number
        end_all(postgres_url)
    assert len(await texts(on_postgres)) == 2


async def test_a_commit_whose_answer_was_lost_is_asked_after_and_answered_as_it_was(
    on_postgres: SqlDatabase, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = PostgresLine.commit
    commits: list[dict[str, int]] = []
    on_postgres.on_commit(commits.append)

    def lose(line: PostgresLine) -> None:
        monkeypatch.setattr(PostgresLine, "commit", commit)
        commit(line)
        line.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(PostgresLine, "commit", lose)
    await on_postgres.run(tell)
    assert commits == [{ACME: 1}]
    assert await texts(on_postgres) == ["turn 1"]

    def never(line: PostgresLine) -> None:
        monkeypatch.setattr(PostgresLine, "commit", commit)
        end(postgres_url, line.pid)
        commit(line)

    monkeypatch.setattr(PostgresLine, "commit", never)
    with pytest.raises(ProviderError) as told:
        await on_postgres.run(lambda unit: tell(unit, 2))
    assert told.value.code == "database_unavailable"
    assert await texts(on_postgres) == ["turn 1"]
    assert commits == [{ACME: 1}]


async def test_a_server_that_is_gone_is_told_and_found_again(
    on_postgres: SqlDatabase, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LONGEST_PAUSE_SECONDS", 0.01)
    real = on_postgres._backend._url  # type: ignore[attr-defined]
    on_postgres._backend._url = "postgresql://root@127.0.0.1:1/none"  # type: ignore[attr-defined]
    end_all(postgres_url)
    for use in (on_postgres.run, on_postgres.read):
        with pytest.raises(ProviderError) as told:
            await use(lambda unit: unit.views.last_seq(ACME))
        assert told.value.hint
    on_postgres._backend._url = real  # type: ignore[attr-defined]
    await works_again(on_postgres)


async def test_a_full_server_is_told_to_the_group(on_postgres: SqlDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = PostgresLine.commit

    def refuse(_: PostgresLine) -> None:
        monkeypatch.setattr(PostgresLine, "commit", commit)
        raise psycopg.errors.DiskFull("could not extend file")

    monkeypatch.setattr(PostgresLine, "commit", refuse)
    with pytest.raises(ProviderError, match="room"):
        await on_postgres.run(tell)
    await works_again(on_postgres)


def end(url: str, pid: int) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def end_all(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'operator-console'"
        )


async def test_a_file_that_is_no_database_is_refused_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(ProviderError) as told:
        await SqlDatabase(f"sqlite:///{path}").open()
    assert told.value.code == "database_unreachable"
    assert path.read_text().startswith("Dear")


async def test_a_server_that_does_not_answer_is_unreachable_and_its_password_is_not_told() -> None:
    with pytest.raises(ProviderError) as told:
        await SqlDatabase("postgresql://desk:hunter2@127.0.0.1:1/desk").open()
    assert told.value.code == "database_unreachable"
    assert "127.0.0.1:1/desk" in told.value.message
    assert "hunter2" not in f"{told.value}{told.value.hint}{told.value.__cause__}"


async def test_the_conversation_of_the_failing_tests_is_there(on_sqlite: SqlDatabase) -> None:
    assert await on_sqlite.read(lambda unit: unit.conversations.load(ACME, ConversationId("c_1")))
