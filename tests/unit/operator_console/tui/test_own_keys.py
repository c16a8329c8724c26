"""What a person's own keys, macros and written commands do at the desk."""

import pytest
from textual.pilot import Pilot

from operator_console.config import parse
from operator_console.tui.app import DeskApp
from operator_console.tui.key_plan import plan_of
from operator_console.tui.language import VERBS
from operator_console.tui.lines import plain
from operator_console.tui.screens.help import HelpScreen, help_lines
from operator_console.tui.screens.prompt import PromptScreen
from operator_console.tui.spoken import Spoken
from server.wire.commands import (
    Accept,
    AddNote,
    BackToAssistant,
    Command,
    FinishWrapUp,
    FollowUp,
    Hold,
    Mute,
    Requeue,
    Resolve,
    Say,
    SetPresence,
)
from server.wire.errors import ErrorBody
from server.wire.frames import Reply
from server.wire.terms import Presence, SessionId, SessionState
from tests.fakes.console_data import busy, live_call, live_chat, snapshot
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit

SIZE = (100, 34)
CALL = snapshot(*busy(mine=(live_call(),)))
CHAT = snapshot(*busy(mine=(live_chat(),)))
OWN = """
[keys]
call.mute = "f6"
call.cough = "m"
call.hold = []
desk.quit = "f10"
palette.open = "f5"
[macros]
thanks = { key = "f7", do = ["note.write refunded", "chat.say Thank you, {name}.", "call.back refund agreed"] }
hush = { key = "f8", do = ["call.mute on", "call.hold on", "note.write {number} by {me}"] }
"""


def notice(app: DeskApp) -> str:
    return plain(app.desk_screen.footer.lines[0])


def kinds(desk: FakeDesk) -> list[type[Command]]:
    return [type(order) for order in desk.orders if type(order).__name__ != "OpenMedia"]


def own(**more: object) -> tuple[DeskApp, FakeDesk]:
    app, desk, _ = build(plan=plan_of(parse(OWN)), **more)  # type: ignore[arg-type]
    return app, desk


async def write(pilot: Pilot[int], line: str) -> None:
    await pilot.press("colon")
    await pilot.pause()
    pilot.app.screen._box.put(line)  # type: ignore[attr-defined]
    await pilot.press("enter")
    await settled(pilot)


async def test_a_remapped_key_acts_and_the_old_one_stops() -> None:
    app, desk = own()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("space", "h")
        await settled(pilot)
        assert kinds(desk) == []
        await pilot.press("f6")
        await settled(pilot)
        assert kinds(desk) == [Mute]


async def test_the_keys_of_quit_and_palette_move_too() -> None:
    app, desk = own()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("ctrl+p", "ctrl+q")
        await settled(pilot)
        assert app.screen is app.desk_screen
        await pilot.press("f5")
        await settled(pilot)
        assert "Palette" in type(app.screen).__name__
        await pilot.press("escape")
        await settled(pilot)
        await pilot.press("f10")
        await settled(pilot)
        assert app.return_code == 0
        assert not app.is_running or app._exit


async def test_help_footer_and_palette_show_the_keys_in_force() -> None:
    app, desk = own()
    async with app.run_test(size=(140, 60)) as pilot:
        await opened(pilot, desk, CALL)
        keys = plain(app.desk_screen.footer.lines[1])
        assert "F6 Mute" in keys
        assert "F5 Commands" in keys
        assert "Hold" not in keys
        text = "\n".join(plain(line) for line in help_lines(app.model, 90))
        assert "F6" in text
        assert "F7" in text
        assert ":macro.thanks" in text
        await pilot.press("question_mark")
        await settled(pilot)
        assert isinstance(app.screen, HelpScreen)


async def test_a_macro_sends_its_orders_in_order() -> None:
    app, desk = own()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("f7")
        await settled(pilot)
        note, said, back = desk.orders
        assert isinstance(note, AddNote)
        assert isinstance(said, Say)
        assert isinstance(back, BackToAssistant)
        name = live_chat().customer.name
        assert (note.text, said.text, back.note) == ("refunded", f"Thank you, {name}.", "refund agreed")
        assert {note.session_id, said.session_id, back.session_id} == {live_chat().id}


async def test_a_macro_waits_for_each_answer_and_stops_at_a_no_with_the_reason() -> None:
    app, desk = own(answer=lambda _command: None)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("f7", "f7")
        await settled(pilot)
        assert kinds(desk) == [AddNote]
        assert "still waiting for the broker" in notice(app)
        desk.release(Reply(id=desk.orders[0].id, ok=True))
        await settled(pilot)
        assert kinds(desk) == [AddNote, Say]
        desk.release(Reply(id=desk.orders[1].id, ok=False, error=ErrorBody("not_yours", "Mia has it.", "")))
        await settled(pilot)
        assert kinds(desk) == [AddNote, Say]
        assert "macro.thanks stopped at 2 of 3, chat.say Thank you, {name}.: Mia has it." in notice(app)


