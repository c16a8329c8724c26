"""Calls over SIP: sipp and a UDP socket on one side, the real engine and media worker on the other."""

from pathlib import Path

import pytest

from server.broker.ports.media import Digit, Keys, LegDown
from server.broker.ports.sip import CallEnd, SipHeld, SipIncoming, SipTransferAsked
from server.media.codecs import rms
from server.wire.terms import CallPhase, ConversationId
from tests import needs
from tests.media_clients import audioop, until
from tests.sip_audio import Telephone, frames_of
from tests.sip_peers import answer, comes, description, goodbye, pause, request
from tests.sip_switch import Switch, switch

pytestmark = [pytest.mark.integration, pytest.mark.alone, needs.sip_call]


async def test_a_caller_and_an_assistant_hear_each_other_until_the_caller_hangs_up(tmp_path: Path) -> None:
    async with switch(tmp_path) as desk:
        sipp, phone, call, ai = await desk.call(pause(3_000), goodbye())
        assert (call.caller, call.name, call.called, call.source) == ("+15550142", "Ada", "+15550199", "127.0.0.1")
        await ai.hears(440)
        await phone.hears(880)
        await sipp.ended()
        end = await desk.ended()
        assert (end.end, end.by_us, end.reference) == (CallEnd.NORMAL, False, "c-1")
        await until(lambda: desk.media.of(LegDown, "c-1"), "the caller's leg is gone")
        assert "INVITE" not in sipp.messages.partition("ACK sip:")[2], "no re-INVITE that nobody asked for"


async def test_the_desk_hangs_up(tmp_path: Path) -> None:
    async with switch(tmp_path) as desk:
        sipp, phone, _, _ = await desk.call(comes("BYE"))
        await phone.hears(880)
        await desk.media.plan("c-1", CallPhase.ENDED, epoch=1 << 30)
        await sipp.ended()
        assert (await desk.ended()).by_us


async def test_keys_go_both_ways_as_rfc_4733_says(tmp_path: Path) -> None:
    async with switch(tmp_path) as desk:
        _, phone, _, ai = await desk.call(pause(60_000))
        await ai.hears(440)
        await desk.operator()
        for digit in "5#":
            await phone.press(digit)
        await until(lambda: len(desk.media.of(Digit, "c-1")) == 2, "two keys")
        assert [fact.digit for fact in desk.media.of(Digit, "c-1") if isinstance(fact, Digit)] == ["5", "#"]
        await desk.media.control.dial(Keys(call_id=ConversationId("c-1"), epoch=1, id="k-1", digits="42*"))
        await until(lambda: phone.keys == "42*", "three keys at the telephone")


async def test_a_caller_who_holds_us_hears_and_says_nothing_until_they_come_back(tmp_path: Path) -> None:
    held = request("INVITE", 2, body=description("sendonly")) + answer("200") + request("ACK", 2)
    back = request("INVITE", 3, body=description()) + answer("200") + request("ACK", 3)
    async with switch(tmp_path) as desk:
        _, phone, _, _ = await desk.call(pause(4_000), held, pause(4_000), back, pause(60_000))
        console = await desk.operator(hertz=880)
        await phone.hears(880)
        assert (await desk.first(SipHeld)) == SipHeld(call_id=desk.facts[0].call_id, reference="c-1", on=True)
        await until(lambda: _silent(desk, phone), "no packets while held")
        await until(lambda: any(one["far_holds"] for one in console.told("stats")), "the operator is told")
        await until(lambda: [one.on for one in desk.facts if isinstance(one, SipHeld)] == [True, False], "taken back")
        await until(lambda: not console.told("stats")[-1]["far_holds"], "the operator is told that it is over")
        phone.forget()
        await phone.hears(880)


def _silent(desk: Switch, phone: Telephone) -> bool:
    """Tell whether nothing but comfort has come since the last look."""
    quiet = not [one for one in phone.packets[-5:] if rms(audioop.ulaw2lin(one.payload, 2)) > 20]
    phone.forget()
    return quiet


async def test_a_hold_is_signalled_where_that_is_wanted(tmp_path: Path) -> None:
    ok = comes("INVITE", body=description("recvonly")) + '<recv request="ACK"/>'
    again = comes("INVITE", body=description()) + '<recv request="ACK"/>'
    async with switch(tmp_path, signal_hold=True) as desk:
        sipp, phone, _, _ = await desk.call(ok, again, comes("BYE"))
        await desk.operator()
        await phone.hears(660)
        await desk.media.plan("c-1", CallPhase.HOLD, epoch=1, version=1)
        await until(lambda: "a=sendonly" in sipp.messages, "a re-INVITE that holds")
        await desk.media.plan("c-1", CallPhase.OPERATOR, epoch=1, version=2)
        phone.forget()
        await phone.hears(660)
        await desk.media.plan("c-1", CallPhase.ENDED, epoch=1 << 30)
        await sipp.ended()


async def test_a_caller_cannot_send_us_to_call_somebody(tmp_path: Path) -> None:
    refer = request("REFER", 2, extra="Refer-To: <sip:+19005550100@203.0.113.9>\n") + answer("202")
    async with switch(tmp_path) as desk:
        sipp, phone, _, _ = await desk.call(refer, comes("NOTIFY"), pause(60_000))
        asked = await desk.first(SipTransferAsked)
        assert isinstance(asked, SipTransferAsked)
        assert "+19005550100" in asked.target
        await until(lambda: "SIP/2.0 603" in sipp.messages, "the refusal is reported")
        phone.forget()
        await phone.hears(880)


async def test_only_the_place_in_the_session_description_is_heard(tmp_path: Path) -> None:
    async with switch(tmp_path) as desk:
        _, phone, _, ai = await desk.call(pause(60_000))
        await ai.hears(440)
        for host in ("127.0.0.1", "127.0.0.66"):
            stranger = await desk.telephone(host)
            stranger.peer = phone.peer
            stranger.speak(1500, peak=20_000)
        ai.forget()
        await until(lambda: len(ai.heard) > 8_000 * 2 * 2, "two seconds of audio")
        assert frames_of(bytes(ai.heard), 1500) == 0
        assert frames_of(bytes(ai.heard), 440) > 50


async def test_strangers_get_no_answer(tmp_path: Path) -> None:
    async with switch(tmp_path, allow=("127.0.0.1/32",)) as desk:
        knock = request("INVITE", 1, body=description(), opening=True) + answer("100")
        stranger = await desk.sipp(knock, host="127.0.0.66")
        friend, phone, _, _ = await desk.call(pause(60_000))
        await phone.hears(880)
        assert len([one for one in desk.facts if isinstance(one, SipIncoming)]) == 1
        assert "SIP/2.0 " not in stranger.messages.replace("sip:", "").partition("INVITE")[2].split("SIP/2.0\n", 1)[-1]
        assert friend.messages
