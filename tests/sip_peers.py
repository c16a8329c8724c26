"""Be the other side of SIP calls in tests: sipp speaks SIP, a plain UDP socket of ours speaks RTP.

sipp's scenarios are put together from steps; its session description names the UDP port of a `Telephone`, which speaks
an endless tone in G.711 and keeps what it hears. Nothing here uses the stack that is tested.
"""

import asyncio
import contextlib
import random
import secrets
import socket
import struct
import warnings
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import msgspec

from server.broker.ports.sip import MediaDoor, SipEnded, SipFact, SipIncoming
from server.clock import SystemClock
from server.telephony.sip.engine import ProcessSipEngine
from server.telephony.sip.settings import EngineSettings, TrunkSettings
from server.wire.terms import CallPhase, LegRole
from tests.media_clients import Desk, StreamLeg, desk, share, tone, until

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

HEADER = struct.Struct("!BBHII")
RATE = 8_000
EVENTS = 101
"""The payload type of RFC 4733 in our session descriptions."""


# --- RTP ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet: its payload type, its payload, and who sent it."""

    kind: int
    stamp: int
    payload: bytes
    source: tuple[str, int]


class Telephone(asyncio.DatagramProtocol):
    """The audio of one telephone: speaks a tone to whoever sends to it first, keeps all it hears."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.heard = bytearray()
        self.peer: tuple[str, int] | None = None
        self.port = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._sequence = random.randrange(1 << 15)
        self._stamp = random.randrange(1 << 31)
        self._ssrc = random.randrange(1 << 32)

    async def open(self, host: str = "127.0.0.1") -> Self:
        """Take a free even port."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, even_port(host)))
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]
        return self

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Keep one packet."""
        if len(data) < HEADER.size or data[0] >> 6 != 2:
            return
        self.peer = self.peer or addr
        packet = Packet(data[1] & 0x7F, HEADER.unpack_from(data)[3], data[HEADER.size :], addr)
        self.packets.append(packet)
        if packet.kind == 0:
            self.heard += audioop.ulaw2lin(packet.payload, 2)
        elif packet.kind == 8:
            self.heard += audioop.alaw2lin(packet.payload, 2)

    def speak(self, hertz: float, *, peak: int = 8_000) -> None:
        """Speak an endless sine from the moment somebody sends to us."""
        self._tasks.append(asyncio.create_task(self._speak(hertz, peak)))

    async def _speak(self, hertz: float, peak: int) -> None:
        await until(lambda: self.peer, "somebody sends audio")
        loop = asyncio.get_running_loop()
        start, number = loop.time(), 0
        while True:
            self.send(0, audioop.lin2ulaw(tone(hertz, RATE, number, peak=peak), 2))
            number += 1
            await asyncio.sleep(max(0.0, start + number * 0.02 - loop.time()))

    def send(self, kind: int, payload: bytes, *, stamp: int | None = None, marker: bool = False) -> None:
        """Send one packet to the peer."""
        assert self._transport is not None
        self._sequence = (self._sequence + 1) & 0xFFFF
        if stamp is None:
            self._stamp = (self._stamp + 160) & 0xFFFFFFFF
        head = HEADER.pack(
            0x80, kind | (0x80 if marker else 0), self._sequence, self._stamp if stamp is None else stamp, self._ssrc
        )
        self._transport.sendto(head + payload, self.peer)

    async def press(self, digit: str) -> None:
        """Press a key as RFC 4733 says: updates while it is down, three packets when it is up."""
        event = "0123456789*#ABCD".index(digit)
        stamp = self._stamp
        for number in range(5):
            self.send(EVENTS, struct.pack("!BBH", event, 10, 160 * (number + 1)), stamp=stamp, marker=number == 0)
            await asyncio.sleep(0.02)
        for _ in range(3):
            self.send(EVENTS, struct.pack("!BBH", event, 0x80 | 10, 960), stamp=stamp)
        self._stamp = (stamp + 960) & 0xFFFFFFFF

    @property
    def keys(self) -> str:
        """The keys that were pressed towards us: one for each timestamp whose end was said."""
        ends = {one.stamp: one.payload[0] for one in self.packets if one.kind == EVENTS and one.payload[1] & 0x80}
        return "".join("0123456789*#ABCD"[event] for event in ends.values())

    def forget(self) -> None:
        """Start listening anew."""
        self.heard.clear()
        self.packets.clear()

    async def hears(self, hertz: float, *, frames: int = 25) -> None:
        """Return once the last frames are that tone and nothing else."""
        size = RATE // 50 * 2 * frames
        await until(
            lambda: len(self.heard) >= size and share(bytes(self.heard[-size:]), hertz, RATE) > 0.9,
            f"the telephone hears {hertz} Hz",
        )

    def close(self) -> None:
        """Hang up the audio."""
        for task in self._tasks:
            task.cancel()
        if self._transport is not None:
            self._transport.close()


def even_port(host: str = "127.0.0.1") -> int:
    """Return a free even UDP port whose odd neighbour is free too."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
            first.bind((host, 0))
            port = first.getsockname()[1]
        if port % 2 or port > 65_000:
            continue
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
            second.bind((host, port + 1))
            return port


def sip_port() -> int:
    """Return a port that is free for UDP and TCP, whose neighbour is too."""
    while True:
        port = even_port()
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", port))
            two.bind(("127.0.0.1", port + 1))
            return port


# --- SIP ------------------------------------------------------------------------------------------------------------


