"""Speak between broker and media worker: msgpack messages with a length in front, on a Unix socket.

Either side may be killed at any moment: orders are whole and repeatable, and facts are numbered and kept until the
broker says that it has dealt with them.
"""

import asyncio
from struct import Struct
from typing import Final

import msgspec

from server.broker.ports.measures import WorkerMeasures
from server.broker.ports.media import Admission, CallPlan, CallState, Keys, MediaFact

CONTROL_PROTOCOL: Final = 3
"""Raised when an older worker could misread a message; such a worker is told to end."""
MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024
"""The longest message taken: the state of some ten thousand calls."""
FACTS_IN_FLIGHT: Final = 256
"""Facts sent and not yet dealt with; the rest waits in the worker."""
_LENGTH: Final = Struct("!I")


class ControlError(Exception):
    """The other side of the control socket does not speak our language."""


class QueryState(msgspec.Struct, frozen=True, tag="query"):
    """Ask for the calls that live in the worker."""


class QueryMeasures(msgspec.Struct, frozen=True, tag="measures"):
    """Ask for what the worker has counted."""


class EndWorker(msgspec.Struct, frozen=True, tag="end"):
    """Hang up on everybody and exit."""


class Order(msgspec.Struct, frozen=True, tag="order"):
    """Something the broker wants; answered under the same id."""

    id: int
    body: Admission | CallPlan | Keys | QueryState | QueryMeasures | EndWorker


class FactsDone(msgspec.Struct, frozen=True, tag="done"):
    """The broker has dealt with every fact up to this number."""

    number: int


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The worker's first message: which process this is, and where its listener is."""

    protocol: int
    boot: str
    pid: int
    port: int
    lost_facts: int


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """The order was carried out; `calls` and `measures` when they were asked for."""

    id: int
    calls: tuple[CallState, ...] = ()
    measures: WorkerMeasures | None = None


class NumberedFact(msgspec.Struct, frozen=True, tag="fact"):
    """One fact, numbered within the worker's life."""

    number: int
    fact: MediaFact


class Superseded(msgspec.Struct, frozen=True, tag="superseded"):
    """Another broker has taken over; this one must not come back by itself."""


ToWorker = Order | FactsDone
FromWorker = Welcome | Answer | NumberedFact | Superseded


def pack(message: ToWorker | FromWorker) -> bytes:
    """Return a message as it travels."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


async def read_to_worker(reader: asyncio.StreamReader) -> ToWorker:
    """Return the broker's next message.

    Raises:
        ControlError: not a message of ours.
        asyncio.IncompleteReadError: the other side is gone.
    """
    try:
        message: ToWorker = _to_worker.decode(await _read(reader))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ControlError(f"Not an order: {error}") from error
    return message


async def read_from_worker(reader: asyncio.StreamReader) -> FromWorker:
    """Return the worker's next message.

    Raises:
        ControlError: not a message of ours.
        asyncio.IncompleteReadError: the other side is gone.
    """
    try:
        message: FromWorker = _from_worker.decode(await _read(reader))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ControlError(f"Not a worker's message: {error}") from error
    return message


async def _read(reader: asyncio.StreamReader) -> bytes:
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > MAX_MESSAGE_BYTES:
        raise ControlError(f"A message of {length} bytes.")
    return await reader.readexactly(length)


_encoder: Final = msgspec.msgpack.Encoder()
_to_worker: Final = msgspec.msgpack.Decoder(ToWorker)
_from_worker: Final = msgspec.msgpack.Decoder(FromWorker)
