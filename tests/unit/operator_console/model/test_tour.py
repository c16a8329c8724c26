"""The tour goes on only when the operator has really done it, and is left at any time."""

import msgspec
import pytest

from operator_console.model.inputs import Answered, Noticed, Selected, Sent, TourLeft
from operator_console.model.state import DeskModel, Tour
from operator_console.model.tour import STEPS, step_of, tour_words
from operator_console.model.update import update
from operator_console.tui.keymap import BY_ID
from server.wire.commands import BackToAssistant, Command, FinishWrapUp, Resolve
from server.wire.events import MessageAdded, SessionClosed, SessionUpdated, SessionWrapUp
from server.wire.frames import Batch, Reply
from server.wire.terms import Author, Outcome, Party, SessionState
from server.wire.views import SessionView
from tests.fakes.console_data import ME, NOW, busy, live_call, live_chat, session, snapshot, turn

pytestmark = pytest.mark.unit


def at(title: str, *sessions: SessionView) -> DeskModel:
    """Return a desk whose tour stands at the step of this title."""
    done = next(n for n, step in enumerate(STEPS) if step.title == title)
    return update(DeskModel(tour=Tour(done)), snapshot(*sessions))


def stands(model: DeskModel) -> str:
    assert model.tour is not None
    step = step_of(model.tour)
    return step.title if step else "done"


def event(model: DeskModel, kind: type, **fields: object) -> DeskModel:
    seq = model.seq + 1
    return update(model, Batch(first=seq, last=seq, now=NOW, events=(kind(seq=seq, at=NOW, **fields),)))


def over(call: SessionView, **fields: object) -> SessionView:
    return msgspec.structs.replace(
        call, state=SessionState.WRAP_UP, version=call.version + 1, wrap_up_until=NOW, ended_at=NOW, **fields
    )


def ordered(model: DeskModel, command: Command) -> DeskModel:
    return update(model, Sent(command))


def test_moving_counts_only_by_hand() -> None:
    model = at("Move", session(1), session(2))
    assert stands(update(model, Noticed("anything"))) == "Move"
    other = next(id_ for id_ in model.sessions if id_ != model.selected)
    assert stands(update(model, Selected(other))) == "Take the call"


def test_a_cursor_that_the_desk_moved_is_no_move() -> None:
    model = at("Move", session(1), session(2))
    assert model.selected is not None
    gone = msgspec.structs.replace(model.sessions[model.selected], state=SessionState.CLOSED, version=99)
    after = event(model, SessionClosed, session=gone)
    assert after.selected != model.selected
    assert stands(after) == "Move"


def test_a_call_taken_counts_when_it_is_up() -> None:
    assert stands(event(at("Take the call", live_call()), SessionUpdated, session=live_call())) == "Mute"
    waiting = at("Take the call", *busy())
    assert stands(update(waiting, Noticed("nothing"))) == "Take the call"


def test_mute_counts_when_the_broker_has_it() -> None:
    call = live_call()
    model = event(at("Mute", call), SessionUpdated, session=msgspec.structs.replace(call, version=90, muted=True))
    assert stands(model) == "Unmute"
    assert stands(event(model, SessionUpdated, session=msgspec.structs.replace(call, version=91))) == "Back to the AI"


def test_a_caller_who_hangs_up_does_not_do_the_step() -> None:
    call = live_call()
    model = at("Back to the AI", call)
    left = over(call, outcome=Outcome.ENDED, ended_by=Party.CUSTOMER)
    assert stands(event(model, SessionWrapUp, session=left)) == "Back to the AI"
    order = BackToAssistant(id="order-0001", session_id=call.id, epoch=call.epoch, note="agreed")
    back = event(ordered(model, order), SessionWrapUp, session=over(call, outcome=Outcome.RETURNED))
    assert stands(back) == "Wrap up"


def test_a_wrap_up_that_lapsed_was_not_finished() -> None:
    call = over(live_call())
    model = at("Wrap up", call)
    closed = msgspec.structs.replace(call, state=SessionState.CLOSED, version=call.version + 1)
    assert stands(event(model, SessionClosed, session=closed)) == "Wrap up"
    order = FinishWrapUp(id="order-0002", session_id=call.id, epoch=call.epoch)
    answered = update(ordered(model, order), Answered(order, Reply(id=order.id, ok=True, session=closed)))
    assert stands(answered) == "Take the chat"


def test_chat_answer_note_and_resolve_end_the_tour() -> None:
    chat = live_chat()
    model = event(at("Take the chat", chat), SessionUpdated, session=chat)
    assert stands(model) == "Answer"
    theirs = turn(44, 1, Author.CUSTOMER, "Hello?")
    assert stands(event(model, MessageAdded, message=theirs)) == "Answer"
    mine = msgspec.structs.replace(turn(44, 2, Author.OPERATOR, "Hi"), operator_id=ME)
    model = event(event(model, MessageAdded, message=theirs), MessageAdded, message=mine)
    assert stands(model) == "Note"
    note = msgspec.structs.replace(turn(44, 3, Author.NOTE, "nice"), operator_id=ME)
    model = event(model, MessageAdded, message=note)
    assert stands(model) == "Resolve"
    closed = msgspec.structs.replace(chat, state=SessionState.CLOSED, version=99, outcome=Outcome.RESOLVED)
    assert stands(event(model, SessionClosed, session=closed)) == "Resolve", "the customer left by themselves"
    order = Resolve(id="order-0003", session_id=chat.id, epoch=chat.epoch)
    done = event(ordered(model, order), SessionClosed, session=closed)
    assert stands(done) == "done"
    assert done.tour is not None
    assert "whole way" in tour_words(done.tour, {})[2]


def test_the_tour_is_left_from_every_step() -> None:
    for number in range(len(STEPS) + 1):
        assert update(DeskModel(tour=Tour(number)), TourLeft()).tour is None


def test_every_step_names_keys_of_the_table() -> None:
    for number, step in enumerate(STEPS):
        for id_, _ in step.keys:
            assert id_ in BY_ID
        title, keys, _ = tour_words(Tour(number), {step.keys[0][0]: ("f6",)})
        assert f"{number + 1}/{len(STEPS)}" in title
        assert "F6" in keys, "a key that was rebound is shown as it is"
