"""What caller and operator say aloud stands on the console as turns of theirs, redacted, once."""

from dataclasses import replace

import pytest

from server.broker.ports.media import Spoken
from server.media.recording import Recording as Recorded
from server.wire import commands as c
from server.wire.terms import Author, ConversationId, LegRole, Recording
from tests.world import RULES, Customer, Person, World

pytestmark = pytest.mark.scenario

RECORDED = replace(RULES, record=True, record_needs_consent=False)


async def hears(desk: World, call: Customer, role: LegRole, text: str, *, epoch: int = 1, key: str = "k") -> None:
    fact = Spoken(call_id=ConversationId(call.id), role=role, epoch=epoch, text=text, key=f"speech:{key}")
    await desk.broker.calls.on_fact(fact)
    await desk.settle()


async def talking(desk: World) -> tuple[Person, Customer]:
    ann = await desk.operator("ann")
    call = await desk.caller("Mrs Fields")
    await call.asks_for_a_person("refund")
    await ann.takes(call)
    await desk.settle()
    return ann, call


async def said(call: Customer) -> list[tuple[Author, str, str]]:
    return [(one.author, one.author_name, one.text) for one in await call.messages() if one.author is not Author.SYSTEM]


async def test_both_parties_words_are_turns_of_theirs() -> None:
    async with World() as desk:
        _, call = await talking(desk)
        epoch = (await call.session()).epoch
        await hears(desk, call, LegRole.CALLER, "My parcel never came.", epoch=epoch, key="1")
        await hears(desk, call, LegRole.OPERATOR, "I am sorry to hear that.", epoch=epoch, key="2")
        assert await said(call) == [
            (Author.CUSTOMER, "Mrs Fields", "My parcel never came."),
            (Author.OPERATOR, "Ann", "I am sorry to hear that."),
        ]
        shown = [one for one in desk.events if "My parcel never came." in repr(one)]
        assert shown


async def test_a_fact_that_comes_twice_is_one_turn() -> None:
    async with World() as desk:
        _, call = await talking(desk)
        epoch = (await call.session()).epoch
        for _ in range(2):
            await hears(desk, call, LegRole.CALLER, "Hello?", epoch=epoch)
        assert len(await said(call)) == 1


async def test_words_of_a_former_turn_of_the_operators_are_dropped() -> None:
    async with World() as desk:
        _, call = await talking(desk)
        epoch = (await call.session()).epoch
        await hears(desk, call, LegRole.CALLER, "late", epoch=epoch - 1)
        assert await said(call) == []


async def test_spoken_card_digits_are_not_stored_and_pause_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recorded, "_give_up", lambda *_: None)  # calls in memory have no disk
    async with World(rules=RECORDED) as desk:
        ann, call = await talking(desk)
        epoch = (await call.session()).epoch
        assert (await call.session()).recording is Recording.ON
        await hears(desk, call, LegRole.CALLER, "It was order ten two three eight.", epoch=epoch, key="1")
        assert (await call.session()).recording is Recording.ON
        digits = "four one one one one one one one one one one one one one one one"
        await hears(desk, call, LegRole.CALLER, f"the card is {digits}", epoch=epoch, key="2")
        assert (await said(call))[-1][2] == "the card is [card ending 1111]"
        assert (await call.session()).recording is Recording.PAUSED
        assert digits not in repr(desk.events)
        await ann.does(c.PauseRecording, call, on=False)
        assert (await call.session()).recording is Recording.ON
