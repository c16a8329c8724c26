"""Visitors of web pages at the broker: waits that are told, people who are called, pages that are told in time."""

import asyncio
from dataclasses import dataclass
from uuid import uuid4

import msgspec
import pytest

from server.broker.page_calls import PageCalls
from server.broker.page_conversations import PageConversations, WidgetPolicy
from server.broker.page_feed import MOST_EVENTS
from server.broker.page_talk import PageTalk
from server.broker.ports.visitors import Visitor
from server.broker.visits import Visits
from server.core.errors import CallerError
from server.wire import commands as c
from server.wire.terms import Medium
from server.wire.widget import NewVisit, PersonWish, Stage, TalkState, VisitorMessage
from tests.fakes.mind import minded
from tests.world import ORGANISATION, Customer, World

pytestmark = pytest.mark.scenario

BUTTONS = ("Talk to a person", "Mit einem Menschen sprechen", "Hablar con una persona", "Parler à une personne")


@dataclass
class Web:
    """The widget's use cases on one desk."""

    desk: World
    visits: Visits
    talk: PageTalk
    calls: PageCalls

    async def visitor(self) -> Visitor:
        """Return somebody who has just come."""
        return await self.visits.visitor((await self.visits.come("", NewVisit())).token)

    async def says(self, visitor: Visitor, text: str) -> Visitor:
        """Write, and return the visitor as they are then."""
        await self.talk.say(await self.visits.again(visitor), VisitorMessage(key=str(uuid4()), text=text))
        await self.desk.settle()
        return await self.visits.again(visitor)

    async def wants_a_person(self, visitor: Visitor, words: str = "Talk to a person") -> TalkState:
        wish = PersonWish(key=str(uuid4()), words=words)
        state = await self.talk.ask_for_person(await self.visits.again(visitor), wish)
        await self.desk.settle()
        return state

    async def chat(self, visitor: Visitor) -> TalkState:
        state, _ = await self.visits.state(await self.visits.again(visitor))
        return state


def web(desk: World, **policy: object) -> Web:
    rules = WidgetPolicy(organisation_id=ORGANISATION, **policy)  # type: ignore[arg-type]
    parts, broker = desk.broker.parts, desk.broker
    conversations = PageConversations(parts, rules, broker.intake)
    talk = PageTalk(conversations, broker.messages, broker.files)
    return Web(desk, Visits(parts, rules), talk, PageCalls(conversations, broker.calls))


async def as_customer(desk: World, visitor: Visitor) -> Customer:
    return Customer(desk, visitor.conversation_id, Medium.CHAT)


