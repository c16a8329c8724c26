"""Run the engine process: one SIP stack, commanded by one broker at a time over a Unix socket.

Started by `server.telephony.sip.engine` as `python -m server.telephony.sip.child` with its settings on standard
input. Its calls outlive the broker; without a broker and without calls it ends itself. A crash in here ends its own
calls and nothing else.
"""

import asyncio
import contextlib
import importlib.util
import os
import signal
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from server.broker.ports.sip import SipFact, SipIncoming
from server.log import Level, configure, get_log
from server.tasks import TaskRunner
from server.telephony.sip.exits import EXIT_BAD_SETTINGS, EXIT_CANNOT_LISTEN, EXIT_DIED, EXIT_NOT_INSTALLED, EXIT_OK
from server.telephony.sip.link import (
    LONGEST_LINE,
    AnswerCall,
    DialCall,
    EndEngine,
    Fact,
    HangUpCall,
    Order,
    ReferCall,
    Refusal,
    RefuseCall,
    Reply,
    Welcome,
    line,
    orders,
)
from server.telephony.sip.settings import EngineSettings

if TYPE_CHECKING:
    from server.telephony.sip.stack import Stack

MOST_KEPT: Final = 10_000
"""Facts kept for a broker that is away."""
_WATCH_SECONDS: Final = 0.25
_LEVELS: Final[dict[str, Level]] = {"debug": "debug", "info": "info", "warning": "warning", "error": "error"}
_log = get_log(__name__)


class Child:
    """The process's end of the link."""

    def __init__(self, settings: EngineSettings, over: asyncio.Event) -> None:
        """Serve until `over` is set."""
        self._settings: Final = settings
        self._over: Final = over
        self._kept: Final[deque[SipFact]] = deque(maxlen=MOST_KEPT)
        self._broker: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._runner: Final = TaskRunner()
        self.alone_since: float | None = asyncio.get_running_loop().time()
        self.stack: Stack | None = None

    def tell(self, fact: SipFact) -> None:
        """Send a fact, or keep it for the next broker; it hears of calls that ring then by itself."""
        if self._broker is not None and not self._broker.is_closing():
            self._broker.write(line(Fact(fact=fact)))
        elif not isinstance(fact, SipIncoming):
            self._kept.append(fact)

    async def open(self) -> None:
        """Listen for brokers, mode 600."""
        path = self._settings.control_path
        self.withdraw()
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, path=path, limit=LONGEST_LINE)
        finally:
            os.umask(before)

    def withdraw(self) -> None:
        """Take the socket's name away."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._settings.control_path)  # noqa: PTH108 - no Path is at hand

    def close(self) -> None:
        """Let the broker go."""
        if self._server is not None:
            self._server.close()
        if self._broker is not None:
            self._broker.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one broker until it goes; the newest wins."""
        if self._broker is not None:
            self._broker.close()
        self._broker, self.alone_since = writer, None
        calls = self.stack.calls if self.stack is not None else ()
        writer.write(line(Welcome(digest=self._settings.digest, calls=calls)))
        while self._kept:
            writer.write(line(Fact(fact=self._kept.popleft())))
        for ringing in self.stack.ringing if self.stack is not None else ():
            writer.write(line(Fact(fact=ringing)))
        try:
            while raw := await reader.readline():
                order = orders.decode(raw)
                self._runner.start("sip_order", self._carry_out(order, writer))
        except (OSError, ValueError, msgspec.DecodeError) as error:
            _log.warning("sip_link_broken", error=str(error))
        finally:
            writer.close()
            if self._broker is writer:
                self._broker, self.alone_since = None, asyncio.get_running_loop().time()

    async def _carry_out(self, order: Order, writer: asyncio.StreamWriter) -> None:
        from server.telephony.sip.stack import StackError  # noqa: PLC0415 - known to be installed by now

        try:
            reply = await self._obey(order)
        except StackError as error:
            reply = Reply(number=order.number, refusal=Refusal(message=str(error)))
        if not writer.is_closing():
            writer.write(line(reply))

    async def _obey(self, order: Order) -> Reply:
        stack, number = self.stack, order.number
        if stack is None:
            return Reply(number=number, refusal=Refusal(message="The engine is starting."))
        match order.body:
            case AnswerCall(call_id=call_id, reference=reference, door=door):
                await stack.answer(call_id, reference, door)
            case RefuseCall(call_id=call_id) | HangUpCall(call_id=call_id):
                await stack.hang_up(call_id)
            case DialCall() as wanted:
                call_id = await stack.dial(wanted.to, wanted.reference, wanted.ring_seconds, wanted.door)
                return Reply(number=number, call_id=call_id)
            case ReferCall(call_id=call_id, target=target, seconds=seconds):
                return Reply(number=number, outcome=await stack.refer(call_id, target, seconds))
            case EndEngine():
                self._over.set()
        return Reply(number=number)


async def run(settings: EngineSettings) -> int:
    """Serve until told to end, or until nobody needs it; return the exit code."""
    from baresip import BaresipError  # noqa: PLC0415 - an extra

    from server.telephony.sip.source_filter import FilterError  # noqa: PLC0415
    from server.telephony.sip.stack import Stack  # noqa: PLC0415 - needs the extra

    loop = asyncio.get_running_loop()
    over, dead = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)

    def died() -> None:
        dead.set()
        over.set()

    child = Child(settings, over)
    stack = Stack(settings, child.tell, died)
    try:
        await stack.start()
    except (BaresipError, FilterError) as error:
        print(f"sip engine: {error}", file=sys.stderr)  # noqa: T201 - the broker reads the last line
        return EXIT_CANNOT_LISTEN
    child.stack = stack
    await child.open()
    while not over.is_set():
        try:
            await asyncio.wait_for(over.wait(), _WATCH_SECONDS)
        except TimeoutError:
            alone = child.alone_since
            limit = settings.orphan_calls_seconds if stack.calls else settings.orphan_seconds
            if alone is not None and loop.time() - alone >= limit:
                break
    child.withdraw()
    if dead.is_set():
        return EXIT_DIED
    with contextlib.suppress(BaresipError):
        await stack.stop()
    await asyncio.sleep(0.1)  # lets the last lines and goodbyes out
    child.close()
    await asyncio.sleep(0)  # its reader ends by itself
    return EXIT_OK


def main() -> int:
    """Read the settings and serve."""
    try:
        settings = msgspec.json.decode(sys.stdin.buffer.read(), type=EngineSettings)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        print(f"sip engine: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_BAD_SETTINGS
    configure(level=_LEVELS.get(settings.log_level, "warning"))
    if importlib.util.find_spec("baresip") is None:
        return EXIT_NOT_INSTALLED
    if not Path(settings.control_path).parent.is_dir():
        return EXIT_BAD_SETTINGS
    return asyncio.run(run(settings))


if __name__ == "__main__":
    sys.exit(main())
