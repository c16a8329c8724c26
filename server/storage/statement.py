"""Write each statement once, in SQLAlchemy Core, and compile it once for each database.

What is executed is the compiled text on the driver's own cursor: the toolkit's part of the work is done before
the first row moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from sqlalchemy import Column, Dialect, Select, func, literal_column, make_url, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement, ColumnElement, bindparam
from sqlalchemy.sql.compiler import SQLCompiler

from server.storage.cells import Cell

DIALECTS: Final[dict[str, Dialect]] = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": make_url("postgresql+psycopg://").get_dialect()(),
}
"""How each database's text is written."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """One statement's text for one database, its parameters' names, and those that are the same every time."""

    text: str
    raw: bytes
    names: frozenset[str]
    constants: Mapping[str, Cell]


class Statement:
    """One statement, compiled when a database first needs it."""

    def __init__(self, clause: ClauseElement, *, locks: bool = False, fills: Sequence[str] | None = None) -> None:
        """Keep the clause.

        Args:
            clause: The statement, with `bindparam`s for what differs each time.
            locks: It is a query whose rows a writer keeps to itself until its transaction ends.
            fills: The columns that an insert or update takes from parameters of their names.
        """
        self._fills: Final = None if fills is None else list(fills)
        self._clause: Final = clause
        self._locks: Final = locks
        self._compiled: Final[dict[tuple[str, bool], Compiled]] = {}

    def compiled(self, dialect: str, *, writes: bool) -> Compiled:
        """Return the text for a database, with locks when it is a writer's."""
        key = (dialect, writes)
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = self._compile(dialect, locks=self._locks and writes)
        return found

    def _compile(self, dialect: str, *, locks: bool) -> Compiled:
        clause = self._clause
        if locks:
            query = cast("Select[tuple[object, ...]]", clause)
            clause = query.with_for_update(key_share=True, of=query.get_final_froms()[0])
        compiled = clause.compile(dialect=DIALECTS[dialect], column_keys=self._fills)
        text = str(compiled)
        params = cast("dict[str, Cell]", compiled.params)
        filled = frozenset(self._fills or ())
        constants = {name: value for name, value in params.items() if value is not None and name not in filled}
        return Compiled(text, text.encode(), frozenset(params), constants)


class _AnyOf(ColumnElement[bool]):
    """`column` is one of a list given as one parameter, so that the text is the same for every length."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[str], parameter: str) -> None:
        self.column = column
        self.parameter = parameter


@compiles(_AnyOf, "sqlite")
def _any_of_sqlite(element: _AnyOf, compiler: SQLCompiler, **_: object) -> str:
    values = func.json_each(bindparam(element.parameter)).table_valued("value")
    return compiler.process(element.column.in_(select(values.c.value)))


@compiles(_AnyOf, "postgresql")
def _any_of_postgresql(element: _AnyOf, compiler: SQLCompiler, **_: object) -> str:
    return compiler.process(element.column == func.any(bindparam(element.parameter)))


class _Words(ColumnElement[bool]):
    """A condition as it is written."""

    inherit_cache = False

    def __init__(self, words: str) -> None:
        self.words = words


@compiles(_Words)
def _words(element: _Words, _compiler: SQLCompiler, **_: object) -> str:
    return element.words


def condition(words: str) -> ColumnElement[bool]:
    """Return a condition in the words of a partial index, which a parameter or another spelling would leave unused."""
    return _Words(words)


def unsought(column: Column[str]) -> ColumnElement[str]:
    """Return the column in a form that no index is searched by: other conditions find the rows, this one checks."""
    return column.concat(literal_column("''"))


def any_of(column: ColumnElement[str], parameter: str) -> ColumnElement[bool]:
    """Return the condition that `column` is one of the texts in the list `parameter`."""
    return _AnyOf(column, parameter)