def description(direction: str = "sendrecv") -> str:
    """Return a session description that names the telephone's port; `-key audio PORT` gives it."""
    return f"""v=0
o=tester 1 [cseq] IN IP4 [local_ip]
s=-
c=IN IP4 [audiohost]
t=0 0
m=audio [audio] RTP/AVP 0 {EVENTS}
a=rtpmap:0 PCMU/8000
a=rtpmap:{EVENTS} telephone-event/8000
a=fmtp:{EVENTS} 0-15
a={direction}
a=ptime:20"""


def request(method: str, cseq: int, *, body: str = "", extra: str = "", opening: bool = False, back: int = 0) -> str:
    """Return a `<send>` of a request of the calling side; it shares its branch with the step `back` before it."""
    branch = f"[branch-{back}]" if back else "[branch]"
    to = "<sip:[service]@[remote_ip]:[remote_port]>" + ("" if opening else "[peer_tag_param]")
    content = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}\n" if body else "Content-Length: 0\n\n"
    retrans = ' retrans="500"' if method != "ACK" else ""
    return f"""<send{retrans}><![CDATA[

{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}
Max-Forwards: 70
From: "Ada" <sip:[caller]@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: {to}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:[caller]@[local_ip]:[local_port];transport=[transport]>
{extra}{content}
]]></send>"""


def answer(code: str, *, optional: bool = False) -> str:
    """Return a `<recv>` of an answer."""
    return f'<recv response="{code}" optional="{str(optional).lower()}" rtd="true"/>'


def comes(method: str, reply: str = "200 OK", *, body: str = "", timeout: int = 60_000, opening: bool = False) -> str:
    """Return steps that wait for a request and answer it; `opening` gives a new call our tag."""
    tag = ";tag=[pid]u[call_number]" if opening else ""
    content = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}\n" if body else "Content-Length: 0\n\n"
    sending = f"""<send><![CDATA[

SIP/2.0 {reply}
[last_Via:]
[last_From:]
[last_To:]{tag}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[caller]@[local_ip]:[local_port];transport=[transport]>
{content}
]]></send>"""
    return f'<recv request="{method}" timeout="{timeout}"/>' + (sending if reply else "")


def pause(milliseconds: int) -> str:
    """Return a pause."""
    return f'<pause milliseconds="{milliseconds}"/>'


def opening(*, body: str | None = None, extra: str = "") -> str:
    """Return the steps of a call that is answered."""
    return "\n".join(
        (
            request("INVITE", 1, body=description() if body is None else body, extra=extra, opening=True),
            answer("100", optional=True), answer("180", optional=True), answer("183", optional=True), answer("200"),
            request("ACK", 1),
        )
    )  # fmt: skip


def goodbye(cseq: int = 2) -> str:
    """Return the steps of hanging up."""
    return request("BYE", cseq) + answer("200")


def scenario(*steps: str) -> str:
    """Return a whole scenario."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="test">\n' + "\n".join(steps) + "\n</scenario>\n"


class Sipp:
    """One sipp process."""

    def __init__(self, process: Process, folder: Path, name: str) -> None:
        self._process = process
        self._folder = folder
        self._name = name

    @classmethod
    async def run(
        cls, folder: Path, steps: str, port: int, *, audio: int = 6000, host: str = "127.0.0.1",
        service: str = "+15550199", caller: str = "+15550142", options: tuple[str, ...] = (),
        own_port: int = 0, calls: int = 1,
    ) -> Self:  # fmt: skip
        """Start a scenario against the engine's port; with `own_port` it waits for a call there."""
        name = secrets.token_hex(4)
        file = folder / f"{name}.xml"
        file.write_text(steps, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            "sipp", f"127.0.0.1:{port}", "-sf", str(file), "-i", host, "-p", str(own_port or even_port(host)),
            "-m", str(calls), "-s", service, "-key", "audio", str(audio), "-key", "audiohost", host,
            "-key", "caller", caller, "-nostdin", "-trace_err", "-error_file", str(folder / f"{name}.err"),
            "-trace_msg", "-message_file", str(folder / f"{name}.log"), "-timeout", "90", *options,
            stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        return cls(process, folder, name)

    @property
    def messages(self) -> str:
        """All that was sent and received so far."""
        with contextlib.suppress(FileNotFoundError):
            return (self._folder / f"{self._name}.log").read_text(encoding="utf-8", errors="replace")
        return ""

    async def ended(self, seconds: float = 60.0) -> None:
        """Return when the scenario went as written."""
        async with asyncio.timeout(seconds):
            out, err = await self._process.communicate()
        said = (err or out)[-600:].decode(errors="replace")
        assert self._process.returncode == 0, f"sipp ended with {self._process.returncode}: {said}\n{self.messages}"

    async def stop(self) -> None:
        """End it, wherever it is."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()


# --- the desk's side ------------------------------------------------------------------------------------------------


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
async def switch(folder: Path, *, trunk_port: int = 0, **settings: object) -> AsyncIterator[Switch]:
    """Run an engine and a media worker; with `trunk_port` there is a trunk to dial through."""
    trunks = (TrunkSettings(name="main", host=f"127.0.0.1:{trunk_port}", user="desk"),) if trunk_port else ()
    port = sip_port()
    first = random.randrange(20_000, 50_000, 100)
    mine = EngineSettings(
        control_path=str(folder / "sip.sock"), host="127.0.0.1", port=port, trunks=trunks,
        rtp_ports=(first, first + 1_000), log_level="info",
    )  # fmt: skip
    engine = ProcessSipEngine(msgspec.structs.replace(mine, **settings), SystemClock())
    async with desk(folder) as media:
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
