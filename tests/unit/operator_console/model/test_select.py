"""The list is ordered by what needs a person first; what is asked of the model has one answer."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from operator_console.model import select
from operator_console.model.inputs import Connected, Selected, Tick
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.wire.frames import Snapshot
from server.wire.terms import Author, Medium, SessionId, SessionState
from tests.fakes.console_data import ME, MIA, NOW, ago, busy, live_call, live_chat, session, snapshot, talk, turn

pytestmark = pytest.mark.unit


def desk(first: Snapshot) -> DeskModel:
    return update(update(update(DeskModel(), Tick(NOW)), Connected(1.0)), first)


def ids(model: DeskModel) -> list[str]:
    return list(select.visible_order(model))


def test_the_promise_that_breaks_first_comes_first_then_the_longest_wait() -> None:
    model = desk(
        snapshot(
            session(1, promise_at=None, queued_at=ago(900)),
            session(2, promise_at=NOW + timedelta(seconds=50), queued_at=ago(5)),
            session(3, promise_at=ago(10), queued_at=ago(60)),
            session(4, promise_at=None, queued_at=ago(1000)),
            session(5, promise_at=NOW + timedelta(seconds=50), queued_at=ago(9)),
        )
    )
    assert ids(model) == ["s3", "s5", "s2", "s4", "s1"]


def test_mine_stand_above_what_waits_and_others_below() -> None:
    model = desk(
        snapshot(
            session(1, promise_at=ago(500)),
            session(2, state=SessionState.ACTIVE, operator_id=MIA),
            session(3, state=SessionState.SCREENING),
            session(4, state=SessionState.ACTIVE, operator_id=ME),
            session(5, state=SessionState.OFFERED, offered_to=ME),
            session(6, state=SessionState.OFFERED, offered_to=MIA, promise_at=None),
        )
    )
    assert set(ids(model)[:2]) == {"s4", "s5"}
    assert ids(model)[2:] == ["s1", "s6", "s3", "s2"]


def test_the_counts_are_of_those_nobody_has() -> None:
    model = desk(snapshot(*busy(mine=(session(9, state=SessionState.OFFERED, offered_to=ME, promise_at=ago(1000)),))))
    assert select.waiting_count(model) == 5
    assert select.past_promise(model) == (SessionId("s9"), SessionId("s42"), SessionId("s43"))
    assert select.oldest_waiting_since(model) == ago(400)
    assert select.on_duty_count(model) == 2


def test_a_promise_breaks_by_time_alone() -> None:
    model = desk(snapshot(session(1, promise_at=NOW + timedelta(seconds=30))))
    assert select.oldest_past_promise(model) is None
    assert select.oldest_past_promise(update(model, Tick(NOW + timedelta(seconds=31)))) == SessionId("s1")


def test_the_next_that_needs_me_is_a_ring_then_an_unread_chat_then_wrap_up_then_the_queue() -> None:
    chat = live_chat(last_turns=(turn(44, 1, Author.CUSTOMER, "Hello?"),))
    model = desk(
        snapshot(
            session(1, promise_at=ago(10)),
            session(2),
            session(5, state=SessionState.OFFERED, offered_to=ME),
            session(7, state=SessionState.WRAP_UP, operator_id=ME),
            chat,
        )
    )
    model = replace(model, selected=None, seen={})
    walked: list[str] = []
    for _ in range(6):
        model = update(model, Selected(select.next_that_needs_me(model)))
        walked.append(str(model.selected))
    assert walked == ["s5", "s44", "s7", "s1", "s2", "s5"]


def test_looking_at_a_chat_reads_it() -> None:
    chat = live_chat(last_turns=(turn(44, 1, Author.CUSTOMER, "Hello?"), turn(44, 2, Author.CUSTOMER, "Anyone?")))
    model = update(desk(snapshot(chat, live_call())), Selected(SessionId("s42")))
    model = replace(model, seen={})
    assert select.unread(model, chat) == 2
    assert select.unread(update(model, Selected(SessionId("s44"))), chat) == 0


def test_my_call_is_a_voice_session_that_i_talk_in() -> None:
    assert select.my_call(desk(snapshot(live_call()))) is not None
    assert select.my_call(desk(snapshot(live_chat()))) is None
    assert select.my_call(desk(snapshot(live_call(operator_id=MIA)))) is None
    assert select.my_call(desk(snapshot(live_call(state=SessionState.WRAP_UP)))) is None
    ringing = session(3, medium=Medium.VOICE, state=SessionState.OFFERED, offered_to=ME)
    assert select.my_call(desk(snapshot(ringing))) is None


def test_the_last_turns_leave_notes_out() -> None:
    said = (*talk(1, 3), turn(1, 4, Author.NOTE, "VIP"))
    model = desk(snapshot(session(1, last_turns=said)))
    assert [message.position for message in select.last_turns(model, session(1))] == [1, 2, 3]
