"""The running desk as a whole: list, panes, events, screens beside it."""

import msgspec
import pytest
from textual.strip import Strip

from operator_console.model import select
from operator_console.tui.lines import plain
from operator_console.tui.screens.audio import AudioScreen
from operator_console.tui.screens.help import HelpScreen
from operator_console.tui.screens.history import HistoryScreen
from operator_console.tui.widgets.line_pane import LinePane
from server.wire.commands import (
    Command,
    Mute,
)
from server.wire.events import MessageAdded, SessionQueued, SessionUpdated
from server.wire.frames import Batch
from server.wire.terms import Author, ConversationId, Outcome, SessionId, SessionState
from server.wire.views import Context, Customer, Page, SessionView
from tests.fakes.console_data import NOW, busy, live_call, live_chat, session, snapshot, talk, turn
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit

SIZE = (100, 34)
CALL = snapshot(*busy(mine=(live_call(),)))


def of(kind: type[Command], desk: FakeDesk) -> list[Command]:
    return [order for order in desk.orders if isinstance(order, kind)]


async def test_a_gap_in_the_numbers_asks_for_one_snapshot() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        for seq in (15, 16, 17):
            queued = SessionQueued(seq=seq, at=NOW, session=session(seq))
            desk.play(Batch(first=seq, last=seq, now=NOW, events=(queued,)))
        await settled(pilot)
        assert desk.resyncs == 1
        assert len(app.model.sessions) == 6


async def test_turns_are_fetched_for_the_session_under_the_cursor_only() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        desk.transcripts[ConversationId("c42")] = talk(42, 6)
        await opened(pilot, desk, snapshot(*busy()))
        assert desk.asked == [(ConversationId("c42"), 0)]
        await pilot.press("j")
        await settled(pilot)
        assert desk.asked[1:] == [(ConversationId("c43"), 0)]


async def test_a_refused_transcript_is_told_and_not_asked_for_in_a_hurry() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        desk.refuse_reads = True
        await opened(pilot, desk, snapshot(*busy()))
        await settled(pilot)
        assert len(desk.asked) == 1
        assert "The broker is not reachable" in plain(app.desk_screen.footer.lines[0])


async def test_panes_are_reached_by_number_and_zoomed() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        screen = app.desk_screen
        for key, pane in (("3", screen.transcript), ("2", screen.card), ("1", screen.queue), ("tab", screen.card)):
            await pilot.press(key)
            assert pane.has_focus
        await pilot.press("3", "z")
        await settled(pilot)
        assert not screen.queue.region
        assert screen.transcript.size.height > 20
        await pilot.press("escape")
        await settled(pilot)
        assert screen.queue.region


async def test_the_transcript_follows_until_one_scrolls_up_and_f_follows_again() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        desk.transcripts[ConversationId("c42")] = talk(42, 60)
        await opened(pilot, desk, CALL)
        transcript = app.desk_screen.transcript
        bottom = transcript.scroll_offset.y
        assert bottom > 0
        await pilot.press("3", "k", "k")
        await settled(pilot)
        assert transcript.scroll_offset.y == bottom - 2
        added = MessageAdded(seq=11, at=NOW, message=turn(42, 61, Author.CUSTOMER, "One more thing."))
        desk.play(Batch(first=11, last=11, now=NOW, events=(added,)))
        await settled(pilot)
        assert transcript.scroll_offset.y == bottom - 2
        await pilot.press("f")
        await settled(pilot)
        assert transcript.scroll_offset.y > bottom


async def test_ten_thousand_rows_and_lines_are_built_only_where_they_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        desk.transcripts[ConversationId("c1")] = talk(1, 10_000)
        await opened(pilot, desk, snapshot(*(session(n) for n in range(1, 10_001))))
        await settled(pilot)
        queue, transcript = app.desk_screen.queue, app.desk_screen.transcript
        assert queue.line_count() == 10_000
        await pilot.press("G")
        await settled(pilot)
        assert app.model.selected == select.visible_order(app.model)[-1]
        await pilot.press("g")
        while app.model.selected != SessionId("s1"):
            await pilot.press("G")
        await settled(pilot)
        await settled(pilot)
        assert transcript.line_count() >= 10_000
        built: list[int] = []
        known = type(queue).line_at

        def counted(self: object, y: int) -> object:
            built.append(y)
            return known(queue, y)

        monkeypatch.setattr(type(queue), "line_at", counted)
        moved = session(5, version=2, reason="new reason")
        desk.play(Batch(first=11, last=11, now=NOW, events=(SessionUpdated(seq=11, at=NOW, session=moved),)))
        await settled(pilot)
        assert 0 < len(set(built)) <= SIZE[1]


async def test_many_events_are_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        shown: list[int] = []
        screen = app.desk_screen
        known = screen.show
        monkeypatch.setattr(screen, "show", lambda model: (shown.append(model.seq), known(model)))
        for seq in range(11, 311):
            changed = session(43, version=seq, reason=f"reason {seq}")
            desk.play(Batch(first=seq, last=seq, now=NOW, events=(SessionUpdated(seq=seq, at=NOW, session=changed),)))
        await settled(pilot)
        assert app.model.seq == 310
        assert shown[-1] == 310
        assert len(shown) < 30


