"""What the assistant leaves out of its package is read out of the transcript; what it says stays."""

import pytest

from server.understanding.actions import read_actions
from server.understanding.card import CardWriter, ModelCard
from server.wire.events import SessionUpdated
from server.wire.terms import SessionState, Source
from server.wire.views import Context, Fact, NextAction
from tests.world import Customer, World

pytestmark = pytest.mark.scenario


async def complains(chat: Customer) -> None:
    await chat.says("Hi, I was charged 64.90 twice for order 10238843.")
    await chat.assistant_says("I have checked both payments. Would you like a refund or a credit?")
    await chat.says("I want a refund please.")
    await chat.assistant_says("Refunds above 50 need a colleague of mine.")


async def test_an_empty_package_is_completed_once_and_told(desk: World) -> None:
    chat = await desk.chat()
    await complains(chat)
    view = await chat.asks_for_a_person()
    assert view.context == Context(), "the request is answered before anything is read"
    context = (await chat.session()).context
    assert context.summary.startswith("The customer is complaining that they were charged 64.90 twice")
    assert (context.summary_source, context.summary_status) == (Source.BUILT_IN, "ok")
    facts = {fact.name: (fact.value, fact.turn, fact.source) for fact in context.facts}
    assert facts["order_id"] == ("10238843", 1, Source.BUILT_IN)
    assert facts["preferred_resolution"] == ("refund", 3, Source.BUILT_IN)
    assert context.tried == ("Checked both payments",)
    assert context.next_actions[0].label == "Refund 64.90"
    assert context.next_actions[0].source is Source.BUILT_IN
    assert [event.session.context.summary_status for event in desk.told(SessionUpdated)] == ["ok"]


async def test_what_the_assistant_said_stays(desk: World) -> None:
    chat = await desk.chat()
    await complains(chat)
    own = Context(
        summary="Wants 64.90 back.",
        facts=(Fact(name="order", value="10238843"),),
        tried=("Looked at the ledger",),
        next_actions=(NextAction(label="Pay back", say="Done."),),
    )
    await chat.asks_for_a_person(context=own)
    context = (await chat.session()).context
    assert (context.summary, context.summary_source) == ("Wants 64.90 back.", Source.ASSISTANT)
    assert (context.tried, context.next_actions) == (own.tried, own.next_actions)
    assert context.facts[0] == own.facts[0]
    assert {fact.name for fact in context.facts[1:]} == {"amount", "preferred_resolution"}, "its order number is known"


async def test_a_package_that_is_replaced_is_completed_again(desk: World) -> None:
    chat = await desk.chat()
    await complains(chat)
    await chat.asks_for_a_person(context=Context(summary="Mine."))
    await chat.intake.update_context(desk.assistant, chat.id, Context(topic="billing"))
    await desk.settle()
    context = (await chat.session()).context
    assert (context.topic, context.summary_source) == ("billing", Source.BUILT_IN)
    assert context.summary.startswith("The customer is complaining")


async def test_a_conversation_that_says_nothing_has_a_status(desk: World) -> None:
    silent = await desk.chat()
    await silent.asks_for_a_person()
    assert (await silent.session()).context == Context()
    short = await desk.chat()
    await short.says("human")
    await short.asks_for_a_person()
    context = (await short.session()).context
    assert (context.summary, context.summary_status) == ("", "insufficient_conversation")


async def test_a_broker_that_died_before_the_card_completes_it_at_its_next_start(lasting_desk: World) -> None:
    desk = lasting_desk
    chat = await desk.chat()
    await complains(chat)
    desk.broker.cards.want = lambda *_: None  # type: ignore[method-assign] # it dies before it reads
    await chat.asks_for_a_person()
    assert (await chat.session()).context == Context()
    await desk.restart()
    assert (await chat.session()).context.summary_source is Source.BUILT_IN


class Scripted:
    """A model that answers what it is told to."""

    def __init__(self, answer: ModelCard) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def card(self, turns: object, facts: object) -> ModelCard:
        self.asked.append(repr(turns))
        return self.answer

    async def close(self) -> None:
        pass


async def with_model(answer: ModelCard) -> tuple[Context, Scripted]:
    world, model = World(), Scripted(answer)
    world.cards = CardWriter(read_actions(), model=model)
    async with world as desk:
        chat = await desk.chat()
        await complains(chat)
        await chat.says("my card is 4111 1111 1111 1111")
        await chat.asks_for_a_person()
        session = await chat.session()
        assert session.state is SessionState.QUEUED
        return session.context, model


async def test_a_model_betters_the_card_and_is_named_as_its_source() -> None:
    step = NextAction(label="Refund now", say="I refund 64.90.", source=Source.MODEL)
    context, model = await with_model(ModelCard("ok", "They were charged 64.90 twice.", (), (step,)))
    assert (context.summary, context.summary_source) == ("They were charged 64.90 twice.", Source.MODEL)
    assert context.next_actions == (step,)
    assert "4111" not in model.asked[0], "it is sent nothing that was not redacted"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (ModelCard("model_timeout"), "model_timeout"),
        (ModelCard("ok", "They were charged 99.00 twice."), "model_ungrounded"),
    ],
)
async def test_a_model_that_fails_or_invents_leaves_the_built_in_card(answer: ModelCard, status: str) -> None:
    context, _ = await with_model(answer)
    assert context.summary.startswith("The customer is complaining")
    assert (context.summary_source, context.summary_status) == (Source.BUILT_IN, status)
