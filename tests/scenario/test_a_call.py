"""A call from the assistant to a person and back, as it is told."""

import pytest

from server.wire import commands as c
from server.wire.events import ConversationReturned, SessionEvent
from server.wire.terms import Author, Outcome, Owner, Party, SessionState
from server.wire.views import Context, Fact
from tests.world import World

pytestmark = pytest.mark.scenario

S = SessionState


async def test_a_call_goes_to_a_person_and_back_and_to_another_person_later(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller("Mrs Fields")
    await call.says("I want my money back.")
    await call.assistant_says("I'll get somebody for you.")

    # The assistant asks for a person: the call rings, and the caller still talks with the assistant.
    context = Context(summary="Wants a refund.", facts=(Fact(name="order", value="4711"),))
    asked = await call.asks_for_a_person("wants a refund", context=context)
    ringing = await call.session()
    assert (ringing.number, ringing.reason, ringing.context.facts[0].value) == ("H-0001", "wants a refund", "4711")
    assert (ringing.state, ringing.offered_to, ringing.epoch) == (S.OFFERED, ann.id, asked.epoch)
    assert [turn.text for turn in ringing.last_turns] == ["I want my money back.", "I'll get somebody for you."]
    assert (await call.conversation()).owner is Owner.WAITING
    assert call.hears == "assistant"

    # Ann accepts: until her audio is up the assistant keeps the caller.
    accepted = await ann.accept(call)
    assert accepted.session is not None
    assert accepted.media is not None
    assert (accepted.session.state, accepted.session.operator_id) == (S.CONNECTING, ann.id)
    assert accepted.media.epoch == accepted.session.epoch == asked.epoch + 1
    assert accepted.media.call_id == call.id
    assert call.hears == "assistant"
    assert (await call.conversation()).owner is Owner.WAITING

    # Her headset is up: they talk.
    await ann.opens_headset()
    assert await call.state() is S.ACTIVE
    assert call.hears == "operator"
    assert (await call.conversation()).owner is Owner.OPERATOR

    # Mute and hold are what they say, and come back as they went.
    await ann.does(c.Mute, call, on=True)
    assert ((await call.session()).muted, call.hears) == (True, "silence")
    await ann.does(c.Mute, call, on=False)
    assert ((await call.session()).muted, call.hears) == (False, "operator")
    await ann.does(c.Hold, call, on=True)
    assert (await call.state(), call.hears) == (S.HELD, "tone")
    await ann.does(c.Hold, call, on=False)
    assert (await call.state(), call.hears) == (S.ACTIVE, "operator")

    # What was said during the talk comes as turns; the note is for operators only.
    await call.says("Thank you.")
    await ann.does(c.AddNote, call, text="Refund of 20 agreed.")

    # Back to the assistant: the caller stays on the line, the assistant hears what it missed.
    await ann.does(c.BackToAssistant, call, note="refund agreed")
    session = await call.session()
    assert (session.state, session.outcome, session.ended_by) == (S.WRAP_UP, Outcome.RETURNED, Party.OPERATOR)
    assert call.hears == "assistant"
    assert call.line is not None
    assert not call.line.ended
    returned = desk.told(ConversationReturned)
    assert len(returned) == 1
    conversation = await call.conversation()
    assert conversation.owner is Owner.ASSISTANT
    assert returned[0].conversation == conversation
    assert (returned[0].session.outcome, returned[0].session.note) == (Outcome.RETURNED, "refund agreed")
    assert [(turn.author, turn.text) for turn in returned[0].stretch] == [(Author.CUSTOMER, "Thank you.")]

    # Ann has written up; the session is history.
    await ann.does(c.FinishWrapUp, call, disposition="billing", note="refund of 20")
    session = await call.session()
    assert (session.state, session.disposition, session.note) == (S.CLOSED, "billing", "refund of 20")

    # The assistant speaks again, with the number of its stretch, and later needs a person once more.
    await call.assistant_says("Anything else?", epoch=conversation.owner_epoch)
    again = await call.asks_for_a_person("asks for a supervisor")
    assert again.number == "H-0002"
    assert again.epoch > session.epoch, "what was ordered for the first session can never reach the second"
    await ann.takes(call)
    assert (await call.state(), call.hears) == (S.ACTIVE, "operator")
    assert await desk.jobs() == 0


async def test_the_events_of_a_call_tell_its_whole_story_in_order(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    await ann.does(c.Hold, call, on=True)
    await ann.does(c.Hold, call, on=False)
    await ann.does(c.FollowUp, call, text="send the form")
    await ann.does(c.Resolve, call)
    await desk.later(60)
    assert [name for name in desk.names() if name.startswith("session.")] == [
        "session.screening",
        "session.queued",
        "session.offered",
        "session.connecting",
        "session.active",
        "session.held",
        "session.active",
        "session.updated",
        "session.wrap_up",
        "session.closed",
    ]
    versions = [event.session.version for event in desk.told() if isinstance(event, SessionEvent)]
    assert versions == sorted(versions)
    assert [fed.event.seq for fed in desk.events] == list(range(1, len(desk.events) + 1))


async def test_a_changed_context_is_on_the_card_at_once(desk: World) -> None:
    call = await desk.caller()
    await call.asks_for_a_person()
    await desk.broker.intake.update_context(desk.assistant, call.id, Context(summary="Now angry."))
    await desk.settle()
    assert (await call.session()).context.summary == "Now angry."
    assert desk.told()[-1].session.context.summary == "Now angry."


async def test_a_new_headset_replaces_the_old_one_and_the_talk_goes_on(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    old = ann.leg
    await ann.asks_for_media(call)
    await ann.opens_headset()
    assert old is not None
    assert old.ended == "replaced"
    session = await call.session()
    assert (session.state, session.operator_lost_at, call.hears) == (S.ACTIVE, None, "operator")


async def test_a_muted_operator_is_muted_on_a_new_headset(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    await ann.does(c.Mute, call, on=True)
    await ann.loses_headset()
    await ann.asks_for_media(call)
    leg = await ann.opens_headset()
    assert leg.admission is not None
    assert (leg.admission.muted, call.hears) == (True, "silence")


async def test_put_back_into_the_queue_a_call_keeps_its_place_and_its_note(desk: World) -> None:
    ann = await desk.operator("ann")
    first = await desk.caller("First")
    await first.asks_for_a_person()
    await ann.takes(first)
    queued_at = (await first.session()).queued_at
    await ann.goes_away()
    await desk.later(5)
    second = await desk.caller("Second")
    await second.asks_for_a_person()
    assert await desk.queue() == ["Second"]
    await ann.does(c.Requeue, first, note="needs a supervisor")
    assert await desk.queue() == ["First", "Second"]
    session = await first.session()
    assert (session.queued_at, session.note, session.operator_id) == (queued_at, "needs a supervisor", None)
    assert first.hears == "assistant"
    assert ann.leg is not None
    assert ann.leg.ended == "fenced"
