"""A customer on a channel goes from the assistant to a person and back, twice, and is answered there every time."""

import pytest

from server.broker.ports.assistants import AssistantAnswer
from server.wire import commands as c
from server.wire.requests import NewHandoff
from server.wire.terms import Author, Delivery, Owner
from tests.channel_world import ChannelWorld
from tests.fakes.own_assistant import OwnAssistant

pytestmark = pytest.mark.scenario


async def test_customer_assistant_person_assistant_and_once_more() -> None:
    async with ChannelWorld() as desk:
        ann = await desk.operator("ann")
        ada = desk.customer("ada")
        await ada.writes("Where is my parcel?")
        chat = await ada.here()
        assert (await chat.conversation()).customer.name == "Ada Fields"
        await chat.assistant_says("Let me look.")
        assert desk.platform.texts("ada") == ["Let me look."]
        for round_ in (1, 2):
            epoch = (await chat.conversation()).owner_epoch
            await chat.asks_for_a_person("parcel lost")
            await ann.accept(chat)
            assert (await chat.conversation()).owner is Owner.OPERATOR
            await ada.writes(f"Are you there? {round_}")
            reply = await ann.does(c.Say, chat, text=f"I am Ann. {round_}")
            assert reply.message is not None
            with pytest.raises(Exception, match="operator is talking"):
                await chat.assistant_says("I talk over people.", epoch=epoch)
            await ann.does(c.Resolve, chat, note="found", disposition="delivery")
            await ann.does(c.FinishWrapUp, chat, disposition="delivery")
            assert (await chat.conversation()).owner is Owner.ASSISTANT
            await chat.assistant_says(f"Anything else? {round_}")
        said = desk.platform.texts("ada")
        assert [text for text in said if text[-1] in "12"] == [
            "I am Ann. 1", "Anything else? 1", "I am Ann. 2", "Anything else? 2",
        ]  # fmt: skip
        assert "A person has joined the conversation." in said
        assert "I talk over people." not in said
        ours = [turn for turn in await ada.turns() if turn.author in {Author.OPERATOR, Author.ASSISTANT, Author.SYSTEM}]
        assert {turn.delivery for turn in ours} == {Delivery.SENT}
        assert len(ours) == len(said)


async def test_an_assistant_of_the_broker_answers_where_the_customer_writes() -> None:
    wish = AssistantAnswer(text="I ask somebody.", handoff=NewHandoff(reason="parcel lost"))
    robo = OwnAssistant(AssistantAnswer(text="Let me look."), wish, AssistantAnswer(text="Anything else?"))
    async with ChannelWorld(assistants={"Robo": robo}) as desk:
        ann = await desk.operator("ann")
        ada = desk.customer("ada")
        await ada.writes("Where is my parcel?")
        await ada.writes("A person, please")
        chat = await ada.here()
        assert desk.platform.texts("ada") == ["Let me look.", "I ask somebody."]
        await ann.accept(chat)
        await ada.writes("Are you there?")
        await ann.does(c.Say, chat, text="I am Ann.")
        await ann.does(c.BackToAssistant, chat, note="found")
        await ada.writes("Thanks")
        said = [text for text in desk.platform.texts("ada") if "person" not in text and "assistant" not in text]
        assert said == ["Let me look.", "I ask somebody.", "I am Ann.", "Anything else?"]
        assert robo.asked[-1].stretches[0].agreed == "found"
