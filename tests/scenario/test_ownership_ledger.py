"""Who may speak: nothing of an assistant is stored between accept and return, and what it tried is seen."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from server.broker.ports.assistants import AssistantAnswer
from server.broker.refused_sends import MOST_RECORDS
from server.core.errors import ConflictError, HandoffError
from server.wire import commands as c
from server.wire.audit import AuditPage
from server.wire.events import MessageAdded, SessionActive, SessionEvent, SessionHeld, SessionUpdated
from server.wire.requests import NewHandoff, NewMessage
from server.wire.terms import AuditAction, Author
from tests.fakes.own_assistant import OwnAssistant
from tests.world import ORGANISATION, Customer, Person, World

pytestmark = pytest.mark.scenario
STEPS = 40
WISH = AssistantAnswer(text="One moment.", handoff=NewHandoff(reason="wants a person", customer_asked=False))


async def audit(desk: World) -> AuditPage:
    return await desk.database.read(lambda unit: unit.audit.page(ORGANISATION, "", 100))


async def speaks(chat: Customer, epoch: int | None) -> str:
    try:
        await chat.assistant_says("Let me add something secret", epoch=epoch)
    except ConflictError as refusal:
        return refusal.code
    return ""


async def test_what_is_refused_is_counted_and_in_the_audit_without_its_words(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    early = (await chat.conversation()).owner_epoch
    session = await chat.asks_for_a_person()
    await ann.takes(chat)
    assert await speaks(chat, None) == "operator_owns"
    await ann.does(c.BackToAssistant, chat)
    assert await speaks(chat, early) == "stale_ownership"
    assert (await chat.conversation()).refused_sends == 2
    later, first = (await audit(desk)).records
    assert [one.action for one in (first, later)] == [AuditAction.REFUSED_SEND] * 2
    assert (first.session_id, first.subject_id) == (session.id, ann.id)
    assert first.reason == "Robo tried to speak while an operator has the customer"
    assert later.reason == "Robo tried to say what was meant for an earlier stretch"
    assert "secret" not in str(await audit(desk))


async def test_what_is_taken_is_not_counted_and_other_refusals_are_not_about_ownership(desk: World) -> None:
    chat = await desk.chat()
    assert await speaks(chat, 0) == ""
    await chat.leaves()
    assert await speaks(chat, 0) == "conversation_ended"
    assert (await chat.conversation()).refused_sends == 0
    assert (await audit(desk)).records == ()


async def test_who_insists_is_counted_on_and_does_not_fill_the_audit(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    for _ in range(MOST_RECORDS + 5):
        await speaks(chat, None)
    assert (await chat.conversation()).refused_sends == MOST_RECORDS + 5
    assert len((await audit(desk)).records) == MOST_RECORDS


async def test_an_answer_of_the_brokers_own_assistant_that_was_overtaken_is_seen_too() -> None:
    robo = OwnAssistant(AssistantAnswer(text="As I was saying"))
    async with World(assistants={"Robo": robo}) as desk:
        ann = await desk.operator("ann")
        chat = await desk.chat()
        robo.open.clear()
        await chat.says("Hello")
        await chat.asks_for_a_person()
        await ann.takes(chat)
        robo.open.set()
        await desk.settle()
        assert (await chat.conversation()).refused_sends == 1
        assert [one.action for one in (await audit(desk)).records] == [AuditAction.REFUSED_SEND]


class Quarrel:
    """Everybody speaks and takes at once, in an order that the seed chooses."""

    def __init__(self, desk: World, seed: int, chat: Customer, people: list[Person], robo: OwnAssistant) -> None:
        self.desk, self.random, self.chat, self.people, self.robo = desk, random.Random(seed), chat, people, robo
        self.said = 0

    async def step(self) -> None:
        """Let two to four things happen at once."""
        deeds: list[Callable[[], Awaitable[Any]]] = [
            self._assistant,
            self._assistant,
            self._customer,
            self._request,
            self._order,
            self._order,
            self._gate,
        ]
        chosen = [self.random.choice(deeds) for _ in range(self.random.randint(2, 4))]
        for result in await asyncio.gather(*(deed() for deed in chosen), return_exceptions=True):
            if isinstance(result, BaseException) and not isinstance(result, HandoffError):
                raise result
        await self.desk.settle()
        await self.desk.later(self.random.choice([0, 0, 1, 20]))

    async def _assistant(self) -> None:
        now = (await self.chat.conversation()).owner_epoch
        self.said += 1
        body = NewMessage(
            author=Author.ASSISTANT, text=f"over REST {self.said}", epoch=self.random.choice([None, now, now, now - 1])
        )
        await self.chat.intake.append_message(self.desk.assistant, self.chat.id, body)

    async def _customer(self) -> None:
        self.said += 1
        body = NewMessage(author=Author.CUSTOMER, text=f"customer {self.said}")
        await self.chat.intake.append_message(self.desk.assistant, self.chat.id, body)

    async def _request(self) -> None:
        await self.chat.intake.request_handoff(self.desk.assistant, self.chat.id, NewHandoff(reason="x"), "")

    async def _order(self) -> None:
        kinds: list[tuple[type, dict[str, Any]]] = [
            (c.Accept, {}),
            (c.Accept, {}),
            (c.BackToAssistant, {"note": "agreed"}),
            (c.Resolve, {}),
            (c.Requeue, {}),
            (c.Hold, {"on": self.random.random() < 0.5}),
            (c.FinishWrapUp, {}),
        ]
        kind, rest = self.random.choice(kinds)
        who = self.random.choice(self.people)
        open_ones = await self.desk.database.read(lambda unit: list(unit.views.open_sessions(ORGANISATION)))
        for session in open_ones[:1]:
            command = kind(id=who.new_id(), session_id=session.id, epoch=session.epoch, **rest)
            await self.desk.broker.desk.execute(who.principal, command)

    async def _gate(self) -> None:
        """Let the broker's own assistant answer, or think for a while."""
        if self.robo.open.is_set():
            self.robo.open.clear()
        else:
            self.robo.open.set()


@pytest.mark.parametrize("seed", range(12))
async def test_nothing_of_an_assistant_is_stored_between_accept_and_return(seed: int) -> None:
    robo = OwnAssistant(AssistantAnswer(text="of the broker"), WISH, AssistantAnswer(text="of the broker"))
    async with World(assistants={"Robo": robo}) as desk:
        people = [await desk.operator(name) for name in ("ann", "ben")]
        chat = await desk.chat()
        quarrel = Quarrel(desk, seed, chat, people, robo)
        for _ in range(STEPS):
            await quarrel.step()
        robo.open.set()
        await desk.later(5)
        owning: set[str] = set()
        stretches = by_assistant = 0
        for event in desk.told():  # numbered in the order of the commits; the kind says what was so then
            if isinstance(event, SessionActive | SessionHeld):
                stretches += event.session.id not in owning
                owning.add(event.session.id)
            elif isinstance(event, SessionEvent) and not isinstance(event, SessionUpdated):
                owning.discard(event.session.id)
            elif isinstance(event, MessageAdded) and event.message.author is Author.ASSISTANT:
                by_assistant += 1
                assert not owning, f"seed {seed}: {event.message.text} was stored while a person had the customer"
        assert by_assistant > 0, "the assistant never spoke: nothing was tried"
        assert stretches > 0, "nobody ever took the customer: nothing was tried"
