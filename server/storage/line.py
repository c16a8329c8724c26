"""Be the one way to a database: a connection that runs statements and says what an error of its driver means."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from server.storage.cells import Cell, Cells, Row
from server.storage.statement import Statement


class Verdict(Enum):
    """What an error means for the transaction it happened in."""

    OWN = auto()
    """The fault of the work itself: it is undone and told, the others go on."""
    AGAIN = auto()
    """A race that was lost to another transaction: doing the same again may work."""
    BROKEN = auto()
    """The transaction is gone, and everybody in it."""


class Share(Enum):
    """What a connection's owner does with a database that others may use too."""

    READER = auto()
    """It reads."""
    BROKER = auto()
    """It is a broker's and writes, beside other brokers."""
    ALONE = auto()
    """It changes the schema: no broker may be connected."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An error with its meaning.

    Attributes:
        verdict: What it means for the transaction.
        error: What the caller is told.
        reconnect: The line is of no more use.
        tries: How often work that lost a race is tried again.
    """

    verdict: Verdict
    error: Exception
    reconnect: bool = False
    tries: int = 12


class Line(Protocol):
    """One connection; not for two threads at once."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    @property
    def writes(self) -> bool:
        """Whether the transaction may write, and its queries lock."""
        ...

    @property
    def ticket(self) -> str:
        """By which `fate` knows the transaction that was announced last; empty when there is none."""
        ...

    def rows(self, statement: Statement, cells: Cells) -> Sequence[Row]:
        """Return all rows of a query."""
        ...

    def row(self, statement: Statement, cells: Cells) -> Row | None:
        """Return the first row of a query, None when there is none."""
        ...

    def change(self, statement: Statement, cells: Cells) -> int:
        """Carry out a change and return how many rows it met."""
        ...

    def change_many(self, statement: Statement, many: Sequence[Cells]) -> None:
        """Carry out one change with many sets of parameters."""
        ...

    def ids(self, values: Sequence[str]) -> Cell:
        """Return the cell of an `any_of` parameter."""
        ...

    def tables(self) -> frozenset[str]:
        """Return the names of the tables there are."""
        ...

    def script(self, statements: Sequence[str]) -> None:
        """Carry out statements without parameters, one by one."""
        ...

    def damage(self) -> list[str]:
        """Return what the database itself finds wrong with its storage, one line each."""
        ...

    def exclusive(self) -> None:
        """Keep others from building or changing the schema until the transaction ends."""
        ...

    def begin(self, *, reading: bool = False) -> None:
        """Begin a transaction: a writing one, or one consistent view."""
        ...

    def commit(self) -> None:
        """Make it durable."""
        ...

    def rollback(self) -> None:
        """Undo it; harmless when there is none."""
        ...

    def mark(self) -> None:
        """Set the savepoint that `undo` returns to, letting go of the one before."""
        ...

    def undo(self) -> None:
        """Return to the savepoint."""
        ...

    def purge(self) -> None:
        """Let go of what the database keeps beside its tables of rows that are gone; outside of transactions."""
        ...

    def announce(self, seqs: dict[str, int]) -> None:
        """Tell other brokers, on commit, how far each organisation's events go."""
        ...

    def fate(self, ticket: str) -> bool | None:
        """Tell whether an announced transaction was committed; None while that is open."""
        ...

    def judge(self, error: Exception) -> Judged:
        """Say what an error means."""
        ...

    def close(self) -> None:
        """Disconnect; harmless when it is done already."""
        ...
