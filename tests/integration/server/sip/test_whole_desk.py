"""Calls over SIP through a whole broker as a process: sipp calls and is called; an operator has the console socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from server.bench.process import Running
from server.clock import SystemClock
from server.demo.console_link import ConsoleError, ConsoleLink
from server.wire import commands as c
from server.wire.calling import Transfer
from server.wire.terms import Presence, SessionState, TransferKind, TransferOutcome, TransferStage, TransferStep
from server.wire.views import MediaGrant, SessionView
from tests import needs
from tests.media_clients import StreamLeg, until
from tests.mortal import Mortal, mortal
from tests.sip_audio import Telephone, sip_port
from tests.sip_peers import Sipp, comes, opening, pause, picks_up, scenario

pytestmark = [pytest.mark.integration, pytest.mark.alone, needs.sip_call]

CALLER, OPERATOR, TARGET = 440.0, 660.0, 1_500.0
COMES = (opening(), comes("BYE"))
COLD, WARM = TransferKind.COLD, TransferKind.WARM


@dataclass
class House:
    """A broker with a trunk, one operator at a console, and telephones."""

    broker: Mortal
    running: Running
    port: int
    trunk: int
    folder: Path
    link: ConsoleLink
    receiving: asyncio.Task[None]
    sipps: list[Sipp] = field(default_factory=list)
    phones: list[Telephone] = field(default_factory=list)
    leg: StreamLeg | None = None

    async def connect(self) -> None:
        """Open the console anew, as after a restart of the broker."""
        await self.leave()
        self.link, self.receiving = await open_console(self.running)

    async def leave(self) -> None:
        """Close the console."""
        self.receiving.cancel()
        await asyncio.gather(self.receiving, return_exceptions=True)
        with contextlib.suppress(ConsoleError):
            await self.link.close()

    async def phone(self, hertz: float) -> Telephone:
        """Return a telephone that says a tone."""
        phone = await Telephone().open()
        phone.speak(hertz)
        self.phones.append(phone)
        return phone

    async def sipp(self, *steps: str, audio: Telephone, own_port: int = 0) -> Sipp:
        """Start a scenario that calls the broker, or with `own_port` waits for its call there."""
        sipp = await Sipp.run(self.folder, scenario(*steps), self.port, audio=audio.port, own_port=own_port)
        self.sipps.append(sipp)
        return sipp

    @property
    def session(self) -> SessionView:
        """The newest session."""
        return max(self.link.sessions.values(), key=lambda one: int(one.number[2:]))

    @property
    def transfer(self) -> Transfer:
        """The last attempt to bring the caller to somebody."""
        return self.session.transfers[-1]

    async def comes_to(self, state: SessionState) -> None:
        """Wait for a state of the newest session."""
        await until(lambda: self.link.sessions and self.session.state is state, state)

    async def order(self, kind: type[c.SessionOrder], **rest: object) -> MediaGrant | None:
        """Give an order about the newest session."""
        now = self.session
        reply = await self.link.order(kind(id=self.link.new_id(), session_id=now.id, epoch=now.epoch, **rest))
        return reply.media

    async def takes(self) -> StreamLeg:
        """Accept, and speak through a media socket."""
        await self.comes_to(SessionState.QUEUED)
        grant = await self.order(c.Accept)
        assert grant is not None
        self.leg = await StreamLeg(8_000).open(grant.url, grant.token)
        self.leg.speak(OPERATOR)
        await self.comes_to(SessionState.ACTIVE)
        return self.leg

    async def talks(self) -> tuple[Sipp, Telephone, StreamLeg]:
        """Return a caller whom the operator talks with."""
        phone = await self.phone(CALLER)
        sipp = await self.sipp(*COMES, audio=phone)
        leg = await self.takes()
        await hears(leg, CALLER)
        await hears(phone, OPERATOR)
        return sipp, phone, leg

    async def target(self, *steps: str) -> Telephone:
        """Have somebody wait for a call through the trunk."""
        phone = await self.phone(TARGET)
        await self.sipp(*steps, audio=phone, own_port=self.trunk)
        return phone


async def hears(ear: Telephone | StreamLeg, hertz: float) -> None:
    """Wait until that tone and nothing else is heard, from now on."""
    ear.forget()
    await ear.hears(hertz, frames=15)


async def silent(phone: Telephone, but: float) -> None:
    """Wait until nothing of a tone has come for a second."""
    quiet_since = asyncio.get_running_loop().time()

    def quiet() -> bool:
        nonlocal quiet_since
        now = asyncio.get_running_loop().time()
        if phone.has(but):
            quiet_since = now
        return now - quiet_since > 1.0

    await until(quiet, f"nothing of {but} Hz for a second")


async def open_console(running: Running) -> tuple[ConsoleLink, asyncio.Task[None]]:
    """Open a console and be on duty."""
    link = await ConsoleLink.open(running.socket_url, running.operator, SystemClock())
    receiving = asyncio.create_task(link.run())
    await link.order(c.SetPresence(id=link.new_id(), presence=Presence.AVAILABLE))
    return link, receiving


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A broker whose callers ask for a person at once."""
    port, trunk = sip_port(), sip_port()
    settings = (
        f'[sip]\nlisten = "127.0.0.1:{port}"\nqueue = "default"\n'
        f'[[sip.trunks]]\nhost = "127.0.0.1:{trunk}"\nuser = "desk"\n'
        f'[transfers]\nring_seconds = 8\n[phonebook.billing]\nnumber = "sip:billing@127.0.0.1:{trunk}"\n'
    )
    async with mortal(settings) as (broker, running):
        link, receiving = await open_console(running)
        house = House(broker, running, port, trunk, tmp_path, link, receiving)
        try:
            yield house
        finally:
            for sipp in house.sipps:
                await sipp.stop()
            for phone in house.phones:
                phone.close()
            if house.leg is not None:
                await house.leg.close()
            await house.leave()


