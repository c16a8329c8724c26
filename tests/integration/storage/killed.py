"""Write and tell what is durable until somebody kills this process: `python -m tests.integration.storage.killed <url>`.

Each line on stdout is the id of a message whose transaction was answered.
"""

import asyncio
import itertools
import os
import sys

from server.broker.ports.store import Unit
from server.storage.database import SqlDatabase
from server.wire.terms import MessageId
from tests.contract.stored import ACME, conversation, message, organisations

WRITERS = 16


async def main(url: str) -> None:
    database = SqlDatabase(url)
    await database.open()
    await database.run(start)
    await asyncio.gather(*(write(database, number) for number in range(WRITERS)))


def start(unit: Unit) -> None:
    if not unit.roster.organisations():
        organisations(unit)
        unit.conversations.insert(conversation())


async def write(database: SqlDatabase, writer: int) -> None:
    for number in itertools.count():
        made = MessageId(f"m_{os.getpid()}_{writer}_{number}")

        def work(unit: Unit, made: MessageId = made) -> None:
            said = unit.conversations.add_message(message(1, id=made))
            unit.ledger.tell_message(ACME, "message.added", said)

        await database.run(work)
        os.write(sys.stdout.fileno(), f"{made}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
