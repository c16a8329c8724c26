"""What becomes of a message after it was said: receipts, an unknown outcome, sending again, edits, taking back."""

import pytest

from server.core.errors import CallerError, ConflictError, NotFoundError
from server.wire import commands as c
from server.wire.events import MessageAdded, MessageChanged
from server.wire.requests import DeliveryReport, MessageEdit, NewConversation
from server.wire.terms import Author, Delivery, Medium, MessageId, Party, SessionState
from server.wire.views import MessageView
from tests.world import ORGANISATION, Customer, Person, World

pytestmark = pytest.mark.scenario

D = Delivery


async def a_chat(desk: World, *, receipts: bool = True) -> tuple[Person, Customer]:
    """Return Ann and the customer she chats with, whose channel promised receipts or did not."""
    ann = await desk.operator("ann")
    body = NewConversation(medium=Medium.CHAT, customer_name="Joe Brook", receipts=receipts)
    view = await desk.broker.intake.create_conversation(desk.assistant, body)
    assert view.receipts is receipts
    chat = Customer(desk, view.id, Medium.CHAT)
    await chat.says("Where is my parcel?")
    await chat.asks_for_a_person("parcel lost")
    await ann.takes(chat)
    return ann, chat


async def said(ann: Person, chat: Customer, text: str) -> MessageView:
    reply = await ann.does(c.Say, chat, text=text)
    assert reply.message is not None
    return reply.message


async def reports(desk: World, chat: Customer, message: MessageView, delivery: Delivery, why: str = "") -> MessageView:
    body = DeliveryReport(delivery=delivery, failure=why)
    changed = await desk.broker.messages.report(desk.assistant, chat.id, message.id, body)
    await desk.settle()
    return changed


async def now_shown(chat: Customer, message: MessageView) -> MessageView:
    return next(one for one in await chat.messages() if one.id == message.id)


async def test_a_channel_reports_what_becomes_of_a_message(desk: World) -> None:
    ann, chat = await a_chat(desk)
    hello = await said(ann, chat, "Hello")
    assert hello.delivery is D.PENDING, "accepted by the broker, not yet by the channel"
    for delivery in (D.SENT, D.DELIVERED, D.READ):
        assert (await reports(desk, chat, hello, delivery)).delivery is delivery
    told = [(event.message.id, event.message.version) for event in desk.told(MessageChanged)]
    assert told == [(hello.id, 1), (hello.id, 2), (hello.id, 3)]


async def test_a_late_or_repeated_report_changes_nothing(desk: World) -> None:
    ann, chat = await a_chat(desk)
    hello = await said(ann, chat, "Hello")
    await reports(desk, chat, hello, D.DELIVERED)
    for late in (D.DELIVERED, D.SENT, D.PENDING, D.UNKNOWN, D.FAILED):
        assert (await reports(desk, chat, hello, late, "lies")).delivery is D.DELIVERED
    assert len(desk.told(MessageChanged)) == 1
    assert (await now_shown(chat, hello)).failure == ""


async def test_that_it_arrived_outweighs_a_failure(desk: World) -> None:
    ann, chat = await a_chat(desk)
    hello = await said(ann, chat, "Hello")
    failed = await reports(desk, chat, hello, D.FAILED, "number is \x1b[31mblocked")
    assert (failed.delivery, "\x1b" in failed.failure, "blocked" in failed.failure) == (D.FAILED, False, True)
    arrived = await reports(desk, chat, hello, D.DELIVERED)
    assert (arrived.delivery, arrived.failure) == (D.DELIVERED, "")


@pytest.mark.parametrize("first", [D.PENDING, D.SENT])
async def test_a_promised_receipt_that_does_not_come_makes_the_outcome_unknown(desk: World, first: Delivery) -> None:
    ann, chat = await a_chat(desk)
    hello = await said(ann, chat, "Hello")
    await desk.later(30)
    await reports(desk, chat, hello, first)
    await desk.later(58)
    expected = D.SENT if first is D.SENT else D.UNKNOWN
    assert (await now_shown(chat, hello)).delivery is expected, "being sent gives the receipt its whole time again"
    await desk.later(4)
    assert (await now_shown(chat, hello)).delivery is D.UNKNOWN
    assert await desk.jobs() == 0
    late = await reports(desk, chat, hello, D.READ)
    assert late.delivery is D.READ, "a late receipt still ends the doubt"


async def test_a_receipt_is_awaited_across_a_restart(lasting_desk: World) -> None:
    ann, chat = await a_chat(lasting_desk)
    hello = await said(ann, chat, "Hello")
    await lasting_desk.restart(after_seconds=61)
    await lasting_desk.later(2)
    assert (await now_shown(chat, hello)).delivery is D.UNKNOWN


async def test_a_channel_without_receipts_leaves_no_doubt(desk: World) -> None:
    ann, chat = await a_chat(desk, receipts=False)
    hello = await said(ann, chat, "Hello")
    await desk.later(600)
    assert (hello.delivery, (await now_shown(chat, hello)).version) == (D.SENT, 0)


async def test_an_unknown_outcome_is_sent_again_once_with_a_link_to_the_old(desk: World) -> None:
    ann, chat = await a_chat(desk)
    hello = await said(ann, chat, "Hello")
    with pytest.raises(ConflictError, match="outcome is not unknown"):
        await ann.does(c.SayAgain, chat, message_id=hello.id)
    await desk.later(62)
    replies = [await ann.does(c.SayAgain, chat, message_id=hello.id) for _ in range(2)]
    again = replies[0].message
    assert again is not None
    assert (again.text, again.again_of, again.delivery, again.author) == ("Hello", hello.id, D.PENDING, Author.OPERATOR)
    assert again.id != hello.id
    assert again.position == hello.position + 1
    assert replies[1].message is not None
    assert replies[1].message.id == again.id, "asked twice, it is sent once"
    assert [event.message.text for event in desk.told(MessageAdded)].count("Hello") == 2
    await desk.later(62)
    third = await ann.does(c.SayAgain, chat, message_id=again.id)
    assert third.message is not None
    assert third.message.again_of == again.id


