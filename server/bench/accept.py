"""Measure the promise of one key: from *accept* to the first audio both ways, over real sockets on loopback.

Each trial is a whole call: a caller in Twilio's format, a handoff, an accept on the console socket, the operator's
media socket. The clock starts when the accept leaves and stops at the first frame with sound at either end.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec

from server.bench.figures import Figures, figures
from server.bench.process import Running, running_broker
from server.clock import Clock, SystemClock
from server.demo.console_link import ConsoleLink
from server.demo.legs import Leg, StreamLeg
from server.demo.rest import DeskRest
from server.demo.twilio_leg import Carrier, TwilioLeg
from server.tasks import spawn
from server.wire.commands import Accept, End, SetPresence
from server.wire.requests import NewConversation, NewHandoff
from server.wire.terms import LegRole, Medium, Presence, SessionState
from server.wire.views import MediaGrant, SessionView

FRAME_SECONDS = 0.02
SOUND = bytes([0x10, 0x90]) * 80
"""20 ms of a loud 4 kHz square wave in µ-law; unlike any silence."""
HEARD_SECONDS = 5.0


class AcceptReport(msgspec.Struct, frozen=True):
    """What `bench accept` prints."""

    trials: int
    reply: Figures
    operator_hears: Figures
    caller_hears: Figures
    both_ways: Figures


@dataclass
class Times:
    """The measured times of all trials, in seconds since the accept left."""

    reply: list[float] = field(default_factory=list[float])
    operator_hears: list[float] = field(default_factory=list[float])
    caller_hears: list[float] = field(default_factory=list[float])

    def report(self) -> AcceptReport:
        """Return the figures."""
        both = [max(pair) for pair in zip(self.operator_hears, self.caller_hears, strict=True)]
        return AcceptReport(
            trials=len(both),
            reply=figures(self.reply),
            operator_hears=figures(self.operator_hears),
            caller_hears=figures(self.caller_hears),
            both_ways=figures(both),
        )


async def bench_accept(trials: int, progress: Callable[[int], None]) -> AcceptReport:
    """Return the figures of `trials` calls; `progress` is told after each.

    Raises:
        ProviderError: the broker does not start.
        TimeoutError: a call brought no audio within 5 s.
    """
    clock = SystemClock()
    times = Times()
    async with running_broker("[desk]\nwrap_up_seconds = 0\n") as broker, console_on_duty(broker, clock) as link:
        rest = DeskRest(broker.url, broker.key, clock)
        try:
            for trial in range(trials):
                await _trial(rest, link, clock, times)
                progress(trial + 1)
        finally:
            await rest.close()
    return times.report()


@asynccontextmanager
async def console_on_duty(broker: Running, clock: Clock) -> AsyncGenerator[ConsoleLink]:
    """Be on duty while the measurement runs."""
    link = await ConsoleLink.open(broker.socket_url, broker.operator, clock)
    receiving = spawn("bench_console", link.run())
    try:
        await link.order(SetPresence(id=link.new_id(), presence=Presence.AVAILABLE))
        yield link
    finally:
        receiving.cancel()
        await link.close()


async def _trial(rest: DeskRest, link: ConsoleLink, clock: Clock, times: Times) -> None:
    """Bring one call, take it, and end it."""
    conversation = await rest.start_conversation(NewConversation(medium=Medium.VOICE, customer_name="Caller"))
    grant = await rest.open_leg(conversation.id, LegRole.CALLER, "twilio")
    call_sid = f"CA{secrets.token_hex(16)}"
    caller = await TwilioLeg.open(grant, Carrier(account_sid=f"AC{secrets.token_hex(16)}"), call_sid)
    tasks = [spawn("bench_caller", caller.listen()), spawn("bench_caller_voice", speak(caller, clock))]
    session = await rest.request_handoff(conversation.id, NewHandoff(reason="bench"), secrets.token_hex(8))
    await link.until(lambda: session.id in link.sessions, HEARD_SECONDS)
    try:
        began = clock.monotonic()
        reply = await link.order(Accept(id=link.new_id(), session_id=session.id, epoch=session.epoch))
        times.reply.append(clock.monotonic() - began)
        operator_hears, caller_hears = await hear_both(granted(reply.media), caller, clock, tasks)
        times.operator_hears.append(operator_hears - began)
        times.caller_hears.append(caller_hears - began)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await finish(link, session)


async def hear_both(
    grant: MediaGrant, caller: Leg, clock: Clock, tasks: list[asyncio.Task[None]]
) -> tuple[float, float]:
    """Open the operator's leg and return when sound arrived at the operator and at the caller."""
    caller.take()
    operator = await StreamLeg.open(grant)
    tasks += [spawn("bench_operator", operator.listen()), spawn("bench_operator_voice", speak(operator, clock))]
    async with asyncio.timeout(HEARD_SECONDS):
        at_operator, at_caller = await asyncio.gather(first_sound(operator, clock), first_sound(caller, clock))
    return at_operator, at_caller


async def speak(leg: Leg, clock: Clock) -> None:
    """Send sound in real time until the leg closes."""
    due = clock.monotonic()
    while leg.is_open:
        await leg.send(SOUND)
        due += FRAME_SECONDS
        await clock.sleep(due - clock.monotonic())


async def first_sound(leg: Leg, clock: Clock) -> float:
    """Return when a frame that is no silence has arrived."""
    while True:
        if any(len(set(frame)) > 1 for frame in leg.take()):
            return clock.monotonic()
        await clock.sleep(0.0005)


def granted(grant: MediaGrant | None) -> MediaGrant:
    """Return the right to open the media socket, which an accepted call always brings."""
    if grant is None:
        raise TimeoutError("The accept brought no media token.")
    return grant


async def finish(link: ConsoleLink, session: SessionView) -> None:
    """End the call and leave nothing in hand."""
    await link.until(lambda: link.sessions[session.id].state is SessionState.ACTIVE, HEARD_SECONDS)
    now = link.sessions[session.id]
    await link.order(End(id=link.new_id(), session_id=now.id, epoch=now.epoch))
    await link.until(lambda: link.sessions[session.id].state is SessionState.CLOSED, HEARD_SECONDS)
