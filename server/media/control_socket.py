"""Let one broker at a time command the worker, through a Unix socket that only its owner can open."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable
from typing import Final

from server.broker.ports.media import Admission, CallPlan, Keys
from server.log import get_log
from server.media.control_messages import (
    CONTROL_PROTOCOL,
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
    read_to_worker,
)
from server.media.exchange import Exchange
from server.media.fact_log import FactLog, Send

_log = get_log(__name__)


class ControlSocket:
    """The worker's end of the control connection."""

    def __init__(self, exchange: Exchange, facts: FactLog, end: Callable[[], None]) -> None:
        """Pass orders to `exchange` and facts from `facts`; `end` ends the process."""
        self._exchange: Final = exchange
        self._facts: Final = facts
        self._end: Final = end
        self._boot: Final = secrets.token_hex(8)
        self._port = 0
        self._path = ""
        self._broker: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._loop: Final = asyncio.get_running_loop()
        self.alone_since: float | None = self._loop.time()
        """Since when no broker is attached; None while one is."""

    async def open(self, path: str, port: int) -> None:
        """Listen at `path`, mode 600; `port` is the media listener's, for the welcome. Call it under the lock."""
        self._port, self._path = port, path
        self.withdraw()
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, path=path)
        finally:
            os.umask(before)

    def withdraw(self) -> None:
        """Take the socket's name away, so that no further broker finds this worker."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)  # noqa: PTH108 - one call in a coroutine's path, and no Path is at hand

    async def close(self) -> None:
        """Stop listening and let the broker go."""
        if self._server is not None:
            self._server.close()
        if self._broker is not None:
            self._broker.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one broker until it goes; the newest wins."""
        if self._broker is not None:
            _write(self._broker, Superseded())
            self._broker.close()
        self._broker, self.alone_since = writer, None

        def send(message: NumberedFact) -> None:
            _write(writer, message)

        _write(writer, Welcome(CONTROL_PROTOCOL, self._boot, os.getpid(), self._port, self._facts.lost))
        try:
            await self._take_orders(reader, writer, send)
        except ControlError as error:
            _log.warning("control_message_refused", error=str(error))
        except (asyncio.IncompleteReadError, OSError):
            pass  # the broker went or was killed: calls go on, facts wait for the next one
        finally:
            self._facts.detach(send)
            if self._broker is writer:
                self._broker, self.alone_since = None, self._loop.time()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _take_orders(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, send: Send) -> None:
        """Carry out one order after the other; facts begin to flow once the state was asked for."""
        while True:
            message = await read_to_worker(reader)
            if writer is not self._broker:
                return
            match message:
                case FactsDone(number=number):
                    self._facts.done(number)
                case Order(body=QueryState()):
                    _write(writer, Answer(message.id, self._exchange.states()))
                    self._facts.attach(send)
                case Order(body=QueryMeasures()):
                    _write(writer, Answer(message.id, measures=self._exchange.measures()))
                case Order():
                    self._obey(message)
                    _write(writer, Answer(message.id))

    def _obey(self, order: Order) -> None:
        match order.body:
            case Admission() as admission:
                self._exchange.admit(admission)
            case CallPlan() as plan:
                self._exchange.plan(plan)
            case Keys() as keys:
                self._exchange.dial(keys)
            case EndWorker():
                self._end()
            case QueryState() | QueryMeasures():
                pass  # answered by the caller of this, before facts flow


def _write(writer: asyncio.StreamWriter, message: FromWorker) -> None:
    """Send without waiting; what may pile up is bounded by the facts in flight and by one answer per order."""
    if not writer.is_closing():
        writer.write(pack(message))
