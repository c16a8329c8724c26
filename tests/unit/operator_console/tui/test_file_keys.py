"""Files on keys: sent by a path with progress, cancelled, listed, saved, and refused with a reason."""

from pathlib import Path

import msgspec
import pytest

from operator_console.tui.file_moves import path_of
from operator_console.tui.lines import plain
from server.wire.commands import Say
from server.wire.terms import Author, FileId
from server.wire.views import FileView
from tests.fakes.console_data import busy, live_chat, snapshot, turn
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit

SIZE = (100, 34)
PHOTO = FileView(id=FileId("f_9"), name="cup.png", media_type="image/png", size=2_400)
LINK = FileView(url="https://example.com/cup", name="cup")
CHAT = live_chat(last_turns=(msgspec.structs.replace(turn(44, 1, Author.CUSTOMER, "It broke"), files=(PHOTO, LINK)),))
DESK = snapshot(*busy(mine=(CHAT,)))


def shown(app: object) -> str:
    pane = app.desk_screen.transcript
    return "\n".join(plain(pane.line_at(y)[0]) for y in range(pane.line_count()))


async def test_a_file_is_sent_by_a_slash_with_its_progress() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        await pilot.press("i", *"/file '/tmp/my label.png'", "enter")
        await settled(pilot)
        assert desk.uploads == [(CHAT.conversation_id, Path("/tmp/my label.png"))]
        assert "Sending my label.png: 40 % of 1 kB · ^g cancels" in shown(app)
        assert not [order for order in desk.orders if isinstance(order, Say)]
        desk.moving.set()
        await settled(pilot)
        (said,) = [order for order in desk.orders if isinstance(order, Say)]
        assert (said.text, said.files) == ("", (FileId("f_1"),))
        assert app.model.moving is None


async def test_a_file_on_its_way_is_cancelled_on_a_key_also_while_writing() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        await pilot.press("U")
        await settled(pilot)
        await pilot.press(*"a.png", "enter")
        await settled(pilot)
        await pilot.press("i", *"/file b.png", "enter")
        await settled(pilot)
        assert app.model.notice is not None
        assert "Another file is on its way" in app.model.notice.text
        assert app.desk_screen.composer.value == "/file b.png", "what could not be done stays in the box"
        await pilot.press("ctrl+g")
        await settled(pilot)
        assert "Cancelled" in app.model.notice.text
        assert app.model.moving is None
        desk.moving.set()
        await settled(pilot)
        assert not [order for order in desk.orders if isinstance(order, Say)]


async def test_a_refused_file_says_why() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        desk.refuse_reads = True
        await pilot.press("i", *"/file nothing", "enter")
        await settled(pilot)
        assert app.model.notice is not None
        assert app.model.notice.text == "nothing can't be sent. Check the path."
        assert app.model.moving is None


async def test_files_of_the_conversation_are_listed_and_saved_and_links_are_copied() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        desk.moving.set()
        await pilot.press("v", "1")
        await settled(pilot)
        await pilot.press("s")
        await settled(pilot)
        assert desk.downloads == [PHOTO]
        assert app.model.notice is not None
        assert app.model.notice.text == "Saved: downloads/cup.png (2 kB)."
        await pilot.press("v", "2")
        await settled(pilot)
        assert app.model.notice.text == "Copied, not opened: https://example.com/cup"
        assert app.clipboard == "https://example.com/cup"


@pytest.mark.parametrize(
    ("written", "path"),
    [("a b.png", "a b.png"), ("'a b.png' ", "a b.png"), ("file:///x/y.png", "/x/y.png"), ("a\\ b.png", "a b.png")],
)
def test_a_path_is_understood_as_people_and_terminals_write_it(written: str, path: str) -> None:
    assert path_of(written) == Path(path)
