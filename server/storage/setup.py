"""Make an empty database ready, and refuse one whose tables are not those of this program.

The schema of an empty database is built from `server.storage.schema` in one transaction and stamped with the newest
revision, so a broker that dies in the middle leaves it empty. Older schemas are brought up to date by
`server.storage.migrate` only, when somebody asks for it.
"""

from typing import Final

from sqlalchemy import Column, MetaData, Table, Text, insert, select
from sqlalchemy.schema import CreateIndex, CreateTable

from server.core.errors import CallerError
from server.storage.cells import as_text
from server.storage.line import Line
from server.storage.past_schema import SEARCH_INDEX
from server.storage.schema import REVISIONS, metadata
from server.storage.statement import DIALECTS, Statement

_version: Final = Table("alembic_version", MetaData(), Column("version_num", Text, nullable=False))
VERSION_TABLE: Final = _version.name
_CREATE_VERSION: Final = (
    "CREATE TABLE alembic_version ( version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num) )"
)
_STAMP: Final = Statement(insert(_version), fills=["version_num"])
_CURRENT: Final = Statement(select(_version.c.version_num))


def creation(dialect: str) -> list[str]:
    """Return the statements that build the whole schema in an empty database."""
    statements: list[str] = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=DIALECTS[dialect])))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements += [str(CreateIndex(index).compile(dialect=DIALECTS[dialect])) for index in indexes]
    return [*statements, SEARCH_INDEX[dialect], _CREATE_VERSION]


def revision(line: Line) -> str:
    """Return the schema's revision, empty for an empty database.

    Raises:
        CallerError: `schema_unknown`: there are tables of somebody else's.
    """
    tables = line.tables()
    if not {name for name in tables if not name.startswith("sqlite_")}:
        return ""
    row = line.row(_CURRENT, {}) if VERSION_TABLE in tables else None
    if row is None:
        raise CallerError(
            "schema_unknown",
            "This database has tables, but not those of this program.",
            "Point [database] url at an empty database.",
        )
    return as_text(row[0])


def make_ready(line: Line) -> None:
    """Create the schema in an empty database, and check that of any other.

    Raises:
        CallerError: `schema_outdated`, `schema_newer` or `schema_unknown`.
    """
    line.begin()
    try:
        line.exclusive()
        found = revision(line)
        if not found:
            line.script(creation(line.dialect))
            line.change(_STAMP, {"version_num": REVISIONS[-1]})
            found = REVISIONS[-1]
        line.commit()
    finally:
        line.rollback()
    check_revision(found)


def check_revision(found: str) -> None:
    """Refuse a schema that is not the newest.

    Raises:
        CallerError: `schema_outdated` or `schema_newer`.
    """
    if found == REVISIONS[-1]:
        return
    if found in REVISIONS:
        raise CallerError(
            "schema_outdated",
            f"The database's schema is {found}, this program needs {REVISIONS[-1]}.",
            "Stop every broker, make a backup, then run `operator-server migrate`.",
            {"found": found, "needed": REVISIONS[-1]},
        )
    raise CallerError(
        "schema_newer",
        f"The database's schema is {found}, which this program does not know.",
        "Install the version of the program that last used this database, or a newer one.",
        {"found": found, "needed": REVISIONS[-1]},
    )
