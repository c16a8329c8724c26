"""Calls that we place over SIP, and calls that we send on: sipp answers as telephones and PBXs do."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from server.broker.ports.sip import SipAnswered, SipRinging
from server.clock import SystemClock
from server.core.errors import ProviderError
from server.telephony.sip.engine import ProcessSipEngine
from server.telephony.sip.settings import EngineSettings
from tests import needs
from tests.media_clients import until
from tests.sip_audio import sip_port
from tests.sip_peers import Sipp, comes, description, pause, picks_up, request, scenario, told
from tests.sip_switch import Switch, switch

pytestmark = [pytest.mark.integration, pytest.mark.alone, needs.sip_call]


async def answering(desk: Switch, port: int, *steps: str, audio: int = 6000) -> Sipp:
    """Have sipp wait for our call."""
    sipp = await Sipp.run(desk.folder, scenario(*steps), desk.port, own_port=port, audio=audio)
    desk.peers.append(sipp)
    return sipp


async def test_a_call_we_place_rings_is_answered_and_both_hear_each_other(tmp_path: Path) -> None:
    port = sip_port()
    async with switch(tmp_path, trunk_port=port) as desk:
        phone = await desk.telephone()
        phone.speak(440)
        sipp = await answering(desk, port, picks_up(), comes("BYE"), audio=phone.port)
        call_id = await desk.engine.dial("+15550177", "c-1", 20, await desk.door("c-1"))
        await desk.first(SipAnswered)
        assert SipRinging(call_id=call_id, reference="c-1") in desk.facts
        ai = await desk.assistant()
        ai.speak(880)
        await phone.hears(880)
        await ai.hears(440)
        await desk.engine.hang_up(call_id)
        await sipp.ended()
        assert (await desk.ended()).by_us


async def test_a_call_is_sent_on_and_leaves_us(tmp_path: Path) -> None:
    async with switch(tmp_path) as desk:
        steps = (comes("REFER", "202 Accepted"), told("200 OK", 2), comes("BYE"))
        sipp, phone, call, _ = await desk.call(*steps)
        await phone.hears(880)
        outcome = await desk.engine.refer(call.call_id, "sip:billing@pbx.example.com", 20)
        assert outcome.moved
        await sipp.ended()
        assert "Refer-To: <sip:billing@pbx.example.com>" in sipp.messages


@pytest.mark.parametrize(("answer", "notify", "status"), [
    ("202 Accepted", "486 Busy Here", 486), ("603 Decline", "", 603), ("405 Method Not Allowed", "", 405),
])  # fmt: skip
async def test_a_caller_who_cannot_be_sent_on_stays_with_us(
    tmp_path: Path, answer: str, notify: str, status: int
) -> None:
    async with switch(tmp_path) as desk:
        rest = (told(notify, 2),) if notify else ()
        _, phone, call, _ = await desk.call(comes("REFER", answer), *rest, pause(60_000))
        await phone.hears(880)
        outcome = await desk.engine.refer(call.call_id, "sip:billing@pbx.example.com", 20)
        assert (outcome.moved, outcome.status) == (False, status)
        phone.forget()
        await phone.hears(880)


async def test_a_transfer_of_which_nothing_is_heard_ends_in_time_and_the_caller_stays(tmp_path: Path) -> None:
    async with switch(tmp_path) as desk:
        _, phone, call, _ = await desk.call(comes("REFER", "202 Accepted"), pause(60_000))
        await phone.hears(880)
        outcome = await desk.engine.refer(call.call_id, "sip:billing@pbx.example.com", 1)
        assert (outcome.moved, outcome.status) == (False, 0)
        phone.forget()
        await phone.hears(880)


async def test_an_engine_that_dies_ends_its_calls_and_comes_back(tmp_path: Path) -> None:
    async with switch(tmp_path) as desk:
        _, phone, call, _ = await desk.call(pause(60_000))
        await phone.hears(880)
        pid = desk.engine.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        end = await desk.ended()
        assert (end.call_id, end.reference) == (call.call_id, "c-1")
        desk.facts.clear()
        await until(lambda: desk.engine.pid not in {None, pid}, "another process")
        again = await desk.sipp(request("INVITE", 1, body=description(), opening=True), pause(60_000))
        assert (await desk.incoming()).caller == "+15550142"
        assert again.messages


async def test_a_port_that_somebody_holds_is_named(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        settings = EngineSettings(control_path=str(tmp_path / "sip.sock"), host="127.0.0.1", port=port)
        engine = ProcessSipEngine(settings, SystemClock())
        with pytest.raises(ProviderError) as refused:
            await engine.start(lambda _: asyncio.sleep(0))
        assert refused.value.code == "sip_port_taken"
        assert str(port) in refused.value.message
