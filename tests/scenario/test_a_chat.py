"""A chat from the assistant to a person and back, as it is told."""

import pytest

from server.broker.parts import NOTICES
from server.core.effects import Notice
from server.core.errors import CallerError, ConflictError
from server.wire import commands as c
from server.wire.events import ConversationReturned, MessageAdded
from server.wire.frames import CustomerTyping
from server.wire.requests import NewMessage
from server.wire.terms import Author, Outcome, Owner, SessionState
from tests.world import ORGANISATION, World

pytestmark = pytest.mark.scenario

S = SessionState


async def test_a_chat_goes_to_a_person_and_back(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat("Joe Brook")
    await chat.says("Where is my parcel?")
    await chat.asks_for_a_person("parcel lost")
    assert (await chat.session()).offered_to == ann.id

    reply = await ann.accept(chat)
    assert reply.media is None
    assert (await chat.state(), (await chat.conversation()).owner) == (S.ACTIVE, Owner.OPERATOR)

    said = await ann.does(c.Say, chat, text="Hello, I am Ann.")
    assert said.message is not None
    assert (said.message.author, said.message.author_name, said.message.operator_id) == (Author.OPERATOR, "Ann", ann.id)
    await ann.does(c.AddNote, chat, text="Sounds upset.")
    await chat.says("It was due on Monday.")
    await ann.does(c.Say, chat, text="It arrives tomorrow.")
    await ann.does(c.Resolve, chat, note="arrives tomorrow", disposition="delivery", hang_up=True)

    session, conversation = await chat.session(), await chat.conversation()
    assert (session.state, session.outcome, session.disposition) == (S.WRAP_UP, Outcome.RESOLVED, "delivery")
    assert (conversation.owner, conversation.ended_at) == (Owner.ASSISTANT, None), "a chat goes on with the assistant"
    [returned] = desk.told(ConversationReturned)
    assert returned.conversation.owner_epoch == conversation.owner_epoch
    assert [(turn.author, turn.text) for turn in returned.stretch if turn.author is not Author.SYSTEM] == [
        (Author.OPERATOR, "Hello, I am Ann."),
        (Author.CUSTOMER, "It was due on Monday."),
        (Author.OPERATOR, "It arrives tomorrow."),
    ]
    assert Author.NOTE not in {turn.author for turn in returned.stretch}
    assert [message.position for message in await chat.messages()] == list(range(1, len(await chat.messages()) + 1))
    [joined] = [message for message in await chat.messages() if message.text == NOTICES[Notice.OPERATOR_JOINED]]
    assert (joined.author, joined.session_id) == (Author.SYSTEM, session.id), "it is part of the human stretch"
    await desk.later(60)
    assert await chat.state() is S.CLOSED
    assert await desk.jobs() == 0, "a chat orders nothing of the media worker"


async def test_a_chat_given_back_tells_the_customer(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    await ann.does(c.BackToAssistant, chat)
    assert (await chat.messages())[-1].text == NOTICES[Notice.BACK_WITH_ASSISTANT]
    assert (await chat.messages())[-1].author is Author.SYSTEM


async def test_an_operator_takes_several_chats_but_one_ring_at_a_time(desk: World) -> None:
    ann = await desk.operator("ann")
    chats = [await desk.chat(f"Chat {n}") for n in range(6)]
    for chat in chats:
        await chat.asks_for_a_person()
    for taken in range(4):
        ringing = [chat for chat in chats if await chat.state() is S.OFFERED]
        assert ringing == [chats[taken]], "the oldest rings, and only one at a time"
        await ann.takes(ringing[0])
    assert [await chat.state() for chat in chats] == [S.ACTIVE] * 4 + [S.QUEUED] * 2
    await ann.does(c.Resolve, chats[1])
    await ann.does(c.FinishWrapUp, chats[1])
    assert await chats[4].state() is S.OFFERED


async def test_a_say_pressed_twice_is_said_once(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    first = await ann.does(c.Say, chat, id_="command-1", text="Hello")
    again = await ann.does(c.Say, chat, id_="command-1", text="Hello")
    assert first.message == again.message
    assert [turn.text for turn in await chat.messages()].count("Hello") == 1
    assert [event.message.text for event in desk.told(MessageAdded)].count("Hello") == 1


async def test_a_say_repeated_after_the_end_gets_its_old_answer(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    first = await ann.does(c.Say, chat, id_="command-1", text="Hello")
    await ann.does(c.Resolve, chat)
    assert (await ann.does(c.Say, chat, id_="command-1", text="Hello")).message == first.message
    refusal = await ann.refused(c.Say, chat, text="One more thing")
    assert refusal.code == "not_yours"


async def test_nothing_can_be_said_to_a_customer_one_does_not_have(desk: World) -> None:
    ann, ben = await desk.operator("ann"), await desk.operator("ben")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    assert (await ann.refused(c.Say, chat, text="Hi")).code == "not_yours"
    await ann.takes(chat)
    assert (await ben.refused(c.Say, chat, text="Hi")).details["owner"] == ann.id
    stale = await ann.refused(c.Say, chat, text="Hi", epoch=1)
    assert stale.code == "stale_epoch"
    assert (await ann.refused(c.Say, chat, text=" \n ")).code == "empty_text"


async def test_any_operator_may_write_a_note_and_the_customer_never_sees_it(desk: World) -> None:
    ann, ben = await desk.operator("ann"), await desk.operator("ben")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    await ben.does(c.AddNote, chat, text="I know him, be careful.")
    await ann.does(c.BackToAssistant, chat)
    assert "I know him, be careful." in [turn.text for turn in await chat.messages()]
    [returned] = desk.told(ConversationReturned)
    assert "I know him, be careful." not in [turn.text for turn in returned.stretch]


async def test_nothing_is_written_after_the_customer_left(desk: World) -> None:
    chat = await desk.chat()
    await chat.leaves()
    for author in (Author.CUSTOMER, Author.ASSISTANT):
        with pytest.raises(ConflictError) as refusal:
            await desk.broker.intake.append_message(desk.assistant, chat.id, NewMessage(author=author, text="?"))
        assert refusal.value.code == "conversation_ended"
    with pytest.raises(ConflictError) as refusal:
        await chat.asks_for_a_person()
    assert refusal.value.code == "conversation_ended"


@pytest.mark.parametrize("author", [Author.OPERATOR, Author.NOTE, Author.SYSTEM])
async def test_an_assistant_never_writes_as_somebody_else(desk: World, author: Author) -> None:
    chat = await desk.chat()
    with pytest.raises(CallerError) as refusal:
        await desk.broker.intake.append_message(desk.assistant, chat.id, NewMessage(author=author, text="?"))
    assert refusal.value.code == "author_not_allowed"


async def test_a_message_key_is_used_once(desk: World) -> None:
    chat = await desk.chat()
    first = await chat.says("Hello", key="m-1")
    assert await chat.says("Hello", key="m-1") == first
    assert (await chat.says("Hello")).position == 2
    assert len(await chat.messages()) == 2


async def test_hostile_text_is_harmless_before_anybody_sees_it(desk: World) -> None:
    chat = await desk.chat("\x1b[31mMallory\u202e")
    await chat.says("\x1b]0;owned\x07hello\u200b")
    await chat.asks_for_a_person("\x1b[2Jclear\nnow")
    session = await chat.session()
    shown = session.customer.name + session.reason + session.last_turns[0].text
    assert not {"\x1b", "\x07", "\u202e", "\u200b"} & set(shown)
    assert "\n" not in session.reason
    assert "hello" in session.last_turns[0].text


async def test_that_the_customer_writes_reaches_consoles_and_is_kept_nowhere(desk: World) -> None:
    chat = await desk.chat()
    frames: list[bytes] = []
    desk.broker.passing.to_consoles = lambda organisation, frame: frames.append(frame)  # type: ignore[method-assign]
    before = len(desk.events)
    await desk.broker.intake.customer_typing(desk.assistant, chat.id, on=True)
    await desk.settle()
    assert len(frames) == 1
    assert CustomerTyping.__name__
    assert chat.id.encode() in frames[0]
    assert len(desk.events) == before
    assert ORGANISATION
