"""Keep an engine process at hand and command it: the broker's `SipEngine`.

The process is started when none answers, and again with growing pauses when it dies; then each of its calls is told as
ended. It outlives the broker, so that a restart of the broker ends no call: the next broker finds it by its socket.
"""

import asyncio
import os
import signal
from contextlib import suppress
from typing import Final

import msgspec

from server.broker.ports.sip import (
    CallEnd,
    MediaDoor,
    ReferOutcome,
    SipAnswered,
    SipCall,
    SipEnded,
    SipFact,
    SipIncoming,
    TakeFact,
)
from server.clock import Clock
from server.core.errors import ProviderError
from server.log import get_log
from server.side_process import connect, exit_code, start
from server.tasks import TaskRunner
from server.telephony.sip.exits import EXIT_CANNOT_LISTEN, EXIT_NOT_INSTALLED
from server.telephony.sip.link import (
    LONGEST_LINE,
    AnswerCall,
    Body,
    DialCall,
    EndEngine,
    Fact,
    HangUpCall,
    Order,
    ReferCall,
    RefuseCall,
    Reply,
    Welcome,
    line,
    lines,
)
from server.telephony.sip.settings import EngineSettings

START_SECONDS: Final = 30.0
ORDER_SECONDS: Final = 15.0
"""How long an order may take; a transfer has its own time on top."""
END_SECONDS: Final = 5.0
TRIES: Final = 3
"""How often a process that can't listen is started: one that is ending may hold the port, or the machine is busy."""
_POLL_SECONDS: Final = 0.05
_MOST_FACTS: Final = 10_000
_log = get_log(__name__)

INSTALL: Final = "pip install 'operator-console[sip]' in the broker's environment, then start the broker again."


