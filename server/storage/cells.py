"""Turn our values into a row's cells and back, column by column, as the schema says.

The hot path goes straight from and to the driver; this is where instants, flags, words of closed vocabularies and
JSON change their shape.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Final, Generic, TypeVar, cast, get_type_hints

import msgspec
from sqlalchemy import Column, Table

from server.storage.columns import Flag, Instant, Json, from_microseconds, to_microseconds

Cell = str | int | float | bytes | list[str] | None
"""What goes into a parameter or comes out of a column."""
Row = Sequence[Cell]
"""One row as the driver gives it."""
Cells = Mapping[str, Cell]
"""Parameters of a statement by name."""

T = TypeVar("T")


def as_text(cell: Cell) -> str:
    """Return a cell that the schema says is text."""
    return cast("str", cell)


def as_number(cell: Cell) -> int:
    """Return a cell that the schema says is a whole number."""
    return cast("int", cell)


def as_bytes(cell: Cell) -> bytes:
    """Return a cell that the schema says is bytes."""
    return cast("bytes", cell)


def as_instant(cell: Cell) -> datetime:
    """Return a cell that the schema says is an instant."""
    return from_microseconds(cast("int", cell))


def as_json(value: object) -> str:
    """Return a value as the text of a JSON column."""
    return msgspec.json.encode(value).decode()


class Shape(Generic[T]):
    """How one struct or dataclass of ours lies in the columns of a table that carry its fields' names."""

    def __init__(self, kind: type[T], table: Table) -> None:  # type: ignore[explicit-any]  # in Table's own default
        """Pair the fields of `kind` with the columns."""
        self._kind: Final = kind
        self.names: Final[tuple[str, ...]] = tuple(get_type_hints(kind))
        self.columns: Final[tuple[Column[object], ...]] = tuple(table.c[name] for name in self.names)
        self._encoders: Final = tuple((name, _encoder(table.c[name])) for name in self.names)
        self._decoders: Final = tuple((name, _decoder(table.c[name])) for name in self.names)

    def cells(self, value: T) -> dict[str, Cell]:
        """Return the value's fields as parameters."""
        return {name: encode(getattr(value, name)) for name, encode in self._encoders}

    def read(self, row: Row, start: int = 0) -> T:
        """Return the value whose cells begin at `start` of `row`, checked against its types."""
        cells = row if start == 0 else row[start:]
        fields = {
            name: cell if decode is None or cell is None else decode(cell)
            for (name, decode), cell in zip(self._decoders, cells, strict=False)
        }
        return msgspec.convert(fields, type=self._kind)


def _encoder(column: Column[object]) -> Callable[[object], Cell]:
    """Return what turns a field's value into the column's cell."""
    match _type(column):
        case Instant():
            return _instant_cell
        case Flag():
            return _flag_cell
        case Json():
            return as_json
        case _:
            return _plain_cell


def _decoder(column: Column[object]) -> Callable[[Cell], object] | None:
    """Return what turns the column's cell into what msgspec makes the field of; None when nothing needs to."""
    match _type(column):
        case Instant():
            return as_instant
        case Flag():
            return bool
        case Json():
            return _from_json
        case _:
            return None


def _type(column: Column[object]) -> object:
    return column.type


def _instant_cell(value: object) -> Cell:
    return None if value is None else to_microseconds(cast("datetime", value))


def _flag_cell(value: object) -> Cell:
    return int(cast("bool", value))


def _plain_cell(value: object) -> Cell:
    return cast("str", value.value) if isinstance(value, Enum) else cast("Cell", value)


def _from_json(cell: Cell) -> object:
    return msgspec.json.decode(cast("str", cell))
