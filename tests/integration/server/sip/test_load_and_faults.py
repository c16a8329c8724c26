"""Many calls at once, strangers' audio, broken requests, hang-ups at every moment, and nothing that is left behind."""

import asyncio
import random
import socket
import time
from pathlib import Path

import pytest

from server.broker.ports.media import LegDown, LegUp
from server.broker.ports.sip import CallEnd, SipEnded, SipIncoming
from tests import needs
from tests.long_form import times
from tests.media_clients import StreamLeg, until
from tests.sip_audio import HEADER, Telephone, sip_port, tones_in
from tests.sip_peers import Sipp, answer, comes, description, goodbye, opening, pause, request, scenario
from tests.sip_switch import Switch, switch
from tests.sip_torture import LIVENESS, TORTURE

pytestmark = [pytest.mark.integration, pytest.mark.alone, needs.sip_call]

CALLS = times(6, 50)
SHORT_CALLS = times(30, 1_000)
RACES = times(12, 200)


def open_files(pid: int) -> int:
    """Return how many descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def many(desk: Switch, number: int) -> list[tuple[Telephone, StreamLeg, float]]:
    """Have so many callers on the line, each with a tone of their own, and an assistant for each."""
    lines: list[tuple[Telephone, StreamLeg, float]] = []
    for index in range(number):
        hertz = 300.0 + 50 * index
        phone = await desk.telephone()
        phone.speak(hertz, peak=6_000)
        await desk.sipp(opening(), comes("BYE"), audio=phone.port)
        await until(lambda wanted=index + 1: len(incoming(desk)) == wanted, "the call rings", 120)
        reference = f"c-{index}"
        await desk.answer(incoming(desk)[index], reference)
        assistant = await desk.assistant(reference)
        assistant.speak(hertz)
        lines.append((phone, assistant, hertz))
    return lines


def incoming(desk: Switch) -> list[SipIncoming]:
    return [one for one in desk.facts if isinstance(one, SipIncoming)]


async def spray(ports: list[int], until_at: float) -> int:
    """Send loud RTP from foreign ports to all these ports; return how many packets."""
    sent = 0
    voice = bytes([0x10, 0x90]) * 80
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.77", 0))
        while time.monotonic() < until_at:
            for port in ports:
                packet = HEADER.pack(0x80, 0, sent & 0xFFFF, sent * 160 & 0xFFFFFFFF, random.getrandbits(32)) + voice
                for stranger in (one, two):
                    stranger.sendto(packet, ("127.0.0.1", port))
                    sent += 1
            await asyncio.sleep(0.02)
    return sent


async def test_each_of_many_callers_hears_their_own_line_alone_while_strangers_spray_all_ports(tmp_path: Path) -> None:
    async with switch(tmp_path, max_calls=CALLS + 10) as desk:
        lines = await many(desk, CALLS)
        await until(lambda: all(phone.peer is not None for phone, _, _ in lines), "everybody is sent audio", 120)
        ports = [phone.peer[1] for phone, _, _ in lines if phone.peer is not None]
        assert len(ports) == CALLS
        for phone, assistant, _ in lines:
            phone.forget()
            assistant.forget()
        sent = await spray(ports, time.monotonic() + 4)
        assert sent > CALLS * 20
        for phone, assistant, hertz in lines:
            for ear in (bytes(phone.heard), bytes(assistant.heard)):
                heard = tones_in(ear)
                assert set(heard) == {int(hertz)}, f"{hertz} Hz hears {heard}"
                assert heard[int(hertz)] > 40, f"{hertz} Hz: {heard} of {len(ear) // 320} frames"
        assert not [one for one in desk.facts if isinstance(one, SipEnded)]


async def answer_all(desk: Switch, answered: list[str]) -> None:
    """Answer whoever calls, until cancelled."""
    while True:
        await until(lambda: len(incoming(desk)) > len(answered), "a call", 900)
        call = incoming(desk)[len(answered)]
        answered.append(call.call_id)
        await desk.answer(call, f"c-{len(answered)}")


async def test_after_many_short_calls_nothing_is_left(tmp_path: Path) -> None:
    async with switch(tmp_path, max_calls=200) as desk:
        pid = desk.engine.pid
        worker = desk.media.control._link.welcome.pid
        assert pid is not None
        answered: list[str] = []
        answering = asyncio.create_task(answer_all(desk, answered))
        before: tuple[int, int] | None = None
        for batch in (5, SHORT_CALLS):
            wanted = len(answered) + batch
            phone = await desk.telephone()
            sipp = await Sipp.run(
                desk.folder, scenario(opening(), pause(100), goodbye()), desk.port, audio=phone.port, calls=batch,
                options=("-r", "10", "-l", "20", "-timeout", "900"),
            )  # fmt: skip
            desk.peers.append(sipp)
            await sipp.ended(900)
            await until(lambda n=wanted: len([x for x in desk.facts if isinstance(x, SipEnded)]) == n, "all ended")
            await until(lambda n=wanted: len(desk.media.of(LegDown)) == n, "all legs are down")
            if before is None:
                before = (open_files(pid), open_files(worker))
        answering.cancel()
        await until(lambda: (open_files(pid), open_files(worker)) <= before, "no descriptor is left")
        await desk.engine.stop(end_calls=False)
        assert await desk.engine.start(desk.keep) == ()
        assert len(desk.media.of(LegUp)) == len(desk.media.of(LegDown)) == SHORT_CALLS + 5


async def test_a_caller_who_gives_up_or_hangs_up_at_any_moment_leaves_nothing_behind(tmp_path: Path) -> None:
    chance = random.Random(7)
    async with switch(tmp_path) as desk:
        for number in range(RACES):
            wait_ms, ours_ms = chance.choice((0, 1, 5, 20, 60)), chance.choice((0, 2, 10, 30, 80))
            desk.facts.clear()
            if number % 2:
                rings = request("INVITE", 1, body=description(), opening=True)
                cancel = pause(wait_ms) + request("CANCEL", 1, opening=True, back=4)
                early = answer("100", optional=True) + answer("180")
                sipp = await Sipp.run(desk.folder, scenario(rings, early, cancel, pause(2_000)), desk.port)
            else:
                sipp = await Sipp.run(desk.folder, scenario(opening(), pause(wait_ms), goodbye()), desk.port)
            await until(lambda: desk.facts, "a call, or its end where it was that short")
            await asyncio.sleep(ours_ms / 1000)
            for call in incoming(desk):
                await desk.answer(call, f"c-{number}")
                if number % 2:
                    await asyncio.sleep(0.2)
                if number % 2 or number % 3 == 0:
                    await desk.engine.hang_up(call.call_id)  # our answer may have crossed their CANCEL
            await desk.ended()
            await sipp.stop()
            assert len([one for one in desk.facts if isinstance(one, SipEnded)]) == 1
        await until(lambda: len(desk.media.of(LegUp)) == len(desk.media.of(LegDown)), "no leg is left")
        await desk.engine.stop(end_calls=False)
        assert await desk.engine.start(desk.keep) == ()


async def test_answers_that_are_faster_than_the_stack_are_not_lost(tmp_path: Path) -> None:
    port = sip_port()
    number = times(20, 300)
    async with switch(tmp_path, trunk_port=port, max_calls=500) as desk:
        busy = scenario(comes("INVITE", "486 Busy Here", opening=True), '<recv request="ACK"/>')
        sipp = await Sipp.run(desk.folder, busy, desk.port, own_port=port, calls=number)
        desk.peers.append(sipp)
        await until(lambda: sipp_listens(port), "sipp listens")
        door = await desk.door("c-1")
        await asyncio.gather(*(desk.engine.dial("+15550177", "c-1", 60, door) for _ in range(number)))
        await until(lambda: len([one for one in desk.facts if isinstance(one, SipEnded)]) == number, "each has ended")
        assert {one.end for one in desk.facts if isinstance(one, SipEnded)} == {CallEnd.BUSY}


def sipp_listens(port: int) -> bool:
    """Tell whether somebody has taken the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


