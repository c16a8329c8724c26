"""The audio leg follows the model: opened, muted, opened again, closed, and never stolen back by itself."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from operator_console.model.inputs import HeadsetPhase, HeadsetState
from operator_console.model.wants import HeadsetWant
from operator_console.tui.headset_keeper import BACK_OFF_SECONDS, HeadsetKeeper
from server.wire.commands import OpenMedia
from server.wire.errors import ErrorBody
from server.wire.frames import Reply
from server.wire.terms import SessionId
from tests.fakes.console_data import grant
from tests.fakes.headset import FakeHeadset
from tests.fakes.still_clock import StillClock

pytestmark = pytest.mark.unit

CALL = SessionId("s42")


class Bench:
    """A keeper with a headset and a broker that grants or refuses."""

    def __init__(self) -> None:
        self.headset = FakeHeadset()
        self.clock = StillClock()
        self.asked: list[OpenMedia] = []
        self.refusals = 0
        self.elsewhere = False
        self.keeper = HeadsetKeeper(self.headset, self._order, self.clock, lambda: "order-0001")

    async def _order(self, command: OpenMedia) -> Reply:
        self.asked.append(command)
        if self.elsewhere and not command.take:
            return Reply(id=command.id, ok=False, error=ErrorBody("media_elsewhere", "Over there.", ""))
        if self.refusals:
            self.refusals -= 1
            return Reply(id=command.id, ok=False, error=ErrorBody("conflict", "Not now.", ""))
        return Reply(id=command.id, ok=True, media=grant(command.epoch, token=f"t{len(self.asked)}"))

    async def rest(self) -> None:
        for _ in range(40):
            await asyncio.sleep(0)

    async def want(self, *, muted: bool = False, epoch: int = 2, lost: bool = False) -> None:
        self.keeper.want(HeadsetWant(CALL, epoch, muted, lost))
        await self.rest()


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    task = asyncio.ensure_future(made.keeper.run())
    await asyncio.sleep(0)
    yield made
    task.cancel()


async def test_a_call_of_mine_at_start_is_taken_up_by_asking_for_a_grant(bench: Bench) -> None:
    await bench.want(muted=True)
    assert [order.session_id for order in bench.asked] == [CALL]
    assert bench.headset.log == [("open", ("t1", True))]


async def test_the_grant_of_an_accept_is_used_without_asking(bench: Bench) -> None:
    bench.keeper.offer(CALL, grant(2, token="accepted"))
    await bench.want()
    assert bench.asked == []
    assert bench.headset.log == [("open", ("accepted", False))]


async def test_mute_goes_to_the_open_leg_once(bench: Bench) -> None:
    await bench.want()
    await bench.want(muted=True)
    await bench.want(muted=True)
    await bench.want(muted=False)
    assert bench.headset.log[1:] == [("mute", True), ("mute", False)]


async def test_a_broken_leg_is_opened_again_with_a_new_grant_and_stays_muted(bench: Bench) -> None:
    await bench.want(muted=True)
    bench.keeper.heard(HeadsetState(HeadsetPhase.RECONNECTING))
    await bench.rest()
    assert bench.headset.log == [("open", ("t1", True)), ("open", ("t2", True))]


async def test_refusals_are_asked_again_with_longer_and_longer_pauses(bench: Bench) -> None:
    bench.refusals = 4
    await bench.want()
    assert len(bench.asked) == 5
    assert bench.clock.slept == list(BACK_OFF_SECONDS[:5])
    assert bench.headset.log == [("open", ("t5", False))]


async def test_a_leg_that_the_far_side_ended_is_not_taken_back_until_asked_for(bench: Bench) -> None:
    await bench.want()
    bench.keeper.heard(HeadsetState(HeadsetPhase.CLOSED, reason="taken by another console"))
    await bench.want(muted=True)
    assert len(bench.headset.log) == 1
    bench.keeper.again()
    await bench.rest()
    assert bench.headset.log[1:] == [("open", ("t2", True))]


async def test_the_leg_is_closed_when_the_call_is_over_and_only_then(bench: Bench) -> None:
    bench.keeper.want(None)
    await bench.rest()
    assert bench.headset.log == []
    await bench.want()
    bench.keeper.want(None)
    await bench.rest()
    assert bench.headset.log[-1] == ("close", None)


async def test_a_call_that_ends_while_a_grant_is_asked_for_opens_nothing(bench: Bench) -> None:
    bench.refusals = 1_000
    await bench.want()
    bench.keeper.want(None)
    await bench.rest()
    asked = len(bench.asked)
    bench.refusals = 0
    await bench.rest()
    assert len(bench.asked) == asked
    assert bench.headset.log == []


async def test_a_new_epoch_needs_a_new_leg(bench: Bench) -> None:
    await bench.want(epoch=2)
    await bench.want(epoch=4)
    assert [order.epoch for order in bench.asked] == [2, 4]
    assert len(bench.headset.log) == 2


async def test_audio_that_another_console_has_is_asked_for_once_until_it_is_let_go(bench: Bench) -> None:
    bench.elsewhere = True
    await bench.want()
    await bench.want(muted=True)
    assert [order.take for order in bench.asked] == [False]
    assert bench.headset.log == []
    bench.elsewhere = False
    await bench.want(lost=True)
    assert bench.headset.log == [("open", ("t2", False))]


async def test_audio_is_taken_over_only_when_asked_for(bench: Bench) -> None:
    bench.elsewhere = True
    await bench.want()
    bench.keeper.again()
    await bench.rest()
    assert [order.take for order in bench.asked] == [False, True]
    assert bench.headset.log == [("open", ("t2", False))]


async def test_a_leg_that_another_console_replaced_comes_back_by_itself_when_that_one_is_gone(bench: Bench) -> None:
    await bench.want()
    bench.keeper.heard(HeadsetState(HeadsetPhase.CLOSED, reason="replaced"))
    await bench.want(muted=True)
    assert len(bench.asked) == 1
    await bench.want(lost=True)
    assert len(bench.asked) == 2


async def test_a_leg_that_was_ended_for_another_reason_stays_closed(bench: Bench) -> None:
    await bench.want()
    bench.keeper.heard(HeadsetState(HeadsetPhase.CLOSED, reason="too many frames"))
    await bench.want(lost=True)
    assert len(bench.asked) == 1
