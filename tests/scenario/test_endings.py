"""The three endings, wrap-up, and presence that takes effect after the talk."""

import pytest

from server.wire import commands as c
from server.wire.events import ConversationReturned
from server.wire.terms import Outcome, Owner, Party, Presence, SessionState
from tests.world import Customer, Person, World

pytestmark = pytest.mark.scenario

S = SessionState


async def talking(desk: World) -> tuple[Person, Customer]:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    return ann, call


async def test_resolve_gives_the_caller_back_to_the_assistant(desk: World) -> None:
    ann, call = await talking(desk)
    await ann.does(c.Resolve, call, disposition="billing", note="paid")
    session = await call.session()
    assert (session.state, session.outcome, session.disposition, session.note) == (
        S.WRAP_UP,
        Outcome.RESOLVED,
        "billing",
        "paid",
    )
    assert call.line is not None
    assert (call.hears, call.line.ended) == ("assistant", "")
    assert (await call.conversation()).owner is Owner.ASSISTANT


@pytest.mark.parametrize(
    ("kind", "rest", "outcome"),
    [(c.Resolve, {"hang_up": True}, Outcome.RESOLVED), (c.End, {}, Outcome.ENDED)],
    ids=["resolve and hang up", "end"],
)
async def test_hanging_up_drops_the_line_and_keeps_who_ended_it(
    desk: World, kind: type, rest: dict[str, bool], outcome: Outcome
) -> None:
    ann, call = await talking(desk)
    await ann.does(kind, call, **rest)
    session, conversation = await call.session(), await call.conversation()
    assert (session.state, session.outcome, session.ended_by) == (S.WRAP_UP, outcome, Party.OPERATOR)
    assert call.line is not None
    assert call.line.ended
    assert conversation.ended_at is not None
    assert not desk.media._calls[call.id].legs
    assert len(desk.told(ConversationReturned)) == 1
    assert await desk.jobs() == 0


async def test_wrap_up_lapses_after_its_time_and_can_be_finished_before(desk: World) -> None:
    ann, call = await talking(desk)
    await ann.does(c.BackToAssistant, call)
    await desk.later(59)
    assert await call.state() is S.WRAP_UP
    await ann.does(c.FollowUp, call, text="send the form")
    await desk.later(1.1)
    session = await call.session()
    assert (session.state, session.outcome, session.follow_up) == (S.CLOSED, Outcome.RETURNED, "send the form")
    assert (await ann.refused(c.FinishWrapUp, call)).code == "session_closed"


async def test_only_whoever_talked_writes_up(desk: World) -> None:
    ann, call = await talking(desk)
    ben = await desk.operator("ben")
    await ann.does(c.BackToAssistant, call)
    assert (await ben.refused(c.FinishWrapUp, call, note="mine")).code == "not_yours"
    await ann.does(c.FinishWrapUp, call, note="done")
    assert (await call.session()).note == "done"


async def test_a_new_handoff_may_begin_while_the_last_one_is_written_up(desk: World) -> None:
    ann, call = await talking(desk)
    await ann.does(c.BackToAssistant, call)
    first = await call.session()
    ben = await desk.operator("ben")
    await ann.goes_away()
    await call.asks_for_a_person("again")
    second = await call.session()
    assert second.id != first.id
    assert second.epoch > first.epoch
    await ben.takes(call)
    assert (await call.conversation()).owner is Owner.OPERATOR
    await desk.later(60)
    old = await desk.database.read(lambda unit: unit.views.session(ann.principal.organisation_id, first.id))
    assert old is not None
    assert old.state is S.CLOSED
    assert (await call.conversation()).owner is Owner.OPERATOR, "the end of an older wrap-up takes nothing away"
    assert (await call.state(), call.hears) == (S.ACTIVE, "operator")


async def test_going_away_in_a_talk_takes_effect_after_it(desk: World) -> None:
    ann, call = await talking(desk)
    await ann.goes_away("lunch")
    view = await ann.view()
    assert (view.presence, view.pending_presence) == (Presence.AVAILABLE, Presence.AWAY)
    other = await desk.caller("Other")
    await ann.does(c.BackToAssistant, call)
    view = await ann.view()
    assert (view.presence, view.reason, view.pending_presence) == (Presence.AWAY, "lunch", None)
    await other.asks_for_a_person()
    assert await other.state() is S.QUEUED
    await ann.goes_on_duty()
    await ann.does(c.FinishWrapUp, call)
    assert (await other.session()).offered_to == ann.id


async def test_going_away_waits_for_the_last_of_several_chats(desk: World) -> None:
    ann = await desk.operator("ann")
    chats = [await desk.chat(f"Chat {n}") for n in range(2)]
    for chat in chats:
        await chat.asks_for_a_person()
        await ann.takes(chat)
    await ann.goes_away("lunch")
    await ann.does(c.Resolve, chats[0])
    assert ((await ann.view()).presence, (await ann.view()).pending_presence) == (Presence.AVAILABLE, Presence.AWAY)
    await ann.does(c.Resolve, chats[1])
    assert ((await ann.view()).presence, (await ann.view()).pending_presence) == (Presence.AWAY, None)


async def test_going_away_is_taken_back_by_going_on_duty_before_the_end(desk: World) -> None:
    ann, call = await talking(desk)
    await ann.goes_away()
    await ann.goes_on_duty()
    await ann.does(c.BackToAssistant, call)
    assert ((await ann.view()).presence, (await ann.view()).pending_presence) == (Presence.AVAILABLE, None)


async def test_the_roster_shows_who_has_whom(desk: World) -> None:
    ann, call = await talking(desk)
    session = await call.session()
    assert (await ann.view()).sessions == (session.id,)
    await ann.does(c.Resolve, call)
    await ann.does(c.FinishWrapUp, call)
    assert (await ann.view()).sessions == ()


async def test_an_operator_who_gives_up_while_connecting_gives_the_caller_back(desk: World) -> None:
    ann = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.accept(call)
    await ann.does(c.BackToAssistant, call)
    session = await call.session()
    assert (session.state, session.outcome, session.wrap_up_until) == (S.CLOSED, Outcome.RETURNED, None)
    assert call.hears == "assistant"
