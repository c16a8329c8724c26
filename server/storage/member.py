"""Be one caller's share in a group: the work, what it told, and where its answer goes."""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from server.storage.cells import Cell
from server.storage.unit import SqlUnit

T = TypeVar("T")


class Waiting(Protocol):
    """A share of any kind, as the writer sees it."""

    told: list[dict[str, Cell]]
    afterwards: list[Callable[[], None]]
    error: Exception | None

    @property
    def reads(self) -> bool:
        """It only reads."""
        ...

    @property
    def purges(self) -> bool:
        """It is no work of a transaction, but the database's own: to be done between two of them."""
        ...

    @property
    def given_up(self) -> bool:
        """Whoever asked waits no longer."""
        ...

    def attempt(self, unit: SqlUnit) -> None:
        """Do the work, and raise what it raises."""
        ...

    def answer(self) -> None:
        """Tell whoever waits; on the event loop."""
        ...


class Member(Generic[T]):
    """One caller's work and its answer; the work may be done more than once, the answer is given once."""

    def __init__(self, work: Callable[[SqlUnit], T], *, reads: bool = False, purges: bool = False) -> None:
        """Take in the work; to be made on the event loop that waits."""
        self.purges: Final = purges
        self._work: Final = work
        self._values: list[T] = []
        self.reads: Final = reads
        self.answered: Final[asyncio.Future[T]] = asyncio.get_running_loop().create_future()
        self.told: list[dict[str, Cell]] = []
        self.afterwards: list[Callable[[], None]] = []
        self.error: Exception | None = None

    @property
    def given_up(self) -> bool:
        """Whoever asked waits no longer."""
        return self.answered.cancelled()

    def attempt(self, unit: SqlUnit) -> None:
        """Do the work, and raise what it raises."""
        self.error = None
        self.told = []
        self.afterwards = []
        self._values = [self._work(unit)]

    def answer(self) -> None:
        """Tell whoever waits; on the event loop."""
        if self.error is None:
            for call in self.afterwards:
                call()
        if self.answered.done():
            return
        match self.error:
            case None:
                self.answered.set_result(self._values[0])
            case StopIteration():  # a future does not take it
                self.answered.set_exception(RuntimeError("the work of a transaction raised StopIteration"))
            case error:
                self.answered.set_exception(error)
