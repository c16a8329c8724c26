"""Be the audio of a telephone in tests: plain UDP and RTP of our own, nothing of the stack that is tested."""

import asyncio
import contextlib
import random
import socket
import struct
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import Self

import numpy as np

from tests.media_clients import loudness, share, tone, until

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

HEADER = struct.Struct("!BBHII")
RATE = 8_000
EVENTS = 101
"""The payload type of RFC 4733 in our session descriptions."""


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
        second = [audioop.lin2ulaw(tone(hertz, RATE, frame, peak=peak), 2) for frame in range(50)]
        start, number = loop.time(), 0
        while True:
            self.send(0, second[number % 50])
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

    async def say(self, pcm: bytes) -> None:
        """Say 20 ms of PCM16 at 8 kHz."""
        self.send(0, audioop.lin2ulaw(pcm, 2))

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

    def has(self, hertz: float, *, frames: int = 10) -> bool:
        """Tell whether a tone is in the last frames, whatever else is."""
        last = bytes(self.heard[-RATE // 50 * 2 * frames :])
        return loudness(last) > 50 and share(last, hertz, RATE) > 0.1

    def close(self) -> None:
        """Hang up the audio."""
        for task in self._tasks:
            task.cancel()
        if self._transport is not None:
            self._transport.close()


def frames_of(pcm: bytes, hertz: float) -> int:
    """Return how many frames of 20 ms are mostly this tone; a frame with a gap in it is of none."""
    size = RATE // 50 * 2
    frames = [pcm[at : at + size] for at in range(0, len(pcm) - size + 1, size)]
    return sum(loudness(frame) > 200 and share(frame, hertz, RATE) > 0.5 for frame in frames)


def tones_in(pcm: bytes) -> Counter[int]:
    """Return how many frames of 20 ms are mostly one tone, by its Hertz; tones are multiples of 50."""
    frames = np.frombuffer(pcm[: len(pcm) // 320 * 320], "<i2").reshape(-1, 160).astype(np.float64)
    power = np.abs(np.fft.rfft(frames)) ** 2
    loud = np.sqrt((frames**2).mean(axis=1)) > 200
    clear = power.max(axis=1) > 0.5 * power.sum(axis=1)
    return Counter((power.argmax(axis=1)[loud & clear] * 50).tolist())


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
