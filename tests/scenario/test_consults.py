"""Assist and approve: an operator helps the AI with one line or a decision; the customer never leaves the AI."""

from datetime import timedelta
from typing import Any

import pytest

from server.broker.consulting import MOST_OPEN
from server.broker.ports.assistants import AssistantAnswer, Occasion
from server.core.errors import CallerError, ConflictError
from server.wire import commands as c
from server.wire.events import ApproveDecided, AssistAnswered, SessionAsked, SessionOffered
from server.wire.requests import NewHandoff
from server.wire.terms import Medium, Outcome, Owner, Party, SessionKind, SessionState
from server.wire.views import Context, SessionView
from tests.fakes.own_assistant import OwnAssistant
from tests.world import ORGANISATION, Customer, World

pytestmark = pytest.mark.scenario


async def asks(customer: Customer, question: str = "May I refund 20?", **how: Any) -> SessionView:
    body = NewHandoff(reason=question, **{"kind": SessionKind.ASSIST, **how})
    view: SessionView = await customer.intake.request_handoff(customer.world.assistant, customer.id, body, "")
    await customer.world.settle()
    return view


async def view_of(desk: World, session: SessionView) -> SessionView:
    view = await desk.database.read(lambda unit: unit.views.session(ORGANISATION, session.id))
    assert view is not None
    return view


@pytest.mark.parametrize("medium", list(Medium))
async def test_a_question_is_answered_while_the_customer_stays_with_the_ai(desk: World, medium: Medium) -> None:
    ann = await desk.operator("ann")
    customer = await (desk.caller() if medium is Medium.VOICE else desk.chat())
    session = await asks(customer, context=Context(summary="Charged twice."))
    assert (session.state, session.kind, session.context.summary) == (
        SessionState.ASKED,
        SessionKind.ASSIST,
        "Charged twice.",
    )
    assert (await customer.conversation()).owner is Owner.ASSISTANT
    await customer.assistant_says("I am asking.", epoch=0)
    reply = await ann.does(c.Answer, customer, text="Yes, 20.\x1b[31m")
    assert reply.session is not None
    assert reply.session.outcome is Outcome.ANSWERED
    [told] = desk.told(AssistAnswered)
    assert (told.session.outcome, told.session.operator_id, told.conversation.owner) == (
        Outcome.ANSWERED,
        ann.id,
        Owner.ASSISTANT,
    )
    assert told.session.note.startswith("Yes, 20.")
    assert "\x1b" not in told.session.note
    assert (await customer.conversation()).owner_epoch == 0
    await customer.assistant_says("You get 20 back.", epoch=0)


async def test_nobody_is_rung_and_no_place_is_taken(desk: World) -> None:
    ann = await desk.operator("ann", capacity_chat=1)
    for _ in range(3):
        await asks(await desk.chat())
    assert desk.told(SessionOffered) == []
    assert len(desk.told(SessionAsked)) == 3
    chat = await desk.chat()
    await chat.asks_for_a_person()
    assert (await chat.session()).offered_to == ann.id
    assert (await ann.view()).sessions == ()


@pytest.mark.parametrize("approved", [True, False])
async def test_a_proposal_is_decided_with_a_reason(desk: World, approved: bool) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await asks(chat, "Refund 500", kind=SessionKind.APPROVE)
    await ann.does(c.Decide, chat, approved=approved, reason="as the rules say")
    [told] = desk.told(ApproveDecided)
    assert told.session.outcome is (Outcome.APPROVED if approved else Outcome.DECLINED)
    assert (told.session.note, told.session.ended_by) == ("as the rules say", Party.OPERATOR)


@pytest.mark.parametrize(
    ("default", "outcome"),
    [("approve", Outcome.APPROVED), ("decline", Outcome.DECLINED), ("", Outcome.DECLINED)],
)
async def test_a_proposal_that_nobody_decides_falls_to_its_default_and_says_so(
    desk: World, default: str, outcome: Outcome
) -> None:
    chat = await desk.chat()
    session = await asks(chat, "Refund 5", kind=SessionKind.APPROVE, default_answer=default, deadline_seconds=30.0)
    await desk.later(29)
    assert (await view_of(desk, session)).state is SessionState.ASKED
    await desk.later(2)
    [told] = desk.told(ApproveDecided)
    assert (told.session.outcome, told.session.ended_by) == (outcome, Party.BROKER)
    assert "default" in told.session.note


async def test_a_question_that_nobody_answers_comes_back_with_its_default(desk: World) -> None:
    chat = await desk.chat()
    await asks(chat, default_answer="Say that we call back.", deadline_seconds=10.0)
    await desk.later(11)
    [told] = desk.told(AssistAnswered)
    assert (told.session.outcome, told.session.note) == (Outcome.EXPIRED, "Say that we call back.")


async def test_a_deadline_outlives_the_broker(lasting_desk: World) -> None:
    desk = lasting_desk
    chat = await desk.chat()
    session = await asks(chat, deadline_seconds=30.0)
    await desk.restart(after_seconds=60)
    await desk.later(2)
    assert (await view_of(desk, session)).outcome is Outcome.EXPIRED


