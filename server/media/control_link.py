"""Hold one connection from the broker to its media worker: orders with their answers, facts in a row."""

import asyncio
import contextlib
from typing import Final

from server.broker.ports.media import Admission, CallPlan, Keys
from server.media.control_messages import (
    FACTS_IN_FLIGHT,
    Answer,
    ControlError,
    EndWorker,
    FactsDone,
    FromWorker,
    NumberedFact,
    Order,
    QueryMeasures,
    QueryState,
    Superseded,
    Welcome,
    pack,
    read_from_worker,
)
from server.side_process import connect

WELCOME_SECONDS: Final = 2.0
"""A worker that does not greet within this is stuck."""


class LinkLostError(Exception):
    """The worker, or the way to it, is gone; what was asked may or may not have been done."""


class SupersededError(Exception):
    """Another broker commands the worker now."""


class ControlLink:
    """One connection, from the worker's welcome to its end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, welcome: Welcome) -> None:
        """Go on after `welcome` was read; see `open_link`."""
        self.welcome: Final = welcome
        self._facts: Final[asyncio.Queue[NumberedFact | None]] = asyncio.Queue(FACTS_IN_FLIGHT + 1)
        self.lost: Final = asyncio.Event()
        self._reader: Final = reader
        self._writer: Final = writer
        self._answers: Final[dict[int, asyncio.Future[Answer]]] = {}
        self._last_id = 0

    async def ask(self, body: Admission | CallPlan | Keys | QueryState | QueryMeasures | EndWorker) -> Answer:
        """Give one order and return its answer; `read` must be running.

        Raises:
            LinkLostError: no answer came; every order may be given again.
        """
        if self.lost.is_set():
            raise LinkLostError
        self._last_id += 1
        number = self._last_id
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            self._writer.write(pack(Order(number, body)))
            return await answer
        finally:
            self._answers.pop(number, None)

    async def next_fact(self) -> NumberedFact | None:
        """Return the next fact, in order; None when the link is lost (facts not dealt with come over the next)."""
        if self.lost.is_set():
            return None
        return await self._facts.get()

    def done(self, number: int) -> None:
        """Tell the worker that every fact up to `number` was dealt with."""
        if not self.lost.is_set():
            self._writer.write(pack(FactsDone(number)))

    async def read(self) -> None:
        """Take what the worker says until it is gone; never returns.

        Raises:
            LinkLostError: the worker is gone, or speaks nonsense.
            SupersededError: another broker took over.
        """
        try:
            while True:
                self._take(await read_from_worker(self._reader))
        except (asyncio.IncompleteReadError, OSError, ControlError) as error:
            raise LinkLostError(str(error)) from error
        finally:
            self._give_up()

    def _take(self, message: FromWorker) -> None:
        match message:
            case Answer():
                waiting = self._answers.get(message.id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
            case NumberedFact():
                if self._facts.qsize() >= FACTS_IN_FLIGHT:
                    raise ControlError("The worker sends more facts at once than agreed.")
                self._facts.put_nowait(message)
            case Superseded():
                raise SupersededError
            case Welcome():
                pass  # was read before this link was made; a second one says nothing new

    async def close(self) -> None:
        """Let go of the worker."""
        self._give_up()
        self._writer.close()
        with contextlib.suppress(OSError):
            # Shielded: a cancelled wait_closed cancels the future that every later one waits for.
            await asyncio.shield(self._writer.wait_closed())

    def _give_up(self) -> None:
        if not self.lost.is_set():
            self.lost.set()
            self._facts.put_nowait(None)  # has room: the worker keeps to its number of facts in flight
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(LinkLostError())


async def open_link(control_path: str) -> ControlLink | None:
    """Return a link to the worker at `control_path`; None when there is none, or it does not greet."""
    connection = await connect(control_path)
    if connection is None:
        return None
    reader, writer = connection
    try:
        async with asyncio.timeout(WELCOME_SECONDS):
            welcome = await read_from_worker(reader)
    except (TimeoutError, asyncio.IncompleteReadError, OSError, ControlError):
        welcome = None
    if isinstance(welcome, Welcome):
        return ControlLink(reader, writer, welcome)
    writer.close()
    return None
