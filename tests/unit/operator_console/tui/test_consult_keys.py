"""What an assistant asks is answered in a small box, by the keys of the table, and costs no chat."""

from datetime import timedelta

import pytest
from textual.pilot import Pilot
from textual.widgets import Label

from operator_console.model.inputs import Tick
from operator_console.tui.lines import plain
from operator_console.tui.widgets.queue import row
from server.wire.commands import Accept, Answer, Command, Decide
from server.wire.events import SessionClosed
from server.wire.frames import Batch
from server.wire.terms import Outcome, SessionState
from server.wire.views import SessionView
from tests.fakes.console_data import MIA, NOW, busy, snapshot
from tests.fakes.consults import proposal, question
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit
SIZE = (100, 34)


async def select(pilot: Pilot[int], session: SessionView) -> None:
    app = pilot.app
    for _ in range(20):
        if app.model.selected == session.id:  # type: ignore[attr-defined]
            return
        await pilot.press("j")
        await settled(pilot)
    raise AssertionError("the row is not in the list")


def of(kind: type[Command], desk: FakeDesk) -> list[Command]:
    return [order for order in desk.orders if isinstance(order, kind)]


async def begun(pilot: Pilot[int], desk: FakeDesk, session: SessionView) -> None:
    await opened(pilot, desk, snapshot(session))
    await pilot.press("g")
    await select(pilot, session)


def detail(pilot: Pilot[int]) -> str:
    return str(pilot.app.screen.query_one(".detail", Label).content)


async def test_the_list_says_what_is_asked_its_kind_and_the_time_that_is_left() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy(), question(), proposal()))
        told = [plain(row(app.model, app.model.sessions[one.id], 90)) for one in (question(), proposal())]
        assert "ASSIST 1:32 left: May I refund" in told[0]
        assert "APPROVE 1:32 left: Refund 49.00" in told[1]


@pytest.mark.parametrize("key", ["q", "a", "enter"])
async def test_one_line_goes_back_and_nothing_is_accepted(key: str) -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await begun(pilot, desk, question())
        await pilot.press(key)
        await settled(pilot)
        assert "three days late?" in detail(pilot)
        assert "1:32 left; then the AI reads “Say that we call back.”" in detail(pilot)
        await pilot.press(*"Yes, 5", "enter")
        await settled(pilot)
        [order] = of(Answer, desk)
        assert isinstance(order, Answer)
        assert (order.session_id, order.epoch, order.text) == (question().id, 0, "Yes, 5")
        assert of(Accept, desk) == []


async def test_an_unsent_line_is_kept_and_an_empty_one_is_no_answer() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await begun(pilot, desk, question())
        await pilot.press("q", "enter")
        await settled(pilot)
        assert desk.orders == []
        await pilot.press("q", *"wait", "escape")
        await settled(pilot)
        await pilot.press("q", "enter")
        await settled(pilot)
        [order] = of(Answer, desk)
        assert isinstance(order, Answer)
        assert order.text == "wait"


@pytest.mark.parametrize(("key", "approved"), [("y", True), ("n", False)])
async def test_a_proposal_is_decided_with_one_key(key: str, approved: bool) -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await begun(pilot, desk, proposal())
        await pilot.press("q")
        await settled(pilot)
        assert "then it counts as declined" in detail(pilot)
        await pilot.press(key)
        await settled(pilot)
        [order] = of(Decide, desk)
        assert isinstance(order, Decide)
        assert (order.approved, order.reason) == (approved, "")


async def test_a_decision_may_have_a_reason() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await begun(pilot, desk, proposal())
        await pilot.press("q", "N")
        await settled(pilot)
        await pilot.press(*"too much", "enter")
        await settled(pilot)
        [order] = of(Decide, desk)
        assert isinstance(order, Decide)
        assert (order.approved, order.reason) == (False, "too much")


async def test_the_clock_of_an_open_box_runs_and_says_when_somebody_else_was_faster() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await begun(pilot, desk, question())
        await pilot.press("q")
        await settled(pilot)
        app.dispatch(Tick(NOW + timedelta(seconds=60)))
        for _ in range(600):
            await pilot.pause(0.1)
            if "0:32 left" in detail(pilot):
                break
        assert "0:32 left" in detail(pilot)
        done = question(state=SessionState.CLOSED, outcome=Outcome.ANSWERED, operator_id=MIA, version=2, closed_at=NOW)
        desk.play(Batch(first=11, last=11, now=NOW, events=(SessionClosed(seq=11, at=NOW, session=done),)))
        for _ in range(600):
            await pilot.pause(0.1)
            if "answered already" in detail(pilot):
                break
        assert "answered already" in detail(pilot)


async def test_the_keys_say_why_they_cannot_act() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await pilot.press("q")
        await settled(pilot)
        assert desk.orders == []
        assert "asks you nothing" in app.model.notice.text  # type: ignore[union-attr]
