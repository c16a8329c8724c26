"""Rules of the tests' own servers: a database of one's own, gone afterwards, and an installed server is started."""

from pathlib import Path

import psycopg
import pytest

from tests import nats, postgres

pytestmark = pytest.mark.integration


def databases(server: str) -> set[str]:
    with psycopg.connect(server) as connection:
        return {row[0] for row in connection.execute("SELECT datname FROM pg_database").fetchall()}


def test_each_test_gets_an_empty_database_that_is_dropped_afterwards(postgres_server: str) -> None:
    with postgres.database(postgres_server) as url:
        name = Path(url).name
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE t (x int)")
        assert name in databases(postgres_server)
    assert name not in databases(postgres_server)


def test_an_installed_server_is_started_where_none_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres.VARIABLE, raising=False)
    monkeypatch.setattr(postgres, "LOCAL", ())
    with postgres.server() as server, postgres.database(server) as url:
        assert Path(url).name in databases(server)
    with pytest.raises(psycopg.OperationalError):
        databases(server)


def test_a_named_server_that_does_not_answer_is_an_error_and_not_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(postgres.VARIABLE, "postgresql://root@127.0.0.1:1/none")
    with pytest.raises(RuntimeError, match="nobody lets us create databases"), postgres.server():
        pass
    monkeypatch.setenv(nats.VARIABLE, "nats://127.0.0.1:1")
    with pytest.raises(RuntimeError, match="no NATS server answers"), nats.server():
        pass


def test_nats_answers_where_the_fixture_says(nats_url: str) -> None:
    assert nats.answers(nats_url)


def test_an_installed_nats_is_started_where_none_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(nats.VARIABLE, raising=False)
    monkeypatch.setattr(nats, "LOCAL", "nats://127.0.0.1:1")
    with nats.server() as url:
        assert nats.answers(url)
    assert not nats.answers(url)
