"""A slash in the composer finds replies and commands; nothing goes to a customer that was not looked at."""

import msgspec
import pytest

from operator_console.model.offers import SLASH
from operator_console.model.replies import CannedReply
from operator_console.tui.lines import plain
from operator_console.tui.screens.note import NoteDialog
from operator_console.tui.slash import SLASH_COMMANDS
from operator_console.tui.widgets.queue import title
from server.wire.commands import AddNote, BackToAssistant, Command, FollowUp, Requeue, Resolve, Say, Typing
from server.wire.events import MessageAdded
from server.wire.frames import Batch
from server.wire.terms import Author, SessionId
from tests.fakes.console_data import MIA, NOW, busy, live_chat, snapshot, turn
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit

SIZE = (100, 34)
CHAT = snapshot(*busy(mine=(live_chat(),)))
CANNED = (
    CannedReply("greeting", "Hello {name}, this is {me}.", ("hello",)),
    CannedReply("parcel", "Your parcel {parcel} is on its way.", ()),
    CannedReply("bye", "Goodbye, {name}.", ()),
)


def orders(desk: FakeDesk) -> list[Command]:
    return [order for order in desk.orders if not isinstance(order, Typing)]


async def test_a_reply_is_found_put_in_by_tab_and_sent_by_enter_alone() -> None:
    app, desk, _ = build(canned=CANNED)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        composer = app.desk_screen.composer
        await pilot.press("i", *"/gre")
        await pilot.pause()
        assert [plain(line).split()[1] for line in composer.completions.lines] == ["/greeting"]
        await pilot.press("tab")
        assert composer.value == "Hello Ines Okafor, this is Sam."
        assert composer.has_focus
        assert not composer.completions.display
        assert orders(desk) == []
        await pilot.press("enter")
        await settled(pilot)
        assert [order.text for order in orders(desk) if isinstance(order, Say)] == ["Hello Ines Okafor, this is Sam."]
        assert composer.value == ""


async def test_enter_in_the_list_puts_in_what_the_arrows_picked_and_sends_nothing() -> None:
    app, desk, _ = build(canned=CANNED)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", "slash", "down", "down", "up", "enter")
        await settled(pilot)
        assert app.desk_screen.composer.value == "Hello Ines Okafor, this is Sam."
        assert orders(desk) == []


async def test_a_reply_with_a_blank_is_refused_until_it_is_filled() -> None:
    app, desk, _ = build(canned=CANNED)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        composer = app.desk_screen.composer
        await pilot.press("i", *"/par", "tab", "enter")
        await settled(pilot)
        assert orders(desk) == []
        assert composer.value == "Your parcel [parcel?] is on its way."
        assert app.model.notice is not None
        assert "[parcel?] is not filled" in app.model.notice.text
        composer.value = composer.value.replace("[parcel?]", "P-1")
        await pilot.press("enter")
        await settled(pilot)
        assert [order.text for order in orders(desk) if isinstance(order, Say)] == ["Your parcel P-1 is on its way."]


async def test_esc_closes_the_list_first_and_then_leaves_with_the_text_kept() -> None:
    app, desk, _ = build(canned=CANNED)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        composer = app.desk_screen.composer
        await pilot.press("i", *"/g", "escape")
        assert composer.has_focus
        assert not composer.completions.display
        await pilot.press("escape")
        assert app.desk_screen.queue.has_focus
        assert composer.value == "/g"


async def test_without_a_list_tab_and_arrows_do_what_they_did() -> None:
    app, desk, _ = build(canned=CANNED)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", *"one", "enter", "up")
        assert app.desk_screen.composer.value == "one"
        await pilot.press("tab")
        assert not app.desk_screen.composer.has_focus


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("/note ask billing", AddNote(id="", session_id=SessionId("s44"), epoch=2, text="ask billing")),
        ("/back agreed", BackToAssistant(id="", session_id=SessionId("s44"), epoch=2, note="agreed")),
        ("/resolve refunded", Resolve(id="", session_id=SessionId("s44"), epoch=2, note="refunded")),
        ("/requeue vip angry", Requeue(id="", session_id=SessionId("s44"), epoch=2, queue="vip", note="angry")),
        ("/follow-up call on Monday", FollowUp(id="", session_id=SessionId("s44"), epoch=2, text="call on Monday")),
        ("//etc is a folder", Say(id="", session_id=SessionId("s44"), epoch=2, text="/etc is a folder")),
    ],
)
async def test_a_command_after_a_slash_gives_the_order_of_its_key(typed: str, expected: Command) -> None:
    app, desk, _ = build(canned=CANNED)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", *typed, "enter")
        await settled(pilot)
        given = [msgspec.structs.replace(order, id="") for order in orders(desk)]
        assert given == [expected]
        assert app.desk_screen.composer.value == ""


