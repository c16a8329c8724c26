"""Rules of judgement: whose fault an error is decides who is undone, who tries again and what they are told."""

import sqlite3
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from server.core.errors import CallerError, ConflictError, ProviderError
from server.storage import problems
from server.storage.backends import Postgres, SqliteFile, SqliteMemory, backend, check_version
from server.storage.line import Share, Verdict
from server.storage.postgres_line import PostgresLine, _notices, read_notice
from server.storage.sqlite_line import MemoryLine

pytestmark = pytest.mark.unit


@pytest.fixture
def sqlite_line() -> Iterator[MemoryLine]:
    line = MemoryLine()
    yield line
    line.let_go()


class Connected:
    """A PostgreSQL connection that is there, or not."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.closed = broken


def postgres_line(*, broken: bool = False) -> PostgresLine:
    line = PostgresLine.__new__(PostgresLine)
    line.writes = True
    line._connection = Connected(broken=broken)  # type: ignore[misc, assignment]
    return line


def failing(line: MemoryLine, *statements: str) -> sqlite3.Error:
    with pytest.raises(sqlite3.Error) as raised:
        line.script(statements)
    return raised.value


def test_sqlite_tells_a_constraint_from_a_mistake(sqlite_line: MemoryLine) -> None:
    twice = failing(sqlite_line, "CREATE TABLE t (x INTEGER UNIQUE NOT NULL)", *["INSERT INTO t VALUES (1)"] * 2)
    assert sqlite_line.judge(twice).verdict is Verdict.OWN
    assert getattr(sqlite_line.judge(twice).error, "code", "") == "already_exists"
    nothing = sqlite_line.judge(failing(sqlite_line, "INSERT INTO t VALUES (NULL)"))
    assert getattr(nothing.error, "code", "") == "inconsistent"
    mistake = failing(sqlite_line, "SELECT colour FROM t")
    assert (sqlite_line.judge(mistake).verdict, sqlite_line.judge(mistake).error) == (Verdict.OWN, mistake)


@pytest.mark.parametrize(
    ("name", "reconnect"),
    [("SQLITE_FULL", False), ("SQLITE_IOERR_WRITE", True), ("SQLITE_BUSY", True), ("SQLITE_CORRUPT_INDEX", True)],
)
def test_sqlite_that_fails_takes_the_whole_group_with_it(sqlite_line: MemoryLine, name: str, reconnect: bool) -> None:
    error = sqlite3.OperationalError("it failed")
    error.sqlite_errorcode = getattr(sqlite3, name)
    judged = sqlite_line.judge(error)
    assert (judged.verdict, judged.reconnect) == (Verdict.BROKEN, reconnect)
    assert isinstance(judged.error, ProviderError)
    assert judged.error.hint


@pytest.mark.parametrize("error", [errors.SerializationFailure(), errors.DeadlockDetected(), errors.LockNotAvailable()])
def test_postgresql_that_lost_a_race_is_asked_again(error: psycopg.Error) -> None:
    judged = postgres_line().judge(error)
    assert judged.verdict is Verdict.AGAIN
    assert judged.tries > 3


def test_postgresql_looks_again_once_where_another_was_first() -> None:
    judged = postgres_line().judge(errors.UniqueViolation())
    assert (judged.verdict, judged.tries) == (Verdict.AGAIN, 1)
    assert isinstance(judged.error, ConflictError)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.ForeignKeyViolation(), ConflictError),
        (errors.NotNullViolation(), ConflictError),
        (psycopg.DataError("NUL"), CallerError),
        (errors.UndefinedColumn(), errors.UndefinedColumn),
        (ConflictError("not_yours", "No."), ConflictError),
        (KeyError("x"), KeyError),
    ],
)
def test_postgresql_leaves_the_fault_where_it_is(error: Exception, kind: type[Exception]) -> None:
    judged = postgres_line().judge(error)
    assert judged.verdict is Verdict.OWN
    assert isinstance(judged.error, kind)


@pytest.mark.parametrize(
    ("error", "broken"),
    [
        (psycopg.OperationalError("gone"), True),
        (errors.AdminShutdown(), False),
        (errors.QueryCanceled(), False),
        (errors.DiskFull(), False),
        (errors.InFailedSqlTransaction(), False),
    ],
)
def test_postgresql_that_fails_takes_the_whole_group_with_it(error: psycopg.Error, broken: bool) -> None:
    judged = postgres_line(broken=broken).judge(error)
    assert judged.verdict is Verdict.BROKEN
    assert isinstance(judged.error, ProviderError)


def test_everybody_gets_an_error_of_their_own_with_the_same_words() -> None:
    full = problems.unavailable("the disk is full", "Free space.")
    one, two = problems.nothing_saved(full), problems.nothing_saved(full)
    assert one is not two
    assert (
        (one.code, one.message, one.hint) == (two.code, two.message, two.hint) == (full.code, full.message, full.hint)
    )
    assert problems.nothing_saved(problems.unreachable("x", "look")).code == "database_unavailable"
    assert problems.nothing_saved(KeyError("x")).code == "database_unavailable"


def test_the_refusal_of_a_used_database_says_who_must_go() -> None:
    assert "broker" in problems.in_use(Share.ALONE).message
    assert "migrated" in problems.in_use(Share.BROKER).message


def test_a_notice_is_read_as_it_was_written_however_many_organisations_there_are() -> None:
    seqs = {f"o_{'x' * 40}{number}": number * 1000 for number in range(1, 500)}
    notices = _notices(seqs)
    assert all(len(notice) < 8000 for notice in notices)
    assert 1 < len(notices) < 10
    heard: dict[str, int] = {}
    for notice in notices:
        heard.update(read_notice(notice))
    assert heard == seqs
    assert read_notice("nonsense,o_1:x,:5,o_2:7") == {"o_2": 7}


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("sqlite://", SqliteMemory),
        ("sqlite:///:memory:", SqliteMemory),
        ("sqlite:////var/lib/desk/a%20b.sqlite3", SqliteFile),
        ("sqlite:///desk.sqlite3", SqliteFile),
        ("postgresql://desk@db:5433/desk", Postgres),
    ],
)
def test_an_address_says_which_database(url: str, kind: type) -> None:
    made = backend(url)
    assert type(made) is kind
    if isinstance(made, SqliteFile):
        assert str(made.path) in {"/var/lib/desk/a b.sqlite3", "desk.sqlite3"}


@pytest.mark.parametrize("url", ["", "mysql://x/y", "desk.sqlite3", "sqlite://host/desk"])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(CallerError) as refused:
        backend(url)
    assert refused.value.code == "bad_database_url"


def test_a_library_that_is_too_old_and_a_driver_that_is_missing_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    check_version()
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(CallerError) as refused:
        check_version()
    assert refused.value.code == "sqlite_too_old"
    monkeypatch.setattr("server.storage.backends.find_spec", lambda _: None)
    with pytest.raises(CallerError) as refused:
        backend("postgresql://desk@db/desk").acquire()
    assert refused.value.code == "driver_missing"