async def test_a_call_whose_audio_stops_is_ended_in_time(tmp_path: Path) -> None:
    async with switch(tmp_path, silence_seconds=3) as desk:
        _, phone, _, ai = await desk.call(pause(60_000))
        await ai.hears(440)
        phone.close()
        end = await desk.ended()
        assert (end.end, end.by_us) == (CallEnd.NORMAL, False)
        await until(lambda: desk.media.of(LegDown, "c-1"), "the caller's leg is gone")


async def test_the_engine_answers_on_after_broken_and_hostile_messages(tmp_path: Path) -> None:
    async with switch(tmp_path) as desk:
        pid = desk.engine.pid
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", 0))
            peer.setblocking(False)
            loop = asyncio.get_running_loop()
            for number, (name, raw) in enumerate(TORTURE.items()):
                peer.sendto(raw, ("127.0.0.1", desk.port))
                alive = LIVENESS.format(port=peer.getsockname()[1], number=number).encode()
                peer.sendto(alive, ("127.0.0.1", desk.port))
                async with asyncio.timeout(30):
                    while f"Call-ID: alive-{number}@".encode() not in await loop.sock_recv(peer, 65_536):
                        pass
                assert desk.engine.pid == pid, name
        await desk.call(pause(60_000))
        for one in incoming(desk)[:-1]:
            for shown in (one.caller, one.name, one.called, *one.headers.values()):
                assert shown.isprintable(), shown