async def test_every_size_while_running_ends_in_a_desk_without_an_error() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        for size in ((20, 5), (1, 1), (300, 90), (50, 16), (110, 30), (109, 29), (80, 24)):
            await pilot.resize_terminal(*size)
            await settled(pilot)
        assert "LIVE" in plain(app.desk_screen.call_bar.lines[0])


async def test_the_sound_screen_tests_the_microphone_and_changes_devices() -> None:
    app, desk, headset = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot())
        await pilot.press("s")
        await settled(pilot)
        assert isinstance(app.screen, AudioScreen)
        await pilot.press("j", "enter", "t")
        await settled(pilot)
        text = "\n".join(plain(app.screen.pane.line_at(y)[0]) for y in range(app.screen.pane.line_count()))
        assert "You are heard well." in text
        await pilot.press("escape")
        await settled(pilot)
        assert app.screen is app.desk_screen
        assert headset.log == [("meter", True), ("choose", ("mic", "")), ("test", 3.0), ("meter", False)]


async def test_the_microphone_is_not_tested_during_a_call() -> None:
    app, desk, headset = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("s", "t", "m")
        await settled(pilot)
        assert ("test", 3.0) not in headset.log
        assert ("mute", True) in headset.log


async def test_history_lists_closed_sessions_with_their_turns_and_reads_on() -> None:
    app, desk, _ = build()
    closed = [session(n, state=SessionState.CLOSED, closed_at=NOW, outcome=Outcome.RESOLVED) for n in range(1, 9)]
    async with app.run_test(size=SIZE) as pilot:
        desk.pages[""] = Page(sessions=tuple(closed[:4]), next_before="h4")
        desk.pages["h4"] = Page(sessions=tuple(closed[4:]))
        desk.pages["ferrer"] = Page(sessions=(closed[7],))
        desk.transcripts[ConversationId("c2")] = talk(2, 3)
        await opened(pilot, desk, snapshot())
        await pilot.press("H")
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, HistoryScreen)
        await pilot.press("j")
        await settled(pilot)
        assert len(screen.rows.sessions) == 8
        shown = "\n".join(plain(screen.turns.line_at(y)[0]) for y in range(screen.turns.line_count()))
        assert "charged twice" in shown
        await pilot.press("slash", *"ferrer", "enter")
        await settled(pilot)
        assert [row.id for row in screen.rows.sessions] == [SessionId("s8")]
        await pilot.press("escape")
        await settled(pilot)
        assert app.screen is app.desk_screen


async def test_help_opens_and_closes_and_a_command_is_found_by_name() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "ctrl+p", *"call.mute")
        await settled(pilot)
        await pilot.pause(0.3)
        await pilot.press("enter")
        await settled(pilot)
        assert len(of(Mute, desk)) == 1


async def test_a_row_is_picked_by_the_mouse() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await pilot.click("#queue", offset=(6, 3))
        await settled(pilot)
        assert app.model.selected == select.visible_order(app.model)[2]


async def test_brackets_in_a_name_are_only_brackets_on_every_screen() -> None:
    evil = "[/x] [@click=app.exit]go[/] [bold"
    customer = Customer(name=evil, handle=evil, channel=evil)

    def hostile(row: SessionView) -> SessionView:
        return msgspec.structs.replace(row, number=evil, customer=customer, reason=evil, queue=evil)

    app, desk, _ = build()
    async with app.run_test(size=(200, 40)) as pilot:
        desk.pages[""] = Page(sessions=(hostile(session(3, state=SessionState.CLOSED, closed_at=NOW)),))
        await opened(pilot, desk, snapshot(hostile(live_call()), hostile(live_chat())))
        for keys in (("j",), ("k",), ("x", "n"), ("b", "escape"), ("t", "escape"), ("r", "escape"), ("N", "escape")):
            await pilot.press(*keys)
            await settled(pilot)
            assert app.screen is app.desk_screen
        assert "@click" in str(app.desk_screen.card._border_title)
        await pilot.press("ctrl+p", *"accept")
        await pilot.pause(0.5)
        await pilot.press("escape", "H")
        await settled(pilot)
        assert isinstance(app.screen, HistoryScreen)
        assert "[bold" in str(app.screen.turns._border_title)
        assert app.is_running


async def test_a_change_of_one_row_paints_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await settled(pilot)
        painted: list[tuple[str, int]] = []
        known = LinePane.render_line

        def counted(pane: LinePane, y: int) -> Strip:
            painted.append((pane.id or "", y))
            return known(pane, y)

        monkeypatch.setattr(LinePane, "render_line", counted)
        changed = next(row for row in busy() if row.id == "s43")
        changed = msgspec.structs.replace(changed, version=2, context=Context(topic="a new topic"))
        desk.play(Batch(first=11, last=11, now=NOW, events=(SessionUpdated(seq=11, at=NOW, session=changed),)))
        await settled(pilot)
        assert set(painted) == {("queue", 1)}