async def test_a_macro_never_goes_on_in_another_session() -> None:
    app, desk = own(answer=lambda _command: None)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("f7")
        await settled(pilot)
        await pilot.press("j")
        desk.release(Reply(id=desk.orders[0].id, ok=True))
        await settled(pilot)
        assert kinds(desk) == [AddNote]
        assert "another session was selected" in notice(app)


async def test_a_macro_stops_at_the_first_that_cannot_act() -> None:
    app, desk = own()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("f8")
        await settled(pilot)
        assert kinds(desk) == []
        assert "macro.hush stopped at 1 of 3, call.mute on: You are in no call" in notice(app)


async def test_on_and_off_in_a_macro_set_and_do_not_toggle() -> None:
    app, desk = own()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("f6")
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert kinds(desk) == [Mute, Hold, AddNote]
        last = desk.orders[-1]
        assert isinstance(last, AddNote)
        assert last.text == f"{live_call().number} by Sam"


async def test_the_prompt_gives_orders_with_their_texts() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await write(pilot, "chat.say Hello, {name}!")
        await write(pilot, "call.back refund agreed")
        said, back = desk.orders
        assert isinstance(said, Say)
        assert said.text == f"Hello, {live_chat().customer.name}!"
        assert isinstance(back, BackToAssistant)
        assert back.note == "refund agreed"


@pytest.mark.parametrize(
    ("line", "kind", "fields"),
    [
        ("duty away lunch", SetPresence, {"presence": Presence.AWAY, "reason": "lunch"}),
        ("duty off", SetPresence, {"presence": Presence.OFFLINE, "reason": ""}),
        ("call.transfer billing wants money", Requeue, {"queue": "billing", "note": "wants money"}),
        ("call.transfer - wants money", Requeue, {"queue": "", "note": "wants money"}),
        ("call.follow_up ring back", FollowUp, {"text": "ring back"}),
        ("call.resolve hang-up all done", Resolve, {"hang_up": True, "note": "all done"}),
        ("call.resolve back all done", Resolve, {"hang_up": False, "note": "all done"}),
        ("call.hold on", Hold, {"on": True}),
        ("call.mute on", Mute, {"on": True}),
    ],
)
async def test_what_a_written_command_orders(line: str, kind: type[Command], fields: dict[str, object]) -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await write(pilot, line)
        order = next(order for order in desk.orders if isinstance(order, kind))
        assert {name: getattr(order, name) for name in fields} == fields


async def test_a_written_resolve_of_a_live_call_asks_where_the_caller_goes() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await write(pilot, "call.resolve all done")
        assert kinds(desk) == []
        assert "hang-up" in notice(app)


async def test_a_written_resolve_finishes_a_wrap_up() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy(mine=(live_call(state=SessionState.WRAP_UP),))))
        await write(pilot, "call.resolve all done")
        assert kinds(desk) == [FinishWrapUp]


async def test_show_find_accept_and_theme_act_here() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await write(pilot, "show 43")
        assert app.model.selected == SessionId("s43")
        await write(pilot, "find Ferrer")
        assert app.model.filter == "Ferrer"
        await write(pilot, "theme desk-light")
        assert app.theme == "desk-light"
        await write(pilot, "call.accept H-0042")
        (order,) = [order for order in desk.orders if isinstance(order, Accept)]
        assert order.session_id == SessionId("s42")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("call.bak", "Did you mean call.back?"),
        ("show 999", "There is no open session 999."),
        ("theme pink", "There is no theme pink."),
        ("call.accept 999", "There is no open session 999."),
        ("call.mute", "You are in no call"),
        ("chat.say hi", "is a call: speak. N writes a note."),
    ],
)
async def test_what_cannot_be_done_is_told_on_the_line_of_notices(line: str, told: str) -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await write(pilot, "show 43" if "say" in line else "duty on")
        desk.orders.clear()
        await write(pilot, line)
        assert kinds(desk) == []
        assert told in notice(app)


async def test_the_prompt_completes_remembers_and_leaves() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await pilot.press("colon", *"them", "tab", *"desk-l", "tab", "enter")
        await settled(pilot)
        assert app.theme == "desk-light"
        await pilot.press("colon", "up")
        assert isinstance(app.screen, PromptScreen)
        assert app.screen._box.value == "theme desk-light"
        await pilot.press("down")
        assert app.screen._box.value == ""
        await pilot.press("escape")
        await settled(pilot)
        assert app.screen is app.desk_screen


def test_every_command_that_takes_a_text_has_a_deed() -> None:
    app, _, _ = build()
    spoken: Spoken = app._commands.prompt.spoken
    assert set(spoken.deeds) == {verb.id for verb in VERBS.values() if verb.usage}
