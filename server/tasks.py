"""Start background work so that none of it is lost, silent, or left behind.

`spawn` is the only place that calls `asyncio.create_task`: it keeps a reference (the event loop holds tasks
weakly), names the task and logs what it raises. `TaskRunner` owns such tasks for one part of the program: it can keep
a loop alive with a growing pause between restarts, and ends all of them when the part stops.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Final, TypeVar

from server.clock import Clock, SystemClock
from server.log import get_log

T = TypeVar("T")

_references: Final[set[asyncio.Task[object]]] = set()
_log = get_log(__name__)


@dataclass(frozen=True, slots=True)
class Restart:
    """How long to pause before a loop that failed is started again.

    Attributes:
        first_seconds: The pause after the first failure; it doubles with each further one.
        most_seconds: The longest pause.
        calm_seconds: A run of at least this length counts as recovered: the next pause is the first one again.
    """

    first_seconds: float = 0.1
    most_seconds: float = 10.0
    calm_seconds: float = 30.0

    def pause_seconds(self, failures: int) -> float:
        """Return the pause after `failures` failures in a row (1 or more)."""
        return min(self.first_seconds * 2.0 ** min(failures - 1, 32), self.most_seconds)


def spawn(name: str, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
    """Run `work` in the background and return its task; what it raises is logged under `name`.

    The caller may await the task and gets the exception too.
    """
    task: asyncio.Task[T] = asyncio.create_task(work, name=name)  # noqa: TID251 - the one place that starts tasks
    _references.add(task)
    task.add_done_callback(_finished)
    return task


class TaskRunner:
    """The background work of one part of the program, ended together by `stop`."""

    def __init__(self, clock: Clock | None = None) -> None:
        """Start empty; `clock` times the pauses between restarts (default: the machine's)."""
        self._clock: Final = clock or SystemClock()
        self._tasks: Final[set[asyncio.Task[object]]] = set()
        self._stopping = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what runs now, sorted: for health pages and tests."""
        return tuple(sorted(task.get_name() for task in self._tasks if not task.done()))

    def start(self, name: str, work: Coroutine[object, object, object]) -> None:
        """Run `work` once in the background; what it raises is logged under `name`.

        Raises:
            RuntimeError: The runner was stopped.
        """
        if self._stopping:
            work.close()
            raise RuntimeError(f"Cannot start {name}: this task runner was stopped.")
        task = spawn(name, work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def keep(self, name: str, work: Callable[[], Awaitable[None]], restart: Restart | None = None) -> None:
        """Run `work()` and start it again whenever it raises; a normal return ends it."""
        self.start(name, self._kept(name, work, restart or Restart()))

    async def stop(self, grace_seconds: float = 0.0) -> None:
        """Let the work finish within `grace_seconds`, cancel the rest, and wait until all of it has ended.

        May be called from one of its own tasks, which is then left running.
        """
        self._stopping = True
        mine = asyncio.current_task()
        waiting = {task for task in self._tasks if task is not mine}
        if waiting and grace_seconds > 0:
            _, waiting = await asyncio.wait(waiting, timeout=grace_seconds)
        for task in waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting)

    async def _kept(self, name: str, work: Callable[[], Awaitable[None]], restart: Restart) -> None:
        failures = 0
        while True:
            began = self._clock.monotonic()
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the task runner: whatever a loop raises is logged and it goes on
                failures = 1 if self._clock.monotonic() - began >= restart.calm_seconds else failures + 1
                pause_seconds = restart.pause_seconds(failures)
                _log.error("task_restarts", task=name, failures=failures, pause_seconds=pause_seconds, exc_info=error)
                await self._clock.sleep(pause_seconds)
            else:
                return


def _finished(task: asyncio.Task[T]) -> None:
    """Drop the reference and log a failure nobody may be waiting for."""
    _references.discard(task)
    if task.cancelled():
        return
    error = task.exception()
    if error is not None:
        _log.error("task_failed", task=task.get_name(), exc_info=error)
