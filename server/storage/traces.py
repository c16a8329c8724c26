"""Look for a text in every column of every table that can hold one, and in remembered answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Column, LargeBinary, Table, Text, text

from server.broker.ports.privacy import PurgedFile
from server.storage.cells import as_number
from server.storage.columns import Json
from server.storage.line import Line
from server.storage.schema import metadata
from server.storage.statement import DIALECTS, Statement
from server.wire.terms import OrganisationId

PLACES: Final = tuple(sorted(table.name for table in metadata.sorted_tables))
"""Every table."""
_BYTES: Final = {
    "sqlite": "instr({name}, CAST(:mark AS BLOB)) > 0",
    "postgresql": "position(convert_to(:mark, 'UTF8') in {name}) > 0",
}
_WORDS: Final = {
    "sqlite": "instr(CAST({name} AS text), :mark) > 0",
    "postgresql": "strpos(CAST({name} AS text), :mark) > 0",
}


def _type(column: Column[object]) -> object:
    return column.type


def _condition(column: Column[object], dialect: str) -> str:
    """Return the condition that the column holds :mark; empty when it can hold no text."""
    name = f'"{column.name}"'
    match _type(column):
        case LargeBinary():
            return _BYTES[dialect].format(name=name)
        case Text() | Json():
            return _WORDS[dialect].format(name=name)
        case _:
            return ""


def _counting(table: Table, dialect: str) -> Statement:  # type: ignore[explicit-any]  # in Table's own default
    conditions = [found for column in table.columns if (found := _condition(column, dialect))]
    where = " OR ".join(conditions) or "1 = 0"
    return Statement(text(f'SELECT count(*) FROM "{table.name}" WHERE {where}'))  # noqa: S608 - words of our own


_HOLDS: Final[Mapping[str, Mapping[str, Statement]]] = {
    dialect: {table.name: _counting(table, dialect) for table in metadata.sorted_tables} for dialect in DIALECTS
}
PIECE_BYTES: Final = 1 << 20
_FORGET: Final = {
    dialect: Statement(
        text(f"DELETE FROM answers WHERE organisation_id = :organisation_id AND {condition.format(name='body')}")  # noqa: S608 - words of our own
    )
    for dialect, condition in _BYTES.items()
}


def in_table(line: Line, table: str, mark: str) -> int:
    """Return in how many rows of a table this text stands; every row is read."""
    row = line.row(_HOLDS[line.dialect][table], {"mark": mark})
    return 0 if row is None else as_number(row[0])


def forget_answers(line: Line, organisation_id: OrganisationId, ids: Sequence[str]) -> int:
    """Drop remembered answers that name one of these conversations or sessions; return how many."""
    return sum(line.change(_FORGET[line.dialect], {"organisation_id": organisation_id, "mark": one}) for one in ids)


def look_through(file: Path, marks: Sequence[str]) -> PurgedFile:
    """Return how many of these texts stand in a database's file or in the log beside it, byte for byte."""
    wanted = {mark.encode() for mark in marks}
    found = {mark for path in (file, file.with_name(f"{file.name}-wal")) for mark in _in_file(path, wanted)}
    return PurgedFile(name=file.name, holds=len(found))


def _in_file(path: Path, wanted: set[bytes]) -> set[bytes]:
    """Return which of these stand in a file; one that reaches over two pieces is found too."""
    found = set[bytes]()
    if not path.exists() or not wanted:
        return found
    overlap = max(map(len, wanted)) - 1
    with path.open("rb") as opened:
        tail = b""
        while piece := opened.read(PIECE_BYTES):
            window = tail + piece
            found |= {mark for mark in wanted if mark in window}
            tail = window[-overlap:] if overlap else b""
    return found