async def test_a_wait_is_estimated_by_the_pace_of_the_last_half_hour_and_else_not_at_all() -> None:
    async with World(ring=False) as desk:
        page, ann = web(desk), await desk.operator("ann")
        first, second = await page.visitor(), await page.visitor()
        assert (await page.wants_a_person(first)).wait_seconds is None, "nobody was reached yet"
        for _ in range(4):
            chat = await desk.chat()
            await chat.asks_for_a_person(priority=1)
            await ann.takes(chat)
        await page.wants_a_person(second)
        assert (await page.chat(first)).position == 1
        state = await page.chat(second)
        assert (state.stage, state.position, state.wait_seconds) == (Stage.WAITING, 2, 2 * 1800 // 4)
        await ann.goes()
        assert (await page.chat(second)).wait_seconds is None, "nobody is on duty"


async def test_a_visitor_sees_who_has_them_and_that_they_are_held() -> None:
    async with World(ring=False) as desk:
        page, ann = web(desk), await desk.operator("ann")
        visitor = await page.says(await page.visitor(), "Hello")
        await page.wants_a_person(visitor)
        customer = await as_customer(desk, visitor)
        await ann.takes(customer)
        assert (await page.chat(visitor)).operator == "Ann"
        await ann.does(c.Hold, customer, on=True)
        held = await page.chat(visitor)
        assert (held.stage, held.operator) == (Stage.HOLD, "Ann")


async def test_where_a_person_is_first_the_first_word_calls_one_and_a_word_after_the_end_too() -> None:
    async with World(ring=False) as desk:
        page, ann = web(desk, person_first=True), await desk.operator("ann")
        visitor = await page.says(await page.visitor(), "Hello")
        assert (await page.chat(visitor)).stage is Stage.WAITING
        await page.says(visitor, "Anybody there?")
        customer = await as_customer(desk, visitor)
        await ann.takes(customer)
        await ann.does(c.Resolve, customer)
        await page.says(visitor, "One more thing")
        assert (await page.chat(visitor)).stage is Stage.WAITING
        assert len(await desk.queue()) == 1


@pytest.mark.parametrize("words", BUTTONS)
async def test_an_enforced_guard_reads_the_button_as_the_wish_that_it_is(words: str) -> None:
    async with minded(guard="enforce") as desk:
        page = web(desk)
        assert (await page.wants_a_person(await page.visitor(), words)).stage is Stage.WAITING


async def test_a_wish_that_the_guard_declines_leaves_the_visitor_with_the_assistant() -> None:
    async with minded(guard="enforce") as desk:
        page = web(desk)
        state = await page.wants_a_person(await page.visitor(), "no need to transfer me, what are your fees?")
        assert state.stage is Stage.ASSISTANT


async def test_a_second_call_ends_the_first_and_calls_may_be_switched_off() -> None:
    async with World(ring=False) as desk:
        page = web(desk, calls=True)
        visitor = await page.visitor()
        first = await page.calls.call(visitor)
        line = desk.media.connect(first.media.token, "stream")
        await page.calls.call(await page.visits.again(visitor))
        await desk.settle()
        assert line.ended == "ended"
        with pytest.raises(CallerError) as refusal:
            await web(desk).calls.call(visitor)
        assert refusal.value.code == "calls_off"


async def test_a_page_that_cannot_keep_up_is_cut_off_and_others_are_not() -> None:
    async with World(ring=False) as desk:
        page, pages = web(desk), desk.broker.pages
        slow_one, quick_one = [await page.says(await page.visitor(), "Hello") for _ in range(2)]
        slow, quick = [await pages.open(ORGANISATION, one.id) for one in (slow_one, quick_one)]
        pages.follow(slow, (slow_one.conversation_id,))
        pages.follow(quick, (quick_one.conversation_id,))
        customer = await as_customer(desk, slow_one)
        for number in range(MOST_EVENTS + 2):
            await customer.says(str(number))
        assert await slow.next() is None
        assert await quick.next() == []
        pages.close(slow)
        await page.says(quick_one, "still here")
        events = await quick.next()
        assert [event.message.text for event in events or () if hasattr(event, "message")] == ["still here"]


async def test_who_waits_looks_when_others_move_and_who_does_not_is_left_alone() -> None:
    async with World(ring=False) as desk:
        page, pages = web(desk), desk.broker.pages
        visitor = await page.visitor()
        waits, idle = await pages.open(ORGANISATION, visitor.id), await pages.open(ORGANISATION, "v_other")
        waits.waiting = True
        for reader in (waits, idle):
            assert await reader.next() == []
        await (await desk.chat()).asks_for_a_person()
        async with asyncio.timeout(30):  # in vain only where the rule is broken
            assert await waits.next() == []
            pages.look(visitor.id)
            assert await waits.next() == []
        assert not idle._some.is_set()


async def test_nobodys_token_lasts_longer_than_they_stay_away() -> None:
    async with World(ring=False) as desk:
        page = web(desk, keep_days=2)
        gone, back = await page.visitor(), await page.visitor()
        await desk.clock.leap(1.5 * 86_400)
        seen = msgspec.structs.replace(back, seen_at=desk.clock.now())
        await desk.database.run(lambda unit: unit.visitors.save(seen))
        await desk.clock.leap(1.0 * 86_400)
        assert await page.visits.forget_old() == 1
        known = await desk.database.read(
            lambda unit: [unit.visitors.by_token(one.sha256) is not None for one in (gone, back)]
        )
        assert known == [False, True]


async def test_a_talk_that_never_was_has_no_state() -> None:
    async with World(ring=False) as desk:
        page = web(desk)
        visitor = await page.visitor()
        assert await page.chat(visitor) == TalkState()
        await page.talk.end(visitor)
        await page.calls.hang_up(visitor)
        assert (await page.talk.turns(visitor)).messages == ()
        assert desk.names() == []
