"""What comes from outside may be anything; the screen stays true, and the operator's text stays in its box."""

import msgspec
import pytest
from textual.pilot import Pilot

from operator_console.model.inputs import AudioProblem, Disconnected, Levels, Selected, Tick
from operator_console.tui.app import DeskApp
from operator_console.tui.lines import plain, width_of
from server.wire.errors import ErrorBody
from server.wire.events import MessageAdded
from server.wire.frames import Batch, Goodbye
from server.wire.terms import Author, ConversationId, SessionId
from server.wire.views import Customer
from tests.fakes.console_data import NOW, ago, busy, live_call, live_chat, session, snapshot, talk, turn
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit

CHAT = snapshot(*busy(mine=(live_chat(),)))
CALL = snapshot(*busy(mine=(live_call(),)))
WRITTEN = "Let me look"
JOINERS = "\u200c\u200d"
"""They have their place inside words of some scripts and inside emoji, and obey nobody."""


def painted(app: DeskApp) -> list[str]:
    """Return the lines on the screen, without trailing spaces."""
    strips = app.screen._compositor.render_strips()
    return [strip.text.rstrip() for strip in strips]


def harmless(lines: list[str]) -> bool:
    return all(char.isprintable() or char in JOINERS for line in lines for char in line)


async def writing(pilot: Pilot[int], desk: FakeDesk) -> None:
    await opened(pilot, desk, CHAT)
    await pilot.press("i", *WRITTEN)
    await settled(pilot)


async def test_a_window_that_shrinks_to_one_cell_and_grows_again_loses_no_text() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(80, 24)) as pilot:
        await writing(pilot, desk)
        before = painted(app)
        sizes = [(1, 1), (20, 5), (400, 100), (2, 60), (300, 2), (49, 16), (50, 15), (1, 1), (120, 40), (80, 24)]
        for n, size in enumerate(sizes):
            await pilot.resize_terminal(*size)
            added = MessageAdded(seq=11 + n, at=NOW, message=turn(43, n + 1, Author.CUSTOMER, f"line {n}"))
            desk.play(Batch(first=11 + n, last=11 + n, now=NOW, events=(added,)))
            await settled(pilot)
            lines = painted(app)
            assert len(lines) == size[1]
            assert size[0] < 20 or size[1] < 5 or any("too small" in line or "Desk" in line for line in lines)
        assert painted(app) == before
        await pilot.resize_terminal(20, 5)
        await pilot.press(*" it up")
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert app.desk_screen.composer.value == f"{WRITTEN} it up"
        assert not [order for order in desk.orders if type(order).__name__ != "Typing"]


@pytest.mark.parametrize("days", [-1, 1])
async def test_a_clock_that_is_a_day_off_shows_the_same_times(days: int) -> None:
    shown: list[list[str]] = []
    for off in (0, days):
        app, desk, _ = build()
        async with app.run_test(size=(100, 34)) as pilot:
            app.clock.forward(86_400 * off)  # type: ignore[attr-defined]  # a `StillClock`
            await opened(pilot, desk, snapshot(*busy()))
            app.clock.forward(30)  # type: ignore[attr-defined]
            app.dispatch(Tick(app.clock.now()))
            await settled(pilot)
            shown.append(painted(app))
    assert shown[0] == shown[1]
    assert any("7:10!" in line for line in shown[0])  # Joan had waited 400 s


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("protocol_too_old", "This console is too old for the broker: it speaks protocol 1, the broker 3."),
        ("token_revoked", "Your token was revoked."),
        ("token_expired", "Your token has expired."),
    ],
)
async def test_a_broker_that_sends_the_console_away_is_told_and_the_text_stays(code: str, told: str) -> None:
    app, desk, _ = build()
    async with app.run_test(size=(120, 40)) as pilot:
        await writing(pilot, desk)
        desk.play(
            Goodbye(error=ErrorBody(code, told, "Ask your administrator."), retry=False),
            Disconnected(told, retry=False),
        )
        await settled(pilot)
        lines = painted(app)
        assert "NOT CONNECTED" in lines[0]
        assert "stopped" in lines[0]
        assert any(told in line for line in lines)
        await pilot.press("enter")
        await settled(pilot)
        assert app.desk_screen.composer.value == WRITTEN
        assert not [order for order in desk.orders if type(order).__name__ == "Say"]


async def test_an_unplugged_microphone_in_a_call_is_said_until_it_is_back() -> None:
    app, desk, headset = build()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, desk, CALL)
        headset.play(Levels(0.5, 0.5), AudioProblem("device_lost", "The microphone is gone.", "Plug it in again."))
        await settled(pilot)
        assert any("SOUND: The microphone is gone." in line for line in painted(app))


EVERY = [
    "".join(chr(point) for point in range(first, min(first + 0x1000, 0x110000))) for first in range(0, 0x110000, 0x1000)
]


async def test_every_code_point_of_unicode_is_drawn_harmlessly() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(120, 40)) as pilot:
        rows = [
            session(n, customer=Customer(name=text[::64], handle=text[1::64], channel="api"), reason=text[2::64])
            for n, text in enumerate(EVERY)
        ]
        desk.transcripts[ConversationId("c0")] = tuple(
            turn(0, n, Author.CUSTOMER, text) for n, text in enumerate(EVERY, 1)
        )
        await opened(pilot, desk, snapshot(*rows))
        app.dispatch(Selected(SessionId("s0")))
        await settled(pilot)
        pane = app.desk_screen.transcript
        width = pane.scrollable_content_region.width
        lines = [pane.line_at(y)[0] for y in range(pane.line_count())]
        assert len(lines) > 5_000
        assert harmless([plain(line) for line in lines])
        assert max(width_of(line) for line in lines) <= width
        for _ in range(3):
            assert harmless(painted(app))
            await pilot.press("3", "pageup")
            await settled(pilot)


@pytest.mark.parametrize("unit", ["x", "é", "漢", "\u202e", "e\u0301", "👨‍👩‍👧", "\x1b[31m", "word "])
async def test_a_name_of_a_megabyte_takes_its_column_and_no_more(unit: str) -> None:
    long = unit * (1_000_000 // len(unit.encode()))
    app, desk, _ = build()
    async with app.run_test(size=(80, 24)) as pilot:
        named = msgspec.structs.replace(
            session(7, last_turns=talk(7)),
            customer=Customer(name=long, handle=long, channel=long),
            reason=long,
            queued_at=ago(90),
        )
        await opened(pilot, desk, snapshot(named))
        lines = painted(app)
        assert harmless(lines)
        assert any("1:30" in line and "voice" in line for line in lines)
        assert len(lines) == 24


async def test_a_change_that_comes_while_the_screen_closes_prints_nothing() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, desk, CHAT)
        await app.desk_screen.too_small.remove()
        app.dispatch(Selected(None))
        app.flush()
    assert app.return_code in (0, None)
