"""What is written to customers is sent once, and never lost."""

from pathlib import Path

import msgspec
import pytest
from textual import events

from operator_console.model import select
from operator_console.model.inputs import Disconnected, Stale
from operator_console.tui.draft_file import DraftFile
from operator_console.tui.lines import plain
from server.wire.commands import (
    Command,
    Say,
    Typing,
)
from server.wire.errors import ErrorBody
from server.wire.frames import Reply
from server.wire.terms import Author, ConversationId, SessionId
from tests.fakes.console_data import ME, NOW, busy, live_chat, snapshot, turn
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, granting, opened, settled

pytestmark = pytest.mark.unit

SIZE = (100, 34)
CHAT = snapshot(*busy(mine=(live_chat(),)))


def of(kind: type[Command], desk: FakeDesk) -> list[Command]:
    return [order for order in desk.orders if isinstance(order, kind)]


async def test_letters_are_text_in_the_composer_and_enter_sends() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", *"max Dxahbr", "question_mark", "enter")
        await settled(pilot)
        said = [order for order in desk.orders if not isinstance(order, Typing)]
        assert [order.text for order in said if isinstance(order, Say)] == ["max Dxahbr?"]
        assert len(said) == 1
        assert app.desk_screen.composer.value == ""
        assert app.desk_screen.composer.has_focus


async def test_the_customers_side_is_told_of_typing_now_and_then_and_of_its_end() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", *"hello")
        await settled(pilot)
        assert [order.on for order in of(Typing, desk) if isinstance(order, Typing)] == [True]
        for _ in range(5):
            await pilot.press("backspace")
        await settled(pilot)
        assert [order.on for order in of(Typing, desk) if isinstance(order, Typing)] == [True, False]


async def test_a_draft_stays_with_its_conversation_and_outlives_the_console(tmp_path: Path) -> None:
    app, desk, _ = build(state_dir=tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        other = live_chat()
        other = msgspec.structs.replace(other, id=SessionId("s50"), conversation_id=ConversationId("c50"))
        await opened(pilot, desk, snapshot(live_chat(), other))
        first = app.model.selected
        await pilot.press("i", *"for one", "escape", "j")
        await settled(pilot)
        assert app.model.selected != first
        assert app.desk_screen.composer.value == ""
        await pilot.press("i", *"for two", "escape", "k")
        await settled(pilot)
        assert app.desk_screen.composer.value == "for one"
        await settled(pilot)
        assert sorted(DraftFile(tmp_path).read().values()) == ["for one", "for two"]
    again, desk, _ = build(state_dir=tmp_path)
    async with again.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(live_chat()))
        assert again.desk_screen.composer.value == "for one"


async def test_a_reply_on_its_way_is_on_disk_until_it_is_confirmed(tmp_path: Path) -> None:
    app, desk, _ = build(
        answer=lambda command: None if isinstance(command, Say) else granting(command), state_dir=tmp_path
    )
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", *"hello", "enter")
        await settled(pilot)
        assert list(DraftFile(tmp_path).read().values()) == ["hello"]
        assert app.desk_screen.composer.value == ""
        (order,) = of(Say, desk)
        desk.release(Reply(id=order.id, ok=True, message=turn(44, 1, Author.OPERATOR, "hello", operator_id=ME)))
        await settled(pilot)
        await settled(pilot)
        assert DraftFile(tmp_path).read() == {}


async def test_a_reply_that_was_refused_is_back_in_the_box() -> None:
    refusal = ErrorBody("not_yours", "The chat is with Mia.", "")
    app, desk, _ = build(answer=lambda command: Reply(id=command.id, ok=False, error=refusal))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", *"hello", "enter")
        await settled(pilot)
        assert app.desk_screen.composer.value == "hello"
        assert "Not sent: The chat is with Mia." in plain(app.desk_screen.footer.lines[0])


async def test_enter_without_a_broker_keeps_the_text_and_says_why() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", *"hello")
        desk.play(Stale(NOW), Disconnected("gone"))
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert of(Say, desk) == []
        assert app.desk_screen.composer.value == "hello"
        assert "Your text stays" in plain(app.desk_screen.footer.lines[0])


async def test_arrows_bring_back_what_was_sent_and_a_paste_keeps_all_its_lines() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", *"one", "enter", *"two", "enter")
        await settled(pilot)
        composer = app.desk_screen.composer
        await pilot.press("up", "up")
        assert composer.value == "one"
        await pilot.press("down", "down")
        assert composer.value == ""
        composer.post_message(events.Paste("first\nsecond\n"))
        await settled(pilot)
        assert composer.value == "first second"


async def test_suggestions_go_into_the_box_one_after_the_other_but_never_over_ones_own_text() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("full_stop")
        assert app.desk_screen.composer.value.startswith("I have just refunded")
        await pilot.press("full_stop")
        assert app.desk_screen.composer.value.startswith("The receipt")
        await pilot.press("i", *" ok", "escape", "full_stop")
        await settled(pilot)
        assert app.desk_screen.composer.value.endswith(" ok")


async def test_the_filter_narrows_the_list_and_esc_shows_all() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await pilot.press("slash", *"ines", "enter")
        await settled(pilot)
        assert select.visible_order(app.model) == (SessionId("s44"),)
        assert app.desk_screen.queue.has_focus
        await pilot.press("escape")
        await settled(pilot)
        assert len(select.visible_order(app.model)) == 6
