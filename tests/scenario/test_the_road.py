"""The one road for change, walked by hand: a session that is still being screened, and one that is not there."""

from dataclasses import replace

import pytest

from server.broker import road
from server.broker.ports.store import Unit
from server.core import inputs as i
from server.core.deadlines import next_deadline
from server.core.errors import ConflictError, NotFoundError
from server.core.session import Session
from server.wire.terms import Owner, SessionId, SessionState
from server.wire.views import Context
from tests.unit.server.core.building import new_session
from tests.world import ORGANISATION, Customer, World

pytestmark = pytest.mark.scenario

S = SessionState


def screened(desk: World, chat: Customer) -> Session:
    """Return a session of this chat whose guard has not answered yet."""
    now = desk.clock.now()
    return replace(
        new_session(chat.medium, organisation_id=ORGANISATION, conversation_id=chat.id, number=1),
        requested_at=now,
        queued_at=now,
        wait_expires_at=now.replace(hour=1),
    )


def insert(unit: Unit, desk: World, session: Session) -> None:
    session = replace(session, number=unit.sessions.next_number(ORGANISATION))
    deadline = next_deadline(session, desk.rules)
    unit.sessions.insert(session, reason="asked", context=Context(), deadline_at=deadline[0] if deadline else None)
    conversation = unit.conversations.load(ORGANISATION, session.conversation_id)
    assert conversation is not None
    road.enter(unit, desk.broker.parts, conversation, session)


async def test_while_a_request_is_screened_the_assistant_keeps_the_customer_and_no_second_one_is_taken(
    desk: World,
) -> None:
    chat = await desk.chat()
    session = screened(desk, chat)
    await desk.database.run(lambda unit: insert(unit, desk, session))
    await desk.settle()
    assert desk.names()[-1] == "session.screening"
    assert (await chat.state(), (await chat.conversation()).owner) == (S.SCREENING, Owner.ASSISTANT)
    with pytest.raises(ConflictError) as refusal:
        await chat.asks_for_a_person()
    assert refusal.value.code == "handoff_open"
    await desk.later(5)
    assert await chat.state() is S.QUEUED, "a slow guard loses nobody"


async def test_a_refused_request_leaves_the_customer_with_the_assistant(desk: World) -> None:
    chat = await desk.chat()
    session = screened(desk, chat)
    await desk.database.run(lambda unit: insert(unit, desk, session))
    parts = desk.broker.parts
    await desk.database.run(lambda unit: road.apply(unit, parts, ORGANISATION, session.id, i.ScreeningRefused()))
    await desk.settle()
    assert (await chat.state(), (await chat.conversation()).owner) == (S.CLOSED, Owner.ASSISTANT)
    assert desk.names()[-2:] == ["session.closed", "conversation.returned"]
    assert (await chat.asks_for_a_person()).epoch > session.epoch


async def test_a_session_that_is_not_there_is_refused(desk: World) -> None:
    parts, nobody = desk.broker.parts, SessionId("s_nobody")
    with pytest.raises(NotFoundError):
        await desk.database.run(lambda unit: road.apply(unit, parts, ORGANISATION, nobody, i.CustomerLeft()))


async def test_a_fact_that_changes_nothing_writes_nothing(desk: World) -> None:
    call = await desk.caller()
    session = await call.asks_for_a_person()
    before, parts = len(desk.events), desk.broker.parts
    for fact in (i.WrapUpLapsed(), i.MediaBridged(session.epoch), i.OfferLapsed()):
        done = await desk.database.run(lambda unit, fact=fact: road.apply(unit, parts, ORGANISATION, session.id, fact))
        assert not done.changed
    await desk.settle()
    assert len(desk.events) == before
    assert (await call.session()).version == session.version


async def test_a_deadline_that_is_not_due_any_more_does_nothing(desk: World) -> None:
    """The timers read what is due; before they act, the session may have moved on to another deadline."""
    call = await desk.caller()
    session = await call.asks_for_a_person()
    await desk.broker.timers._fire(ORGANISATION, session.id)
    await desk.settle()
    assert await call.state() is S.QUEUED


async def test_a_refused_order_leaves_nothing_of_itself(desk: World) -> None:
    """Whatever else its transaction wrote goes with it."""
    call = await desk.caller()
    session = await call.asks_for_a_person()
    parts = desk.broker.parts

    def work(unit: Unit) -> None:
        unit.ledger.tell_session(ORGANISATION, "session.updated", screened(desk, call))
        road.apply(unit, parts, ORGANISATION, session.id, i.OperatorEnded(parts.new_id("op"), session.epoch))

    before = len(desk.events)
    with pytest.raises(ConflictError):
        await desk.database.run(work)
    await desk.settle()
    assert len(desk.events) == before
