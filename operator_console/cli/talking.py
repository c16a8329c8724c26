"""Stay in one call from the command line: audio here, until the call is over or ctrl-C decides what becomes of it.

The same parts as the screen's keep the call: the model, and the keeper of the headset; so a broken media socket or a
restarted broker is taken up again here too. Before: `accept --talk`. After: the call is over, or given back.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

from operator_console.audio.client import AudioProcess
from operator_console.audio.headset import ProcessHeadset
from operator_console.cli import orders, output
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation, new_id
from operator_console.cli.sound_start import audio_log, audio_options
from operator_console.client.desk import BrokerDesk
from operator_console.clock import SystemClock
from operator_console.model.inputs import (
    Answered,
    AudioProblem,
    Disconnected,
    HeadsetPhase,
    HeadsetState,
    Input,
    Sent,
    Tick,
)
from operator_console.model.select import is_mine, is_talking
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from operator_console.model.wants import wants
from operator_console.tasks import spawn, stop
from operator_console.tui.headset_keeper import HeadsetKeeper
from operator_console.tui.ports import Desk, Headset
from server.wire.commands import Accept, BackToAssistant, Command, End, Resolve
from server.wire.errors import ErrorBody
from server.wire.frames import Reply, Snapshot
from server.wire.terms import Medium, SessionId
from server.wire.views import SessionView

CONNECT_SECONDS: Final = 15.0
OVER_SECONDS: Final = 10.0
"""How long an ended call may take to be over."""
_CHOICES: Final = {"b": "back", "r": "resolve", "e": "end", "l": "leave", "c": "go on"}
_QUESTION: Final = "b back to the AI, r resolve, e end (drops the caller), l leave, c go on: "


def talk_until_over(
    invocation: Invocation, choose: Callable[[Snapshot], Accept], on_interrupt: str, *, as_json: bool
) -> None:
    """Accept what `choose` names and keep its audio here until the call is over."""
    address, token, tls, config = invocation.address, invocation.token, invocation.tls, invocation.config

    async def talk() -> Reply:
        desk = BrokerDesk(address, token.text, tls=tls)
        headset = ProcessHeadset(AudioProcess(audio_options(config), log_path=audio_log(config)))
        await headset.start()
        try:
            return await Call(desk, headset).run(choose, on_interrupt)
        finally:
            await headset.close()
            await headset.stop()
            await desk.close()

    orders.told(invocation.run(talk), "The call is over.", as_json=as_json)


class Call:
    """One call at this terminal."""

    def __init__(self, desk: Desk, headset: Headset) -> None:
        """Talk over `desk` and `headset`, which run already."""
        self._desk = desk
        self._headset = headset
        self._clock = SystemClock()
        self._model = DeskModel(local_now=self._clock.now())
        self._keeper = HeadsetKeeper(headset, desk.send, self._clock, new_id)
        self._snapshot: asyncio.Future[Snapshot] = asyncio.get_running_loop().create_future()
        self._session_id: SessionId | None = None
        self._over = asyncio.Event()
        self._stopped = asyncio.Event()

    async def run(self, choose: Callable[[Snapshot], Accept], on_interrupt: str) -> Reply:
        """Accept, talk, and return the answer to the accept when the call is over.

        Raises:
            CommandError: it could not be accepted.
        """
        async with self._background(), _interrupts(self._stopped):
            reply = await self._accept(choose)
            if reply.session is not None and reply.session.medium is Medium.CHAT:
                output.talk(f"{reply.session.number} is a chat and yours; there is no audio to open.")
                return reply
            while not await self._ended():
                self._stopped.clear()
                await self._interrupted(on_interrupt)
            return reply

    @asynccontextmanager
    async def _background(self) -> AsyncGenerator[None, None]:
        tasks = [
            spawn("call-desk", self._follow_desk()),
            spawn("call-headset", self._follow_headset()),
            spawn("call-keeper", self._keeper.run()),
        ]
        try:
            yield
        finally:
            for task in tasks:
                await stop(task)

    async def _accept(self, choose: Callable[[Snapshot], Accept]) -> Reply:
        async with asyncio.timeout(CONNECT_SECONDS):
            snapshot = await self._snapshot
        command = choose(snapshot)
        self._take(Sent(command))
        reply = await self._desk.send(command)
        if reply.ok and reply.media is not None:
            self._keeper.offer(command.session_id, reply.media)
        self._session_id = command.session_id
        self._take(Answered(command, reply))
        orders.accepted(reply)
        output.talk(f"{reply.session.number if reply.session else 'The call'} is yours. Ctrl-C when you are done.")
        return reply

    async def _ended(self) -> bool:
        """Wait until the call is over (True) or ctrl-C was pressed (False)."""
        over, stopped = spawn("call-over", self._over.wait()), spawn("call-ctrl-c", self._stopped.wait())
        try:
            await asyncio.wait({over, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return self._over.is_set()
        finally:
            await stop(over)
            await stop(stopped)

    async def _interrupted(self, on_interrupt: str) -> None:
        """Do what ctrl-C is to do: by option, else by asking."""
        wish = on_interrupt
        if wish == "ask":
            wish = await self._ask() if sys.stdin.isatty() else "back"
        session = self._session()
        if wish == "leave":
            output.talk("Left. Another console of yours has some seconds to take the call up.")
            self._over.set()
        elif session is not None and wish in {"back", "resolve", "end"}:
            reply = await self._desk.send(_order(wish, session))
            if not reply.ok and reply.error is not None:
                output.refusal(reply.error, as_json=False)
            elif reply.ok:
                await self._soon_over()

    async def _soon_over(self) -> None:
        try:
            async with asyncio.timeout(OVER_SECONDS):
                await self._over.wait()
        except TimeoutError:
            output.talk("The broker has not closed the call yet.")

    async def _ask(self) -> str:
        """Return what the operator answers; ctrl-C again gives the caller back to the AI."""
        print(_QUESTION, end="", file=sys.stderr, flush=True)
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[str] = loop.create_future()

        def read() -> None:
            if not answered.done():
                answered.set_result(sys.stdin.readline())

        loop.add_reader(sys.stdin.fileno(), read)
        again = spawn("call-ctrl-c", self._stopped.wait())
        over = spawn("call-over", self._over.wait())
        waited: set[asyncio.Future[str] | asyncio.Task[bool]] = {answered, again, over}
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if not answered.done():
                return "back"
            return _CHOICES.get(answered.result().strip()[:1].lower(), "go on")
        finally:
            loop.remove_reader(sys.stdin.fileno())
            await stop(again)
            await stop(over)

    async def _follow_desk(self) -> None:
        async for event in self._desk.events():
            self._take(Tick(self._clock.now()), event)
            if isinstance(event, Snapshot) and not self._snapshot.done():
                self._snapshot.set_result(event)
            elif isinstance(event, Disconnected):
                self._lost(event)
            if wants(self._model).resync:
                await self._desk.resync()

    def _lost(self, event: Disconnected) -> None:
        body = ErrorBody("connection_lost", event.reason)
        if not self._snapshot.done():
            self._snapshot.set_exception(CommandError(body))
        elif event.retry:
            output.talk(f"{event.reason} Your audio goes on; connecting again.")
        else:
            output.talk(event.reason)
            self._over.set()

    async def _follow_headset(self) -> None:
        async for event in self._headset.events():
            if isinstance(event, HeadsetState):
                self._keeper.heard(event)
                if event.phase is not HeadsetPhase.CLOSED or event.reason:
                    output.talk(f"Audio {event.phase.value}. {event.device} {event.reason}".strip())
            elif isinstance(event, AudioProblem):
                output.talk(f"{event.message} {event.remedy}".strip())
            self._take(event)

    def _session(self) -> SessionView | None:
        return self._model.sessions.get(self._session_id) if self._session_id is not None else None

    def _take(self, *inputs: Input) -> None:
        """Put inputs into the model, and see what the headset should do and whether the call is over."""
        for one in inputs:
            self._model = update(self._model, one)
        self._keeper.want(wants(self._model).headset)
        session = self._session()
        if self._session_id is not None and (
            session is None or not is_talking(session) or not is_mine(session, self._model.me)
        ):
            self._over.set()


def _order(wish: str, session: SessionView) -> Command:
    """Return the order for what the operator wishes to become of the call."""
    kinds: dict[str, type[BackToAssistant | Resolve | End]] = {"back": BackToAssistant, "resolve": Resolve, "end": End}
    return kinds[wish](id=new_id(), session_id=session.id, epoch=session.epoch)


@asynccontextmanager
async def _interrupts(pressed: asyncio.Event) -> AsyncGenerator[None, None]:
    """Let ctrl-C set `pressed` for as long as the block lasts."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, pressed.set)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
