"""What an assistant may ask and say, and when: each request once, and never over a person's words."""

import hashlib

import pytest

from server.core.errors import CallerError, ConflictError, HandoffError
from server.wire import commands as c
from server.wire.events import ConversationChanged
from server.wire.requests import NewConversation, NewHandoff, NewLeg, NewMessage
from server.wire.terms import Author, LegRole, Medium, Owner, SessionState
from server.wire.views import Context
from tests.world import World

pytestmark = pytest.mark.scenario

S = SessionState


async def test_a_request_repeated_under_its_key_is_one_session(desk: World) -> None:
    chat = await desk.chat()
    first = await chat.asks_for_a_person("refund", key="request-1")
    again = await chat.asks_for_a_person("refund", key="request-1")
    assert (first.id, first.number) == (again.id, again.number)
    assert desk.names().count("session.screening") == 1


async def test_a_request_repeated_after_its_session_is_over_is_still_that_session(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    first = await chat.asks_for_a_person("refund", key="request-1")
    await ann.takes(chat)
    await ann.does(c.Resolve, chat)
    again = await chat.asks_for_a_person("refund", key="request-1")
    assert (again.id, again.state) == (first.id, S.WRAP_UP)


async def test_another_request_under_a_used_key_is_refused(desk: World) -> None:
    chat, other = await desk.chat("One"), await desk.chat("Two")
    await chat.asks_for_a_person("refund", key="request-1")
    with pytest.raises(CallerError) as refusal:
        await chat.asks_for_a_person("another reason", key="request-1")
    assert refusal.value.code == "idempotency_key_reused"
    with pytest.raises(CallerError) as refusal:
        await other.asks_for_a_person("refund", key="request-1")
    assert refusal.value.code == "idempotency_key_reused"


async def test_a_second_handoff_while_one_is_open_is_refused_and_names_it(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    session = await call.asks_for_a_person()
    for step in ("waiting", "talking"):
        with pytest.raises(ConflictError) as refusal:
            await call.asks_for_a_person("once more")
        assert (refusal.value.code, refusal.value.details) == ("handoff_open", {"session_id": session.id}), step
        if step == "waiting":
            await ann.takes(call)


async def test_a_refused_request_under_a_key_may_be_tried_again_with_it(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person("first")
    with pytest.raises(ConflictError):
        await chat.asks_for_a_person("second", key="request-2")
    await ann.takes(chat)
    await ann.does(c.Resolve, chat)
    assert (await chat.asks_for_a_person("second", key="request-2")).number == "H-0002"


async def test_an_assistant_speaks_while_waiting_and_never_over_a_person(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    before = (await chat.conversation()).owner_epoch
    await chat.asks_for_a_person()
    waiting = await chat.conversation()
    assert (waiting.owner, waiting.owner_epoch) == (Owner.WAITING, before + 1)
    await chat.assistant_says("Somebody will be with you.", epoch=waiting.owner_epoch)
    await ann.takes(chat)
    for epoch in (None, waiting.owner_epoch, waiting.owner_epoch + 1):
        with pytest.raises(ConflictError) as refusal:
            await chat.assistant_says("As I was saying", epoch=epoch)
        assert refusal.value.code == "operator_owns"
    await chat.says("Hello?")
    await ann.does(c.BackToAssistant, chat)
    after = await chat.conversation()
    assert after.owner is Owner.ASSISTANT
    assert after.owner_epoch > waiting.owner_epoch


async def test_an_assistant_hears_of_every_change_of_hands(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    await ann.does(c.Hold, chat, on=True)
    await ann.does(c.BackToAssistant, chat)
    hands = [(event.conversation.owner, event.conversation.owner_epoch) for event in desk.told(ConversationChanged)]
    assert hands == [(Owner.ASSISTANT, 0), (Owner.WAITING, 1), (Owner.OPERATOR, 2), (Owner.ASSISTANT, 3)]


async def test_words_meant_for_an_earlier_stretch_are_refused(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    early = (await chat.conversation()).owner_epoch
    await chat.asks_for_a_person()
    await ann.takes(chat)
    await ann.does(c.BackToAssistant, chat)
    with pytest.raises(ConflictError) as refusal:
        await chat.assistant_says("Where were we?", epoch=early)
    now = (await chat.conversation()).owner_epoch
    assert (refusal.value.code, refusal.value.details) == ("stale_ownership", {"epoch": str(now)})
    await chat.assistant_says("Welcome back.", epoch=now)


async def test_a_late_repeat_of_words_already_said_is_answered_even_while_a_person_talks(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    said = await chat.assistant_says("One moment.", key="m-1")
    await chat.asks_for_a_person()
    await ann.takes(chat)
    assert await chat.assistant_says("One moment.", key="m-1") == said


async def test_one_outside_conversation_is_one_conversation_until_it_ends(desk: World) -> None:
    body = NewConversation(medium=Medium.CHAT, channel="widget", external_id="visitor-7")
    first = await desk.broker.intake.create_conversation(desk.assistant, body)
    assert (await desk.broker.intake.create_conversation(desk.assistant, body)).id == first.id
    await desk.broker.intake.end_conversation(desk.assistant, first.id)
    assert (await desk.broker.intake.create_conversation(desk.assistant, body)).id != first.id


async def test_another_assistants_conversation_is_not_there(desk: World) -> None:
    chat = await desk.chat()
    token = hashlib.sha256(b"other").hexdigest()
    await desk.database.run(lambda unit: desk.add_key(unit, "k_other", token))
    other = await desk.database.read(lambda unit: unit.roster.principal(token))
    assert other is not None
    intake = desk.broker.intake
    attempts = [
        intake.append_message(other, chat.id, NewMessage(author=Author.CUSTOMER, text="hi")),
        intake.request_handoff(other, chat.id, NewHandoff(reason="x"), ""),
        intake.end_conversation(other, chat.id),
        desk.broker.calls.new_leg(other, chat.id, NewLeg(role=LegRole.CALLER)),
    ]
    for attempt in attempts:
        with pytest.raises(HandoffError) as refusal:
            await attempt
        assert refusal.value.code == "no_such_conversation"


async def test_media_legs_are_for_callers_and_assistants_of_live_calls_only(desk: World) -> None:
    chat, call = await desk.chat(), await desk.caller()
    for conversation, role, code in (
        (chat, LegRole.CALLER, "not_a_call"),
        (call, LegRole.OPERATOR, "role_not_allowed"),
    ):
        with pytest.raises(CallerError) as refusal:
            await conversation.leg(role)
        assert refusal.value.code == code
    await call.leaves()
    with pytest.raises(ConflictError) as gone:
        await call.leg(LegRole.CALLER)
    assert gone.value.code == "conversation_ended"


async def test_a_context_needs_an_open_handoff(desk: World) -> None:
    chat = await desk.chat()
    with pytest.raises(ConflictError) as refusal:
        await desk.broker.intake.update_context(desk.assistant, chat.id, Context(summary="x"))
    assert refusal.value.code == "no_open_handoff"
