"""How many bytes go to the terminal for a key, a change, a second: what a slow line has to carry, counted."""

from datetime import timedelta

import pytest
from rich.console import Console
from textual._compositor import CompositorUpdate

from operator_console.model.inputs import Tick
from operator_console.tui.app import DeskApp
from server.wire.terms import SessionId
from tests.fakes.console_data import NOW, session, snapshot
from tests.fakes.desk_app import build, opened, settled
from tests.unit.operator_console.tui.test_work_counts import retold, told

pytestmark = pytest.mark.unit

TERMINAL = Console(color_system="truecolor", force_terminal=True)


class Line:
    """The line to the terminal, with its bytes counted."""

    def __init__(self) -> None:
        self.sent = 0

    def take(self, _screen: object, update: object) -> None:
        if isinstance(update, CompositorUpdate):
            self.sent += len(update.render_segments(TERMINAL).encode())

    def since(self, app: DeskApp) -> int:
        """Draw what is due; return the bytes of it, and begin anew."""
        app.flush()
        sent, self.sent = self.sent, 0
        return sent


@pytest.mark.parametrize(
    ("size", "whole", "key", "change", "second"),
    [((80, 24), 7_500, 1_000, 80, 450), ((120, 40), 24_000, 1_000, 80, 900)],
)
async def test_a_slow_line_carries_what_changed_and_little_more(
    size: tuple[int, int], whole: int, key: int, change: int, second: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, desk, _ = build()
    line = Line()
    async with app.run_test(size=size) as pilot:
        await opened(
            pilot, desk, snapshot(*(session(n, queued_at=NOW - timedelta(seconds=9.13 * n)) for n in range(60)))
        )
        for walk in "jjkk":
            await pilot.press(walk)
            await settled(pilot)
        monkeypatch.setattr(app, "_display", line.take)
        line.since(app)
        app.action_do("move.down")
        assert 0 < line.since(app) < key
        app.dispatch(told(app.model.seq + 1, retold(app.model.sessions[SessionId("s57")], "parcel")))
        assert 0 < line.since(app) < change
        app.dispatch(Tick(NOW + timedelta(seconds=1)))
        assert 0 < line.since(app) < second
        app.dispatch(Tick(NOW + timedelta(seconds=1, milliseconds=450)))
        assert line.since(app) == 0, "the clocks tick together, once a second"
        app.screen.refresh()
        await settled(pilot)
        assert 0 < line.since(app) < whole
