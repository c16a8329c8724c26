"""Bring a database's schema up to date, when somebody asks for it and no broker uses the file.

A new database needs none of this: it is built at its first opening. Migrations only go forward; the way back is a
backup.
"""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from server.storage import problems
from server.storage.backends import Backend, backend
from server.storage.schema import REVISIONS
from server.storage.setup import make_ready, revision

FOLDER: Final = Path(__file__).parent / "migrations"
"""Where the migrations are, in the wheel too."""


def current(url: str) -> str:
    """Return the revision of the schema at `url`, empty when the database is empty.

    Raises:
        CallerError: `database_locked`, `schema_unknown`.
        ProviderError: `database_unreachable`.
    """
    with _alone(url) as used:
        return _revision(used)


def needs_migration(url: str) -> bool:
    """Tell whether a broker would refuse the schema at `url` as outdated; an empty database it would build."""
    found = current(url)
    return found in REVISIONS and found != REVISIONS[-1]


def migrate(url: str) -> bool:
    """Bring the database at `url` to the newest schema, building it where it is empty; False when it was there already.

    Raises:
        CallerError: `database_locked`: a broker runs. `schema_unknown`, `schema_newer`.
        ProviderError: `database_unreachable`, `database_unavailable`.
    """
    with _alone(url) as used:
        found = _revision(used)
        if found in REVISIONS and found != REVISIONS[-1]:
            _upgrade(url)
    _build_or_check(url)
    return found != REVISIONS[-1]


def upgrade_empty(url: str) -> None:
    """Build the schema by running every migration from the first one; for the test that compares both ways."""
    with _alone(url):
        _upgrade(url)


@contextmanager
def connection(url: str) -> Generator[Connection]:
    """Yield a connection of the toolkit's own, in a transaction that is committed at the end.

    On SQLite the transaction begins at once: the driver by itself would leave the building of tables outside of it.
    """
    engine = create_engine(_toolkit_url(url), poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _begin_by_hand)
        event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as begun:
            yield begun
    finally:
        engine.dispose()


def _begin_by_hand(made: sqlite3.Connection, _record: object) -> None:
    """Keep SQLite's driver from beginning and ending transactions by itself."""
    made.isolation_level = None


def _begin(begun: Connection) -> None:
    """Begin a transaction that nothing else can write beside."""
    begun.exec_driver_sql("BEGIN IMMEDIATE")


def configuration(begun: Connection) -> Config:
    """Return what Alembic needs to run our migrations on a connection."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = begun
    return config


def _upgrade(url: str) -> None:
    """Run the migrations that are missing, in one transaction."""
    try:
        with connection(url) as begun:
            command.upgrade(configuration(begun), "head")
    except SQLAlchemyError as error:
        raise problems.unavailable(
            f"the migration failed ({type(error).__name__})", "The schema is as it was; look at the log."
        ) from error


def _build_or_check(url: str) -> None:
    """Build the schema of an empty database, and check any other's."""
    used = backend(url)
    used.acquire()
    try:
        line = used.connect(writes=True)
        try:
            make_ready(line)
        finally:
            line.close()
    finally:
        used.release()


@contextmanager
def _alone(url: str) -> Generator[Backend]:
    """Yield the database, which no broker uses meanwhile."""
    used = backend(url)
    used.acquire(alone=True)
    try:
        yield used
    finally:
        used.release()


def _revision(used: Backend) -> str:
    """Return the schema's revision."""
    line = used.connect(writes=False)
    try:
        return revision(line)
    finally:
        line.close()


def _toolkit_url(url: str) -> URL:
    """Return the address as the toolkit writes it."""
    made = make_url(url)
    return made.set(drivername="postgresql+psycopg") if made.drivername == "postgresql" else made
