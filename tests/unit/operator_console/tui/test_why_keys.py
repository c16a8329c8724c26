"""`Q` and `:why` open the explanation of the selected session; what can't be read says why."""

import pytest

from operator_console.tui.lines import plain
from operator_console.tui.screens.why import WhyScreen
from tests.fakes.console_data import busy, snapshot
from tests.fakes.desk_app import build, opened, settled
from tests.unit.operator_console.model.test_why import explanation

pytestmark = pytest.mark.unit
SIZE = (80, 24)


async def test_a_key_and_a_command_explain_the_selected_session() -> None:
    app, desk, _ = build()
    desk.explanation = explanation()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await pilot.press("Q")
        await settled(pilot)
        assert isinstance(app.screen, WhyScreen)
        shown = [plain(app.screen.pane.line_at(y)[0]) for y in range(app.screen.pane.line_count())]
        assert any("Mia: may be rung" in line for line in shown)
        assert any("lacks billing 3" in line for line in shown)
        await pilot.press("escape")
        assert app.screen is app.desk_screen
        await pilot.press("colon", *"why", "enter")
        await settled(pilot)
        assert isinstance(app.screen, WhyScreen)
    selected = app.model.sessions[app.model.selected].number if app.model.selected else ""
    assert desk.explained == [selected, selected]


async def test_with_nothing_selected_it_says_so_and_a_refusal_is_shown() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot())
        await pilot.press("Q")
        await settled(pilot)
        assert app.screen is app.desk_screen
        assert app.model.notice is not None
        assert app.model.notice.text == "Nothing is selected."


async def test_an_explanation_that_can_t_be_read_says_why() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await pilot.press("Q")
        await settled(pilot)
        assert isinstance(app.screen, WhyScreen)
        assert "There is no session" in plain(app.screen.pane.line_at(0)[0])
