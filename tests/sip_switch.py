"""Run a SIP engine and a media worker of a test's own, with short words for what the broker does with them."""

import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from server.broker.ports.sip import MediaDoor, SipEnded, SipFact, SipIncoming
from server.clock import SystemClock
from server.telephony.sip.engine import ProcessSipEngine
from server.telephony.sip.settings import EngineSettings, TrunkSettings
from server.wire.terms import CallPhase, LegRole
from tests.media_clients import Desk, StreamLeg, desk, until
from tests.sip_audio import Telephone, sip_port
from tests.sip_peers import Sipp, opening, scenario


@dataclass
class Switch:
    """An engine and a media worker of a test's own, and short words for what the broker does with them."""

    engine: ProcessSipEngine
    media: Desk
    port: int
    folder: Path
    facts: list[SipFact] = field(default_factory=list)
    peers: list[Sipp | Telephone | StreamLeg] = field(default_factory=list)

    async def keep(self, fact: SipFact) -> None:
        """Be the handler of facts."""
        self.facts.append(fact)

    async def first(self, kind: type[SipFact], seconds: float = 30.0) -> SipFact:
        """Return the first fact of a kind, once there is one."""
        await until(lambda: any(isinstance(one, kind) for one in self.facts), kind.__name__, seconds)
        return next(one for one in self.facts if isinstance(one, kind))

    async def incoming(self) -> SipIncoming:
        """Return the call that rings."""
        fact = await self.first(SipIncoming)
        assert isinstance(fact, SipIncoming)
        return fact

    async def ended(self) -> SipEnded:
        """Return how the call ended."""
        fact = await self.first(SipEnded)
        assert isinstance(fact, SipEnded)
        return fact

    async def door(self, reference: str) -> MediaDoor:
        """Return a way to the media worker for a caller's leg."""
        token = await self.media.admit(reference, LegRole.CALLER, "sip")
        return MediaDoor(url=self.media.control.media_url("sip"), token=token)

    async def answer(self, call: SipIncoming, reference: str = "c-1") -> None:
        """Answer a call; its audio becomes the caller's leg of `reference`."""
        await self.engine.answer(call.call_id, reference, await self.door(reference))

    async def sipp(self, *steps: str, audio: int = 6000, host: str = "127.0.0.1") -> Sipp:
        """Start a scenario against the engine."""
        sipp = await Sipp.run(self.folder, scenario(*steps), self.port, audio=audio, host=host)
        self.peers.append(sipp)
        return sipp

    async def telephone(self, host: str = "127.0.0.1") -> Telephone:
        """Return the audio of a new telephone."""
        phone = await Telephone().open(host)
        self.peers.append(phone)
        return phone

    async def assistant(self, reference: str = "c-1", rate: int = 8_000) -> StreamLeg:
        """Connect the AI to a call."""
        leg = await self.media.stream(reference, LegRole.ASSISTANT, rate)
        self.peers.append(leg)
        return leg

    async def operator(self, reference: str = "c-1", hertz: float = 660.0) -> StreamLeg:
        """Have an operator take the call, who says `hertz`."""
        await self.media.plan(reference, CallPhase.OPERATOR, epoch=1)
        console = await self.media.console(reference, rate=8_000)
        console.epoch = 1
        self.peers.append(console)
        console.speak(hertz)
        return console

    async def call(self, *steps: str, hertz: float = 440.0) -> tuple[Sipp, Telephone, SipIncoming, StreamLeg]:
        """Have sipp call, answer it, and connect an AI that says 880 Hz while the caller says `hertz`."""
        phone = await self.telephone()
        phone.speak(hertz)
        sipp = await self.sipp(opening(), *steps, audio=phone.port)
        ringing = await self.incoming()
        await self.answer(ringing)
        ai = await self.assistant()
        ai.speak(880)
        return sipp, phone, ringing, ai


@contextlib.asynccontextmanager
async def switch(
    folder: Path, *, trunk_port: int = 0, recordings: str = "", **settings: object
) -> AsyncIterator[Switch]:
    """Run an engine and a media worker; with `trunk_port` there is a trunk to dial through."""
    trunks = (TrunkSettings(name="main", host=f"127.0.0.1:{trunk_port}", user="desk"),) if trunk_port else ()
    port = sip_port()
    first = random.randrange(20_000, 50_000, 100)
    mine = EngineSettings(
        control_path=str(folder / "sip.sock"), host="127.0.0.1", port=port, trunks=trunks,
        rtp_ports=(first, first + 1_000), log_level="info",
    )  # fmt: skip
    engine = ProcessSipEngine(msgspec.structs.replace(mine, **settings), SystemClock())
    async with desk(folder, recordings_dir=recordings) as media:
        running = Switch(engine, media, port, folder)
        await engine.start(running.keep)
        try:
            yield running
        finally:
            for peer in running.peers:
                if isinstance(peer, Sipp):
                    await peer.stop()
                elif isinstance(peer, Telephone):
                    peer.close()
                else:
                    await peer.close()
            await engine.stop(end_calls=True)