async def test_a_call_from_the_ring_to_the_end_over_a_broker_that_is_killed(house: House) -> None:
    sipp, phone, leg = await house.talks()
    await house.order(c.Mute, on=True)
    await silent(phone, OPERATOR)
    await house.order(c.Mute, on=False)
    await hears(phone, OPERATOR)
    await house.order(c.Hold, on=True)
    await silent(phone, OPERATOR)
    await house.order(c.Hold, on=False)
    await hears(phone, OPERATOR)

    await house.broker.kill()
    await hears(phone, OPERATOR)
    await hears(leg, CALLER)
    second = await house.phone(880)
    waiting = await house.sipp(*COMES, audio=second)
    await until(lambda: "180 Ringing" in waiting.messages, "the next caller hears it ring while no broker is there")
    await house.broker.start()
    await house.connect()
    await until(lambda: len(house.link.sessions) == 2, "both calls are known to the new broker")
    first = min(house.link.sessions.values(), key=lambda one: int(one.number[2:]))
    assert first.state is SessionState.ACTIVE
    await hears(phone, OPERATOR)
    await hears(leg, CALLER)
    resolve = c.Resolve(id=house.link.new_id(), session_id=first.id, epoch=first.epoch, hang_up=True)
    await house.link.order(resolve)
    await sipp.ended()

    await until(lambda: house.link.sessions[first.id].state is SessionState.CLOSED, "the first one is over")
    await house.takes()
    await hears(second, OPERATOR)
    await house.order(c.End)
    await waiting.ended()


async def test_a_caller_is_introduced_and_left_with_the_target(house: House) -> None:
    _, phone, leg = await house.talks()
    target = await house.target(picks_up(), comes("BYE"))
    await house.order(c.Transfer, to="billing", how=WARM)
    await until(lambda: house.transfer.stage is TransferStage.CONSULTING, "the target has answered")
    await hears(leg, TARGET)
    await hears(target, OPERATOR)
    await silent(phone, OPERATOR)
    await house.order(c.SteerTransfer, step=TransferStep.SWAP)
    await hears(phone, OPERATOR)
    await house.order(c.SteerTransfer, step=TransferStep.MERGE)
    await until(lambda: phone.has(TARGET) and phone.has(OPERATOR), "the caller hears both")
    await house.order(c.SteerTransfer, step=TransferStep.COMPLETE)
    await hears(phone, TARGET)
    await hears(target, CALLER)
    assert house.transfer.outcome is TransferOutcome.ANSWERED
    await house.sipps[0].stop()
    phone.close()
    await until(lambda: house.session.state is SessionState.CLOSED, "wrapped up")


async def test_a_caller_whose_target_does_not_come_or_leaves_is_back_with_the_operator(house: House) -> None:
    rings = (comes("INVITE", "180 Ringing", opening=True), comes("CANCEL"), pause(60_000))
    refusing = '<recv request="ACK"/>'
    sipp, phone, leg = await house.talks()
    for number, (how, steps, outcome) in enumerate(
        (
            (COLD, (comes("INVITE", "603 Decline", opening=True), refusing), TransferOutcome.BUSY),
            (COLD, (comes("INVITE", "503 Not Now", opening=True), refusing), TransferOutcome.UNREACHABLE),
            (COLD, rings, TransferOutcome.NO_ANSWER),
            (WARM, (picks_up(leaves_after_ms=1_500),), TransferOutcome.DECLINED),
        )
    ):
        target = await house.target(*steps)
        await house.order(c.Transfer, to="billing", how=how)
        if how is WARM:
            await hears(leg, TARGET)
            assert target.heard
        await until(
            lambda number=number: len(house.session.transfers) > number and house.transfer.outcome is not None,
            f"attempt {number} is over",
        )
        assert house.transfer.outcome is outcome, house.transfer
        await hears(phone, OPERATOR)
        await hears(leg, CALLER)
        await house.sipps.pop().stop()
    await house.order(c.End)
    await sipp.ended()
