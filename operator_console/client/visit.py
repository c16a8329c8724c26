"""Look in at the broker for one order: connect, get everything as it is, and leave."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from operator_console.client.errors import CONNECTION_LOST, ClientError
from operator_console.client.socket import ConsoleSocket
from operator_console.model.inputs import Disconnected
from operator_console.tasks import spawn, stop
from server.wire.errors import ErrorBody
from server.wire.frames import Snapshot

SNAPSHOT_SECONDS: Final = 15.0


@asynccontextmanager
async def visit(socket: ConsoleSocket) -> AsyncGenerator[Snapshot, None]:
    """Give the snapshot of a fresh connection, which stays open (and is made again) for as long as the block lasts.

    Raises:
        ClientError: no connection at the first attempt, or no snapshot over it.
    """
    first: asyncio.Future[Snapshot] = asyncio.get_running_loop().create_future()
    reading = spawn("console-visit", _read(socket, first))
    try:
        try:
            async with asyncio.timeout(SNAPSHOT_SECONDS):
                snapshot = await first
        except TimeoutError as error:
            raise ClientError(ErrorBody(CONNECTION_LOST, "The broker sent no snapshot.", "Try again.")) from error
        yield snapshot
    finally:
        await stop(reading)


async def _read(socket: ConsoleSocket, first: asyncio.Future[Snapshot]) -> None:
    async for event in socket.events():
        if first.done():
            continue
        if isinstance(event, Snapshot):
            first.set_result(event)
        elif isinstance(event, Disconnected):
            body = socket.failure or ErrorBody(CONNECTION_LOST, event.reason, "Try again.")
            first.set_exception(ClientError(body))