async def test_a_customers_edit_keeps_its_place_and_the_former_text(desk: World) -> None:
    ann, chat = await a_chat(desk)
    first = await chat.says("My number is 41")
    await chat.says("Please hurry")
    for text in ("My number is 42", "My number is 42"):
        edited = await desk.broker.messages.edit(desk.assistant, chat.id, first.id, MessageEdit(text=text))
    await desk.settle()
    assert (edited.text, edited.position, edited.version) == ("My number is 42", first.position, 1)
    assert edited.edited_at == desk.clock.now()
    assert [one.position for one in await chat.messages()] == list(range(1, len(await chat.messages()) + 1))
    kept = await desk.database.read(lambda unit: list(unit.conversations.revisions(ORGANISATION, first.id)))
    assert [(one.text, one.by, one.deleted, one.version) for one in kept] == [
        ("My number is 41", Party.CUSTOMER, False, 0)
    ]
    assert [event.message.text for event in desk.told(MessageChanged)] == ["My number is 42"]
    assert (await chat.session()).last_turns[-2].text == "My number is 42"
    assert ann.id


async def test_a_customers_message_is_taken_back_once(desk: World) -> None:
    _, chat = await a_chat(desk)
    secret = await chat.says("My dog is called Rex")
    for _ in range(2):
        gone = await desk.broker.messages.delete(desk.assistant, chat.id, secret.id)
    assert (gone.text, gone.deleted_at, gone.version) == ("", desk.clock.now(), 1)
    kept = await desk.database.read(lambda unit: list(unit.conversations.revisions(ORGANISATION, secret.id)))
    assert [(one.text, one.deleted) for one in kept] == [("My dog is called Rex", True)]
    with pytest.raises(ConflictError, match="taken back"):
        await desk.broker.messages.edit(desk.assistant, chat.id, secret.id, MessageEdit(text="again"))


async def test_an_edit_is_redacted_like_a_new_turn(desk: World) -> None:
    ann, chat = await a_chat(desk)
    turn = await chat.says("My card is lost")
    card = "My card is 4111 1111 1111 1111"
    edited = await desk.broker.messages.edit(desk.assistant, chat.id, turn.id, MessageEdit(text=card))
    mine = await said(ann, chat, "Which card?")
    reply = await ann.does(c.EditMessage, chat, message_id=mine.id, text=card)
    assert reply.message is not None
    for text in (edited.text, reply.message.text):
        assert text.startswith("My card is ")
        assert "1111 1111" not in text


async def test_an_operator_changes_their_last_message_only_and_in_time(desk: World) -> None:
    ann, chat = await a_chat(desk)
    old = await said(ann, chat, "It arives")
    last = await said(ann, chat, "tomorow")
    reply = await ann.does(c.EditMessage, chat, message_id=last.id, text="tomorrow")
    assert reply.message is not None
    assert (reply.message.text, reply.message.position) == ("tomorrow", last.position)
    with pytest.raises(ConflictError, match="own last message"):
        await ann.does(c.EditMessage, chat, message_id=old.id, text="It arrives")
    await desk.later(900)
    repeated = await ann.does(c.EditMessage, chat, message_id=last.id, text="tomorrow")
    assert repeated.message is not None, "an order that was lost on its way and comes again is no new change"
    await desk.later(1)
    with pytest.raises(ConflictError, match="that time is over"):
        await ann.does(c.DeleteMessage, chat, message_id=last.id)


async def test_an_operator_takes_back_what_they_said(desk: World) -> None:
    ann, chat = await a_chat(desk)
    last = await said(ann, chat, "You are wrong")
    for _ in range(2):
        reply = await ann.does(c.DeleteMessage, chat, message_id=last.id)
        assert reply.message is not None
        assert (reply.message.text, reply.message.deleted_at is not None) == ("", True)
    with pytest.raises(CallerError, match="nothing left"):
        await ann.does(c.EditMessage, chat, message_id=last.id, text=" \n ")


async def test_nobody_changes_what_is_not_theirs(desk: World) -> None:
    ann, chat = await a_chat(desk)
    customer = (await chat.messages())[0]
    hello = await said(ann, chat, "Hello")
    note = await ann.does(c.AddNote, chat, text="upset")
    assert note.message is not None
    with pytest.raises(ConflictError, match="own last message"):
        await ann.does(c.DeleteMessage, chat, message_id=customer.id)
    with pytest.raises(CallerError, match="may not change"):
        await desk.broker.messages.delete(desk.assistant, chat.id, hello.id)
    with pytest.raises(CallerError, match="Only messages of operators"):
        await reports(desk, chat, customer, D.READ)
    for hidden in (note.message.id, MessageId("m_none")):
        with pytest.raises(NotFoundError):
            await desk.broker.messages.delete(desk.assistant, chat.id, hidden)
    other = await desk.chat("Somebody else")
    with pytest.raises(NotFoundError):
        await desk.broker.messages.edit(desk.assistant, other.id, customer.id, MessageEdit(text="x"))
    ben = await desk.operator("ben")
    with pytest.raises(ConflictError, match="not in your hands"):
        await ben.does(c.EditMessage, chat, message_id=hello.id, text="Hi")
    assert await chat.state() is SessionState.ACTIVE
