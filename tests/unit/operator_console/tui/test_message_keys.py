"""Sending again, changing and taking back on keys; going through one's chats while writing."""

import msgspec
import pytest

from operator_console.tui.lines import plain
from server.wire.commands import Command, DeleteMessage, EditMessage, SayAgain
from server.wire.events import MessageAdded, MessageChanged
from server.wire.frames import Batch
from server.wire.terms import Author, Delivery, MessageId
from server.wire.views import FileView, MessageView
from tests.fakes.console_data import ME, NOW, busy, live_chat, session, snapshot, turn
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit

SIZE = (100, 34)


def mine(position: int, text: str, **changes: object) -> MessageView:
    said = turn(44, position, Author.OPERATOR, text)
    return msgspec.structs.replace(said, operator_id=ME, **changes)


def orders(desk: FakeDesk, *kinds: type[Command]) -> list[Command]:
    return [order for order in desk.orders if isinstance(order, kinds)]


def events(*messages: MessageView, changed: bool = False, first: int = 11) -> Batch:
    kind = MessageChanged if changed else MessageAdded
    told = tuple(kind(seq=first + n, at=NOW, message=message) for n, message in enumerate(messages))
    return Batch(first=first, last=first + len(messages) - 1, now=NOW, events=told)


CHAT = live_chat(last_turns=(turn(44, 1, Author.CUSTOMER, "Hello?"),))
DESK = snapshot(*busy(mine=(CHAT,)))


async def test_an_unknown_outcome_is_told_shown_and_sent_again_after_a_question() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        said = mine(2, "On its way", delivery=Delivery.PENDING)
        desk.play(events(said))
        await settled(pilot)
        await pilot.press("S")
        await settled(pilot)
        assert app.model.notice is not None
        assert "No message here failed" in app.model.notice.text
        doubtful = msgspec.structs.replace(said, delivery=Delivery.UNKNOWN, version=1)
        desk.play(events(doubtful, changed=True, first=12))
        await settled(pilot)
        assert app.model.notice.text == "H-0044: your message may not have arrived. S asks: send again?"
        shown = [
            plain(app.desk_screen.transcript.line_at(y)[0]) for y in range(app.desk_screen.transcript.line_count())
        ]
        assert any("On its way" in text and "MAY NOT HAVE ARRIVED" in text for text in shown), shown
        await pilot.press("S", "n")
        assert orders(desk, SayAgain) == []
        await pilot.press("S", "y")
        await settled(pilot)
        (order,) = orders(desk, SayAgain)
        assert isinstance(order, SayAgain)
        assert order.message_id == said.id
        again = mine(3, "On its way", again_of=said.id, delivery=Delivery.PENDING)
        desk.play(events(again, first=13))
        await settled(pilot)
        await pilot.press("S")
        await settled(pilot)
        assert app.screen is app.desk_screen, "what was sent again is not offered again"


async def test_an_older_version_of_a_message_never_replaces_a_newer_one() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        said = mine(2, "Hi", delivery=Delivery.PENDING)
        read = msgspec.structs.replace(said, delivery=Delivery.READ, version=3)
        desk.play(events(read), events(said, changed=True, first=12))
        await settled(pilot)
        assert app.model.turns[CHAT.conversation_id].messages[-1].delivery is Delivery.READ


async def test_my_last_message_is_changed_and_taken_back_on_keys_and_by_slash() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        await pilot.press("e")
        await settled(pilot)
        assert app.model.notice is not None
        assert "You have not said anything" in app.model.notice.text
        desk.play(events(mine(2, "It arives", files=()), turn(44, 3, Author.CUSTOMER, "ok")))
        await settled(pilot)
        await pilot.press("e")
        await settled(pilot)
        await pilot.press(*" soon", "enter")
        await settled(pilot)
        await pilot.press("E", "y")
        await settled(pilot)
        await pilot.press("i", *"/edit It arrives", "enter")
        await settled(pilot)
        assert [(type(one), getattr(one, "text", "")) for one in orders(desk, EditMessage, DeleteMessage)] == [
            (EditMessage, "It arives soon"),
            (DeleteMessage, ""),
            (EditMessage, "It arrives"),
        ]
        assert {order.message_id for order in orders(desk, EditMessage, DeleteMessage)} == {MessageId("m44-2")}


async def test_edited_and_deleted_turns_say_so_at_their_place() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, desk, DESK)
        file = FileView(id="f_1", name="../../etc/\x1b[31mpasswd", media_type="text/plain", size=2_400)
        desk.play(
            events(
                turn(44, 2, Author.CUSTOMER, "41"),
                turn(44, 3, Author.CUSTOMER, "secret"),
                msgspec.structs.replace(turn(44, 4, Author.CUSTOMER, ""), files=(file,)),
            ),
            events(
                msgspec.structs.replace(turn(44, 2, Author.CUSTOMER, "42"), edited_at=NOW, version=1),
                msgspec.structs.replace(turn(44, 3, Author.CUSTOMER, ""), deleted_at=NOW, version=1),
                changed=True,
                first=14,
            ),
        )
        await settled(pilot)
        pane = app.desk_screen.transcript
        shown = [plain(pane.line_at(y)[0]) for y in range(pane.line_count())]
        at = next(n for n, text in enumerate(shown) if "42" in text)
        assert "edited" in shown[at]
        assert "(deleted)" in shown[at + 1]
        assert "[file]" in shown[at + 2]
        assert "(2 kB," in shown[at + 2]
        assert "/etc" not in shown[at + 2], "a name is never a path"
        assert "secret" not in "\n".join(shown)


async def test_ctrl_n_goes_through_my_chats_while_i_write_and_each_keeps_its_text() -> None:
    other = live_chat(number=45)
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy(mine=(CHAT, other))))
        await pilot.press("i", *"for one")
        first = app.model.selected
        await pilot.press("ctrl+n")
        await settled(pilot)
        assert app.model.selected != first
        assert app.desk_screen.composer.has_focus
        assert app.desk_screen.composer.value == ""
        await pilot.press(*"for two", "ctrl+n")
        await settled(pilot)
        assert (app.model.selected, app.desk_screen.composer.value) == (first, "for one")
        await pilot.press("escape", "right_square_bracket")
        await settled(pilot)
        assert app.desk_screen.composer.value == "for two"
        await pilot.press("left_square_bracket")
        await settled(pilot)
        assert app.model.selected == first


async def test_with_one_chat_there_is_no_other_to_go_to() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(session(1), CHAT))
        await pilot.press("right_square_bracket")
        await settled(pilot)
        assert app.model.notice is not None
        assert "no other chat" in app.model.notice.text
