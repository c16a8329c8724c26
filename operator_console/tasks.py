"""Start the console's background work so that none of it is lost: each task is named and kept until it ends."""

import asyncio
from collections.abc import Coroutine
from typing import Final, TypeVar

T = TypeVar("T")

_references: Final[set[asyncio.Task[object]]] = set()


def spawn(name: str, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
    """Run `work` in the background and return its task; whoever spawns it awaits it or ends it with `stop`."""
    task: asyncio.Task[T] = asyncio.create_task(work, name=name)  # noqa: TID251 - the one place that starts tasks
    _references.add(task)
    task.add_done_callback(_references.discard)
    return task


async def stop(task: asyncio.Task[T]) -> None:
    """Cancel a task and return when it has ended; what it raised is the business of who awaits its result."""
    task.cancel()
    await asyncio.wait({task})