async def test_two_who_answer_at_once_are_told_apart(desk: World) -> None:
    ann, ben = await desk.operator("ann"), await desk.operator("ben")
    chat = await desk.chat()
    await asks(chat)
    epoch = (await chat.session()).epoch
    await ann.does(c.Answer, chat, epoch=epoch, text="Yes.")
    refusal = await ben.refused(c.Answer, chat, epoch=epoch, text="No.")
    assert (refusal.code, refusal.details["winner"]) == ("already_answered", ann.id)
    assert len(desk.told(AssistAnswered)) == 1


async def test_the_same_order_twice_is_one_answer(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await asks(chat)
    epoch = (await chat.session()).epoch
    for _ in range(2):
        await ann.does(c.Answer, chat, id_="the-same-id", epoch=epoch, text="Yes.")
    assert len(desk.told(AssistAnswered)) == 1


async def test_a_question_stands_beside_a_person_who_takes_over_and_is_answered_all_the_same(desk: World) -> None:
    ann, ben = await desk.operator("ann"), await desk.operator("ben")
    chat = await desk.chat()
    question = await asks(chat)
    await chat.asks_for_a_person()
    await ann.takes(chat)
    assert (await chat.conversation()).owner is Owner.OPERATOR
    command = c.Answer(id=ben.new_id(), session_id=question.id, epoch=question.epoch, text="Yes.")
    await ben.order(command)
    assert (await chat.conversation()).owner is Owner.OPERATOR
    assert (await view_of(desk, question)).outcome is Outcome.ANSWERED
    await ann.does(c.BackToAssistant, chat)
    assert (await chat.conversation()).owner is Owner.ASSISTANT


async def test_an_answer_moves_no_call_whoever_has_it_and_no_restart_does(lasting_desk: World) -> None:
    desk = lasting_desk
    ann, ben = await desk.operator("ann"), await desk.operator("ben")
    call = await desk.caller()
    first, second = await asks(call), await asks(call, "And 30?")
    await call.asks_for_a_person()
    await ann.takes(call)
    hears = call.hears
    assert "operator" in hears
    await ben.order(c.Answer(id=ben.new_id(), session_id=first.id, epoch=first.epoch, text="Yes."))
    assert call.hears == hears
    assert await desk.jobs() == 0
    await desk.restart()
    assert call.hears == hears
    await ben.order(c.Answer(id=ben.new_id(), session_id=second.id, epoch=second.epoch, text="No."))
    assert call.hears == hears


async def test_a_customer_who_leaves_takes_their_questions_along(desk: World) -> None:
    chat = await desk.chat()
    session = await asks(chat)
    await chat.leaves()
    assert (await view_of(desk, session)).outcome is Outcome.ABANDONED


async def test_orders_and_requests_that_make_no_sense_are_refused(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await asks(chat)
    assert (await ann.refused(c.Decide, chat, approved=True)).code == "not_a_proposal"
    assert (await ann.refused(c.Answer, chat, text=" \n")).code == "empty_text"
    assert (await ann.refused(c.Accept, chat)).code == "not_possible_now"
    assert (await ann.refused(c.Answer, chat, epoch=9, text="x")).code == "stale_epoch"
    with pytest.raises(CallerError) as refusal:
        await asks(chat, kind=SessionKind.APPROVE, default_answer="perhaps")
    assert refusal.value.code == "bad_default"
    for _ in range(MOST_OPEN - 1):
        await asks(chat)
    with pytest.raises(ConflictError) as full:
        await asks(chat)
    assert full.value.code == "too_many_questions"
    person = await desk.chat()
    await person.asks_for_a_person()
    assert (await ann.refused(c.Answer, person, text="x")).code == "not_a_question"


async def test_figures_of_the_queues_know_nothing_of_questions(desk: World) -> None:
    await asks(await desk.chat(), deadline_seconds=5.0)
    await desk.later(10)
    since = desk.clock.now() - timedelta(days=1)
    counts = await desk.database.read(lambda unit: unit.figures.counts(ORGANISATION, since, desk.rules))
    assert dict(counts) == {}


async def test_an_assistant_of_the_broker_asks_and_tells_the_customer_the_answer() -> None:
    question = AssistantAnswer(handoff=NewHandoff(reason="May I refund 20?", kind=SessionKind.ASSIST))
    robo = OwnAssistant(question, AssistantAnswer(text="You get 20 back."))
    async with World(assistants={"Robo": robo}) as desk:
        ann = await desk.operator("ann")
        chat = await desk.chat()
        await chat.says("I was charged twice")
        session = await chat.session()
        assert (session.kind, session.reason) == (SessionKind.ASSIST, "May I refund 20?")
        await ann.does(c.Answer, chat, text="Yes, 20.")
        last = robo.asked[-1]
        assert (last.occasion, last.session and last.session.note) == (Occasion.ANSWERED, "Yes, 20.")
        assert [one.text for one in await chat.messages()] == [
            "I was charged twice",
            robo.policy.question_text,
            "You get 20 back.",
        ]
