"""Dialogs ask once, keep their text, and give the order they were opened for."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from operator_console.tui.screens.dialog import Confirm
from server.wire.commands import (
    AddNote,
    BackToAssistant,
    Command,
    Decline,
    FinishWrapUp,
    FollowUp,
    Mute,
    Requeue,
    Resolve,
    SetPresence,
)
from server.wire.history import QueueView
from server.wire.terms import Presence, SessionState
from tests.fakes.console_data import ME, busy, live_call, live_chat, session, snapshot
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit

SIZE = (100, 34)
CALL = snapshot(*busy(mine=(live_call(),)))
CHAT = snapshot(*busy(mine=(live_chat(),)))


def of(kind: type[Command], desk: FakeDesk) -> list[Command]:
    return [order for order in desk.orders if isinstance(order, kind)]


async def test_resolving_a_call_asks_where_the_caller_goes() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("r", "1", "n", *"paid", "enter", "h")
        await settled(pilot)
        (order,) = of(Resolve, desk)
        assert isinstance(order, Resolve)
        assert (order.disposition, order.note, order.hang_up) == ("solved", "paid", True)


async def test_resolving_a_call_back_to_the_assistant_is_two_keys() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("r", "b")
        await settled(pilot)
        (order,) = of(Resolve, desk)
        assert isinstance(order, Resolve)
        assert not order.hang_up


async def test_a_chat_resolves_with_y_and_wrap_up_finishes_with_y() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("r", "y")
        await settled(pilot)
        assert len(of(Resolve, desk)) == 1
        desk.play(snapshot(live_chat(state=SessionState.WRAP_UP, version=9), seq=20))
        await settled(pilot)
        await pilot.press("r", "2", "y")
        await settled(pilot)
        (order,) = of(FinishWrapUp, desk)
        assert isinstance(order, FinishWrapUp)
        assert order.disposition == "information given"


async def test_a_note_left_half_written_is_there_next_time_and_letters_in_it_do_nothing(tmp_path: Path) -> None:
    app, desk, _ = build(state_dir=tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("b", *"agreed xym", "escape")
        await settled(pilot)
        assert of(BackToAssistant, desk) == []
        assert of(Mute, desk) == []
        await pilot.press("b", *"!", "enter")
        await settled(pilot)
        (order,) = of(BackToAssistant, desk)
        assert isinstance(order, BackToAssistant)
        assert order.note == "agreed xym!"
        assert app.model.drafts == {}


async def test_note_follow_up_and_requeue_are_forms() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, replace(CALL, queues=(QueueView(name="billing"),)))
        await pilot.press("N", *"VIP", "enter")
        await pilot.press("u", *"call bank", "enter", "enter")
        await pilot.press("t", *"billing", "enter", *"knows all", "enter")
        await settled(pilot)
        note, todo, again = (of(kind, desk)[0] for kind in (AddNote, FollowUp, Requeue))
        assert isinstance(note, AddNote)
        assert isinstance(todo, FollowUp)
        assert isinstance(again, Requeue)
        assert (note.text, todo.text, again.queue, again.note) == ("VIP", "call bank", "billing", "knows all")


async def test_an_offer_to_me_can_be_declined() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(session(1, state=SessionState.OFFERED, offered_to=ME)))
        await pilot.press("D", *"busy", "enter")
        await settled(pilot)
        (order,) = of(Decline, desk)
        assert isinstance(order, Decline)
        assert order.reason == "busy"


async def test_duty_is_a_key_pressed_twice_and_away_has_its_reason() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot())
        await pilot.press("d", "d")
        await pilot.press("d", "l")
        await pilot.press("d", "w", *"school", "enter")
        await settled(pilot)
        chosen = [(order.presence, order.reason) for order in of(SetPresence, desk) if isinstance(order, SetPresence)]
        assert chosen == [(Presence.OFFLINE, ""), (Presence.AWAY, "lunch"), (Presence.AWAY, "school")]


async def test_leaving_during_a_call_asks_and_otherwise_does_not() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("ctrl+q")
        assert isinstance(app.screen, Confirm)
        await pilot.press("n")
        await settled(pilot)
        assert app.is_running
        await pilot.press("ctrl+q", "y")
    assert app.return_value == 0
