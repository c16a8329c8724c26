"""Calls that we place over SIP, and calls that we send on: sipp answers as telephones and PBXs do."""

import os
import signal
from pathlib import Path

import pytest

from server.broker.ports.sip import CallEnd, SipAnswered, SipRinging
from server.core.errors import ProviderError
from tests import needs
from tests.media_clients import until
from tests.sip_peers import Sipp, Switch, comes, description, pause, request, scenario, sip_port, switch

pytestmark = [pytest.mark.integration, pytest.mark.alone, needs.sip_call]


def reply(status: str, *, body: str = "") -> str:
    """Return an answer of the called side to the request that came last."""
    return comes("INVITE", status, body=body, opening=True).partition("/>")[2]


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
        taken = comes("INVITE", "180 Ringing", opening=True) + pause(300) + reply("200 OK", body=description())
        sipp = await answering(desk, port, taken, '<recv request="ACK"/>', comes("BYE"), audio=phone.port)
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


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("486 Busy Here", CallEnd.BUSY),
        ("480 Temporarily Unavailable", CallEnd.NO_ANSWER),
        ("404 Nobody", CallEnd.FAILED),
    ],
)
async def test_a_call_nobody_takes_says_why(tmp_path: Path, status: str, end: CallEnd) -> None:
    port = sip_port()
    async with switch(tmp_path, trunk_port=port) as desk:
        sipp = await answering(desk, port, comes("INVITE", status, opening=True), '<recv request="ACK"/>')
        await desk.engine.dial("+15550177", "c-1", 20, await desk.door("c-1"))
        told = await desk.ended()
        assert (told.end, told.status, told.reference) == (end, int(status[:3]), "c-1")
        await sipp.ended()


async def test_a_call_that_rings_too_long_is_given_up(tmp_path: Path) -> None:
    port = sip_port()
    async with switch(tmp_path, trunk_port=port) as desk:
        await answering(desk, port, comes("INVITE", "180 Ringing", opening=True), comes("CANCEL"), pause(60_000))
        await desk.engine.dial("+15550177", "c-1", 1, await desk.door("c-1"))
        assert (await desk.ended()).end is CallEnd.NO_ANSWER


async def test_what_is_no_number_is_never_dialled(tmp_path: Path) -> None:
    async with switch(tmp_path, trunk_port=sip_port()) as desk:
        door = await desk.door("c-1")
        for wrong in ("", "sip:a@b\r\nX: y", "+1555>;x=<sip:evil@example.com", "sip:a@b?Replaces=x"):
            with pytest.raises(ProviderError) as refused:
                await desk.engine.dial(wrong, "c-1", 5, door)
            assert refused.value.code == "sip_refused"


def told(fragment: str, cseq: int) -> str:
    """Return the steps of a NOTIFY of the calling side."""
    body = f"SIP/2.0 {fragment}\n"
    more = "Event: refer\nSubscription-State: terminated;reason=noresource\n"
    notify = request("NOTIFY", cseq, body=body, extra=more).replace("application/sdp", "message/sipfrag")
    return notify + '<recv response="200"/>'


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
