"""A reply is shown as the customer reads it before it is sent, and never waits for a translator."""

import msgspec
import pytest

from operator_console.tui.app import DeskApp
from operator_console.tui.lines import plain
from server.wire.commands import Command, Say, Translate
from server.wire.errors import ErrorBody
from server.wire.frames import Reply
from server.wire.terms import Author, FileId, FileState, Translating, TranslationState
from server.wire.translation import TranslationView
from server.wire.views import FileView, MessageView
from tests.fakes.console_data import ME, busy, live_chat, snapshot, turn
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, granting, opened, settled

pytestmark = pytest.mark.unit

SIZE = (100, 34)
GERMAN = TranslationView(state=TranslationState.READY, text="Ich sehe nach.", language="de", source="en")


def beside(message: MessageView, state: TranslationState, text: str = "", failure: str = "") -> MessageView:
    view = TranslationView(state=state, text=text, language="en", failure=failure)
    return msgspec.structs.replace(message, translation=view)


SAID = (
    beside(turn(44, 1, Author.CUSTOMER, "Wo ist mein Paket?"), TranslationState.READY, "Where is my parcel?"),
    beside(turn(44, 2, Author.CUSTOMER, "Hallo?"), TranslationState.FAILED, failure="the translator failed"),
    msgspec.structs.replace(
        beside(turn(44, 3, Author.OPERATOR, "Einen Moment."), TranslationState.WRITTEN, "One moment."), operator_id=ME
    ),
    beside(turn(44, 4, Author.OPERATOR, "Sorry."), TranslationState.FAILED),
)
CHAT = live_chat(last_turns=SAID, language="de", translation=Translating.ON)
DESK = snapshot(*busy(mine=(CHAT,)))


def orders(desk: FakeDesk, kind: type[Command]) -> list[Command]:
    return [order for order in desk.orders if isinstance(order, kind)]


def says(desk: FakeDesk) -> list[tuple[str, str, bool]]:
    return [(one.text, one.written, one.untranslated) for one in desk.orders if isinstance(one, Say)]


def screen(app: DeskApp) -> str:
    pane = app.desk_screen.transcript
    return "\n".join(plain(pane.line_at(y)[0]).rstrip() for y in range(pane.line_count()))


def noticed(app: DeskApp) -> str:
    return app.model.notice.text if app.model.notice else ""


async def test_beside_each_turn_stands_what_it_says_and_why_nothing_came() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        shown = screen(app)
        assert "Wo ist mein Paket?" in shown, "the original stays"
        assert "↳ English: Where is my parcel?" in shown
        assert "↳ no translation came: the translator failed" in shown
        assert "↳ you wrote: One moment." in shown
        assert "↳ sent as written, no translation came" in shown
        assert "translating German" in str(app.desk_screen.transcript.border_title)


async def test_enter_shows_what_the_customer_will_read_and_enter_again_sends_it() -> None:
    app, desk, _ = build()
    desk.translation = GERMAN
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        await pilot.press("i", *"I look", "enter")
        await settled(pilot)
        assert desk.translated == [(CHAT.id, "I look")]
        assert says(desk) == [], "it is looked at first"
        assert "They will read (German): Ich sehe nach." in screen(app)
        assert app.desk_screen.composer.value == "I look"
        await pilot.press("enter")
        await settled(pilot)
        assert says(desk) == [("Ich sehe nach.", "I look", False)]
        assert (app.desk_screen.composer.value, dict(app.model.renderings)) == ("", {})


async def test_another_text_gets_a_translation_of_its_own() -> None:
    app, desk, _ = build()
    desk.translation = GERMAN
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        await pilot.press("i", *"I look", "enter")
        await settled(pilot)
        await pilot.press("s", "enter")
        await settled(pilot)
        assert (says(desk), [text for _, text in desk.translated]) == ([], ["I look", "I looks"])


@pytest.mark.parametrize(
    "answer",
    [
        TranslationView(state=TranslationState.FAILED, failure="the translator failed"),
        ErrorBody("connection_lost", "The broker did not answer.", ""),
    ],
    ids=["failed", "refused"],
)
async def test_when_none_comes_it_goes_out_as_written_and_the_screen_says_so(answer: TranslationView) -> None:
    app, desk, _ = build()
    desk.translation = answer
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        await pilot.press("i", *"I look", "enter")
        await settled(pilot)
        assert says(desk) == [("I look", "", True)]
        assert "No translation came" in noticed(app)
        assert app.desk_screen.composer.value == ""


async def test_while_it_hangs_enter_again_sends_it_as_written() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        await pilot.press("i", *"I look", "enter")
        await settled(pilot)
        assert (says(desk), desk.translated) == ([], [(CHAT.id, "I look")])
        assert "Translating" in screen(app)
        await pilot.press("enter")
        await settled(pilot)
        assert says(desk) == [("I look", "", True)]
        assert "no translation had come yet" in noticed(app)


async def test_what_needs_no_translation_is_sent_at_once_and_without_a_word() -> None:
    app, desk, _ = build()
    desk.translation = TranslationView(state=TranslationState.UNNEEDED, language="de", source="de")
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        await pilot.press("i", *"Hallo", "enter")
        await settled(pilot)
        assert says(desk) == [("Hallo", "", False)]
        assert "translation" not in noticed(app)


async def test_a_refused_send_gives_back_what_the_operator_wrote() -> None:
    def answer(command: Command) -> Reply | None:
        if isinstance(command, Say):
            return Reply(id=command.id, ok=False, error=ErrorBody("not_yours", "It is not yours.", ""))
        return granting(command)

    app, desk, _ = build(answer=answer)
    desk.translation = GERMAN
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, DESK)
        await pilot.press("i", *"I look", "enter")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert app.desk_screen.composer.value == "I look"


@pytest.mark.parametrize(("mode", "on"), [(Translating.ON, False), (Translating.OFF, True), (Translating.NONE, True)])
async def test_a_command_switches_it(mode: Translating, on: bool) -> None:
    app, desk, _ = build()
    chat = msgspec.structs.replace(CHAT, translation=mode)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy(mine=(chat,))))
        app.action_do("chat.translate")
        await pilot.press("colon", *"translate on", "enter")
        await settled(pilot)
        assert [one.on for one in orders(desk, Translate) if isinstance(one, Translate)] == [on, True]


async def test_switched_off_or_in_a_language_of_ours_enter_sends_at_once() -> None:
    for changes in ({"translation": Translating.OFF}, {"language": ""}):
        app, desk, _ = build()
        chat = msgspec.structs.replace(CHAT, **changes)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, desk, snapshot(*busy(mine=(chat,))))
            await pilot.press("i", *"I look", "enter")
            await settled(pilot)
            assert (says(desk), desk.translated) == ([("I look", "", False)], [])


async def test_a_file_that_is_not_here_says_what_became_of_it() -> None:
    files = tuple(
        FileView(id=FileId("f_1" if state is FileState.HERE else ""), name=f"{state.value}.png", state=state, size=10)
        for state in FileState
    )
    chat = live_chat(last_turns=(msgspec.structs.replace(turn(44, 1, Author.CUSTOMER, "Look"), files=files),))
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy(mine=(chat,))))
        shown = screen(app)
        assert "[file] coming.png (coming: it is being fetched)" in shown
        assert "[file] gone.png (gone: the platform does not have it any more)" in shown
        assert "[file] refused.png (refused: too large" in shown
        assert "[file] here.png (10 B" in shown
        await pilot.press("v", "2")
        await settled(pilot)
        assert "There is nothing to save" in noticed(app)
        assert desk.downloads == []