class ProcessSipEngine:
    """SIP in a process of its own."""

    def __init__(self, settings: EngineSettings, clock: Clock) -> None:
        """Run as `settings` say; nothing happens before `start`."""
        self._settings: Final = settings
        self._clock: Final = clock
        self._runner = TaskRunner(clock)
        self._child: int | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._answers: Final[dict[int, asyncio.Future[Reply]]] = {}
        self._calls: Final[dict[str, SipCall]] = {}
        self._facts: asyncio.Queue[SipFact] = asyncio.Queue(_MOST_FACTS)
        self._first: asyncio.Future[tuple[SipCall, ...]] | None = None
        self._number = 0
        self._stopping = False
        self._tries = TRIES

    @property
    def pid(self) -> int | None:
        """The process that this broker started; None while there is none."""
        return self._child if self._writer is not None else None

    async def start(self, take: TakeFact) -> tuple[SipCall, ...]:
        """Come up, or take over the process that runs; return its calls.

        Raises:
            ProviderError: `sip_not_installed`, `sip_port_taken`, `sip_failed`.
        """
        self._runner = TaskRunner(self._clock)
        self._stopping = False
        self._calls.clear()
        self._first = asyncio.get_running_loop().create_future()
        self._runner.keep("sip-engine", self._serve)

        async def deliver() -> None:
            while True:
                await take(await self._facts.get())

        self._runner.keep("sip-facts", deliver)
        try:
            return await self._first
        except ProviderError:
            await self._runner.stop()
            raise

    async def stop(self, *, end_calls: bool) -> None:
        """Let go of the process; with `end_calls` its calls end too."""
        self._stopping = True
        if end_calls and self._writer is not None:
            with suppress(ProviderError):
                await self._ask(EndEngine())
            await self._wait_for_its_end()
        await self._runner.stop()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def answer(self, call_id: str, reference: str, door: MediaDoor) -> None:
        """Answer a call once its audio has a way."""
        await self._ask(AnswerCall(call_id=call_id, reference=reference, door=door))

    async def refuse(self, call_id: str) -> None:
        """Decline a call as busy."""
        await self._ask(RefuseCall(call_id=call_id))

    async def dial(self, to: str, reference: str, ring_seconds: float, door: MediaDoor) -> str:
        """Have it ring, and return the call's id."""
        order = DialCall(to=to, reference=reference, ring_seconds=ring_seconds, door=door)
        return (await self._ask(order)).call_id

    async def hang_up(self, call_id: str) -> None:
        """End a call, ringing or not."""
        await self._ask(HangUpCall(call_id=call_id))

    async def refer(self, call_id: str, target: str, seconds: float) -> ReferOutcome:
        """Ask the other side to call `target` instead of us."""
        order = ReferCall(call_id=call_id, target=target, seconds=seconds)
        reply = await self._ask(order, seconds + ORDER_SECONDS)
        return reply.outcome or ReferOutcome(moved=False, reason="The engine said nothing.")

    # --- within ----------------------------------------------------------------------------------------------------

    async def _ask(self, body: Body, seconds: float = ORDER_SECONDS) -> Reply:
        writer = self._writer
        if writer is None or writer.is_closing():
            raise _away()
        self._number += 1
        number = self._number
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            writer.write(line(Order(number, body)))
            reply = await asyncio.wait_for(answer, seconds)
        except (TimeoutError, OSError) as error:
            raise _away() from error
        finally:
            self._answers.pop(number, None)
        if reply.refusal is not None:
            raise ProviderError("sip_refused", reply.refusal.message, "See docs/carriers/sip.md.", retryable=False)
        return reply

    async def _serve(self) -> None:
        """Attach to the process, hear it until it is gone, and say which calls went with it."""
        try:
            reader, writer, welcome = await self._greeting()
        except ProviderError as error:
            if self._first is not None and not self._first.done():
                self._first.set_exception(error)
                return
            raise
        self._writer = writer
        self._calls.update({one.call_id: one for one in welcome.calls})
        if self._first is not None and not self._first.done():
            self._first.set_result(welcome.calls)
        _log.info("sip_engine_ready", calls=len(welcome.calls))
        try:
            while raw := await reader.readline():
                self._take(lines.decode(raw))
        finally:
            self._writer = None
            writer.close()
            if not self._stopping:
                self._lose()
        if not self._stopping:
            raise ConnectionError("The SIP engine is gone.")

    async def _greeting(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, Welcome]:
        """Return a connection to the process, and its welcome; one that runs on other settings is ended first.

        Raises:
            ProviderError: it can't be started, speaks another version, or its successor does not come.
        """
        reader, writer = await self._attach()
        try:
            welcome = lines.decode(await reader.readline())
        except (msgspec.DecodeError, OSError, ValueError) as error:
            raise ProviderError("sip_failed", "The SIP engine does not answer.", "Start the broker again.") from error
        if not isinstance(welcome, Welcome):
            raise ProviderError("sip_failed", "The SIP engine is of another version.", "Stop it, then start again.")
        if welcome.digest == self._settings.digest:
            return reader, writer, welcome
        _log.warning("sip_engine_replaced", calls=len(welcome.calls))
        for one in welcome.calls:
            self._facts.put_nowait(_lost(one))
        writer.write(line(Order(0, EndEngine())))
        await reader.read()
        writer.close()
        return await self._greeting()

    async def _attach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection to the process, starting one if none answers.

        Raises:
            ProviderError: it can't be started, or ended at once; says why.
        """
        deadline = self._clock.monotonic() + START_SECONDS
        path = self._settings.control_path
        self._tries = TRIES
        while self._clock.monotonic() < deadline:
            link = await connect(path, LONGEST_LINE)
            if link is not None:
                return link
            self._start_process()
            await self._clock.sleep(_POLL_SECONDS)
        raise ProviderError("sip_failed", "The SIP engine did not come up.", f"See {path}.log.")

    def _start_process(self) -> None:
        """Start a process unless one that we started is still coming up.

        Raises:
            ProviderError: the last one ended at once, or none can be started; says why.
        """
        if self._child is not None:
            code = exit_code(self._child)
            if code is None:
                return
            self._child = None
            self._tries -= 1
            if code > 0 and (code != EXIT_CANNOT_LISTEN or not self._tries):
                raise _ended(code, self._settings)
        path = self._settings.control_path
        try:
            self._child = start("server.telephony.sip.child", path, msgspec.json.encode(self._settings))
        except OSError as error:
            raise ProviderError(
                "sip_failed", f"The SIP engine can't be started: {error}.", f"See {path}.log."
            ) from error

    async def _wait_for_its_end(self) -> None:
        child = self._child
        if child is None:
            return
        try:
            async with asyncio.timeout(END_SECONDS):
                while exit_code(child) is None:
                    await self._clock.sleep(_POLL_SECONDS)
        except TimeoutError:
            os.kill(child, signal.SIGKILL)
            await asyncio.to_thread(os.waitpid, child, 0)
        self._child = None

    def _take(self, message: Welcome | Reply | Fact) -> None:
        match message:
            case Reply(number=number):
                answer = self._answers.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(message)
            case Fact(fact=fact):
                self._remember(fact)
                self._facts.put_nowait(fact)
            case Welcome():
                pass

    def _remember(self, fact: SipFact) -> None:
        """Keep what must be told as ended when the process dies."""
        match fact:
            case SipIncoming(call_id=call_id):
                self._calls[call_id] = SipCall(call_id=call_id, reference="", answered=False)
            case SipAnswered(call_id=call_id, reference=reference):
                self._calls[call_id] = SipCall(call_id=call_id, reference=reference, answered=True)
            case SipEnded(call_id=call_id):
                self._calls.pop(call_id, None)
            case _:
                reference = getattr(fact, "reference", "")
                call_id = getattr(fact, "call_id", "")
                if call_id and call_id not in self._calls:
                    self._calls[call_id] = SipCall(call_id=call_id, reference=reference, answered=False)

    def _lose(self) -> None:
        """Say that every call of a process that died has ended."""
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(TimeoutError())
        for one in self._calls.values():
            self._facts.put_nowait(_lost(one))
        self._calls.clear()


def _lost(call: SipCall) -> SipEnded:
    end = CallEnd.NORMAL if call.answered else CallEnd.FAILED
    return SipEnded(call_id=call.call_id, reference=call.reference, end=end, reason="The SIP engine stopped.")


def _away() -> ProviderError:
    return ProviderError("sip_engine_away", "The SIP engine is not there just now.", "Try again in a moment.")


def _ended(code: int, settings: EngineSettings) -> ProviderError:
    """Return why a process that ended at once did."""
    if code == EXIT_NOT_INSTALLED:
        return ProviderError("sip_not_installed", "[sip] is set, and the SIP engine is not installed.", INSTALL)
    if code == EXIT_CANNOT_LISTEN:
        return ProviderError(
            "sip_port_taken",
            f"The SIP engine can't listen on {settings.host}:{settings.port}.",
            f"Stop what holds that port, or set [sip] listen; see {settings.control_path}.log.",
        )
    return ProviderError("sip_failed", f"The SIP engine ended with code {code}.", f"See {settings.control_path}.log.")
