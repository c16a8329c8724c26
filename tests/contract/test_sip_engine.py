"""Every SipEngine keeps the same promises: the process on a real stack, whom sipp calls, and the loopback."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from server.broker.ports.sip import (
    CallEnd,
    MediaDoor,
    ReferOutcome,
    SipAnswered,
    SipCall,
    SipEnded,
    SipEngine,
    SipFact,
    SipHeld,
    SipIncoming,
    SipRinging,
    SipTransferAsked,
)
from server.core.errors import ProviderError
from server.telephony.sip.loopback import LoopbackCall, LoopbackSip
from tests import needs
from tests.media_clients import until
from tests.sip_audio import sip_port
from tests.sip_peers import Sipp, answer, comes, description, goodbye, opening, pause, picks_up, request, scenario, told
from tests.sip_switch import Switch, switch

pytestmark = pytest.mark.contract

Kind = TypeVar("Kind", bound=SipFact)


class Rig(Protocol):
    """An engine with an other side that does as it is told."""

    engine: SipEngine
    facts: list[SipFact]

    async def keep(self, fact: SipFact) -> None: ...
    async def calls(self, then: str = "waits") -> None: ...
    async def is_called(self, then: str) -> str: ...
    async def door(self) -> MediaDoor: ...


class Loopback:
    """The loopback, whose other side acts as soon as the call is up."""

    def __init__(self) -> None:
        self.engine = LoopbackSip()
        self.facts: list[SipFact] = []

    async def keep(self, fact: SipFact) -> None:
        self.facts.append(fact)

    async def door(self) -> MediaDoor:
        return MediaDoor(url="ws://127.0.0.1:1/sip", token="loopback")

    async def calls(self, then: str = "waits") -> None:
        one = self.engine.rings_here(name="Ada")
        if then == "gives up":
            self.engine.leaves(one, 487)
        self.engine.on_answer = lambda answered: self._goes_on(answered, then)

    def _goes_on(self, one: LoopbackCall, then: str) -> None:
        match then:
            case "hangs up":
                self.engine.leaves(one)
            case "holds":
                self.engine.holds(one, on=True)
                self.engine.holds(one, on=False)
            case "wants us to call":
                self.engine.asks_for_a_transfer(one, "sip:+19005550100@203.0.113.9")
            case "is sent on: 200":
                asyncio.get_running_loop().call_later(
                    0.05, self.engine.reports, one, ReferOutcome(moved=True, status=200)
                )
            case _ if then.startswith("is sent on: "):
                outcome = ReferOutcome(moved=False, status=int(then[-3:]), reason="No")
                asyncio.get_running_loop().call_later(0.05, self.engine.reports, one, outcome)
            case _:
                pass

    async def is_called(self, then: str) -> str:
        call_id = await self.engine.dial("+15550177", "c-1", 1 if then == "rings on" else 20, await self.door())
        one = self.engine.calls[call_id]
        if then in {"picks up", "rings on"}:
            self.engine.rings(one)
        if then == "picks up":
            self.engine.answers(one)
        elif then != "rings on":
            self.engine.leaves(one, int(then[:3]), then[4:])
        return call_id


REFERRED = {
    "is sent on: 200": (comes("REFER", "202 Accepted"), told("200 OK", 2), comes("BYE")),
    "is sent on: 486": (comes("REFER", "202 Accepted"), told("486 Busy Here", 2), pause(60_000)),
    "is sent on: 603": (comes("REFER", "603 Decline"), pause(60_000)),
    "is sent on: 405": (comes("REFER", "405 Method Not Allowed"), pause(60_000)),
    "is sent on, says nothing": (comes("REFER", "202 Accepted"), pause(60_000)),
}
HOLDS = (
    pause(300), request("INVITE", 2, body=description("sendonly")), answer("200"), request("ACK", 2),
    pause(300), request("INVITE", 3, body=description()), answer("200"), request("ACK", 3), pause(60_000),
)  # fmt: skip
WANTS = (
    request("REFER", 2, extra="Refer-To: <sip:+19005550100@203.0.113.9>\n") + answer("202"), comes("NOTIFY"),
    pause(60_000),
)  # fmt: skip
RINGS = request("INVITE", 1, body=description(), opening=True) + answer("100", optional=True) + answer("180")
GIVES_UP = (
    RINGS, pause(300), request("CANCEL", 1, opening=True, back=4), answer("200"), answer("487"),
    request("ACK", 1, back=7),
)  # fmt: skip


class Process:
    """The process, and sipp."""

    def __init__(self, desk: Switch, port: int) -> None:
        self.desk, self.port = desk, port
        self.engine, self.facts, self.keep = desk.engine, desk.facts, desk.keep

    async def door(self) -> MediaDoor:
        return await self.desk.door("c-1")

    async def calls(self, then: str = "waits") -> None:
        steps = {
            "waits": (opening(), comes("BYE")),
            "rings on": (RINGS, answer("486"), request("ACK", 1)),
            "gives up": GIVES_UP,
            "hangs up": (opening(), pause(200), goodbye()),
            "holds": (opening(), *HOLDS),
            "wants us to call": (opening(), *WANTS),
        } | {name: (opening(), *rest) for name, rest in REFERRED.items()}
        await self.desk.sipp(*steps[then])

    async def is_called(self, then: str) -> str:
        steps = {
            "picks up": (picks_up(), comes("BYE")),
            "rings on": (comes("INVITE", "180 Ringing", opening=True), comes("CANCEL"), pause(60_000)),
        }.get(then, (comes("INVITE", then, opening=True), '<recv request="ACK"/>'))
        sipp = await Sipp.run(self.desk.folder, scenario(*steps), self.desk.port, own_port=self.port)
        self.desk.peers.append(sipp)
        return await self.engine.dial("+15550177", "c-1", 1 if then == "rings on" else 20, await self.door())


@pytest.fixture(
    params=["loopback", pytest.param("process", marks=[needs.sip_call, pytest.mark.integration, pytest.mark.alone])]
)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    if request.param == "loopback":
        loopback = Loopback()
        await loopback.engine.start(loopback.keep)
        yield loopback
        await loopback.engine.stop(end_calls=True)
        return
    port = sip_port()
    async with switch(tmp_path, trunk_port=port) as desk:
        yield Process(desk, port)


async def fact(rig: Rig, kind: type[Kind], number: int = 1) -> Kind:
    """Return the last fact of a kind once there are so many."""
    await until(lambda: len([one for one in rig.facts if isinstance(one, kind)]) >= number, kind.__name__)
    return [one for one in rig.facts if isinstance(one, kind)][number - 1]


async def taken(rig: Rig, then: str = "waits") -> SipIncoming:
    """Have the other side call, and answer."""
    await rig.calls(then)
    call = await fact(rig, SipIncoming)
    await rig.engine.answer(call.call_id, "c-1", await rig.door())
    assert await fact(rig, SipAnswered) == SipAnswered(call_id=call.call_id, reference="c-1")
    return call


async def test_a_call_comes_in_is_answered_once_and_ended_by_us(rig: Rig) -> None:
    call = await taken(rig)
    assert (call.caller, call.name, call.called, call.source) == ("+15550142", "Ada", "+15550199", "127.0.0.1")
    await rig.engine.answer(call.call_id, "c-2", await rig.door())
    await rig.engine.hang_up(call.call_id)
    end = await fact(rig, SipEnded)
    assert (end.call_id, end.reference, end.end, end.by_us) == (call.call_id, "c-1", CallEnd.NORMAL, True)
    await rig.engine.hang_up(call.call_id)
    assert len(rig.facts) == 3


async def test_a_caller_who_hangs_up_is_told_of(rig: Rig) -> None:
    call = await taken(rig, "hangs up")
    end = await fact(rig, SipEnded)
    assert (end.call_id, end.reference, end.end, end.by_us) == (call.call_id, "c-1", CallEnd.NORMAL, False)


async def test_a_caller_who_gives_up_while_it_rings_is_told_of_and_answering_is_no_error(rig: Rig) -> None:
    await rig.calls("gives up")
    end = await fact(rig, SipEnded)
    assert (end.end, end.reference, end.by_us) == (CallEnd.CANCELLED, "", False)
    await rig.engine.answer(end.call_id, "c-1", await rig.door())
    await rig.engine.refuse(end.call_id)


async def test_a_caller_whom_we_decline_is_gone(rig: Rig) -> None:
    await rig.calls("rings on")
    call = await fact(rig, SipIncoming)
    await rig.engine.refuse(call.call_id)
    end = await fact(rig, SipEnded)
    assert (end.call_id, end.end, end.by_us) == (call.call_id, CallEnd.CANCELLED, True)


async def test_a_caller_who_holds_us_is_told_of_and_comes_back(rig: Rig) -> None:
    await taken(rig, "holds")
    await fact(rig, SipHeld, 2)
    assert [(one.reference, one.on) for one in rig.facts if isinstance(one, SipHeld)] == [("c-1", True), ("c-1", False)]


async def test_what_a_caller_wants_us_to_call_is_told_and_not_called(rig: Rig) -> None:
    call = await taken(rig, "wants us to call")
    asked = await fact(rig, SipTransferAsked)
    assert (asked.call_id, asked.reference) == (call.call_id, "c-1")
    assert "+19005550100" in asked.target
    assert not [one for one in rig.facts if isinstance(one, SipRinging | SipEnded)]


async def test_a_call_that_we_place_rings_is_answered_and_ended(rig: Rig) -> None:
    call_id = await rig.is_called("picks up")
    assert await fact(rig, SipAnswered) == SipAnswered(call_id=call_id, reference="c-1")
    assert rig.facts[0] == SipRinging(call_id=call_id, reference="c-1")
    await rig.engine.hang_up(call_id)
    end = await fact(rig, SipEnded)
    assert (end.end, end.by_us, end.reference) == (CallEnd.NORMAL, True, "c-1")


@pytest.mark.parametrize(
    ("answers", "end"),
    [
        ("486 Busy Here", CallEnd.BUSY),
        ("480 Temporarily Unavailable", CallEnd.NO_ANSWER),
        ("404 Nobody", CallEnd.FAILED),
    ],
)
async def test_a_call_nobody_takes_says_why(rig: Rig, answers: str, end: CallEnd) -> None:
    call_id = await rig.is_called(answers)
    over = await fact(rig, SipEnded)
    assert (over.call_id, over.end, over.status, over.reference) == (call_id, end, int(answers[:3]), "c-1")


async def test_a_call_that_rings_too_long_is_given_up(rig: Rig) -> None:
    await rig.is_called("rings on")
    assert (await fact(rig, SipEnded)).end is CallEnd.NO_ANSWER


async def test_a_call_that_we_give_up_stops_ringing(rig: Rig) -> None:
    call_id = await rig.is_called("rings on")
    await fact(rig, SipRinging)
    await rig.engine.hang_up(call_id)
    end = await fact(rig, SipEnded)
    assert (end.call_id, end.end, end.by_us) == (call_id, CallEnd.CANCELLED, True)


async def test_what_is_no_number_is_never_dialled_nor_referred_to(rig: Rig) -> None:
    door = await rig.door()
    call = await taken(rig)
    for wrong in ("", "sip:a@b\r\nX: y", "+1555>;x=<sip:evil@example.com", "sip:a@b?Replaces=x"):
        with pytest.raises(ProviderError) as refused:
            await rig.engine.dial(wrong, "c-1", 5, door)
        assert refused.value.code == "sip_refused"
        with pytest.raises(ProviderError) as refused:
            await rig.engine.refer(call.call_id, wrong, 5)
        assert refused.value.code == "sip_refused"


async def test_a_call_is_sent_on_and_leaves_us(rig: Rig) -> None:
    call = await taken(rig, "is sent on: 200")
    outcome = await rig.engine.refer(call.call_id, "sip:billing@pbx.example.com", 20)
    assert outcome.moved
    assert (await fact(rig, SipEnded)).call_id == call.call_id


@pytest.mark.parametrize("status", [486, 603, 405])
async def test_a_caller_who_cannot_be_sent_on_stays_with_us(rig: Rig, status: int) -> None:
    call = await taken(rig, f"is sent on: {status}")
    outcome = await rig.engine.refer(call.call_id, "sip:billing@pbx.example.com", 20)
    assert (outcome.moved, outcome.status) == (False, status)
    assert not [one for one in rig.facts if isinstance(one, SipEnded)]


async def test_a_referral_of_which_nothing_is_heard_ends_in_time_and_the_caller_stays(rig: Rig) -> None:
    call = await taken(rig, "is sent on, says nothing")
    outcome = await rig.engine.refer(call.call_id, "sip:billing@pbx.example.com", 1)
    assert (outcome.moved, outcome.status) == (False, 0)
    assert not [one for one in rig.facts if isinstance(one, SipEnded)]


async def test_what_is_over_cannot_be_sent_on(rig: Rig) -> None:
    call = await taken(rig)
    await rig.engine.hang_up(call.call_id)
    await fact(rig, SipEnded)
    with pytest.raises(ProviderError) as refused:
        await rig.engine.refer(call.call_id, "+15550177", 5)
    assert refused.value.code == "sip_refused"


async def test_a_broker_that_comes_back_finds_its_calls_and_hears_again_what_rings(rig: Rig) -> None:
    up = await taken(rig)
    await rig.calls("rings on")
    waits = await fact(rig, SipIncoming, 2)
    await rig.engine.stop(end_calls=False)
    rig.facts.clear()
    with pytest.raises(ProviderError) as away:
        await rig.engine.hang_up(up.call_id)
    assert away.value.code == "sip_engine_away"
    calls = await rig.engine.start(rig.keep)
    assert set(calls) == {
        SipCall(call_id=up.call_id, reference="c-1", answered=True),
        SipCall(call_id=waits.call_id, reference="", answered=False),
    }
    assert await fact(rig, SipIncoming) == waits
    await rig.engine.refuse(waits.call_id)
    await fact(rig, SipEnded)
    assert len(rig.facts) == 2


async def test_what_happens_while_no_broker_is_there_is_told_to_the_next(rig: Rig) -> None:
    call = await taken(rig)
    await rig.engine.stop(end_calls=False)
    rig.facts.clear()
    await rig.calls("rings on")
    await asyncio.sleep(0.5)  # the request travels; were it slower, it would be told all the same
    await rig.engine.start(rig.keep)
    new = await fact(rig, SipIncoming)
    assert new.call_id != call.call_id
    assert len(rig.facts) == 1