async def test_a_command_without_its_text_opens_what_its_key_opens() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", *"/note", "enter", "enter")
        await settled(pilot)
        assert isinstance(app.screen, NoteDialog)
        assert orders(desk) == []


async def test_an_unknown_word_is_refused_with_the_nearest_and_the_text_stays() -> None:
    app, desk, _ = build(canned=CANNED)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", *"/nte hi", "enter")
        await settled(pilot)
        assert orders(desk) == []
        assert app.desk_screen.composer.value == "/nte hi"
        assert app.model.notice is not None
        assert "Did you mean /note?" in app.model.notice.text


async def test_a_command_that_can_not_act_says_why_and_the_text_stays() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", *"/mute on", "enter")
        await settled(pilot)
        assert orders(desk) == []
        assert app.desk_screen.composer.value == "/mute on"
        assert app.model.notice is not None
        assert "in no call" in app.model.notice.text


async def test_the_customer_is_not_told_that_a_note_is_being_written() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("i", *"/note hm")
        await settled(pilot)
        assert [order for order in desk.orders if isinstance(order, Typing)] == []


def test_every_slash_command_has_its_words_and_none_is_two_words() -> None:
    for name, command in SLASH_COMMANDS.items():
        assert name == command.name
        assert command.help
        assert not set(name) & {" ", SLASH}


@pytest.mark.parametrize("keys", [("i", *"/note ask "), ("N", *"ask ")], ids=["composer", "dialog"])
async def test_an_at_in_a_note_offers_colleagues_and_names_the_picked_one(keys: tuple[str, ...]) -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press(*keys)
        await pilot.pause()
        await pilot.press("at", "m", "enter", *"please")
        assert orders(desk) == []
        await pilot.press("enter")
        await settled(pilot)
        assert [order.text for order in orders(desk) if isinstance(order, AddNote)] == ["ask @Mia please"]


async def test_esc_in_a_note_closes_the_list_then_the_dialog() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("N", "at", "escape")
        assert isinstance(app.screen, NoteDialog)
        await pilot.press("escape")
        assert not isinstance(app.screen, NoteDialog)


async def test_a_note_that_names_me_and_unread_turns_stand_in_the_queue_until_looked_at() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        note = turn(43, 7, Author.NOTE, "@Sam, you know this one", operator_id=MIA, author_name="Mia")
        said = turn(44, 1, Author.CUSTOMER, "Hello?")
        await pilot.press("j")
        added = (MessageAdded(seq=11, at=NOW, message=note), MessageAdded(seq=12, at=NOW, message=said))
        desk.play(Batch(first=11, last=12, now=NOW, events=added))
        await settled(pilot)
        assert app.model.selected == SessionId("s42")
        rows = [plain(app.desk_screen.queue.line_at(y)[0]) for y in range(app.desk_screen.queue.line_count())]
        assert sum("1 @you" in row for row in rows) == 1
        assert sum("1 new" in row for row in rows) == 1
        assert "1 new" in title(app.model)
        assert "1 @you" in title(app.model)
        await pilot.press("n")
        await settled(pilot)
        assert app.model.selected == SessionId("s44")
        await pilot.press("n")
        await settled(pilot)
        assert app.model.selected == SessionId("s43")
        assert "@you" not in title(app.model)
        transcript = app.desk_screen.transcript
        shown = [plain(transcript.line_at(y)[0]) for y in range(transcript.line_count())]
        assert any("Note @you" in row for row in shown)
