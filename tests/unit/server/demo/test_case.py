"""An assistant's picture of a conversation follows the events, and nothing but the events."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from server.clock import ManualClock
from server.demo.case import Case, conversation_of
from server.wire.events import (
    ConversationChanged,
    ConversationReturned,
    Event,
    MessageAdded,
    OperatorChanged,
    SessionActive,
    SessionHeld,
    SessionQueued,
    SessionWrapUp,
)
from server.wire.terms import (
    Author,
    ConversationId,
    Medium,
    MessageId,
    OperatorId,
    Outcome,
    Owner,
    Presence,
    Role,
    SessionId,
    SessionKind,
    SessionState,
)
from server.wire.views import Context, ConversationView, Customer, MessageView, OperatorView, SessionView

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONVERSATION = ConversationView(
    id=ConversationId("c1"), medium=Medium.CHAT, customer=Customer(name="Lena"), created_at=NOW
)
SESSION = SessionView(
    id=SessionId("s1"),
    number="H-0001",
    conversation_id=ConversationId("c1"),
    medium=Medium.CHAT,
    kind=SessionKind.TAKEOVER,
    state=SessionState.QUEUED,
    epoch=0,
    version=1,
    queue="default",
    priority=5,
    reason="asked",
    customer=Customer(name="Lena"),
    context=Context(),
    requested_at=NOW,
    queued_at=NOW,
)


def session(state: SessionState, **fields: object) -> SessionView:
    return msgspec.structs.replace(SESSION, state=state, **fields)


def message(author: Author, text: str) -> MessageView:
    return MessageView(
        id=MessageId("m"), conversation_id=ConversationId("c1"), position=1, author=author, text=text, at=NOW
    )


def returned(seq: int, outcome: Outcome = Outcome.RETURNED) -> ConversationReturned:
    mine = msgspec.structs.replace(CONVERSATION, owner=Owner.ASSISTANT, owner_epoch=3)
    closed = session(SessionState.WRAP_UP, outcome=outcome)
    return ConversationReturned(seq=seq, at=NOW, conversation=mine, session=closed)


def case_after(*events: Event) -> Case:
    case = Case(CONVERSATION, ManualClock())
    for event in events:
        case.apply(event)
    return case


QUEUED = SessionQueued(seq=1, at=NOW, session=session(SessionState.QUEUED))
ACTIVE = SessionActive(seq=2, at=NOW, session=session(SessionState.ACTIVE))
OPERATOR_OWNS = ConversationChanged(
    seq=3, at=NOW, conversation=msgspec.structs.replace(CONVERSATION, owner=Owner.OPERATOR, owner_epoch=2)
)


def test_the_assistant_may_not_speak_while_an_operator_owns_the_conversation() -> None:
    assert case_after(QUEUED).assistant_owns
    assert not case_after(QUEUED, ACTIVE, OPERATOR_OWNS).assistant_owns
    back = case_after(QUEUED, ACTIVE, OPERATOR_OWNS, returned(4))
    assert back.assistant_owns
    assert back.conversation.owner_epoch == 3


def test_a_waiting_customer_has_moved_on_when_a_person_comes_or_the_assistant_is_back() -> None:
    assert not case_after(QUEUED).moved_on
    assert case_after(QUEUED, ACTIVE).with_operator
    assert case_after(QUEUED, ACTIVE).moved_on
    assert case_after(QUEUED, ACTIVE, returned(4)).is_back
    assert not case_after(QUEUED, ACTIVE, returned(4)).with_operator


def test_a_second_handoff_is_not_taken_for_the_return_of_the_first() -> None:
    again = SessionQueued(seq=9, at=NOW, session=session(SessionState.QUEUED, id=SessionId("s2")))
    assert not case_after(QUEUED, ACTIVE, returned(4), again).moved_on


def test_a_held_customer_is_with_the_operator_but_cannot_talk() -> None:
    held = case_after(QUEUED, ACTIVE, SessionHeld(seq=5, at=NOW, session=session(SessionState.HELD)))
    assert held.with_operator
    assert held.on_hold
    assert not held.can_talk


def test_a_conversation_that_was_closed_without_return_is_over() -> None:
    dropped = SessionWrapUp(seq=6, at=NOW, session=session(SessionState.WRAP_UP, outcome=Outcome.ENDED))
    assert case_after(QUEUED, ACTIVE, dropped).over
    ended = ConversationChanged(seq=6, at=NOW, conversation=msgspec.structs.replace(CONVERSATION, ended_at=NOW))
    assert case_after(ended).over


def test_an_event_that_comes_twice_changes_nothing() -> None:
    said = MessageAdded(seq=3, at=NOW, message=message(Author.OPERATOR, "hello"))
    case = case_after(QUEUED, ACTIVE, said, said, QUEUED)
    assert [one.text for one in case.unread] == ["hello"]
    assert case.with_operator


def test_only_the_operators_words_wait_to_be_read() -> None:
    events = [MessageAdded(seq=n, at=NOW, message=message(a, a.value)) for n, a in enumerate(Author, 1)]
    assert [one.author for one in case_after(*events).unread] == [Author.OPERATOR]


async def test_whoever_waits_is_woken_by_the_event_and_not_by_time() -> None:
    case = Case(CONVERSATION, ManualClock())
    waiting = asyncio.ensure_future(case.until(lambda: case.with_operator))
    await asyncio.sleep(0)
    case.apply(QUEUED)
    await asyncio.sleep(0)
    assert not waiting.done()
    case.apply(ACTIVE)
    assert await waiting
    assert not await case.until(lambda: case.on_hold, seconds=0)


def test_every_event_names_its_conversation() -> None:
    roster = OperatorView(id=OperatorId("o"), name="Alex", role=Role.OPERATOR, presence=Presence.AVAILABLE, since=NOW)
    assert conversation_of(OperatorChanged(seq=1, at=NOW, operator=roster)) == ""
    mine = [QUEUED, OPERATOR_OWNS, returned(4), MessageAdded(seq=1, at=NOW, message=message(Author.SYSTEM, "x"))]
    assert {conversation_of(event) for event in mine} == {"c1"}
